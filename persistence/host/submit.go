package host

import (
	"sync"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// submission is a transaction of which somebody is told once.
type submission struct {
	once sync.Once
	done func(error)
}

func (s *submission) tell(err error) { s.once.Do(func() { s.done(err) }) }

// Submit is WriteRecords for those who do not wait: done is called once, on any
// goroutine, when the transaction is durable or with the reason why not. It must
// be quick. Submissions of one caller to one room run in their order.
func (h *Host) Submit(room string, do func(world any, ctx *records.Ctx) error, done func(error)) {
	r, err := h.enter(room, "")
	if err != nil {
		done(err)
		return
	}
	defer h.release(r)
	s := &submission{done: done}
	if !r.expect(s) {
		s.tell(r.refusal())
		return
	}
	op := &records.Transact{Do: do, Done: func(_ records.Outcome, err error) {
		r.told(s)
		s.tell(err)
	}}
	switch r.inbox.offer(item{kind: itemOp, op: op}, 0) {
	case full:
		h.stats.Overloaded.Add(1)
		r.told(s)
		s.tell(schema.Errorf(schema.CodeRateLimited, overloaded))
	case gone:
		r.told(s)
		s.tell(r.refusal())
	default:
		r.wake()
	}
}

// expect notes a submission, to be told when the room ends. It reports false
// when the room has ended.
func (r *room) expect(s *submission) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	if r.submitted == nil {
		r.submitted = make(map[*submission]struct{})
	}
	r.submitted[s] = struct{}{}
	return true
}

func (r *room) told(s *submission) {
	r.mu.Lock()
	delete(r.submitted, s)
	r.mu.Unlock()
}

// tellAll tells what is still under way that the room has ended.
func (r *room) tellAll() {
	r.mu.Lock()
	submitted := r.submitted
	r.ended, r.submitted = true, nil
	r.mu.Unlock()
	for s := range submitted {
		s.tell(r.refusal())
	}
}
