package parlor

import (
	"context"
	"strings"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/persistence/host"
	"github.com/parlor-server/parlor/schema"
)

// openHost joins sessions to the rooms that are no games, none of which know of
// sessions. What kind of room it is says the first part of its name.
type openHost struct {
	server *Server
	kinds  map[string]opener
}

// opener opens a room of one kind.
type opener func(ctx context.Context, req netcode.OpenRequest) (netcode.OpenSeat, error)

// newOpenHost is what sessions see of those rooms; nil if there are none.
func (s *Server) newOpenHost() netcode.OpenHost {
	h := openHost{s, make(map[string]opener)}
	for _, kind := range s.cfg.Records {
		h.kinds[kind.Name()] = s.openRecord
	}
	for _, kind := range s.cfg.Presence {
		h.kinds[kind.Name()] = s.openCrowd
	}
	for _, kind := range s.cfg.Canvas {
		h.kinds[kind.Name()] = s.openShared
	}
	if len(h.kinds) == 0 {
		return nil
	}
	return h
}

// Open implements netcode.OpenHost.
func (h openHost) Open(ctx context.Context, req netcode.OpenRequest) (netcode.OpenSeat, error) {
	if h.server.draining.Load() {
		return nil, schema.Errorf(schema.CodeGoingAway, "the server is shutting down")
	}
	kind, _, _ := strings.Cut(req.Room, "/")
	open := h.kinds[kind]
	if open == nil {
		return nil, schema.Errorf(schema.CodeNoSuchKind, "this server has no rooms of the kind %q", kind)
	}
	return open(ctx, req)
}

func (s *Server) openRecord(ctx context.Context, req netcode.OpenRequest) (netcode.OpenSeat, error) {
	seat, err := s.records.Open(ctx, host.OpenRequest(req))
	if err != nil {
		return nil, err
	}
	return recordSeat{seat}, nil
}

// recordSeat is a host.Seat whose connection is a session's link.
type recordSeat struct{ *host.Seat }

func (s recordSeat) Enter(link *netcode.Link) error { return s.Seat.Enter(link) }

func (s recordSeat) Subscribe(sub netcode.Subscription) error {
	return s.Seat.Subscribe(host.Subscription(sub))
}

func (s recordSeat) Mutate(m netcode.Mutation) error { return s.Seat.Mutate(host.Mutation(m)) }
