package host

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// Config configures a Host. Zero values stand for the defaults named here.
type Config struct {
	Kinds     []presence.Kind // of rooms that can be opened
	Scheduler *tick.Scheduler // required: steps the rooms; closed by its owner after the host
	Logger    *slog.Logger    // nil: none
	MaxRooms  int             // at once: 10,000; more opens are answered with TOO_MANY_ROOMS
	IdleAfter time.Duration   // a room without anybody stays in memory: 10 s

	// MayOpen says whether a client at that address may make one more room. Nil:
	// it may.
	MayOpen func(remote string) bool
}

// Host runs presence rooms. Its methods may be called by any goroutine.
type Host struct{}

// New makes a host without rooms.
func New(cfg Config) (*Host, error) { panic("not yet") }

// Kinds lists what can be opened.
func (h *Host) Kinds() []presence.Kind { panic("not yet") }

// Open makes the room if there is none, and holds a seat in it.
func (h *Host) Open(ctx context.Context, req OpenRequest) (*Seat, error) { panic("not yet") }

// Close tells all members that the server goes away, and ends the rooms.
func (h *Host) Close() { panic("not yet") }

// Seat is one client's way into one room. Its methods may be called by any
// goroutine and do not block.
type Seat struct{}

// Enter queues the arrival; Opened, or an Error, arrives through link.
func (s *Seat) Enter(link Link) error { panic("not yet") }

// Receive takes a verified message to the room.
func (s *Seat) Receive(head schema.Header, body []byte) error { panic("not yet") }

// Renew says that the client's user has shown a new token.
func (s *Seat) Renew(user presence.User) { panic("not yet") }

// Leave says that the client asked to leave. Left arrives through the link.
func (s *Seat) Leave() { panic("not yet") }

// Lost says that the connection ended.
func (s *Seat) Lost() { panic("not yet") }

// Occupancy is how full a room is.
type Occupancy struct {
	Room    string `json:"room"`
	Members int    `json:"members"` // connections
	Users   int    `json:"users"`
}

// Occupancy lists the rooms of a kind that have somebody in them, by name; of
// all kinds if kind is empty.
func (h *Host) Occupancy(kind string) []Occupancy { panic("not yet") }

// RoomInfo is who is in a room.
type RoomInfo struct {
	Occupancy
	Online []MemberInfo `json:"online"`
}

// MemberInfo is one connection.
type MemberInfo struct {
	Member uint32          `json:"member"`
	User   string          `json:"user"`
	Name   string          `json:"name,omitempty"`
	State  json.RawMessage `json:"state,omitempty"` // what it shows to everyone
}

// Room tells who is in a room and what they show to everyone. A room that
// nobody is in is empty, and no error; a name that no room can have is one.
func (h *Host) Room(ctx context.Context, name string) (RoomInfo, error) { panic("not yet") }

// Place is a connection of a user in a room.
type Place struct {
	Room   string `json:"room"`
	Member uint32 `json:"member"`
}

// User lists where a user is online now.
func (h *Host) User(id string) []Place { panic("not yet") }

// Cast sends a cast in the server's name to everyone in a room, or to a group
// or a member of it. See presence.Machine.Cast.
func (h *Host) Cast(room, group string, to uint32, cast any) error { panic("not yet") }

// Edit changes what a member shows, with the server's rights. It returns before
// that is done: edit runs in the room, and must not wait.
func Edit[T any](h *Host, room string, member uint32, edit func(state *T) error) error {
	panic("not yet")
}

// Stats counts what the host has done. Read them with Load.
type Stats struct {
	Rooms, Members              atomic.Int64  // now
	Received, Refused           atomic.Uint64 // messages of clients
	Frames, Bytes               atomic.Uint64 // Crowds sent, and their bytes
	Skipped                     atomic.Uint64 // Crowds that a slow client was not sent
	Casts, CastsSent, CastsLost atomic.Uint64
	RoomsOpened, RoomsFaulted   atomic.Uint64
}

// Stats returns the counters.
func (h *Host) Stats() *Stats { panic("not yet") }
