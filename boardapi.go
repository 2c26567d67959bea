package parlor

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/internal/roomname"
	"github.com/parlor-server/parlor/persistence/host"
	"github.com/parlor-server/parlor/schema"
)

const maxImport = 32 << 20 // bytes of a board

// boardCalls names the calls for who mistypes one.
const boardCalls = "GET /v1/rooms/KIND/NAME/export.json, export.svg, export.yjs and versions, POST /v1/rooms/KIND/NAME/import, versions, restore and forget"

// boardAPI is the HTTP way to boards and documents: export and import, and a
// board's history. On the players' address a user's role in the room decides
// what it may; on the operators' address all is allowed.
type boardAPI struct {
	server *Server
	caller func(r *http.Request) (host.Caller, error)
}

// boardCall is a call by somebody who may make it.
type boardCall struct {
	*http.Request
	server *Server
	room   string
	user   string // empty: an operator
	role   canvas.Role
}

// answer is what a call gives: JSON, or content of another type.
type boardAnswer struct {
	content     []byte
	contentType string
	json        any
}

// register adds the calls on rooms, those and more.
func (a boardAPI) register(mux *http.ServeMux, limit func(http.Handler) http.Handler, more roomCalls) {
	if a.server.canvas == nil {
		return
	}
	calls := roomCalls{}
	maps.Copy(calls, more)
	for call, f := range map[string]func(boardCall) (boardAnswer, error){
		"GET export.json": exportJSON, "GET export.svg": exportSVG, "GET export.yjs": exportYjs, "GET versions": listVersions,
	} {
		calls[call] = limit(a.answer(canvas.Role.Known, f))
	}
	for call, f := range map[string]func(boardCall) (boardAnswer, error){
		"POST import": importJSON, "POST versions": saveVersion, "POST restore": restoreVersion, "POST forget": forgetVersion,
	} {
		calls[call] = limit(a.answer(canvas.Role.CanWrite, f))
	}
	// A room is KIND/NAME or, percent-encoded, one segment. Patterns with the
	// calls' names would contradict those of records.
	for _, method := range []string{"GET", "POST"} {
		mux.Handle(method+" /v1/rooms/{kind}/{name}/{verb}", calls)
		mux.Handle(method+" /v1/rooms/{id}/{verb}", calls)
	}
}

// roomCalls are calls on one room: "METHOD VERB".
type roomCalls map[string]http.Handler

// ServeHTTP implements http.Handler.
func (c roomCalls) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h := c[r.Method+" "+r.PathValue("verb")]; h != nil {
		h.ServeHTTP(w, r)
		return
	}
	names := slices.Sorted(maps.Keys(c))
	writeJSON(w, http.StatusNotFound, problem{Code: "NO_SUCH_CALL", Message: "on a room there is " + strings.Join(names, ", ") + ", not " + r.Method + " " + r.PathValue("verb")})
}

// answer finds out who calls, asks the room's kind what the caller may, and
// writes what f returns.
func (a boardAPI) answer(enough func(canvas.Role) bool, f func(boardCall) (boardAnswer, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitBodyTo(w, r, maxImport)
		caller, err := a.caller(r)
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="parlor"`)
			writeError(w, authError(err))
			return
		}
		call := boardCall{Request: r, server: a.server, room: roomOf(r), user: caller.User.ID}
		var answer boardAnswer
		if call.role, err = a.allow(call, caller, enough); err == nil {
			answer, err = f(call)
		}
		switch {
		case err != nil:
			a.server.logFailure(r, err)
			writeError(w, err)
		case answer.contentType != "":
			writeContent(w, answer.contentType, answer.content)
		default:
			writeJSON(w, http.StatusOK, answer.json)
		}
	})
}

// allow refuses who may not do this in the room; others have a role there.
func (a boardAPI) allow(call boardCall, caller host.Caller, enough func(canvas.Role) bool) (canvas.Role, error) {
	name, _, ok := roomname.Split(call.room)
	if !ok {
		return "", schema.Errorf(schema.CodeNoSuchRoom, "no room has such a name: %s", roomname.Rule)
	}
	for _, kind := range a.server.cfg.Canvas {
		if kind.Name() != name {
			continue
		}
		if caller.Operator {
			return canvas.Owner, nil
		}
		role, err := kind.Role(call.Context(), call.room, caller.User)
		if err == nil && !enough(role) {
			err = schema.Errorf(schema.CodeForbidden, "in %s you may look, but change nothing", call.room)
		}
		return role, err
	}
	return "", schema.Errorf(schema.CodeNoSuchKind, "this server has no boards or documents of the kind %q", name)
}

// writeContent answers with a file. What users have drawn must not run in a
// page of this origin.
func writeContent(w http.ResponseWriter, contentType string, content []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src * data:; sandbox")
	_, _ = w.Write(content) // the client may have gone
}

// look lets f read the board.
func (c boardCall) look(f func(b *board.Board) error) error {
	return c.server.canvas.View(c.Context(), c.room, func(m canvas.Machine) error {
		b, err := c.board(m)
		if err != nil {
			return err
		}
		return f(b)
	})
}

// edit lets f change the board; it returns when that is on disk. An error of
// f's that has no code is about what the caller sent.
func (c boardCall) edit(f func(b *board.Board, now time.Time, out *canvas.Outbox) error) error {
	return c.server.canvas.Do(c.Context(), c.room, func(m canvas.Machine, now time.Time, out *canvas.Outbox) error {
		b, err := c.board(m)
		if err != nil {
			return err
		}
		err = f(b, now, out)
		if coded := new(schema.Error); err != nil && !errors.As(err, &coded) {
			return schema.Errorf(schema.CodeValidation, "%v", err)
		}
		return err
	})
}

func (c boardCall) board(m canvas.Machine) (*board.Board, error) {
	b, ok := m.(*board.Board)
	if !ok {
		return nil, schema.Errorf(schema.CodeBadInput, "%s is no board: of a document there is export.yjs", c.room)
	}
	return b, nil
}

// owned refuses all but owners.
func (c boardCall) owned(what string) error {
	if c.role == canvas.Owner {
		return nil
	}
	return schema.Errorf(schema.CodeForbidden, "only owners of %s may %s", c.room, what)
}

// exportJSON answers GET …/export.json?version=….
func exportJSON(c boardCall) (boardAnswer, error) {
	var text bytes.Buffer
	version := c.URL.Query().Get("version")
	err := c.look(func(b *board.Board) error {
		if version != "" {
			return b.ExportVersion(version, &text)
		}
		return b.Export(&text)
	})
	return boardAnswer{content: text.Bytes(), contentType: "application/json"}, err
}

// exportSVG answers GET …/export.svg.
func exportSVG(c boardCall) (boardAnswer, error) {
	var text bytes.Buffer
	err := c.look(func(b *board.Board) error { return b.SVG(&text) })
	return boardAnswer{content: text.Bytes(), contentType: "image/svg+xml"}, err
}

// exportYjs answers GET …/export.yjs: the document as one update.
func exportYjs(c boardCall) (boardAnswer, error) {
	var state []byte
	err := c.server.canvas.Read(c.Context(), c.room, func(doc *yjs.Doc) error {
		state = doc.EncodeState(nil)
		return nil
	})
	return boardAnswer{content: state, contentType: "application/octet-stream"}, err
}

type versionList struct {
	Versions []board.Version `json:"versions"` // the oldest first
}

// listVersions answers GET …/versions.
func listVersions(c boardCall) (boardAnswer, error) {
	list := versionList{Versions: []board.Version{}}
	err := c.look(func(b *board.Board) error {
		list.Versions = append(list.Versions, b.Versions()...)
		return nil
	})
	return boardAnswer{json: list}, err
}

// importJSON answers POST …/import?replace=true with what export.json gave.
// Without replace the shapes are added.
func importJSON(c boardCall) (boardAnswer, error) {
	replace := c.URL.Query().Get("replace") == "true"
	if replace {
		if err := c.owned("replace what is on it"); err != nil {
			return boardAnswer{}, err
		}
	}
	text, err := io.ReadAll(c.Body)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		return boardAnswer{}, schema.Errorf(schema.CodeTooLarge, "the body may have %d bytes", tooLong.Limit)
	case err != nil:
		return boardAnswer{}, schema.Errorf(schema.CodeBadMessage, "the body did not arrive: %v", err)
	}
	var imported board.Imported
	err = c.edit(func(b *board.Board, now time.Time, out *canvas.Outbox) (err error) {
		imported, err = b.Import(now, out, c.user, text, replace)
		return err
	})
	return boardAnswer{json: imported}, err
}

// saveVersion answers POST …/versions {"name": "…"}.
func saveVersion(c boardCall) (boardAnswer, error) {
	return onVersion(c, func(b *board.Board, now time.Time, out *canvas.Outbox, name string) error {
		_, err := b.Save(now, out, c.user, name)
		return err
	})
}

// restoreVersion answers POST …/restore {"name": "…"}.
func restoreVersion(c boardCall) (boardAnswer, error) {
	return onVersion(c, func(b *board.Board, now time.Time, out *canvas.Outbox, name string) error {
		return b.Restore(now, out, c.user, name)
	})
}

// forgetVersion answers POST …/forget {"name": "…"}.
func forgetVersion(c boardCall) (boardAnswer, error) {
	if err := c.owned("make it forget versions"); err != nil {
		return boardAnswer{}, err
	}
	return onVersion(c, (*board.Board).RemoveVersion)
}

type versionRequest struct {
	Name string `json:"name"`
}

// onVersion does something with the version that the body names. The answer is
// the list of versions after that.
func onVersion(c boardCall, do func(b *board.Board, now time.Time, out *canvas.Outbox, name string) error) (boardAnswer, error) {
	var req versionRequest
	if err := readJSON(c.Request, &req); err != nil {
		return boardAnswer{}, err
	}
	if req.Name == "" {
		return boardAnswer{}, schema.Errorf(schema.CodeBadMessage, `say which version: {"name": "before the party"}`)
	}
	list := versionList{Versions: []board.Version{}}
	err := c.edit(func(b *board.Board, now time.Time, out *canvas.Outbox) error {
		if err := do(b, now, out, req.Name); err != nil {
			return err
		}
		list.Versions = append(list.Versions, b.Versions()...)
		return nil
	})
	return boardAnswer{json: list}, err
}
