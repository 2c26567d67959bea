package parlor

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
)

// notesServer has Yjs rooms, some of them closed to all.
func notesServer(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	role := func(_ context.Context, room string, _ canvas.User) (canvas.Role, error) {
		if strings.HasPrefix(room, "notes/closed") {
			return "", nil
		}
		return canvas.Writer, nil
	}
	s, _, _ := runServer(t, func(cfg *Config) {
		cfg.Rooms, cfg.Canvas = nil, []canvas.Kind{canvas.Define("notes", canvas.Room{Role: role})}
		if change != nil {
			change(cfg)
		}
	})
	return s
}

func withKey(t *testing.T) func(*Config) {
	return func(cfg *Config) {
		cfg.Auth.Keys, cfg.AdminToken = filepath.Join(cfg.Data, "secret"), "x"
		if err := os.WriteFile(cfg.Auth.Keys, []byte(testSecret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// stock is a stock client's connection.
type stock struct {
	t *testing.T
	*websocket.Conn
}

func dialYjs(t *testing.T, s *Server, path string, header http.Header) stock {
	t.Helper()
	c, _, err := websocket.Dial(patience(t), s.URL()+"yjs/"+path, &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.CloseNow() })
	return stock{t, c}
}

func (c stock) send(kind yjs.MessageKind, payload []byte) {
	c.t.Helper()
	if err := c.Write(patience(c.t), websocket.MessageBinary, yjs.Message{Kind: kind, Payload: payload}.Append(nil)); err != nil {
		c.t.Fatal(err)
	}
}

// expect returns the payload of the next message of the kind.
func (c stock) expect(kind yjs.MessageKind) []byte {
	c.t.Helper()
	for {
		_, b, err := c.Read(patience(c.t))
		if err != nil {
			c.t.Fatal(err)
		}
		if m, err := yjs.ParseMessage(b); err != nil {
			c.t.Fatal(err)
		} else if m.Kind == kind {
			return m.Payload
		}
	}
}

// closed is how the connection ends.
func (c stock) closed() (status int, reason string) {
	c.t.Helper()
	for {
		if _, _, err := c.Read(patience(c.t)); err != nil {
			var e websocket.CloseError
			if !errors.As(err, &e) {
				c.t.Fatal(err)
			}
			return int(e.Code), e.Reason
		}
	}
}

func TestYjsRooms(t *testing.T) {
	s := notesServer(t, nil)
	doc := yjs.New(1, yjs.Limits{})
	update, err := doc.Transact(func(tx *yjs.Tx) error { return doc.Text("text").Insert(tx, 0, "hello") })
	if err != nil {
		t.Fatal(err)
	}
	nothing := []byte{0} // a state vector of no clients
	ann, bob := dialYjs(t, s, "notes/a", nil), dialYjs(t, s, "notes%2Fa", nil)
	for _, c := range []stock{ann, bob} {
		c.send(yjs.SyncStep1, nothing)
		c.expect(yjs.SyncStep2)
	}
	ann.send(yjs.SyncUpdate, update)
	if _, err := yjs.New(3, yjs.Limits{}).Apply(bob.expect(yjs.SyncUpdate)); err != nil {
		t.Error(err)
	}
	bob.send(yjs.AwarenessState, yjs.EncodeAwareness(7, 1, []byte(`{"name":"Bob"}`)))
	if got := string(ann.expect(yjs.AwarenessState)); !strings.Contains(got, "Bob") {
		t.Errorf("Ann sees %q", got)
	}
	err = s.Canvas().Read(patience(t), "notes/a", func(doc *yjs.Doc) error {
		if got := doc.Text("text").String(); got != "hello" {
			t.Errorf("the server holds %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	status, state, header := call(t, "GET", s.URL()+"v1/rooms/notes/a/export.yjs", "")
	if _, err := yjs.New(4, yjs.Limits{}).Apply([]byte(state)); status != http.StatusOK || err != nil || header.Get("Content-Type") != "application/octet-stream" {
		t.Errorf("export: %d, %v", status, err)
	}
	status, answer, _ := call(t, "GET", s.URL()+"v1/rooms/notes/never/export.yjs", "")
	wantProblem(t, status, answer, http.StatusNotFound, "NO_SUCH_ROOM")
}

// TestYjsTokens says who gets in, and how the others are told why not: a status
// from 4400 to 4499 keeps a y-websocket provider from trying again.
func TestYjsTokens(t *testing.T) {
	s := notesServer(t, withKey(t))
	tokens, err := auth.OpenRoomTokens(filepath.Join(s.cfg.Data, "rooms.key"))
	if err != nil {
		t.Fatal(err)
	}
	issue := func(room string, life time.Duration) string {
		token, _, err := tokens.Issue(auth.User{ID: "ada"}, room, life)
		if err != nil {
			t.Fatal(err)
		}
		return "?token=" + token
	}
	user := http.Header{"Authorization": {"Bearer " + sign(t, testSecret, time.Hour)}}
	for name, c := range map[string]struct {
		path   string
		header http.Header
		status int // 0: gets in
	}{
		"a good token":       {"notes/a" + issue("notes/a", time.Minute), nil, 0},
		"a user's header":    {"notes/a", user, 0},
		"no token":           {"notes/a", nil, 4403},
		"expired":            {"notes/a" + issue("notes/a", -time.Minute), nil, 4404},
		"for another room":   {"notes/a" + issue("notes/b", time.Minute), nil, 4426},
		"a user's in a URL":  {"notes/a?token=" + sign(t, testSecret, time.Hour), nil, 4403},
		"no such kind":       {"games/a" + issue("games/a", time.Minute), nil, 4420},
		"no name":            {"notes/", nil, 4421},
		"a closed room":      {"notes/closed" + issue("notes/closed", time.Minute), nil, 4414},
		"an encoded nothing": {"%2F%2F%00", user, 4421},
	} {
		t.Run(name, func(t *testing.T) {
			conn := dialYjs(t, s, c.path, c.header)
			if c.status == 0 {
				conn.send(yjs.SyncStep1, []byte{0})
				conn.expect(yjs.SyncStep2)
				return
			}
			if status, reason := conn.closed(); status != c.status || reason == "" {
				t.Errorf("closed with %d %q, want %d", status, reason, c.status)
			}
		})
	}
}

func TestIssueRoomTokens(t *testing.T) {
	s := notesServer(t, withKey(t))
	user := []string{"Authorization", "Bearer " + sign(t, testSecret, time.Hour)}
	var got roomToken
	status, answer, _ := call(t, "POST", s.URL()+"v1/rooms/notes/a/token", "", user...)
	wantStatus(t, status, answer, http.StatusOK, &got)
	if left := time.Until(got.Expires); left < 9*time.Minute || left > 10*time.Minute || got.URL != "ws"+strings.TrimPrefix(s.URL(), "http")+"yjs/notes/a" {
		t.Errorf("got %+v", got)
	}
	conn := dialYjs(t, s, "notes/a?token="+got.Token, nil)
	conn.send(yjs.SyncStep1, []byte{0})
	conn.expect(yjs.SyncStep2)
	for path, want := range map[string]struct {
		status int
		code   string
	}{
		"games/a/token": {404, "NO_SUCH_KIND"}, "notes/closed/token": {403, "FORBIDDEN"}, "notes%2Fa%2Fb/token": {404, "NO_SUCH_ROOM"},
	} {
		status, answer, _ := call(t, "POST", s.URL()+"v1/rooms/"+path, "", user...)
		wantProblem(t, status, answer, want.status, want.code)
	}
	status, answer, _ = call(t, "POST", s.URL()+"v1/rooms/notes/a/token", "")
	wantProblem(t, status, answer, http.StatusUnauthorized, "UNAUTHENTICATED")
}
