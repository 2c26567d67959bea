package turns

import "sync/atomic"

// State says whether a room is on the queue. The zero value rests.
type State struct{ atomic.Uint32 }

// What a State holds.
const (
	Resting uint32 = iota
	Queued
	Working
	Again // working, and something came meanwhile
)

// Wake puts the room on the queue, unless it is there. Any goroutine may call it.
func (q *Queue[R]) Wake(r R, s *State) {
	for {
		switch now := s.Load(); now {
		case Resting:
			if s.CompareAndSwap(now, Queued) {
				q.Push(r)
				return
			}
		case Working:
			if s.CompareAndSwap(now, Again) {
				return
			}
		default:
			return
		}
	}
}

// Begin begins the turn of a room that Pop gave.
func (s *State) Begin() { s.Store(Working) }

// End ends the turn; more says that there is something left to do. Then, or if
// the room was woken meanwhile, it is on the queue again.
func (q *Queue[R]) End(r R, s *State, more bool) {
	if !more && s.CompareAndSwap(Working, Resting) {
		return
	}
	s.Store(Queued)
	q.Push(r)
}
