package rooms

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// roomSnapshot is what a GameRoom remembers beside its world. Its JSON stands
// in recordings.
type roomSnapshot struct {
	Tick     tick.Tick        `json:"tick"`
	Options  json.RawMessage  `json:"options,omitempty"`
	Players  []playerSnapshot `json:"players,omitempty"`
	Locked   bool             `json:"locked,omitempty"`
	Metadata json.RawMessage  `json:"metadata,omitempty"`
	Failing  int              `json:"failing,omitempty"`
}

type playerSnapshot struct {
	ID        state.ID `json:"id"`
	User      string   `json:"user"`
	Name      string   `json:"name,omitempty"`
	Guest     bool     `json:"guest,omitempty"`
	Connected bool     `json:"connected,omitempty"`
	Failures  int      `json:"failures,omitempty"`
	Lag       uint16   `json:"lag,omitempty"`
}

// snapshot writes the whole room between two ticks: a length, the room's
// own part as JSON, the store's part.
func (r *GameRoom) snapshot() ([]byte, error) {
	s := roomSnapshot{Tick: r.now, Options: r.options, Locked: r.control.locked, Metadata: r.control.metadata, Failing: r.failing}
	for _, p := range r.players.seats {
		if p != nil {
			s.Players = append(s.Players, playerSnapshot{p.ID, p.User, p.Name, p.Guest, p.Connected, p.failures, p.lag})
		}
	}
	own, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("failed to snapshot the room: %w", err)
	}
	b := binary.LittleEndian.AppendUint32(nil, uint32(len(own)))
	return r.store.AppendSnapshot(append(b, own...)), nil
}

// loadSnapshot makes the room what snapshot wrote.
func (r *GameRoom) loadSnapshot(b []byte) error {
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return errors.New("the room's snapshot is cut off")
	}
	n := int(binary.LittleEndian.Uint32(b))
	var s roomSnapshot
	if err := json.Unmarshal(b[4:4+n], &s); err != nil {
		return fmt.Errorf("failed to read the room's snapshot: %w", err)
	}
	if err := r.store.LoadSnapshot(b[4+n:]); err != nil {
		return fmt.Errorf("failed to read the world's snapshot: %w", err)
	}
	r.now, r.options, r.failing = s.Tick, s.Options, s.Failing
	r.control = control{locked: s.Locked, metadata: s.Metadata}
	r.players = playerSet{}
	for _, p := range s.Players {
		if p.ID.Slot() >= maxSeats {
			return fmt.Errorf("the room's snapshot has a player in seat %d", p.ID.Slot())
		}
		r.players.put(&Player{ID: p.ID, User: p.User, Name: p.Name, Guest: p.Guest, Connected: p.Connected, failures: p.Failures, lag: p.Lag})
	}
	return nil
}
