package auth

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// newVerifier makes a Verifier of a key file.
func newVerifier(t testing.TB, config Config, keys []byte) *Verifier {
	t.Helper()
	config.Keys = keyFile(t, keys)
	v, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestVerifyEveryAlgorithmWithItsOwnKeyOnly(t *testing.T) {
	for held, holder := range newSigners() {
		v := newVerifier(t, Config{}, holder.file())
		for used, signer := range newSigners() {
			user, err := v.Verify(t.Context(), signer.sign(t, "", claimsNow(nil)))
			if used == held && (err != nil || user.ID != "user-7") {
				t.Errorf("%s token is refused: %v", used, err)
			}
			if used != held && !errors.Is(err, ErrInvalid) {
				t.Errorf("%s token with a %s key: %v, %v", used, held, user, err)
			}
		}
	}
}

// The oldest attack: the public key, which everyone knows, as the secret of HS256.
func TestAPublicKeyIsNoSecret(t *testing.T) {
	for alg, s := range newSigners() {
		if alg == "HS256" {
			continue
		}
		v := newVerifier(t, Config{}, s.file())
		for _, secret := range [][]byte{s.file(), []byte(strings.TrimSpace(string(s.file())))} {
			forger := signer{method: jwt.SigningMethodHS256, private: secret}
			if user, err := v.Verify(t.Context(), forger.sign(t, "", claimsNow(nil))); !errors.Is(err, ErrInvalid) {
				t.Errorf("a %s key verified HS256: %v, %v", alg, user, err)
			}
		}
	}
}

func TestVerifyUser(t *testing.T) {
	s := newSigners()["EdDSA"]
	v := newVerifier(t, Config{Leeway: 5 * time.Second}, s.file())
	exp := time.Now().Add(time.Hour).Truncate(time.Second)
	user, err := v.Verify(t.Context(), s.sign(t, "", claimsNow(jwt.MapClaims{
		"exp": exp.Unix(), "level": 3, "name": " Ada\u202e\n Lovelace" + strings.Repeat("!", 100),
	})))
	if err != nil {
		t.Fatal(err)
	}
	if want := "Ada Lovelace" + strings.Repeat("!", 51); user.Name != want {
		t.Errorf("name %q, want %q", user.Name, want)
	}
	if user.ID != "user-7" || user.Guest || user.Claims["level"] != 3.0 || !user.Expires.Equal(exp.Add(5*time.Second)) {
		t.Errorf("user %+v", user)
	}
}

func TestVerifyClaims(t *testing.T) {
	ago := func(d time.Duration) int64 { return time.Now().Add(-d).Unix() }
	cases := map[string]struct {
		claims jwt.MapClaims
		want   error
	}{
		"good":                         {nil, nil},
		"audience alone":               {jwt.MapClaims{"aud": "arena"}, nil},
		"expired within the leeway":    {jwt.MapClaims{"exp": ago(5 * time.Second)}, nil},
		"longest subject":              {jwt.MapClaims{"sub": strings.Repeat("x", 128)}, nil},
		"subject in other letters":     {jwt.MapClaims{"sub": "ユーザー 7"}, nil},
		"name of another type":         {jwt.MapClaims{"name": 7}, nil},
		"expired":                      {jwt.MapClaims{"exp": ago(time.Minute)}, ErrExpired},
		"expired, wrong issuer":        {jwt.MapClaims{"exp": ago(time.Minute), "iss": "x"}, ErrInvalid},
		"expired, wrong audience":      {jwt.MapClaims{"exp": ago(time.Minute), "aud": "x"}, ErrInvalid},
		"no expiry":                    {jwt.MapClaims{"exp": nil}, ErrInvalid},
		"expiry zero":                  {jwt.MapClaims{"exp": 0}, ErrInvalid},
		"expiry of another type":       {jwt.MapClaims{"exp": "tomorrow"}, ErrInvalid},
		"not yet valid":                {jwt.MapClaims{"nbf": ago(-time.Minute)}, ErrInvalid},
		"wrong issuer":                 {jwt.MapClaims{"iss": "https://id.example/"}, ErrInvalid},
		"no issuer":                    {jwt.MapClaims{"iss": nil}, ErrInvalid},
		"wrong audience":               {jwt.MapClaims{"aud": []string{"shop"}}, ErrInvalid},
		"no audience":                  {jwt.MapClaims{"aud": nil}, ErrInvalid},
		"no subject":                   {jwt.MapClaims{"sub": nil}, ErrInvalid},
		"empty subject":                {jwt.MapClaims{"sub": ""}, ErrInvalid},
		"subject of another type":      {jwt.MapClaims{"sub": 7}, ErrInvalid},
		"too long a subject":           {jwt.MapClaims{"sub": strings.Repeat("x", 129)}, ErrInvalid},
		"subject with a line end":      {jwt.MapClaims{"sub": "user\n7"}, ErrInvalid},
		"subject with a hidden letter": {jwt.MapClaims{"sub": "user\u200b7"}, ErrInvalid},
		"subject of a guest":           {jwt.MapClaims{"sub": "guest-01k0"}, ErrInvalid},
		"too long a token":             {jwt.MapClaims{"more": strings.Repeat("x", 8<<10)}, ErrInvalid},
	}
	s := newSigners()["ES256"]
	v := newVerifier(t, Config{Issuer: "https://id.example", Audience: "arena", Leeway: 10 * time.Second}, s.file())
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			user, err := v.Verify(t.Context(), s.sign(t, "", claimsNow(c.claims)))
			if !errors.Is(err, c.want) || (err == nil) != (user.ID != "") {
				t.Errorf("user %q, error %v, want %v", user.ID, err, c.want)
			}
			if errors.Is(c.want, ErrInvalid) && errors.Is(err, ErrExpired) {
				t.Errorf("error %v is both", err)
			}
		})
	}
}

func TestVerifyRefusesForgeries(t *testing.T) {
	s := newSigners()["HS256"]
	v := newVerifier(t, Config{}, s.file())
	good := s.sign(t, "", claimsNow(nil))
	parts := strings.Split(good, ".")
	b64 := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	expired := strings.Split(s.sign(t, "", claimsNow(jwt.MapClaims{"exp": 1})), ".")

	none := jwt.NewWithClaims(jwt.SigningMethodNone, claimsNow(nil))
	unsigned, err := none.SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	critical := jwt.NewWithClaims(s.method, claimsNow(nil))
	critical.Header["crit"] = []string{"b64"}
	extended, err := critical.SignedString(s.private)
	if err != nil {
		t.Fatal(err)
	}
	number := jwt.NewWithClaims(s.method, claimsNow(nil))
	number.Header["kid"] = 7
	kidNumber, err := number.SignedString(s.private)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"empty":                    "",
		"not a token":              "hello",
		"only dots":                "..",
		"four parts":               good + ".x",
		"alg none":                 unsigned,
		"alg none in the header":   b64(`{"alg":"none"}`) + "." + parts[1] + ".",
		"alg NoNe":                 b64(`{"alg":"NoNe"}`) + "." + parts[1] + "." + parts[2],
		"alg HS512":                signer{method: jwt.SigningMethodHS512, private: s.private}.sign(t, "", claimsNow(nil)),
		"alg PS256":                signer{method: jwt.SigningMethodPS256, private: newSigners()["RS256"].private}.sign(t, "", claimsNow(nil)),
		"no signature":             parts[0] + "." + parts[1] + ".",
		"another's signature":      parts[0] + "." + parts[1] + "." + expired[2],
		"other claims":             parts[0] + "." + b64(`{"sub":"admin","exp":9999999999}`) + "." + parts[2],
		"expired and not signed":   expired[0] + "." + expired[1] + "." + parts[2],
		"null header":              b64(`null`) + "." + parts[1] + "." + parts[2],
		"null claims":              parts[0] + "." + b64(`null`) + "." + parts[2],
		"another secret":           signer{method: s.method, private: []byte("another secret of thirty-two bytes")}.sign(t, "", claimsNow(nil)),
		"an extension":             extended,
		"a kid that is no string":  kidNumber,
		"white space":              " " + good,
		"another form of the same": good[:len(good)-1] + string(good[len(good)-1]+1), // its last two bits are padding
	}
	if _, err := v.Verify(t.Context(), good); err != nil {
		t.Fatal(err)
	}
	for name, token := range cases {
		t.Run(name, func(t *testing.T) {
			if user, err := v.Verify(t.Context(), token); !errors.Is(err, ErrInvalid) || errors.Is(err, ErrExpired) {
				t.Errorf("user %v, error %v", user, err)
			}
		})
	}
}

func TestVerifySelectsByKid(t *testing.T) {
	a, b := newSigners()["HS256"], signer{jwt.SigningMethodHS256, []byte("the second secret of 32 bytes ...."), []byte("the second secret of 32 bytes ....")}
	v := newVerifier(t, Config{}, jwks(a.jwk("a"), b.jwk("b")))
	cases := []struct {
		signer signer
		kid    string
		ok     bool
	}{{a, "a", true}, {b, "b", true}, {a, "", true}, {b, "", true}, {a, "b", false}, {b, "a", false}, {a, "c", false}}
	for _, c := range cases {
		if _, err := v.Verify(t.Context(), c.signer.sign(t, c.kid, claimsNow(nil))); (err == nil) != c.ok {
			t.Errorf("kid %q: %v", c.kid, err)
		}
	}
	unnamed := newVerifier(t, Config{}, a.file())
	if _, err := unnamed.Verify(t.Context(), a.sign(t, "any", claimsNow(nil))); err != nil {
		t.Errorf("a key without a name refuses a named token: %v", err)
	}
}

func TestNewRefuses(t *testing.T) {
	good := keyFile(t, newSigners()["EdDSA"].file())
	cases := map[string]Config{
		"no key":             {},
		"two sources":        {Keys: good, JWKSURL: "https://id.example/jwks"},
		"a missing file":     {Keys: good + ".missing"},
		"a folder":           {Keys: t.TempDir()},
		"a negative leeway":  {Keys: good, Leeway: -1},
		"a huge file":        {Keys: keyFile(t, make([]byte, maxKeyBytes+1))},
		"an open connection": {JWKSURL: "http://id.example/jwks"},
		"a file URL":         {JWKSURL: "file:///etc/passwd"},
		"no URL":             {JWKSURL: "://"},
		"no host":            {JWKSURL: "https:///jwks"},
	}
	for name, config := range cases {
		if _, err := New(config); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// No token makes Verify panic, and none that was not signed gives a user.
func FuzzVerify(f *testing.F) {
	v := newVerifier(f, Config{}, newSigners()["HS256"].file())
	f.Add("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjo5OTk5OTk5OTk5fQ.AAAA")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.")
	f.Fuzz(func(t *testing.T, token string) {
		if user, err := v.Verify(context.Background(), token); !errors.Is(err, ErrInvalid) || user.ID != "" {
			t.Fatalf("user %v, error %v", user, err)
		}
		isGuestToken(token)
	})
}

func BenchmarkVerify(b *testing.B) {
	for alg, s := range newSigners() {
		b.Run(alg, func(b *testing.B) {
			v := newVerifier(b, Config{}, s.file())
			token := s.sign(b, "", claimsNow(jwt.MapClaims{"exp": 9999999999}))
			for b.Loop() {
				if _, err := v.Verify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
