package parlor

import (
	"context"

	"github.com/parlor-server/parlor/canvas/host"
	"github.com/parlor-server/parlor/netcode"
)

// openCanvas begins to serve Yjs rooms and boards, if there is a kind of them.
func (s *Server) openCanvas() (err error) {
	if len(s.cfg.Canvas) == 0 {
		return nil
	}
	s.canvas, err = host.New(host.Config{
		Store: s.store, Kinds: s.cfg.Canvas, Logger: s.cfg.Logger, MayOpen: s.mayOpen, OnCommit: s.metrics.observeCommit,
	})
	return err
}

// Canvas runs the Yjs rooms and boards: reads and edits of the server's own
// code. It is nil when Config has no such rooms.
func (s *Server) Canvas() *host.Host { return s.canvas }

// openShared enters a Yjs room or a board.
func (s *Server) openShared(ctx context.Context, req netcode.OpenRequest) (netcode.OpenSeat, error) {
	seat, err := s.canvas.Open(ctx, host.OpenRequest(req))
	if err != nil {
		return nil, err
	}
	return canvasSeat{seat}, nil
}

// canvasSeat is a host.Seat whose connection is a session's link.
type canvasSeat struct{ *host.Seat }

func (s canvasSeat) Enter(link *netcode.Link) error { return s.Seat.Enter(link) }
