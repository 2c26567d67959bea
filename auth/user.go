package auth

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/golang-jwt/jwt/v5"
)

// Limits of what a token may say about its user.
const (
	maxIDLength   = 128 // bytes
	maxNameLength = 64  // characters; more are cut off
)

// User is who a session speaks for.
type User struct {
	ID      string         // the token's subject; guests have "guest-" and a ULID
	Guest   bool           // without a signed identity
	Name    string         // the token's name claim, printable characters only; may be empty
	Claims  map[string]any // all claims of the token, as JSON decodes them; nil for guests. Read only
	Expires time.Time      // when the token is no longer accepted; zero for guests, who do not expire
}

// userOf makes the user of a verified token.
func userOf(claims jwt.MapClaims, leeway time.Duration) (User, error) {
	id, ok := claims["sub"].(string)
	if !ok {
		return User{}, fmt.Errorf("%w: its sub claim is not a string", ErrInvalid)
	}
	if err := checkID(id); err != nil {
		return User{}, err
	}
	expires, err := claims.GetExpirationTime()
	if err != nil || expires == nil {
		return User{}, fmt.Errorf("%w: it has no exp claim", ErrInvalid)
	}
	name, _ := claims["name"].(string)
	return User{ID: id, Name: printable(name), Claims: claims, Expires: expires.Add(leeway)}, nil
}

// checkID refuses a subject that would be trouble in a log or a URL, or that a guest could have.
func checkID(id string) error {
	switch {
	case id == "" || len(id) > maxIDLength:
		return fmt.Errorf("%w: its sub claim has %d bytes, not 1 to %d", ErrInvalid, len(id), maxIDLength)
	case !utf8.ValidString(id) || strings.ContainsFunc(id, func(r rune) bool { return !unicode.IsPrint(r) }):
		return fmt.Errorf("%w: its sub claim has characters that cannot be printed", ErrInvalid)
	case strings.HasPrefix(id, guestPrefix):
		return fmt.Errorf("%w: its sub claim begins with %q, as only guests' do", ErrInvalid, guestPrefix)
	}
	return nil
}

// printable drops from a name what cannot be shown, and cuts it.
func printable(name string) string {
	var b strings.Builder
	n := 0
	for _, r := range name {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			continue
		}
		if n++; n > maxNameLength {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
