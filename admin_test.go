package parlor

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/clients/go"
)

func TestAdminCalls(t *testing.T) {
	s, _, ended := runServer(t, nil)
	c := dial(t, s)
	messages := make(chan client.Message, 1)
	room, err := c.Create(patience(t), "test", client.JoinOptions{Private: true, Setup: func(r *client.Room) {
		r.OnMessage(func(m client.Message) {
			m.Data = append([]byte(nil), m.Data...)
			messages <- m
		})
	}})
	if err != nil {
		t.Fatal(err)
	}
	admin := s.AdminURL()

	var list roomList
	status, answer, _ := call(t, "GET", admin+"rooms?kind=test", "")
	wantStatus(t, status, answer, http.StatusOK, &list)
	if len(list.Rooms) != 1 || list.Rooms[0].ID != room.ID() || !list.Rooms[0].Private || list.Rooms[0].Players != 1 {
		t.Errorf("listed %+v, want the private room %s", list.Rooms, room.ID())
	}
	status, answer, _ = call(t, "GET", admin+"rooms/"+room.ID(), "")
	wantStatus(t, status, answer, http.StatusOK, nil)
	status, answer, header := call(t, "GET", admin+"rooms/"+room.ID()+"/state", "")
	wantStatus(t, status, answer, http.StatusOK, nil)
	if !strings.Contains(answer, "Players") || !strings.Contains(answer, c.User()) || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") {
		t.Errorf("the state is %v %q, want a table with the player's row", header, answer)
	}

	status, answer, _ = call(t, "POST", admin+"rooms/"+room.ID()+"/message", `{"name": "notice", "data": {"text": "soon"}}`)
	wantStatus(t, status, answer, http.StatusOK, nil)
	select {
	case m := <-messages:
		if m.Name != "notice" || !json.Valid(m.Data) || !strings.Contains(string(m.Data), "soon") {
			t.Errorf("the client got %s %s", m.Name, m.Data)
		}
	case <-patience(t).Done():
		t.Error("the message did not arrive")
	}

	status, answer, _ = call(t, "POST", admin+"rooms/"+room.ID()+"/kick", `{"user": "`+c.User()+`", "text": "enough"}`)
	wantStatus(t, status, answer, http.StatusOK, nil)
	<-room.Gone()
	if err := room.Err(); err == nil || !strings.Contains(err.Error(), "KICKED") || !strings.Contains(err.Error(), "enough") {
		t.Errorf("the kicked player was told %v", err)
	}

	status, answer, _ = call(t, "POST", admin+"drain", "")
	wantStatus(t, status, answer, http.StatusAccepted, nil)
	if err := <-ended; err != nil {
		t.Errorf("Run ended with %v after a drain", err)
	}
}

func TestAdminRefuses(t *testing.T) {
	s, _, _ := runServer(t, nil)
	for name, test := range map[string]struct {
		method, path, body string
		status             int
		code               string
	}{
		"no such room":           {"GET", "rooms/x", ``, 404, "NO_SUCH_ROOM"},
		"its state":              {"GET", "rooms/x/state", ``, 404, "NO_SUCH_ROOM"},
		"a kick there":           {"POST", "rooms/x/kick", `{"user": "u"}`, 404, "NO_SUCH_ROOM"},
		"a kick of nobody":       {"POST", "rooms/x/kick", `{}`, 400, "BAD_MESSAGE"},
		"a message there":        {"POST", "rooms/x/message", `{"name": "n"}`, 404, "NO_SUCH_ROOM"},
		"a message of no name":   {"POST", "rooms/x/message", `{"data": 1}`, 400, "BAD_MESSAGE"},
		"a field that is none":   {"POST", "rooms/x/kick", `{"player": "u"}`, 400, "BAD_MESSAGE"},
		"no such call":           {"GET", "players", ``, 404, "NO_SUCH_CALL"},
		"no such profile":        {"GET", "debug/pprof/lunch", ``, 404, "NO_SUCH_CALL"},
		"a profile for too long": {"GET", "debug/pprof/profile?seconds=1e9", ``, 400, "BAD_OPTIONS"},
	} {
		status, answer, _ := call(t, test.method, s.AdminURL()+test.path, test.body)
		t.Run(name, func(t *testing.T) { wantProblem(t, status, answer, test.status, test.code) })
	}
	status, answer, _ := call(t, "POST", s.AdminURL()+"drain", "", "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
	if status != http.StatusForbidden || s.draining.Load() {
		t.Errorf("a page of another origin drained the server: %d %s", status, answer)
	}
	status, answer, _ = call(t, "GET", s.AdminURL()+"rooms", "", "Host", "evil.example:7778")
	wantProblem(t, status, answer, http.StatusForbidden, "FORBIDDEN")
}

func TestAdminToken(t *testing.T) {
	s := newServer(t, func(c *Config) { c.AdminToken = "secret" })
	for header, want := range map[string]int{
		"":               401,
		"secret":         401,
		"Bearer":         401,
		"Bearer ":        401,
		"Bearer wrong":   401,
		"Bearer secretx": 401,
		"Basic secret":   401,
		"Bearer secret":  200,
		"bearer secret":  200,
	} {
		for _, path := range []string{"/rooms", "/metrics", "/debug/pprof/"} {
			r := httptest.NewRequest("GET", "http://127.0.0.1"+path, nil)
			if header != "" {
				r.Header.Set("Authorization", header)
			}
			w := httptest.NewRecorder()
			s.AdminHandler().ServeHTTP(w, r)
			if w.Code != want {
				t.Errorf("%s with %q: %d, want %d", path, header, w.Code, want)
			}
		}
	}
}

func TestProfiles(t *testing.T) {
	h := profiles()
	for path, kind := range map[string]string{
		"/debug/pprof/":                     "text/plain",
		"/debug/pprof/goroutine?debug=1":    "text/plain",
		"/debug/pprof/heap":                 "application/octet-stream",
		"/debug/pprof/profile?seconds=0.01": "application/octet-stream",
		"/debug/pprof/trace?seconds=0.01":   "application/octet-stream",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) || w.Body.Len() == 0 {
			t.Errorf("%s: %d %s, %d bytes", path, w.Code, w.Header().Get("Content-Type"), w.Body.Len())
		}
	}
	if _, pattern := http.DefaultServeMux.Handler(httptest.NewRequest("GET", "/debug/pprof/", nil)); pattern != "" {
		t.Errorf("profiles are on http.DefaultServeMux, at %s, where players may find them", pattern)
	}
}
