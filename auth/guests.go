package auth

import (
	"crypto/rand"
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
	secret, err := openSecret(path, "the guests' key", "all guests new")
	if err != nil {
		return nil, err
	}
	return newGuests(secret), nil
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
