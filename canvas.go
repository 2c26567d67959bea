package parlor

import (
	"context"
	"net/http"

	"github.com/parlor-server/parlor/canvas/host"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
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

type canvasRoomList struct {
	Rooms []host.RoomInfo `json:"rooms"`
}

// adminCanvas adds what operators can see of Yjs rooms and boards: GET /canvas,
// those in quarantine with the reason, and GET /canvas/{kind}/{name}.
func (s *Server) adminCanvas(mux *http.ServeMux) {
	mux.HandleFunc("GET /canvas", func(w http.ResponseWriter, _ *http.Request) {
		list := canvasRoomList{[]host.RoomInfo{}}
		if s.canvas != nil {
			list.Rooms = append(list.Rooms, s.canvas.Rooms()...)
		}
		writeJSON(w, http.StatusOK, list)
	})
	mux.HandleFunc("GET /canvas/{kind}/{name}", func(w http.ResponseWriter, r *http.Request) {
		if s.canvas != nil {
			if info, ok := s.canvas.RoomInfo(roomOf(r)); ok {
				writeJSON(w, http.StatusOK, info)
				return
			}
		}
		writeError(w, schema.Errorf(schema.CodeNoSuchRoom, "there is no Yjs room or board %q", roomOf(r)))
	})
}
