package state

import (
	"errors"

	"github.com/parlor-server/parlor/tick"
)

var (
	// ErrOld says that a part is of an older frame than one that has begun,
	// or was applied already. Nothing is wrong.
	ErrOld = errors.New("the part is old")
	// ErrNotHeld says that a part starts from a tick that is not held (any more).
	ErrNotHeld = errors.New("the part's base is not held")
)

// Part is one part of a lossy frame.
type Part struct {
	Tick, Base  tick.Tick
	Part, Parts int // which of how many
	Payload     []byte
}

// Keep holds the state that a keyframe of tick t has just given, for frames to
// start from, and forgets all others.
func (m *Mirror) Keep(t tick.Tick) {}

// ApplyReliable applies a frame of the reliable tables.
func (m *Mirror) ApplyReliable(payload []byte) error { return nil }

// ApplyPart applies a part of a lossy frame.
func (m *Mirror) ApplyPart(f Part) (complete bool, err error) { return false, ErrNotHeld }

// Held returns the newest tick that was applied completely, 0 if the state is
// lost, and which base ticks are held: bit i is for that tick rounded down to
// a base tick, less i times BaseEvery.
func (m *Mirror) Held() (applied tick.Tick, bits uint16) { return 0, 0 }

// HashOf is the public hash of some of the tables.
func (m *Mirror) HashOf(tables Tables) Hash { return m.Hash() }
