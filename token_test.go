package parlor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
)

const testSecret = "a secret of more than thirty-two bytes"

func TestWithAKeyTokensAreNeeded(t *testing.T) {
	for name, test := range map[string]struct {
		token  string
		guests bool
		status int
		code   string
	}{
		"a good token":         {sign(t, testSecret, time.Hour), false, 200, ""},
		"none":                 {"", false, 401, "UNAUTHENTICATED"},
		"none, guests allowed": {"", true, 200, ""},
		"an expired token":     {sign(t, testSecret, -time.Hour), true, 401, "TOKEN_EXPIRED"},
		"a forged token":       {sign(t, "another secret of more than thirty-two bytes", time.Hour), true, 401, "UNAUTHENTICATED"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newServer(t, func(c *Config) {
				c.Auth = auth.Config{Keys: filepath.Join(c.Data, "secret"), AllowGuests: test.guests}
				c.AdminToken = "x"
				if err := os.WriteFile(c.Auth.Keys, []byte(testSecret), 0o600); err != nil {
					t.Fatal(err)
				}
			})
			if s.Development() {
				t.Error("with a key the server is in development mode")
			}
			r := httptest.NewRequest("GET", "https://play.example/v1/rooms", nil)
			if test.token != "" {
				r.Header.Set("Authorization", "Bearer "+test.token)
			}
			w := httptest.NewRecorder()
			s.Handler().ServeHTTP(w, r)
			if test.code == "" {
				wantStatus(t, w.Code, w.Body.String(), http.StatusOK, nil)
				return
			}
			wantProblem(t, w.Code, w.Body.String(), test.status, test.code)
			if w.Header().Get("WWW-Authenticate") == "" {
				t.Error("the answer does not say how to authenticate")
			}
		})
	}
}

// sign makes a token for "ada" that ends after some time.
func sign(t *testing.T, secret string, valid time.Duration) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{"sub": "ada", "exp": time.Now().Add(valid).Unix()})
	if err != nil {
		t.Fatal(err)
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(claims)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestNewRefusesAKeyFileThatIsNone(t *testing.T) {
	cfg := testConfig(t)
	cfg.Auth.Keys, cfg.AdminToken = "no-such-keys.pem", "x"
	if _, err := New(cfg); err == nil {
		t.Error("accepted")
	}
}
