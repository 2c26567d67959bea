package ws_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/ws"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

func TestHandshake(t *testing.T) {
	url := serve(t, newHost(), netcode.Config{Version: "v1", Development: true}, nil)
	c := dial(t, url)
	c.hello("ann")
	h, body := c.expect(schema.KindWelcome)
	w := fb.GetRootAsWelcome(body, 0)
	if h.Handle != 0 || string(w.User()) != "ann" || string(w.Server()) != "v1" || !w.Development() || len(w.Session()) < 20 {
		t.Fatalf("welcome: handle %d user %q server %q development %v session %q", h.Handle, w.User(), w.Server(), w.Development(), w.Session())
	}
	c.send(schema.KindPing, 0, 0, c.build.Ping(5, 99))
	_, body = c.expect(schema.KindPong)
	p := fb.GetRootAsPong(body, 0)
	if p.Id() != 5 || p.Time() != 99 || p.ServerTime() == 0 {
		t.Fatalf("pong %d %d %d", p.Id(), p.Time(), p.ServerTime())
	}
}

func TestRefusedHello(t *testing.T) {
	url := serve(t, newHost(), netcode.Config{}, nil)
	for token, code := range map[string]schema.Code{
		"bad": schema.CodeUnauthenticated,
		"old": schema.CodeTokenExpired,
	} {
		c := dial(t, url)
		c.hello(token)
		c.expectClose(code)
	}
}

func TestOrigin(t *testing.T) {
	url := serve(t, newHost(), netcode.Config{}, &tuning{ws: ws.Config{Origins: []string{"*.example.com"}}})
	for origin, ok := range map[string]bool{
		"":                         true, // not a browser
		url:                        true, // a page of this server
		"https://game.example.com": true,
		"https://evil.test":        false,
		"null":                     false,
		"https://example.com.evil": false,
	} {
		header := http.Header{}
		if origin != "" {
			header.Set("Origin", origin)
		}
		c, resp, err := websocket.Dial(t.Context(), url, &websocket.DialOptions{HTTPHeader: header})
		if (err == nil) != ok {
			t.Errorf("origin %q: error %v, want accepted %v", origin, err, ok)
		}
		if err == nil {
			_ = c.CloseNow()
		} else if resp.StatusCode != http.StatusForbidden {
			t.Errorf("origin %q: status %d", origin, resp.StatusCode)
		}
	}
}

func TestPlainRequestIsRefused(t *testing.T) {
	url := serve(t, newHost(), netcode.Config{}, nil)
	resp, err := http.Get(url) //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusUpgradeRequired {
		t.Fatalf("status %d", resp.StatusCode)
	}
}

func TestGoingAway(t *testing.T) {
	s := start(t, newHost(), netcode.Config{}, tuning{})
	c := dial(t, s.http.URL)
	c.welcome()
	s.sessions.GoAway()
	c.expectClose(schema.CodeGoingAway)
	_, resp, err := websocket.Dial(t.Context(), s.http.URL, nil)
	if err == nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("a new connection got error %v", err)
	}
}

func TestCloseReasonIsCut(t *testing.T) {
	s := start(t, newHost(), netcode.Config{}, tuning{})
	c := dial(t, s.http.URL)
	c.hello("ann")
	c.expect(schema.KindWelcome)
	if n := s.sessions.KickUser("ann", schema.CodeKicked, strings.Repeat("é", 300)); n != 1 {
		t.Fatalf("kicked %d sessions", n)
	}
	c.expectClose(schema.CodeKicked)
	if s.sessions.KickUser("bob", schema.CodeKicked, "") != 0 || s.sessions.Kick("x", schema.CodeKicked, "") {
		t.Fatal("kicked somebody who is not here")
	}
}
