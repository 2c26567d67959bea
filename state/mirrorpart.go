package state

import (
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/tick"
)

var (
	// ErrOld says that a part is of an older frame than one that has begun,
	// or was applied already. Nothing is wrong.
	ErrOld = errors.New("the part is old")
	// ErrNotHeld says that a part starts from a tick that is not held (any
	// more). It was not applied; nothing else is wrong.
	ErrNotHeld = errors.New("the part's base is not held")
	// ErrOutOfStep says that the rows are not those that the server has. The
	// state is lost: ask for a keyframe.
	ErrOutOfStep = errors.New("the rows are not the server's")
)

var errPart = errors.New("its range or number is impossible")

// Part is one part of a lossy frame.
type Part struct {
	Tick, Base  tick.Tick
	Part, Parts int // which of how many, from 0
	Payload     []byte
}

// lossyFrames is what a Mirror has that is given lossy frames: the states they
// start from, and how far the newest one has come.
type lossyFrames struct {
	next    []MirrorTable // rows of the part that is being read, by table; they are shown when it is sound
	held    []heldState   // of base ticks and of the keyframe, ascending
	spare   []heldState   // memory for more
	size    int           // words of 32 bits in both
	applied tick.Tick     // the newest that came completely; 0: the state is lost
	begun   Part          // the first part that came of the newest frame
	missing int           // how many parts of that are still to come
	got     [(maxParts + 63) / 64]uint64

	hash    Hash // that the newest frame should lead to
	hasHash bool
}

// Keep holds the state that a keyframe of tick t has just given, for frames to
// start from, and forgets all others that are held.
func (m *Mirror) Keep(t tick.Tick) {
	if m.lossy == nil {
		m.lossy = &lossyFrames{next: NewMirror(m.schema).tables}
	}
	x := m.lossy
	x.lose()
	x.applied, x.begun, x.missing = t, Part{Tick: t}, 0
	m.hold(t)
}

// lose forgets all that is held: what is shown is no state of the server's.
func (x *lossyFrames) lose() {
	if x == nil {
		return
	}
	x.spare = append(x.spare, x.held...)
	x.held, x.applied, x.missing = x.held[:0], 0, 0
}

// Held returns the newest tick that was applied completely, 0 if the state is
// lost, and which base ticks are held: bit i is for that tick rounded down to
// a base tick, less i times BaseEvery.
func (m *Mirror) Held() (applied tick.Tick, bits uint16) {
	if m.lossy == nil {
		return 0, 0
	}
	applied = m.lossy.applied
	newest := applied - applied%BaseEvery
	for i := range m.lossy.held {
		t := m.lossy.held[i].tick
		if n := (newest - t) / BaseEvery; t%BaseEvery == 0 && t <= newest && n < heldBases {
			bits |= 1 << n
		}
	}
	return applied, bits
}

// ApplyPart applies a part of a lossy frame. It is complete when all parts of
// the frame have come: then the mirror shows the lossy tables as of its tick.
// Until then rows are those of different ticks. Added, Changed and Removed
// name what differs from what was shown before the call.
//
// ErrOld and ErrNotHeld mean that nothing was done nor need be. After another
// error what was shown is still there if Held says so, else ask for a keyframe.
func (m *Mirror) ApplyPart(f Part) (complete bool, err error) {
	m.forgetLists()
	x := m.lossy
	if x == nil {
		return false, ErrNotHeld
	}
	if f.Parts < 1 || f.Parts > maxParts || f.Part < 0 || f.Part >= f.Parts || f.Base > f.Tick {
		return false, fmt.Errorf("state: failed to apply part %d of %d: %w", f.Part, f.Parts, errPart)
	}
	if x.isOld(&f) {
		return false, ErrOld
	}
	base := x.find(f.Base)
	if base == nil {
		return false, ErrNotHeld
	}
	hash, hasHash, err := m.readPart(&f, base)
	if err != nil {
		return false, fmt.Errorf("state: failed to apply part: %w", err)
	}
	if !x.sameFrame(&f) {
		x.begun, x.missing, x.hasHash = f, f.Parts, false
		x.begun.Payload = nil
		clear(x.got[:])
	}
	if hasHash {
		x.hash, x.hasHash = hash, true
	}
	x.got[f.Part/64] |= 1 << (f.Part % 64)
	if x.missing--; x.missing > 0 {
		return false, nil
	}
	return m.complete(f.Tick)
}

// isOld reports whether nothing of a part is of use any more.
func (x *lossyFrames) isOld(f *Part) bool {
	if f.Tick == x.begun.Tick {
		return x.missing == 0 || x.sameFrame(f) && x.has(f.Part)
	}
	return f.Tick < x.begun.Tick
}

func (x *lossyFrames) sameFrame(f *Part) bool {
	return f.Tick == x.begun.Tick && f.Base == x.begun.Base && f.Parts == x.begun.Parts
}

func (x *lossyFrames) has(part int) bool { return x.got[part/64]>>(part%64)&1 != 0 }

// complete ends a frame of which all parts have come.
func (m *Mirror) complete(t tick.Tick) (bool, error) {
	x := m.lossy
	if x.hasHash {
		m.setFrameHash(x.hash, LossyTables)
		if m.HashOf(LossyTables) != x.hash {
			x.lose()
			return false, fmt.Errorf("state: tick %d: %w", t, ErrOutOfStep)
		}
	}
	x.applied = t
	if t%BaseEvery == 0 {
		m.hold(t)
	}
	return true, nil
}

// readPart reads a part and, if it is sound, shows it.
func (m *Mirror) readPart(f *Part, base *heldState) (hash Hash, hasHash bool, err error) {
	r, x := &m.reader, m.lossy
	r.Reset(f.Payload)
	from, to := rowPlace{}, rowPlace{table: uint32(len(m.tables))}
	if f.Parts > 1 {
		from, to = m.readPlace(), m.readPlace()
	}
	hash, hasHash = readHash(r)
	for i := range x.next {
		t := &x.next[i]
		t.window = between(from, to, uint32(i))
		if t.window.empty() || t.def.Reliable {
			continue
		}
		t.load(&base.tables[i])
		if r.Bool() {
			m.applyTable(t)
		}
		if err := r.Err(); err != nil {
			return hash, false, fmt.Errorf("%s: %w", t.def.Name, err)
		}
	}
	if err := checkEnd(r); err != nil {
		return hash, false, err
	}
	for i := range x.next {
		if t := &x.next[i]; !t.window.empty() && !t.def.Reliable {
			m.show(&m.tables[i], t)
		}
	}
	return hash, hasHash, nil
}

func (m *Mirror) readPlace() rowPlace {
	table, slot := m.reader.UVar(), m.reader.UVar()
	if table > uint64(len(m.tables)) || slot >= maxSlots {
		m.reader.Fail(errPart)
		return rowPlace{}
	}
	return rowPlace{uint32(table), uint32(slot)}
}
