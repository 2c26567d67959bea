//go:build linux

package main

const (
	baseEvery = 4   // ticks between two that are kept
	heldTicks = 64  // below the newest, then they are forgotten
	maxParts  = 256 // of a frame
)

// holds is which states a client over UDP has: what it tells the server, and
// so what frames may start from. It follows the rules of docs/udp.md without
// keeping any state, which is all that most of the load's clients do.
type holds struct {
	applied  uint32 // newest tick of which all parts have come; 0: the state is lost
	bits     uint16 // bit i: the base tick at or before applied, less 4i, is held
	keyframe uint32 // held too
	begun    uint32 // newest tick of which any part has come
	come     [maxParts / 64]uint64
	count    int // parts of begun that have come
}

// keep notes a keyframe: all that was held before is forgotten.
func (h *holds) keep(tick uint32) {
	*h = holds{applied: tick, begun: tick, keyframe: tick}
	if tick%baseEvery == 0 {
		h.bits = 1
	}
}

// has reports whether a frame may start from a tick.
func (h *holds) has(base uint32) bool {
	newest := h.applied - h.applied%baseEvery
	if base == h.keyframe && base != 0 {
		return newest < base+heldTicks
	}
	back := (newest - base) / baseEvery
	return base%baseEvery == 0 && base <= newest && back < heldTicks/baseEvery && h.bits>>back&1 != 0
}

// part takes a part of the frame from base to tick. complete says that it was
// the last that was missing; ok is false when the client cannot use it because
// it does not have its base. Parts of old frames are nothing.
func (h *holds) part(tick, base uint32, part, parts int) (complete, ok bool) {
	if tick < h.begun || tick == h.applied {
		return false, true
	}
	if !h.has(base) || part >= parts || parts > maxParts {
		return false, false
	}
	if tick > h.begun {
		h.begun, h.come, h.count = tick, [len(h.come)]uint64{}, 0
	}
	if mark := uint64(1) << (part % 64); h.come[part/64]&mark == 0 {
		h.come[part/64] |= mark
		h.count++
	}
	if h.count < parts {
		return false, true
	}
	h.bits <<= min(16, tick/baseEvery-h.applied/baseEvery)
	h.applied = tick
	if tick%baseEvery == 0 {
		h.bits |= 1
	}
	return true, true
}
