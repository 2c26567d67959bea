package parlor

import (
	"context"
	"net/http"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/presence/host"
	"github.com/parlor-server/parlor/schema"
)

// openPresence begins to serve presence rooms, if there is a kind of them.
func (s *Server) openPresence() (err error) {
	if len(s.cfg.Presence) == 0 {
		return nil
	}
	s.presence, err = host.New(host.Config{
		Kinds: s.cfg.Presence, Scheduler: s.scheduler, Logger: s.cfg.Logger, MayOpen: s.mayOpen,
	})
	return err
}

// Presence runs the presence rooms: who is online, and casts in the server's
// name. It is nil when Config has no such rooms.
func (s *Server) Presence() *host.Host { return s.presence }

// openCrowd enters a presence room.
func (s *Server) openCrowd(ctx context.Context, req netcode.OpenRequest) (netcode.OpenSeat, error) {
	seat, err := s.presence.Open(ctx, host.OpenRequest(req))
	if err != nil {
		return nil, err
	}
	return presenceSeat{seat}, nil
}

// presenceSeat is a host.Seat whose connection is a session's link.
type presenceSeat struct{ *host.Seat }

func (s presenceSeat) Enter(link *netcode.Link) error { return s.Seat.Enter(link) }

// presenceAPI answers who is online, without joining. On the players' address
// each kind's See hook decides what a user learns; operators learn all.
type presenceAPI struct {
	server *Server
	see    func(user auth.User, room string) error
}

type occupancyList struct {
	Rooms []host.Occupancy `json:"rooms"`
}

type placeList struct {
	Places []host.Place `json:"places"`
}

func errNoPresence() error {
	return schema.Errorf(schema.CodeNoSuchKind, "this server has no presence rooms")
}

// rooms answers GET /v1/presence?kind=KIND.
func (a presenceAPI) rooms(r *http.Request, user auth.User) (int, any, error) {
	if a.server.presence == nil {
		return 0, nil, errNoPresence()
	}
	kind := r.URL.Query().Get("kind")
	if kind != "" && !a.server.hasPresence(kind) {
		return 0, nil, schema.Errorf(schema.CodeNoSuchKind, "this server has no presence rooms of the kind %q", kind)
	}
	list := occupancyList{[]host.Occupancy{}}
	for _, room := range a.server.presence.Occupancy(kind) {
		if a.see(user, room.Room) == nil {
			list.Rooms = append(list.Rooms, room)
		}
	}
	return http.StatusOK, list, nil
}

// room answers GET /v1/presence/{kind}/{name}.
func (a presenceAPI) room(r *http.Request, user auth.User) (int, any, error) {
	if a.server.presence == nil {
		return 0, nil, errNoPresence()
	}
	name := roomOf(r)
	if err := a.see(user, name); err != nil {
		return 0, nil, err
	}
	info, err := a.server.presence.Room(r.Context(), name)
	return http.StatusOK, info, err
}

// user answers GET /v1/users/{user}/presence.
func (a presenceAPI) user(r *http.Request, user auth.User) (int, any, error) {
	if a.server.presence == nil {
		return 0, nil, errNoPresence()
	}
	list := placeList{[]host.Place{}}
	for _, place := range a.server.presence.User(r.PathValue("user")) {
		if a.see(user, place.Room) == nil {
			list.Places = append(list.Places, place)
		}
	}
	return http.StatusOK, list, nil
}

func (s *Server) hasPresence(name string) bool {
	for _, kind := range s.cfg.Presence {
		if kind.Name() == name {
			return true
		}
	}
	return false
}

// maySee asks a kind's See hook.
func (s *Server) maySee(user auth.User, room string) error { return s.presence.MaySee(user, room) }

// register adds the calls; wrap finds out who calls.
func (a presenceAPI) register(mux *http.ServeMux, wrap func(presenceCall) http.Handler) {
	mux.Handle("GET /v1/presence", wrap(a.rooms))
	mux.Handle("GET /v1/presence/{kind}/{name}", wrap(a.room))
	mux.Handle("GET /v1/presence/{id}", wrap(a.room))
	mux.Handle("GET /v1/users/{user}/presence", wrap(a.user))
}

type presenceCall = func(r *http.Request, user auth.User) (status int, answer any, err error)

const presenceCalls = "GET /v1/presence, GET /v1/presence/KIND/NAME, GET /v1/users/USER/presence"

// registerPresence adds the calls for players.
func (a api) registerPresence(mux *http.ServeMux) {
	presenceAPI{a.server, a.server.maySee}.register(mux, func(f presenceCall) http.Handler { return a.server.limited(a.call(f)) })
}

// adminPresence adds the calls for operators.
func (s *Server) adminPresence(mux *http.ServeMux) {
	all := func(auth.User, string) error { return nil }
	presenceAPI{s, all}.register(mux, func(f presenceCall) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			status, answer, err := f(r, auth.User{})
			if err != nil {
				writeError(w, err)
				return
			}
			writeJSON(w, status, answer)
		})
	})
}
