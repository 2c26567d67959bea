package parlor

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/schema"
)

// A call's body may have so many bytes, and take so long to arrive. The time is
// longer than any call takes: its end would also cancel a call that still runs.
const (
	maxBody  = 64 << 10
	bodyTime = 30 * time.Second
)

func limitBody(w http.ResponseWriter, r *http.Request) { limitBodyTo(w, r, maxBody) }

func limitBodyTo(w http.ResponseWriter, r *http.Request, most int64) {
	r.Body = http.MaxBytesReader(w, r.Body, most)
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // writers of tests have none
}

// api is the HTTP way to rooms, for lobbies and for other servers.
type api struct{ server *Server }

func (s *Server) newAPI() http.Handler {
	a := api{s}
	mux := http.NewServeMux()
	mux.Handle("GET /v1/rooms", a.call(a.listRooms))
	mux.Handle("POST /v1/rooms", s.limited(a.call(a.createRoom)))
	mux.HandleFunc("POST /v1/connect", a.connect)
	mux.Handle("POST /v1/match", s.limited(a.call(a.match)))
	recordAPI{s, s.userCaller}.register(mux, s.limited)
	a.registerPresence(mux)
	boardAPI{s, s.userCaller}.register(mux, s.limited, a.yjsCalls())
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusNotFound, problem{Code: "NO_SUCH_CALL", Message: "there is GET /v1/rooms, POST /v1/rooms, POST /v1/match, POST /v1/connect, " +
			"GET /v1/rooms/KIND/NAME/records/COLLECTION, POST /v1/rooms/KIND/NAME/call/MUTATION, GET /v1/presence, GET /v1/presence/KIND/NAME, " +
			"GET /v1/users/USER/presence, POST /v1/rooms/KIND/NAME/token, " + boardCalls + ", not " + r.Method + " " + r.URL.Path})
	})
	return mux
}

// call authenticates a request as a session would, and writes what f returns.
func (a api) call(f func(r *http.Request, user auth.User) (status int, answer any, err error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limitBody(w, r)
		// A guest that this call makes is forgotten with it.
		user, _, err := a.server.auth.Authenticate(r.Context(), bearer(r))
		if err != nil {
			w.Header().Set("WWW-Authenticate", `Bearer realm="parlor"`)
			writeError(w, authError(err))
			return
		}
		status, answer, err := f(r, user)
		if err != nil {
			a.server.logFailure(r, err)
			writeError(w, err)
			return
		}
		writeJSON(w, status, answer)
	})
}

// limited refuses a client that calls too often.
func (s *Server) limited(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.limiter.take(s.remoteAddr(r), time.Now()) {
			w.Header().Set("Retry-After", "1")
			writeError(w, schema.Errorf(schema.CodeRateLimited, "too many calls from your address; wait a second"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func authError(err error) error {
	if errors.Is(err, auth.ErrExpired) {
		return schema.Errorf(schema.CodeTokenExpired, "the token has expired; get a new one and send it again")
	}
	return schema.Errorf(schema.CodeUnauthenticated, "send a valid token: Authorization: Bearer TOKEN")
}

// logFailure logs errors that are the server's own.
func (s *Server) logFailure(r *http.Request, err error) {
	var e *schema.Error
	if !errors.As(err, &e) || e.Code == schema.CodeInternal {
		s.cfg.Logger.Error("an HTTP call failed", "call", r.Method+" "+r.URL.Path, "error", err)
	}
}

type roomList struct {
	Rooms []rooms.Info `json:"rooms"`
}

// listRooms answers GET /v1/rooms?kind=KIND&filter={"map":"dust"}.
func (a api) listRooms(r *http.Request, _ auth.User) (int, any, error) {
	query := r.URL.Query()
	var filter map[string]json.RawMessage
	if text := query.Get("filter"); text != "" {
		if err := json.Unmarshal([]byte(text), &filter); err != nil {
			return 0, nil, schema.Errorf(schema.CodeBadOptions, `filter is not a JSON object such as {"map":"dust"}: %v`, err)
		}
	}
	kind := query.Get("kind")
	if kind != "" && !a.server.hasKind(kind) {
		return 0, nil, schema.Errorf(schema.CodeNoSuchKind, "this server has no game %q", kind)
	}
	return http.StatusOK, roomList{a.server.registry.List(kind, filter)}, nil
}

func (s *Server) hasKind(name string) bool {
	for _, kind := range s.cfg.Rooms {
		if kind.Name() == name {
			return true
		}
	}
	return false
}

type createRequest struct {
	Kind    string          `json:"kind"`
	Options json.RawMessage `json:"options"`
	Private bool            `json:"private"`
}

// createRoom answers POST /v1/rooms.
func (a api) createRoom(r *http.Request, _ auth.User) (int, any, error) {
	var req createRequest
	if err := readJSON(r, &req); err != nil {
		return 0, nil, err
	}
	info, err := a.server.registry.Create(r.Context(), rooms.CreateRequest{
		Kind: req.Kind, Options: req.Options, Private: req.Private,
	})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusCreated, info, nil
}

type matchRequest struct {
	Kind    string          `json:"kind"`
	Mode    string          `json:"mode"` // join_or_create (default), create, join
	Room    string          `json:"room"` // for join
	Options json.RawMessage `json:"options"`
	Filter  json.RawMessage `json:"filter"`
	Private bool            `json:"private"`
}

type matchAnswer struct {
	Room    string    `json:"room"`
	Ticket  string    `json:"ticket"`        // joins on the WebSocket, as the same user or as any guest
	URL     string    `json:"url"`           // of the WebSocket
	Expires time.Time `json:"expires"`       // until when the seat is held
	UDP     *Connect  `json:"udp,omitempty"` // connects over UDP, instead of URL, as the same user and with the same ticket
}

// match answers POST /v1/match.
func (a api) match(r *http.Request, user auth.User) (int, any, error) {
	var req matchRequest
	if err := readJSON(r, &req); err != nil {
		return 0, nil, err
	}
	join := rooms.JoinRequest{
		Kind: req.Kind, Room: req.Room, RawOptions: req.Options, Filter: req.Filter,
		Private: req.Private, User: user, Remote: a.server.remoteAddr(r),
	}
	switch req.Mode {
	case "", "join_or_create":
		join.Mode = rooms.JoinOrCreate
	case "create":
		join.Mode = rooms.JoinCreate
	case "join":
		join.Mode = rooms.JoinByID
	default:
		return 0, nil, schema.Errorf(schema.CodeBadOptions, "mode is %q; use join_or_create, create or join", req.Mode)
	}
	ticket, err := a.server.registry.Ticket(r.Context(), join)
	if err != nil {
		return 0, nil, err
	}
	answer := matchAnswer{
		Room: ticket.Room, Ticket: ticket.Token, URL: a.server.socketURL(r), Expires: ticket.Expires.UTC(),
	}
	if c, err := a.server.connectFor(r, user, ticket.Room, ticket.Token); err == nil {
		answer.UDP = &c
	} else if !errors.Is(err, errNoUDP) {
		return 0, nil, err
	}
	return http.StatusOK, answer, nil
}

// socketURL is where the client that made this request finds the WebSocket.
func (s *Server) socketURL(r *http.Request) string {
	secure := r.TLS != nil || s.cfg.BehindProxy && r.Header.Get("X-Forwarded-Proto") != "http"
	if secure {
		return "wss://" + r.Host + "/ws"
	}
	return "ws://" + r.Host + "/ws"
}

// readJSON reads one JSON object with known fields only: a misspelt field is
// better refused than ignored.
func readJSON(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		_, err = d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("something follows the object")
		}
	}
	var tooLong *http.MaxBytesError
	if errors.As(err, &tooLong) {
		return schema.Errorf(schema.CodeTooLarge, "the body may have %d bytes", tooLong.Limit)
	}
	return schema.Errorf(schema.CodeBadMessage, "the body is not the JSON object that this call takes: %v", err)
}
