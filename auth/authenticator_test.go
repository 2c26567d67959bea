package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"
)

func TestGuestsKnowTheirOwn(t *testing.T) {
	a, b := NewGuests(), NewGuests()
	user, token := a.Issue()
	other, otherToken := a.Issue()
	if user.ID == other.ID || token == otherToken {
		t.Fatalf("two guests are the same: %v, %v", user, other)
	}
	if !user.Guest || !strings.HasPrefix(user.ID, "guest-") || len(user.ID) != len("guest-")+26 || !user.Expires.IsZero() {
		t.Errorf("guest %+v", user)
	}
	if again, ok := a.Verify(token); !ok || again.ID != user.ID || !again.Guest {
		t.Errorf("comes back as %+v, %v", again, ok)
	}
	for _, bad := range []string{"", "x", token + "x", token[:len(token)-4], strings.Repeat("x", maxTokenLength+1)} {
		if user, ok := a.Verify(bad); ok {
			t.Errorf("token %q is accepted as %v", bad, user)
		}
	}
	if user, ok := b.Verify(token); ok {
		t.Errorf("another process accepts the token as %v", user)
	}
}

func TestAuthenticate(t *testing.T) {
	s := newSigners()["HS256"]
	_, foreign := NewGuests().Issue() // of an earlier process
	signed := s.sign(t, "", claimsNow(nil))
	expired := s.sign(t, "", claimsNow(jwt.MapClaims{"exp": 1}))
	// Who holds the key may not make guests with it.
	forged := s.sign(t, "", claimsNow(jwt.MapClaims{"iss": guestIssuer, "sub": "guest-01k0"}))

	const guest = "a guest"
	cases := map[string]struct {
		config      Config
		token, user string
		err         error
	}{
		"development: no token":      {Config{}, "", guest, nil},
		"development: earlier guest": {Config{}, foreign, guest, nil},
		"development: signed":        {Config{}, signed, "", ErrInvalid},
		"development: nonsense":      {Config{}, "nonsense", "", ErrInvalid},
		"key: no token":              {Config{Keys: "k"}, "", "", ErrInvalid},
		"key: signed":                {Config{Keys: "k"}, signed, "user-7", nil},
		"key: expired":               {Config{Keys: "k"}, expired, "", ErrExpired},
		"key: guest":                 {Config{Keys: "k"}, foreign, "", ErrInvalid},
		"key: forged guest":          {Config{Keys: "k"}, forged, "", ErrInvalid},
		"both: no token":             {Config{Keys: "k", AllowGuests: true}, "", guest, nil},
		"both: earlier guest":        {Config{Keys: "k", AllowGuests: true}, foreign, guest, nil},
		"both: signed":               {Config{Keys: "k", AllowGuests: true}, signed, "user-7", nil},
		"both: expired":              {Config{Keys: "k", AllowGuests: true}, expired, "", ErrExpired},
		"both: nonsense":             {Config{Keys: "k", AllowGuests: true}, "nonsense", "", ErrInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.config.Keys != "" {
				c.config.Keys = keyFile(t, s.file())
			}
			a, err := NewAuthenticator(c.config)
			if err != nil {
				t.Fatal(err)
			}
			user, guestToken, err := a.Authenticate(t.Context(), c.token)
			if !errors.Is(err, c.err) {
				t.Fatalf("error %v, want %v", err, c.err)
			}
			if c.user != guest {
				if user.ID != c.user || user.Guest || guestToken != "" {
					t.Errorf("user %+v with token %q, want %q", user, guestToken, c.user)
				}
				return
			}
			again, sameToken, err := a.Authenticate(t.Context(), guestToken)
			if !user.Guest || err != nil || again.ID != user.ID || sameToken != guestToken {
				t.Errorf("guest %+v comes back as %+v: %v", user, again, err)
			}
		})
	}
}

func TestAForgedGuestIsNobodyElse(t *testing.T) {
	a, err := NewAuthenticator(Config{})
	if err != nil {
		t.Fatal(err)
	}
	victim, token, err := a.Authenticate(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	forged := token[:strings.LastIndexByte(token, '.')] + ".AAAA"
	if user, _, err := a.Authenticate(t.Context(), forged); err != nil || user.ID == victim.ID {
		t.Errorf("a guest token without its signature gives %+v, %v", user, err)
	}
}

func TestNewAuthenticatorRefusesABadKey(t *testing.T) {
	if _, err := NewAuthenticator(Config{Keys: keyFile(t, []byte("short")), AllowGuests: true}); err == nil {
		t.Error("a short secret is accepted")
	}
}
