package auth

import (
	"context"
	"fmt"
)

// Authenticator is the one entry that a server needs: it knows signed users and guests. Safe for
// concurrent use.
type Authenticator struct {
	verifier *Verifier // nil in development mode
	guests   *Guests   // nil if guests are not allowed
}

// NewAuthenticator makes what config says: with a key, signed tokens and, with AllowGuests, guests
// beside them; without, guests only.
func NewAuthenticator(config Config) (*Authenticator, error) {
	a := &Authenticator{}
	if config.HasKey() {
		verifier, err := New(config)
		if err != nil {
			return nil, err
		}
		a.verifier = verifier
	}
	if config.AllowGuests || !config.HasKey() {
		a.guests = NewGuests()
		if config.GuestKey != "" {
			var err error
			if a.guests, err = OpenGuests(config.GuestKey); err != nil {
				return nil, err
			}
		}
	}
	return a, nil
}

// Authenticate returns the user that a token speaks for. Without a token it is a new guest, and
// so it is with the guest token of an earlier process, for there is nothing else that its
// owner could present. A guest's token comes back as guestToken, to be presented next time.
//
// The error wraps ErrExpired or ErrInvalid. Waiting for keys ends with ctx.
func (a *Authenticator) Authenticate(ctx context.Context, token string) (user User, guestToken string, err error) {
	if a.guests != nil {
		if user, ok := a.guests.Verify(token); ok {
			return user, token, nil
		}
		if token == "" || isGuestToken(token) {
			user, token := a.guests.Issue()
			return user, token, nil
		}
	}
	switch {
	case token == "":
		return User{}, "", fmt.Errorf("%w: guests are not allowed, a token is required", ErrInvalid)
	case a.verifier == nil:
		return User{}, "", fmt.Errorf("%w: the server has no key to verify it, only guests can join", ErrInvalid)
	}
	user, err = a.verifier.Verify(ctx, token)
	return user, "", err
}
