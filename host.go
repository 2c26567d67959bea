package parlor

import (
	"context"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/rooms"
)

// gameHost joins sessions to games' rooms, which do not know each other.
type gameHost struct{ registry *rooms.Registry }

// Reserve finds or makes a room for a session's join.
func (h gameHost) Reserve(ctx context.Context, req netcode.JoinRequest) (netcode.Seat, error) {
	s, err := h.registry.Reserve(ctx, rooms.JoinRequest{
		Request:    req.Request,
		Mode:       rooms.JoinMode(req.Mode),
		Kind:       req.Kind,
		Room:       req.Room,
		Token:      req.Token,
		RawOptions: req.Options,
		Filter:     req.Filter,
		SchemaHash: req.SchemaHash,
		Private:    req.Private,
		User:       req.User,
		Remote:     req.Remote,
	})
	if err != nil {
		return nil, err
	}
	return seat{s}, nil
}

// seat is a rooms.Seat whose connection is a session's link.
type seat struct{ *rooms.Seat }

func (s seat) Enter(link *netcode.Link) error { return s.Seat.Enter(link) }
