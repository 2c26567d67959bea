package auth

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// maxTokenLength bounds the work that a token can make.
const maxTokenLength = 8 << 10

// Verifier checks signed tokens. It is safe for concurrent use, and has no goroutine.
type Verifier struct {
	leeway time.Duration
	parser *jwt.Parser
	static keySet      // of Config.Keys
	remote *remoteKeys // of Config.JWKSURL, or nil
	now    func() time.Time
}

// New reads the keys of a Config that has some. Those of a JWKS URL are fetched with the first token, so
// a server can start before its identity provider.
func New(config Config) (*Verifier, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &Verifier{leeway: config.Leeway, now: time.Now}
	switch {
	case config.Keys != "":
		v.static, err = readKeyFile(config.Keys)
	case config.JWKSURL != "":
		v.remote, err = newRemoteKeys(config)
	default:
		err = errors.New("neither a key file nor a JWKS URL is given")
	}
	if err != nil {
		return nil, err
	}
	options := []jwt.ParserOption{
		jwt.WithValidMethods([]string{"HS256", "RS256", "ES256", "EdDSA"}),
		jwt.WithExpirationRequired(),
		jwt.WithLeeway(config.Leeway),
		jwt.WithStrictDecoding(),
		jwt.WithTimeFunc(func() time.Time { return v.now() }),
	}
	if config.Issuer != "" {
		options = append(options, jwt.WithIssuer(config.Issuer))
	}
	if config.Audience != "" {
		options = append(options, jwt.WithAudience(config.Audience))
	}
	v.parser = jwt.NewParser(options...)
	return v, nil
}

// Verify returns the user of a token: its signature, issuer, audience and times are right. The
// error wraps ErrExpired if only its time is over, and ErrInvalid otherwise. It may wait, until
// ctx ends, for keys to be fetched.
func (v *Verifier) Verify(ctx context.Context, token string) (User, error) {
	if len(token) > maxTokenLength {
		return User{}, fmt.Errorf("%w: it is longer than %d bytes", ErrInvalid, maxTokenLength)
	}
	claims := jwt.MapClaims{}
	_, err := v.parser.ParseWithClaims(token, claims, func(t *jwt.Token) (any, error) {
		return v.keysOf(ctx, t)
	})
	switch {
	case err == nil:
		return userOf(claims, v.leeway)
	case onlyExpired(err):
		return User{}, ErrExpired
	}
	return User{}, fmt.Errorf("%w: %w", ErrInvalid, err)
}

// keysOf returns the keys that may have signed t, all of which are made for t's algorithm.
func (v *Verifier) keysOf(ctx context.Context, t *jwt.Token) (any, error) {
	if _, ok := t.Header["crit"]; ok {
		return nil, errors.New("extensions (crit) are not supported")
	}
	kid, ok := t.Header["kid"].(string)
	if _, given := t.Header["kid"]; given && !ok {
		return nil, errors.New("the kid is not a string")
	}
	var found []jwt.VerificationKey
	if v.remote != nil {
		found = v.remote.matching(ctx, t.Method.Alg(), kid)
	} else {
		found = v.static.matching(t.Method.Alg(), kid)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("there is no %s key with kid %.64q", t.Method.Alg(), kid)
	}
	return jwt.VerificationKeySet{Keys: found}, nil
}

// onlyExpired tells whether nothing else is wrong with a token than its age.
func onlyExpired(err error) bool {
	if !errors.Is(err, jwt.ErrTokenExpired) {
		return false
	}
	for _, other := range []error{
		jwt.ErrTokenInvalidAudience, jwt.ErrTokenInvalidIssuer, jwt.ErrTokenNotValidYet,
		jwt.ErrTokenRequiredClaimMissing, jwt.ErrInvalidType,
	} {
		if errors.Is(err, other) {
			return false
		}
	}
	return true
}
