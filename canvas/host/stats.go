package host

import (
	"sync/atomic"

	"github.com/parlor-server/parlor/canvas"
)

// Stats counts what a Host did since it began. Any goroutine may read it.
type Stats struct {
	Opened       atomic.Uint64 // rooms
	Closed       atomic.Uint64 // rooms, failed ones included
	Failed       atomic.Uint64 // rooms
	RefusedRooms atomic.Uint64 // that could not be opened
	Commits      atomic.Uint64 // batches that became durable
	Overloaded   atomic.Uint64 // messages refused because a room's inbox was full
	Slow         atomic.Uint64 // clients that were ended because they did not read
	Updates      atomic.Uint64 // of rooms that have closed
	Refused      atomic.Uint64 // messages, of rooms that have closed
}

// Stats returns the live counters.
func (h *Host) Stats() *Stats { panic("not yet") }

// Totals are the sums over all rooms that are open, and Updates and Refused of
// all that ever were.
type Totals struct {
	Rooms int
	canvas.Stats
}

// Totals adds up what the rooms have.
func (h *Host) Totals() Totals { panic("not yet") }

// RoomInfo is one room as operators see it.
type RoomInfo struct {
	Name        string `json:"name"`
	Open        bool   `json:"open"`                  // it is in memory
	DiskBytes   int64  `json:"diskBytes"`             // snapshot and log of an open room
	Quarantined string `json:"quarantined,omitempty"` // why it is not served

	Connections int    `json:"connections,omitempty"` // of an open room, as what follows
	Shown       int    `json:"shown,omitempty"`       // clients in its awareness
	Bytes       int    `json:"bytes,omitempty"`       // of the document in memory
	Updates     uint64 `json:"updates,omitempty"`     // since it was opened
	Refused     uint64 `json:"refused,omitempty"`     // messages, since it was opened
}

// Rooms lists the rooms of the host's kinds that are in the store, and those that
// are open without having written anything, by name.
func (h *Host) Rooms() []RoomInfo { panic("not yet") }

// RoomInfo describes one room; ok is false if there is none.
func (h *Host) RoomInfo(name string) (info RoomInfo, ok bool) { panic("not yet") }
