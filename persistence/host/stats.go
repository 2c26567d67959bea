package host

import (
	"slices"
	"strings"
	"sync/atomic"

	"github.com/parlor-server/parlor/persistence/records"
)

// Stats counts what a Host did since it began. Any goroutine may read it.
type Stats struct {
	Opened       atomic.Uint64 // rooms
	Closed       atomic.Uint64 // rooms, failed ones included
	Failed       atomic.Uint64 // rooms
	RefusedRooms atomic.Uint64 // that could not be opened
	Commits      atomic.Uint64 // batches that became durable
	Overloaded   atomic.Uint64 // messages refused because a room's inbox was full
	Paused       atomic.Uint64 // times that a slow client got no deltas for a while
	Transactions atomic.Uint64 // of rooms that have closed
	Refused      atomic.Uint64 // mutations, of rooms that have closed
}

// Stats returns the live counters.
func (h *Host) Stats() *Stats { return &h.stats }

// Totals are the sums over all rooms that are open, and transactions of all
// that ever were.
type Totals struct {
	Rooms int
	records.Stats
}

// Totals adds up what the rooms have.
func (h *Host) Totals() Totals {
	var sum Totals
	for _, r := range h.all() {
		c := r.read()
		sum.Rooms++
		sum.Records += c.Records
		sum.Bytes += c.Bytes
		sum.Connections += c.Connections
		sum.Subscriptions += c.Subscriptions
		sum.Clients += c.Clients
		sum.Transactions += c.Transactions
		sum.Refused += c.Refused
	}
	sum.Transactions += h.stats.Transactions.Load()
	sum.Refused += h.stats.Refused.Load()
	return sum
}

// RoomInfo is one room as operators see it.
type RoomInfo struct {
	Name        string `json:"name"`
	Open        bool   `json:"open"`                  // it is in memory
	Seq         uint64 `json:"seq"`                   // its last transaction that is in the store
	DiskBytes   int64  `json:"diskBytes"`             // keys and values as of the last checkpoint
	Quarantined string `json:"quarantined,omitempty"` // why it is not served

	Records       int    `json:"records,omitempty"` // of an open room, as what follows
	Bytes         int    `json:"bytes,omitempty"`
	Connections   int    `json:"connections,omitempty"`
	Subscriptions int    `json:"subscriptions,omitempty"`
	Transactions  uint64 `json:"transactions,omitempty"` // since it was opened
	Refused       uint64 `json:"refused,omitempty"`      // mutations, since it was opened
}

// Rooms lists all rooms of the data folder, and those that are open without
// having written anything, by name. Of a folder that is shared with other hosts
// it lists the rooms of this one's kinds.
func (h *Host) Rooms() []RoomInfo {
	open := make(map[string]records.Stats)
	for _, r := range h.all() {
		open[r.name] = r.read()
	}
	var list []RoomInfo
	for _, s := range h.store.Rooms() {
		if _, err := h.kindOf(s.Name); err != nil && h.cfg.Shared != nil {
			continue
		}
		info := RoomInfo{Name: s.Name, Seq: s.Seq, DiskBytes: s.Bytes, Quarantined: s.Quarantined}
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

func (i *RoomInfo) fill(c records.Stats) {
	i.Open = true
	i.Records, i.Bytes, i.Connections, i.Subscriptions = c.Records, c.Bytes, c.Connections, c.Subscriptions
	i.Transactions, i.Refused = c.Transactions, c.Refused
}

// RoomInfo describes one room of the folder; ok is false if there is none.
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

func (r *room) read() records.Stats {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.counts
}
