package parlor

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/schema"
)

type plainShape struct {
	Fill string `json:"fill"`
}

// runBoards runs a server with boards. On "shown" guests only read; "locked"
// lets nobody in.
func runBoards(t *testing.T) *Server {
	t.Helper()
	role := func(_ context.Context, room string, _ canvas.User) (canvas.Role, error) {
		switch room {
		case "board/shown":
			return canvas.Reader, nil
		case "board/locked":
			return "", schema.Errorf(schema.CodeForbidden, "nobody may")
		}
		return canvas.Writer, nil
	}
	s, _, _ := runServer(t, func(cfg *Config) {
		cfg.Rooms, cfg.Canvas = nil, []canvas.Kind{
			board.Define("board", board.Room{Kinds: []board.Kind{board.Shape[plainShape]("rect")}, Role: role}),
			canvas.Define("notes", canvas.Room{}),
		}
	})
	return s
}

const aRect = `{"shapes":[{"id":"a","kind":"rect","geo":{"x":1,"y":2,"w":30,"h":40,"r":0},"props":{"fill":"red"}}]}`

func TestBoardsOverHTTP(t *testing.T) {
	s := runBoards(t)
	user, operator := s.URL()+"v1/rooms/board/main", s.AdminURL()+"v1/rooms/board/main"
	ok := func(method, url, body string, says ...string) string {
		t.Helper()
		status, answer, header := call(t, method, url, body)
		wantStatus(t, status, answer, http.StatusOK, nil)
		for _, text := range says {
			if !strings.Contains(answer, text) {
				t.Errorf("%s %s: %s, want %s in it", method, url, answer, text)
			}
		}
		if header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s may be taken for a page", method, url)
		}
		return answer
	}
	ok("POST", user+"/import", aRect, `"shapes":1`)
	first := ok("GET", user+"/export.json", "", `"id":"a"`, `"fill":"red"`)
	ok("GET", user+"/export.svg", "", "<svg", "</svg>")
	ok("POST", user+"/versions", `{"name":"one"}`, `"name":"one"`)
	ok("POST", operator+"/import?replace=true", strings.ReplaceAll(aRect, `"a"`, `"b"`))
	ok("GET", user+"/export.json", "", `"id":"b"`)
	ok("GET", user+"/export.json?version=one", "", `"id":"a"`)
	ok("POST", user+"/restore", `{"name":"one"}`)
	if again := ok("GET", operator+"/export.json", ""); again != first {
		t.Errorf("restored\n%s, want\n%s", again, first)
	}
	ok("POST", operator+"/forget", `{"name":"one"}`, `"versions":[]`)
}

func TestBoardCallsRefused(t *testing.T) {
	s := runBoards(t)
	for _, room := range []string{"board/main", "board/shown"} {
		if status, answer, _ := call(t, "POST", s.AdminURL()+"v1/rooms/"+room+"/import", aRect); status != http.StatusOK {
			t.Fatal(answer)
		}
	}
	for _, test := range []struct {
		call, body string
		status     int
		code       string
	}{
		{"GET board/never/export.json", "", 404, "NO_SUCH_ROOM"},
		{"GET board/locked/export.json", "", 403, "FORBIDDEN"},
		{"POST board/shown/import", aRect, 403, "FORBIDDEN"},
		{"POST board/shown/versions", `{"name":"one"}`, 403, "FORBIDDEN"},
		{"POST board/main/import?replace=true", aRect, 403, "FORBIDDEN"},
		{"POST board/main/forget", `{"name":"one"}`, 403, "FORBIDDEN"},
		{"POST board/main/import", `{"shapes":[{"id":"z","kind":"cube"}]}`, 400, "NO_SUCH_SHAPE_KIND"},
		{"POST board/main/restore", `{"name":"never"}`, 404, "NO_SUCH_VERSION"},
		{"POST board/main/restore", `{}`, 400, "BAD_MESSAGE"},
		{"GET board/main/export.json?version=never", "", 404, "NO_SUCH_VERSION"},
		{"GET board/main/export.pdf", "", 404, "NO_SUCH_CALL"},
		{"GET chess/main/export.svg", "", 404, "NO_SUCH_KIND"},
		{"GET notes/x/versions", "", 404, "NO_SUCH_ROOM"},
	} {
		method, path, _ := strings.Cut(test.call, " ")
		status, answer, _ := call(t, method, s.URL()+"v1/rooms/"+path, test.body)
		t.Log(test.call)
		wantProblem(t, status, answer, test.status, test.code)
	}
	if status, answer, _ := call(t, "GET", s.URL()+"v1/rooms/board%2Fshown/export.json", ""); status != http.StatusOK {
		t.Errorf("a reader may look: %d %s", status, answer)
	}
}
