package parlor

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestDevelopmentAnswersOnlyLocalNames(t *testing.T) {
	s := newServer(t, nil)
	for host, allowed := range map[string]bool{
		"localhost":              true,
		"localhost:7777":         true,
		"LocalHost:1":            true,
		"127.0.0.1":              true,
		"127.0.0.1:7777":         true,
		"[::1]":                  true,
		"[::1]:7777":             true,
		"evil.example":           false,
		"evil.example:7777":      false,
		"localhost.evil.example": false,
		"127.0.0.1.evil.example": false,
		"192.168.1.2:7777":       false,
		"0.0.0.0:7777":           false,
		"[::]:7777":              false,
		"":                       false,
	} {
		for path, h := range map[string]http.Handler{
			"/": s.Handler(), "/ws": s.Handler(), "/v1/rooms": s.Handler(), "/healthz": s.Handler(),
			"/metrics": s.AdminHandler(), "/rooms": s.AdminHandler(),
		} {
			r := httptest.NewRequest("GET", path, nil)
			r.Host = host
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if (w.Code != http.StatusForbidden) != allowed {
				t.Errorf("%s at %q: %d, allowed should be %v", path, host, w.Code, allowed)
			}
		}
	}
}

func TestForwardedAddr(t *testing.T) {
	for _, test := range []struct {
		values []string
		want   string
	}{
		{nil, "10.0.0.1:5"},
		{[]string{"203.0.113.9"}, "203.0.113.9"},
		{[]string{"1.1.1.1, 203.0.113.9"}, "203.0.113.9"}, // the client wrote the first one itself
		{[]string{"1.1.1.1", "2001:db8::1"}, "2001:db8::1"},
		{[]string{"nonsense"}, "10.0.0.1:5"},
		{[]string{""}, "10.0.0.1:5"},
	} {
		r := &http.Request{RemoteAddr: "10.0.0.1:5", Header: http.Header{"X-Forwarded-For": test.values}}
		if got := forwardedAddr(r); got != test.want {
			t.Errorf("%q: got %s, want %s", test.values, got, test.want)
		}
	}
}
