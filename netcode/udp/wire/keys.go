package wire

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	clientKeyLabel = "parlor udp 1 c2s"
	serverKeyLabel = "parlor udp 1 s2c"
)

// Keys are a session's own, one for each direction.
type Keys struct{ ClientToServer, ServerToClient [32]byte }

// DeriveKeys makes a session's keys: HKDF-SHA256 (RFC 5869) of the token's key
// with the salt nonce | random. Both sides add to the salt, so that a repeated
// handshake never gives the same keys.
func DeriveKeys(tokenKey, clientNonce, serverRandom [32]byte) (k Keys) {
	salt := append(clientNonce[:len(clientNonce):len(clientNonce)], serverRandom[:]...)
	secret, err := hkdf.Extract(sha256.New, tokenKey[:], salt)
	if err != nil {
		panic(fmt.Sprintf("wire: failed to derive keys: %v", err)) // only where the program forbids its own ciphers
	}
	expand(k.ClientToServer[:], secret, clientKeyLabel)
	expand(k.ServerToClient[:], secret, serverKeyLabel)
	return k
}

func expand(key, secret []byte, label string) {
	b, err := hkdf.Expand(sha256.New, secret, label, len(key))
	if err != nil {
		panic(fmt.Sprintf("wire: failed to derive keys: %v", err))
	}
	copy(key, b)
}

func newAEAD(key [32]byte) cipher.AEAD {
	aead, err := chacha20poly1305.New(key[:])
	if err != nil {
		panic(fmt.Sprintf("wire: %v", err)) // NewKeyRing and NewClientHandshake have tried it
	}
	return aead
}
