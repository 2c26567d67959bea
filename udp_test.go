package parlor

import (
	"context"
	"encoding/base64"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/netcode/udp/wire"
)

func TestConnectGrants(t *testing.T) {
	s, _, _ := runServer(t, nil)
	var c Connect
	status, answer, _ := call(t, "POST", s.URL()+"v1/connect", "")
	wantStatus(t, status, answer, http.StatusOK, &c)
	token, err := base64.RawURLEncoding.DecodeString(c.Token)
	if err != nil || len(token) != wire.TokenSize {
		t.Errorf("the token has %d bytes, want %d: %v", len(token), wire.TokenSize, err)
	}
	if key, err := base64.RawURLEncoding.DecodeString(c.Key); err != nil || len(key) != 32 {
		t.Errorf("the key has %d bytes: %v", len(key), err)
	}
	if c.User == "" || c.GuestToken == "" || c.Timeout != 10 || len(c.Addresses) != 1 || c.Addresses[0] != s.UDPAddr() {
		t.Errorf("got %+v", c)
	}
	var again Connect
	status, answer, _ = call(t, "POST", s.URL()+"v1/connect", "", "Authorization", "Bearer "+c.GuestToken)
	wantStatus(t, status, answer, http.StatusOK, &again)
	if again.User != c.User {
		t.Errorf("the guest %s became %s", c.User, again.User)
	}
	status, answer, _ = call(t, "POST", s.URL()+"v1/connect", "", "Authorization", "Bearer nonsense")
	wantProblem(t, status, answer, http.StatusUnauthorized, "UNAUTHENTICATED")
}

// A client that came through a relay is told the relay's address.
func TestConnectNamesTheHostThatWasAsked(t *testing.T) {
	s, _, _ := runServer(t, nil)
	port := s.UDPAddr()[strings.LastIndexByte(s.UDPAddr(), ':')+1:]
	for host, want := range map[string]string{
		"localhost:9999": "localhost:9999",
		"127.0.0.1":      "127.0.0.1:" + port,
		"[::1]:9999":     "[::1]:9999",
		"[::1]":          "[::1]:" + port,
	} {
		var c Connect
		status, answer, _ := call(t, "POST", s.URL()+"v1/connect", "", "Host", host)
		wantStatus(t, status, answer, http.StatusOK, &c)
		if len(c.Addresses) != 1 || c.Addresses[0] != want {
			t.Errorf("who asked %s is told %v, want %s", host, c.Addresses, want)
		}
	}
}

func TestConfiguredAddressesAreTold(t *testing.T) {
	s, _, _ := runServer(t, func(c *Config) { c.UDPAddresses = []string{"play.example.com:7777"} })
	var c Connect
	status, answer, _ := call(t, "POST", s.URL()+"v1/connect", "")
	wantStatus(t, status, answer, http.StatusOK, &c)
	if len(c.Addresses) != 1 || c.Addresses[0] != "play.example.com:7777" {
		t.Errorf("the client is told %v", c.Addresses)
	}
}

func TestMatchGrantsUDPToo(t *testing.T) {
	s, _, _ := runServer(t, nil)
	var m matchAnswer
	status, answer, _ := call(t, "POST", s.URL()+"v1/match", `{"kind": "test"}`)
	wantStatus(t, status, answer, http.StatusOK, &m)
	if m.UDP == nil || m.UDP.User == "" || len(m.UDP.Addresses) != 1 {
		t.Errorf("got %+v", m.UDP)
	}
}

func TestWithoutUDP(t *testing.T) {
	s, _, _ := runServer(t, func(c *Config) { c.UDPAddr = "off" })
	status, answer, _ := call(t, "POST", s.URL()+"v1/connect", "")
	wantProblem(t, status, answer, http.StatusNotFound, "NO_UDP")
	var m matchAnswer
	status, answer, _ = call(t, "POST", s.URL()+"v1/match", `{"kind": "test"}`)
	wantStatus(t, status, answer, http.StatusOK, &m)
	if m.UDP != nil || m.Ticket == "" {
		t.Errorf("got %+v", m)
	}
	if s.UDPAddr() != "" {
		t.Errorf("the server listens on %s", s.UDPAddr())
	}
}

func TestKeyFiles(t *testing.T) {
	key := base64.StdEncoding.EncodeToString([]byte("thirty-two bytes for this test.."))
	for name, c := range map[string]struct {
		text string
		ok   bool
	}{
		"one key":           {key, true},
		"two and a comment": {"# new\n" + key + "\n\n# old\n" + strings.Replace(key, "d", "e", 1) + "\n", true},
		"nothing":           {"# none\n", false},
		"a short one":       {key[:20], false},
		"no base64":         {strings.Repeat("?", 44), false},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "keys")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := newKeyRing(file); (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
		})
	}
	if _, err := newKeyRing(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there was read")
	}
	if _, err := newKeyRing(""); err != nil {
		t.Errorf("without a file: %v", err)
	}
}

// What matchmaking answers is enough to play: the connect token says who the
// player is and which seat is held.
func TestMatchedPlayerConnectsOverUDP(t *testing.T) {
	s, _, _ := runServer(t, nil)
	status, answer, _ := call(t, "POST", s.URL()+"v1/match", `{"kind": "test"}`)
	var match struct {
		Room string
		UDP  client.ConnectGrant
	}
	wantStatus(t, status, answer, http.StatusOK, &match)
	c, err := client.Dial(patience(t), strings.Replace(s.URL(), "http", "udp", 1), client.Options{
		NoFallback: true,
		Grant:      func(context.Context) (client.ConnectGrant, error) { return match.UDP, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	room, err := c.JoinTicket(patience(t), "", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if room.ID() != match.Room || c.Transport() != "udp" {
		t.Errorf("the player is in room %s over %s, want %s over UDP", room.ID(), c.Transport(), match.Room)
	}
}

// Beside development mode one address gets only so many tokens.
func TestConnectionsAreLimited(t *testing.T) {
	s, _, _ := runServer(t, func(c *Config) {
		c.Auth = auth.Config{Keys: filepath.Join(c.Data, "secret")}
		c.AdminToken = "x"
		if err := os.WriteFile(c.Auth.Keys, []byte(testSecret), 0o600); err != nil {
			t.Fatal(err)
		}
	})
	token := "Bearer " + sign(t, testSecret, time.Hour)
	var c Connect
	status, answer, _ := call(t, "POST", s.URL()+"v1/connect", "", "Authorization", token)
	wantStatus(t, status, answer, http.StatusOK, &c)
	if c.User != "ada" || c.GuestToken != "" {
		t.Errorf("got %+v", c)
	}
	soon := time.Now().Add(time.Hour) // nothing comes back before
	for range connectBurst {
		s.connects.take("127.0.0.1", soon)
	}
	status, answer, _ = call(t, "POST", s.URL()+"v1/connect", "", "Authorization", token)
	wantProblem(t, status, answer, http.StatusTooManyRequests, "RATE_LIMITED")
}
