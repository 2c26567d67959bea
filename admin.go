package parlor

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

// newAdminHandler serves operators. In development mode it needs no token, and
// therefore answers only requests for this machine's own names.
func (s *Server) newAdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", s.newMetricsHandler())
	mux.Handle("GET /debug/pprof/", profiles())
	mux.HandleFunc("GET /rooms", s.adminList)
	mux.HandleFunc("GET /rooms/{id}", s.adminRoom)
	mux.HandleFunc("GET /rooms/{id}/state", s.adminState)
	mux.HandleFunc("POST /rooms/{id}/kick", s.adminKick)
	mux.HandleFunc("POST /rooms/{id}/message", s.adminMessage)
	mux.HandleFunc("POST /drain", s.adminDrain)
	s.registerRecords(mux)
	s.adminPresence(mux)
	s.adminCanvas(mux)
	boardAPI{s, operatorCaller}.register(mux, func(h http.Handler) http.Handler { return h }, nil)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusNotFound, problem{Code: "NO_SUCH_CALL", Message: "there is GET /metrics, /debug/pprof/, GET /rooms, GET /rooms/ID, GET /rooms/ID/state, " +
			"POST /rooms/ID/kick, POST /rooms/ID/message, POST /drain, GET /records, GET /records/KIND/NAME, GET /canvas, GET /canvas/KIND/NAME, GET /backup, " +
			"GET /v1/rooms/KIND/NAME/records/COLLECTION, POST /v1/rooms/KIND/NAME/call/MUTATION, " + boardCalls + ", " + presenceCalls + ", not " + r.Method + " " + r.URL.Path})
	})
	// Pages of other origins may not call, which a browser on the operator's
	// machine would otherwise let them.
	var h http.Handler = http.NewCrossOriginProtection().Handler(mux)
	if s.cfg.AdminToken != "" || !s.dev {
		h = onlyToken(s.cfg.AdminToken, h)
	}
	if s.dev {
		h = onlyLocal(h)
	}
	return h
}

// adminList answers GET /rooms?kind=KIND, private rooms included.
func (s *Server) adminList(w http.ResponseWriter, r *http.Request) {
	list := roomList{Rooms: []rooms.Info{}}
	kind := r.URL.Query().Get("kind")
	for _, info := range s.registry.ListAll() {
		if kind == "" || info.Kind == kind {
			list.Rooms = append(list.Rooms, info)
		}
	}
	writeJSON(w, http.StatusOK, list)
}

func (s *Server) adminRoom(w http.ResponseWriter, r *http.Request) {
	info, ok := s.registry.Info(r.PathValue("id"))
	if !ok {
		writeError(w, schema.Errorf(schema.CodeNoSuchRoom, "there is no room %q", r.PathValue("id")))
		return
	}
	writeJSON(w, http.StatusOK, info)
}

// adminState writes all tables of a room as text.
func (s *Server) adminState(w http.ResponseWriter, r *http.Request) {
	text := &lateText{w: w}
	if err := s.registry.Dump(r.Context(), r.PathValue("id"), text); err != nil && !text.begun {
		s.logFailure(r, err)
		writeError(w, err)
	}
}

// lateText is a text answer that can still become an error until its first byte.
type lateText struct {
	w     http.ResponseWriter
	begun bool
}

func (t *lateText) Write(b []byte) (int, error) {
	if !t.begun {
		t.begun = true
		t.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		t.w.Header().Set("Cache-Control", "no-store")
	}
	return t.w.Write(b)
}

// adminKick answers POST /rooms/{id}/kick {"user": "…", "text": "…"}.
func (s *Server) adminKick(w http.ResponseWriter, r *http.Request) {
	var req struct {
		User string `json:"user"`
		Text string `json:"text"`
	}
	s.adminCall(w, r, &req, func(room string) error {
		if req.User == "" {
			return schema.Errorf(schema.CodeBadMessage, "say whom to kick: user")
		}
		s.cfg.Logger.Info("an operator kicks a player", "room", room, "user", req.User, "text", req.Text)
		return s.registry.Kick(room, req.User, or(req.Text, "an operator removed you"))
	})
}

// adminMessage answers POST /rooms/{id}/message {"name": "…", "data": …}.
func (s *Server) adminMessage(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Name string          `json:"name"`
		Data json.RawMessage `json:"data"`
	}
	s.adminCall(w, r, &req, func(room string) error {
		if req.Name == "" {
			return schema.Errorf(schema.CodeBadMessage, "give the message a name that the game's clients know: name")
		}
		if len(req.Data) == 0 {
			req.Data = json.RawMessage("null")
		}
		return s.registry.Message(room, req.Name, req.Data)
	})
}

// adminCall reads a call's body into req and makes the call on the path's room.
func (s *Server) adminCall(w http.ResponseWriter, r *http.Request, req any, call func(room string) error) {
	limitBody(w, r)
	err := readJSON(r, req)
	if err == nil {
		err = call(r.PathValue("id"))
	}
	if err != nil {
		s.logFailure(r, err)
		writeError(w, err)
		return
	}
	writeJSON(w, http.StatusOK, status{"done"})
}

// adminDrain makes Run drain and end, as the end of its context does. A server
// without Run only stops taking in players.
func (s *Server) adminDrain(w http.ResponseWriter, _ *http.Request) {
	now, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Drain(now) // begins it; the error is that this call does not wait
	s.drainOnce.Do(func() {
		s.cfg.Logger.Info("an operator asks for a drain")
		close(s.drain)
	})
	writeJSON(w, http.StatusAccepted, status{"draining"})
}
