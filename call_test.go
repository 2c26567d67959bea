package parlor

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/clients/go"
)

// call makes an HTTP call. Header values are alternating names and values; Host
// may be one of them.
func call(t *testing.T, method, url, body string, headers ...string) (status int, answer string, header http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer c.CloseIdleConnections()
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b), res.Header
}

// wantProblem checks that a call failed as it should.
func wantProblem(t *testing.T, status int, answer string, wantStatus int, wantCode string) {
	t.Helper()
	var p problem
	if err := json.Unmarshal([]byte(answer), &p); err != nil || status != wantStatus || p.Code != wantCode || p.Message == "" {
		t.Errorf("got %d %s, want %d with code %s and a message", status, answer, wantStatus, wantCode)
	}
}

// wantStatus checks a call's status and decodes its answer into v, if not nil.
func wantStatus(t *testing.T, status int, answer string, want int, v any) {
	t.Helper()
	if status != want {
		t.Fatalf("got %d %s, want %d", status, answer, want)
	}
	if v != nil {
		if err := json.Unmarshal([]byte(answer), v); err != nil {
			t.Fatalf("the answer %s is not the JSON that was expected: %v", answer, err)
		}
	}
}

// patience is a context for what should take milliseconds.
func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// dial connects a guest who does not come back when the connection is lost.
func dial(t *testing.T, s *Server) *client.Client {
	t.Helper()
	c, err := client.Dial(patience(t), strings.Replace(s.URL(), "http", "ws", 1), client.Options{Reconnect: client.Reconnect{Off: true}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}
