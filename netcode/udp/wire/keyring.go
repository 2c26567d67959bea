package wire

import (
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

const keyIDLabel = "parlor udp 1 key id"

// KeyRing holds the keys that matchmakers and servers share. The first seals
// new tokens, every one opens them; so keys can be changed without refusing
// anyone. It never changes, and any goroutine may use it.
type KeyRing struct {
	keys []serverKey
}

type serverKey struct {
	id   [4]byte // which key a token names; tells nothing about the key
	aead cipher.AEAD
}

// NewKeyRing makes a ring of one or more keys, which must be random.
func NewKeyRing(keys ...[32]byte) (*KeyRing, error) {
	if len(keys) == 0 {
		return nil, errors.New("failed to make a key ring: give it at least one key")
	}
	k := &KeyRing{}
	for i, key := range keys {
		if key == [32]byte{} {
			return nil, fmt.Errorf("failed to make a key ring: key %d is all zeros, take 32 random bytes", i)
		}
		aead, err := chacha20poly1305.NewX(key[:])
		if err != nil {
			return nil, fmt.Errorf("failed to make a key ring: %w", err)
		}
		id := keyID(key)
		if k.find(id[:]) != nil {
			return nil, fmt.Errorf("failed to make a key ring: key %d is there twice", i)
		}
		k.keys = append(k.keys, serverKey{id, aead})
	}
	return k, nil
}

func keyID(key [32]byte) (id [4]byte) {
	sum := sha256.Sum256(append([]byte(keyIDLabel), key[:]...))
	copy(id[:], sum[:])
	return id
}

func (k *KeyRing) find(id []byte) *serverKey {
	for i := range k.keys {
		if string(k.keys[i].id[:]) == string(id) {
			return &k.keys[i]
		}
	}
	return nil
}

// Seal returns the token's TokenSize bytes, sealed with the first key. It fails
// with ErrTokenEmpty or ErrTokenSize.
func (k *KeyRing) Seal(t Token) ([]byte, error) {
	var nonce [chacha20poly1305.NonceSizeX]byte
	_, _ = rand.Read(nonce[:]) // never fails
	return k.seal(t, nonce)
}

func (k *KeyRing) seal(t Token, nonce [chacha20poly1305.NonceSizeX]byte) ([]byte, error) {
	if err := t.check(); err != nil {
		return nil, fmt.Errorf("failed to seal a token: %w", err)
	}
	key := &k.keys[0]
	token := make([]byte, 0, TokenSize)
	token = append(token, tokenVersion...)
	token = append(token, key.id[:]...)
	token = binary.LittleEndian.AppendUint64(token, milliseconds(t.Expires))
	token = append(token, nonce[:]...)
	plain := t.appendPlain(make([]byte, 0, tokenPlain))
	if len(plain) > tokenPlain {
		return nil, fmt.Errorf("failed to seal a token: %w", ErrTokenSize)
	}
	return key.aead.Seal(token, nonce[:], plain[:tokenPlain], token), nil
}

// Open checks and opens a token. It fails with the errors of CheckToken, or
// with ErrUnknownKey or ErrForged; whether the token was used before, and
// whether it names this server, is the caller's question.
func (k *KeyRing) Open(token []byte, now time.Time) (Token, error) {
	if err := CheckToken(token, now); err != nil {
		return Token{}, err
	}
	key := k.find(token[tokenKeyIDAt:tokenExpiresAt])
	if key == nil {
		return Token{}, ErrUnknownKey
	}
	var space [tokenSealed]byte
	plain, err := key.aead.Open(space[:0], token[tokenNonceAt:tokenPublic], token[tokenPublic:], token[:tokenPublic])
	if err != nil {
		return Token{}, ErrForged
	}
	t := Token{Expires: instant(binary.LittleEndian.Uint64(token[tokenExpiresAt:]))}
	if err := t.parsePlain(plain); err != nil {
		return Token{}, err
	}
	return t, nil
}
