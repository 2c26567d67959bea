package host

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parlor-server/parlor/internal/turns"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// room is one open room. Its fields are those of the worker that has it from
// the run queue, unless they say otherwise.
type room struct {
	host   *Host
	name   string
	kind   records.Kind
	remote string            // the address that made it open; empty: the server's own
	names  map[string]string // of mutations; never changes

	inbox inbox       // anybody's
	state turns.State // whether it is on the run queue
	held  int         // guarded by host.mu; those who are about to push something

	ready   chan struct{} // closed when the room is open, or cannot be
	unready error         // why not; written before ready is closed
	gone    chan struct{} // closed when the room has ended
	cause   error         // why; written before gone is closed

	store   *store.Room
	machine *records.Machine
	batch   store.Batch
	ops     reused

	items []item // being worked on
	next  int    // of items
	bytes []byte // what items refer to

	conns    map[records.Conn]*conn
	lastConn records.Conn
	touched  []*conn // to flush
	blocked  []*conn // have something queued

	pending   []*transaction // committed or about to be, oldest first
	free      []*transaction
	storedDue int64     // what readDue would find; 0: nothing
	idleSince time.Time // zero: somebody is there
	timer     *time.Timer
	timerAt   time.Time // zero: not set

	mu        sync.Mutex // guards what follows
	counts    records.Stats
	ended     bool
	submitted map[*submission]struct{} // of which nobody was told yet
}

// maxPending is how many transactions may wait for the disk before the room
// works on no more: they grow meanwhile, so that one sync serves many.
const maxPending = 16

func newRoom(h *Host, kind records.Kind, name string) *room {
	r := &room{
		host: h, name: name, kind: kind, conns: make(map[records.Conn]*conn), names: make(map[string]string),
		ready: make(chan struct{}), gone: make(chan struct{}),
	}
	r.inbox.most = h.cfg.InboxBytes
	for i := range kind.Schema().Mutations {
		name := kind.Schema().Mutations[i].Name
		r.names[name] = name
	}
	return r
}

// nameOf is a mutation's name without a new string, if there is such a mutation.
func (r *room) nameOf(name []byte) string {
	if known, ok := r.names[string(name)]; ok {
		return known
	}
	return string(name)
}

// push hands in what must not be refused. It reports false when the room is gone.
func (r *room) push(it item) bool {
	if !r.inbox.push(it) {
		return false
	}
	r.wake()
	return true
}

// wake puts the room on the run queue, unless it is there. Any goroutine may
// call it.
func (r *room) wake() { r.host.queue.Wake(r, &r.state) }

// open tells whether the room is loaded and has not ended.
func (r *room) isOpen() bool {
	select {
	case <-r.gone:
		return false
	default:
	}
	select {
	case <-r.ready:
		return r.unready == nil
	default:
		return false
	}
}

// refusal is what those hear who come too late.
func (r *room) refusal() error {
	select {
	case <-r.gone:
		if r.cause != nil {
			return refusal(r.cause)
		}
	default:
	}
	return schema.Errorf(schema.CodeRoomClosed, "the room %s was just closed; open it again", r.name)
}

// end marks the room as gone.
func (r *room) end(cause error) {
	r.cause = cause
	close(r.gone)
	r.tellAll()
}

// fail closes the room for everybody, and forgets what is in memory: what is on
// disk counts.
func (r *room) fail(err error) {
	h := r.host
	told := refusal(err)
	var coded *schema.Error
	if !errors.As(told, &coded) {
		coded = schema.Errorf(schema.CodeInternal, "the room failed; the server's log says why")
	}
	h.cfg.Logger.Error("a record room has failed and is closed", "room", r.name, "error", err)
	h.stats.Failed.Add(1)
	waiting := append(r.items[r.next:], r.inbox.drop()...)
	for _, c := range r.conns {
		c.dismiss(coded)
	}
	for i := range waiting {
		if waiting[i].kind == itemEnter {
			s := waiting[i].seat
			s.asked = s.request.Request
			s.dismiss(coded)
		}
	}
	h.forget(r) // who opens it now waits as well
	r.answerLast()
	r.shut(told)
}

// answerLast waits for the commits under way, and answers those who asked
// without a connection for what has become durable: a game that is told that
// nothing was written would do it again.
func (r *room) answerLast() {
	if err := r.host.store.Sync(); err != nil {
		return // nobody knows
	}
	for _, t := range r.pending {
		if t.err != nil || len(t.out.Puts) > 0 && !t.done.Load() {
			return
		}
		for i := range t.out.After {
			if s := &t.out.After[i]; s.Kind == records.SendAnswer {
				r.tell(s.Answer)
			}
		}
	}
}

// tell calls a caller back, which may have been what made the room fail.
func (r *room) tell(answer func()) {
	defer func() {
		if p := recover(); p != nil {
			r.host.cfg.Logger.Error("an answer failed", "room", r.name, "panic", p)
		}
	}()
	answer()
}

// tryClose ends a room that nobody needs, if nothing came meanwhile.
func (r *room) tryClose() bool {
	h := r.host
	h.mu.Lock()
	if r.held > 0 || !r.inbox.close() {
		h.mu.Unlock()
		return false
	}
	h.forgetLocked(r)
	h.mu.Unlock()
	if at, ok := r.machine.NextDue(); ok {
		h.setDue(r.name, time.UnixMicro(at))
	}
	for _, c := range r.conns { // only when the host closes
		c.link.Done()
	}
	h.cfg.Logger.Debug("record room closed", "room", r.name, "seq", r.machine.Seq())
	r.shut(nil)
	return true
}

// shut forgets what a room has in memory.
func (r *room) shut(cause error) {
	r.host.forget(r)
	r.mu.Lock()
	counts := r.counts
	r.counts = records.Stats{}
	r.mu.Unlock()
	r.host.stats.Transactions.Add(counts.Transactions)
	r.host.stats.Refused.Add(counts.Refused)
	r.host.stats.Closed.Add(1)
	if r.timer != nil {
		r.timer.Stop()
	}
	r.end(cause)
	r.machine, r.conns, r.pending, r.free, r.items, r.bytes = nil, nil, nil, nil, nil, nil
	r.touched, r.blocked = nil, nil
}

// publish makes the room's counts known.
func (r *room) publish() {
	counts := r.machine.Stats()
	r.mu.Lock()
	r.counts = counts
	r.mu.Unlock()
}

// failed is an error that says which room's code it was.
func (r *room) failed(what string, p any, stack []byte) error {
	return fmt.Errorf("room %s: %s: panic: %v\n%s", r.name, what, p, stack)
}
