package auth

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/golang-jwt/jwt/v5"
	"github.com/oklog/ulid/v2"
)

const (
	guestPrefix = "guest-"
	guestIssuer = "parlor-guests"
)

// Guests gives users without an identity a token each, with which they are the same user when
// they come back. The tokens are signed with a key: a random one that ends with the Guests, after
// which everyone is a new guest, or one from a file. It keeps nothing per guest. Safe for concurrent use.
type Guests struct {
	secret []byte
	parser *jwt.Parser
}

// NewGuests makes a new key.
func NewGuests() *Guests {
	secret := make([]byte, minSecret)
	rand.Read(secret) // never fails
	return newGuests(secret)
}

// OpenGuests takes the key from a file, which it makes with a new key if there
// is none: guests stay who they are across restarts.
func OpenGuests(path string) (*Guests, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKeyFile(path)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to read the guests' key: %w", err)
	}
	secret, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) < minSecret {
		return nil, fmt.Errorf("the guests' key in %s is not %d bytes in base64; remove the file to begin anew, with all guests new", path, minSecret)
	}
	return newGuests(secret), nil
}

// makeKeyFile writes a whole file or none.
func makeKeyFile(path string) ([]byte, error) {
	secret := make([]byte, minSecret)
	rand.Read(secret) // never fails
	text := []byte(base64.StdEncoding.EncodeToString(secret) + "\n")
	part := path + ".new"
	if err := os.WriteFile(part, text, 0o600); err != nil {
		return nil, err
	}
	return text, os.Rename(part, path)
}

func newGuests(secret []byte) *Guests {
	return &Guests{secret: secret, parser: jwt.NewParser(
		jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithIssuer(guestIssuer),
		jwt.WithStrictDecoding(),
	)}
}

// Issue makes a new guest and its token.
func (g *Guests) Issue() (User, string) {
	id := guestPrefix + strings.ToLower(ulid.MustNew(ulid.Now(), rand.Reader).String())
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{Issuer: guestIssuer, Subject: id})
	signed, err := token.SignedString(g.secret)
	if err != nil {
		panic("auth: signing with HMAC cannot fail: " + err.Error())
	}
	return User{ID: id, Guest: true}, signed
}

// Verify returns the guest whose token this is, if Issue made it.
func (g *Guests) Verify(token string) (User, bool) {
	if len(token) > maxTokenLength {
		return User{}, false
	}
	var claims jwt.RegisteredClaims
	_, err := g.parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return g.secret, nil })
	if err != nil {
		return User{}, false
	}
	return User{ID: claims.Subject, Guest: true}, true
}

// isGuestToken tells whether a token is, by its own word, one that some Guests issued.
func isGuestToken(token string) bool {
	if len(token) > maxTokenLength {
		return false
	}
	var claims jwt.RegisteredClaims
	_, _, err := jwt.NewParser().ParseUnverified(token, &claims)
	return err == nil && claims.Issuer == guestIssuer
}
