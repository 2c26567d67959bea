package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrOtherRoom: the token is for another room. It is an ErrInvalid.
var ErrOtherRoom = fmt.Errorf("%w: it is for another room", ErrInvalid)

// roomTokenPrefix tells a room token from the others, and its version.
const roomTokenPrefix = "room1."

// RoomTokens gives users tokens for one room and a short time, for clients that
// can show one only in a URL, which is no place for a token that opens more. A
// token is sealed: it says who may enter where only to who holds the key, also
// when it ends up in a proxy's log. Nothing is kept per token. Safe for
// concurrent use.
type RoomTokens struct {
	seal cipher.AEAD // with a random nonce in front
	now  func() time.Time
}

// roomGrant is what a room token says.
type roomGrant struct {
	Room    string         `json:"room"`
	Expires int64          `json:"exp"` // Unix seconds
	ID      string         `json:"sub"`
	Guest   bool           `json:"guest,omitempty"`
	Name    string         `json:"name,omitempty"`
	Claims  map[string]any `json:"claims,omitempty"`
	Until   int64          `json:"until,omitempty"` // Unix seconds: the user's own token's end; 0: none
}

// NewRoomTokens makes a new key, with which its tokens end.
func NewRoomTokens() *RoomTokens {
	secret := make([]byte, minSecret)
	rand.Read(secret) // never fails
	return newRoomTokens(secret)
}

// OpenRoomTokens takes the key from a file, which it makes with a new key if
// there is none. Servers with the same file accept each other's tokens.
func OpenRoomTokens(path string) (*RoomTokens, error) {
	secret, err := openSecret(path, "the rooms' key", "all room tokens invalid")
	if err != nil {
		return nil, err
	}
	return newRoomTokens(secret), nil
}

func newRoomTokens(secret []byte) *RoomTokens {
	block, err := aes.NewCipher(secret[:minSecret])
	if err != nil {
		panic("auth: a key of 32 bytes is AES-256's: " + err.Error())
	}
	seal, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		panic("auth: AES has GCM: " + err.Error())
	}
	return &RoomTokens{seal: seal, now: time.Now}
}

// Issue makes a token with which the user may enter the room, for life at
// most: it ends with the user's own token. An error says that the user's
// claims are too many for a URL.
func (t *RoomTokens) Issue(user User, room string, life time.Duration) (token string, expires time.Time, err error) {
	expires = t.now().Add(life).Truncate(time.Second)
	grant := roomGrant{Room: room, ID: user.ID, Guest: user.Guest, Name: user.Name, Claims: user.Claims}
	if !user.Expires.IsZero() {
		grant.Until = user.Expires.Unix()
		if user.Expires.Before(expires) {
			expires = user.Expires.Truncate(time.Second)
		}
	}
	grant.Expires = expires.Unix()
	text, err := json.Marshal(grant)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("failed to write a room token: %w", err)
	}
	token = roomTokenPrefix + base64.RawURLEncoding.EncodeToString(t.seal.Seal(nil, nil, text, []byte(roomTokenPrefix)))
	if len(token) > maxTokenLength {
		return "", time.Time{}, fmt.Errorf("the user's claims make a room token of %d bytes, more than the %d that a URL should have: let the identity provider say less", len(token), maxTokenLength)
	}
	return token, expires, nil
}

// Verify returns the user of a token for this room. The error wraps ErrExpired
// if only its time is over, ErrOtherRoom, or ErrInvalid.
func (t *RoomTokens) Verify(token, room string) (User, error) {
	grant, err := t.open(token)
	switch {
	case err != nil:
		return User{}, fmt.Errorf("%w: %w", ErrInvalid, err)
	case grant.Room != room:
		return User{}, ErrOtherRoom
	case t.now().Unix() >= grant.Expires:
		return User{}, ErrExpired
	}
	user := User{ID: grant.ID, Guest: grant.Guest, Name: grant.Name, Claims: grant.Claims}
	if grant.Until != 0 {
		user.Expires = time.Unix(grant.Until, 0)
	}
	return user, nil
}

// open unseals a token. Its errors say nothing of what is in it.
func (t *RoomTokens) open(token string) (grant roomGrant, err error) {
	if len(token) > maxTokenLength {
		return grant, fmt.Errorf("it is longer than %d bytes", maxTokenLength)
	}
	text, ok := strings.CutPrefix(token, roomTokenPrefix)
	if !ok {
		return grant, errors.New("it is no room token")
	}
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return grant, errors.New("it is damaged")
	}
	plain, err := t.seal.Open(nil, nil, sealed, []byte(roomTokenPrefix))
	if err != nil {
		return grant, errors.New("it was sealed with another key, or changed")
	}
	if err := json.Unmarshal(plain, &grant); err != nil {
		return grant, errors.New("it was made by another version of the server")
	}
	return grant, nil
}
