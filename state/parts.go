package state

import "github.com/parlor-server/parlor/tick"

// BaseEvery is how many ticks lie between those that lossy frames start from:
// few, so that many clients share an encoding.
const BaseEvery = 4

// HasReliable reports whether some table is tagged reliable.
func (s *Store) HasReliable() bool { return false }

// AppendDeltaOf is AppendDelta for some of the tables; the hash is theirs, too.
func (s *Store) AppendDeltaOf(dst []byte, tables Tables, base tick.Tick, withHash bool) (payload []byte, ok bool) {
	return s.AppendDelta(dst, base, withHash)
}

// ChangedIn reports whether the last EndTick found a public change in these tables.
func (s *Store) ChangedIn(tables Tables) bool { return s.changed }

// PublicHashOf is the public hash of some of the tables.
func (s *Store) PublicHashOf(tables Tables) Hash { return s.PublicHash() }

// Parts gives the delta from base to emit as one payload, or, where that is
// longer than limit bytes, as several of which each can be applied alone. A
// payload is valid during the call of emit only. It is not ok if base is none
// of the last 64 ticks, and does not fit if one row is longer than limit; then
// nothing is emitted.
func (s *Store) Parts(tables Tables, base tick.Tick, limit int, withHash bool, emit func(part int, payload []byte)) (parts int, fits, ok bool) {
	payload, ok := s.AppendDelta(nil, base, withHash)
	if !ok || len(payload) > limit {
		return 0, false, ok
	}
	emit(0, payload)
	return 1, true, true
}
