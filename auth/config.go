package auth

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// Why a token is refused. Errors of this package wrap one of them and say more.
var (
	// ErrExpired: the token was good and its time is over. The client should fetch a new one.
	ErrExpired = errors.New("token expired")
	// ErrInvalid: everything else.
	ErrInvalid = errors.New("token invalid")
)

// defaultRefresh is how long keys of a JWKS URL are used before they are fetched again.
const defaultRefresh = 15 * time.Minute

// Config says which tokens are accepted. The zero Config accepts guests only.
type Config struct {
	// Keys is the path of a file with the keys: PEM public keys, a JWK or JWKS in JSON, or
	// anything else: a secret for HS256 of 32 bytes or more, less a line end. It is read once.
	Keys string

	// JWKSURL is where the identity provider publishes its keys; https, or http on this
	// machine. They are fetched when first needed, when Refresh has passed, and when a token
	// names a key that is not known, but never more often than every 10 seconds. While
	// fetching fails the old keys stay. Give Keys or JWKSURL, not both.
	JWKSURL string

	Issuer   string        // the iss that a token must have; empty: any
	Audience string        // one that must be in a token's aud; empty: any. Set it if the issuer serves other apps too
	Leeway   time.Duration // how far apart the clocks of issuer and server may be
	Refresh  time.Duration // 0: 15 minutes

	AllowGuests bool // also without a token, beside Keys or JWKSURL; without those guests are always allowed

	// GuestKey is the path of a file with the key that guests' tokens are signed
	// with; it is made if there is none. Empty: after a restart all guests are new.
	GuestKey string

	// RoomKey is the path of a file with the key that room tokens are sealed
	// with, see RoomTokens; it is made if there is none. Servers that share it
	// accept each other's tokens.
	RoomKey string

	Logger *slog.Logger // told when keys cannot be fetched; nil discards
}

// HasKey tells whether signed tokens are accepted. Without a key the server is in development mode.
func (c Config) HasKey() bool { return c.Keys != "" || c.JWKSURL != "" }

func (c Config) withDefaults() (Config, error) {
	if c.Keys != "" && c.JWKSURL != "" {
		return c, errors.New("both a key file and a JWKS URL are given: choose one")
	}
	if c.Leeway < 0 || c.Refresh < 0 {
		return c, fmt.Errorf("leeway %v and refresh %v must not be negative", c.Leeway, c.Refresh)
	}
	if c.Refresh == 0 {
		c.Refresh = defaultRefresh
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
