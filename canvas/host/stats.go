package host

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/internal/roomname"
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
func (h *Host) Stats() *Stats { return &h.stats }

// Totals are the sums over all rooms that are open, and Updates and Refused of
// all that ever were.
type Totals struct {
	Rooms int
	canvas.Stats
}

// Totals adds up what the rooms have.
func (h *Host) Totals() Totals {
	var sum Totals
	for _, r := range h.all() {
		c := r.read()
		sum.Rooms++
		sum.Connections += c.Connections
		sum.Shown += c.Shown
		sum.Bytes += c.Bytes
		sum.LogBytes += c.LogBytes
		sum.SavedBytes += c.SavedBytes
		sum.Updates += c.Updates
		sum.Refused += c.Refused
	}
	sum.Updates += h.stats.Updates.Load()
	sum.Refused += h.stats.Refused.Load()
	return sum
}

// RoomInfo is one room as operators see it.
type RoomInfo struct {
	Name        string `json:"name"`
	Open        bool   `json:"open"`                  // it is in memory
	Quarantined string `json:"quarantined,omitempty"` // why it is not served

	DiskBytes   int    `json:"diskBytes,omitempty"`   // snapshot and log of an open room, which is what follows of
	Connections int    `json:"connections,omitempty"` // clients
	Shown       int    `json:"shown,omitempty"`       // clients in its awareness
	Bytes       int    `json:"bytes,omitempty"`       // of the document in memory
	Updates     uint64 `json:"updates,omitempty"`     // since it was opened
	Refused     uint64 `json:"refused,omitempty"`     // messages, since it was opened
}

// Rooms lists the rooms of the host's kinds that are in the store, and those that
// are open without having written anything, by name.
func (h *Host) Rooms() []RoomInfo {
	open := make(map[string]canvas.Stats)
	for _, r := range h.all() {
		open[r.name] = r.read()
	}
	h.mu.Lock()
	refused := make(map[string]string, len(h.refused))
	for name, err := range h.refused {
		refused[name] = err.Error()
	}
	h.mu.Unlock()
	var list []RoomInfo
	for _, s := range h.cfg.Store.Rooms() {
		kind, _, _ := roomname.Split(s.Name)
		if _, ours := h.kinds[kind]; !ours {
			continue
		}
		info := RoomInfo{Name: s.Name, Quarantined: s.Quarantined}
		if info.Quarantined == "" {
			info.Quarantined = refused[s.Name]
		}
		if c, ok := open[s.Name]; ok {
			info.fill(c)
			delete(open, s.Name)
		}
		list = append(list, info)
	}
	for name, c := range open {
		info := RoomInfo{Name: name}
		info.fill(c)
		list = append(list, info)
	}
	slices.SortFunc(list, func(a, b RoomInfo) int { return strings.Compare(a.Name, b.Name) })
	return list
}

func (i *RoomInfo) fill(c canvas.Stats) {
	i.Open = true
	i.DiskBytes, i.Connections, i.Shown, i.Bytes = c.LogBytes+c.SavedBytes, c.Connections, c.Shown, c.Bytes
	i.Updates, i.Refused = c.Updates, c.Refused
}

// RoomInfo describes one room; ok is false if there is none.
func (h *Host) RoomInfo(name string) (info RoomInfo, ok bool) {
	for _, info := range h.Rooms() {
		if info.Name == name {
			return info, true
		}
	}
	return RoomInfo{}, false
}

func (h *Host) all() []*room {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := make([]*room, 0, len(h.rooms))
	for _, r := range h.rooms {
		list = append(list, r)
	}
	return list
}

func (r *room) read() canvas.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}
