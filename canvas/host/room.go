package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/internal/turns"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// room is one open room. Its fields are those of the worker that has it from
// the run queue, unless they say otherwise.
type room struct {
	host     *Host
	name     string
	kind     canvas.Kind
	remote   string   // the address that made it open; empty: the server's own
	identity identity // of the document's own edits, when it was closed

	inbox inbox       // anybody's
	state turns.State // whether it is on the run queue
	held  int         // guarded by host.mu; those who are about to push something

	parked bool // guarded by host.mu; it is among host.parked

	ready   chan struct{} // closed when the room is open, or cannot be
	unready error         // why not; written before ready is closed
	gone    chan struct{} // closed when the room has ended
	cause   error         // why; written before gone is closed

	store   *store.Room
	machine canvas.Machine
	batch   store.Batch
	ops     reused

	items []item // being worked on
	next  int    // of items
	bytes []byte // what items refer to

	conns    map[canvas.Conn]*conn
	lastConn canvas.Conn
	touched  []*conn // to flush
	blocked  []*conn // have something queued
	retryIn  time.Duration

	pending   []*transaction // committed or about to be, oldest first
	free      []*transaction
	tidied    bool      // Rest was applied, and nothing since
	idleSince time.Time // zero: somebody is there
	timer     *time.Timer
	timerAt   time.Time // zero: not set

	mu     sync.Mutex // guards what follows
	counts canvas.Stats
}

// reused are ops that machines do not keep.
type reused struct {
	sync    canvas.SyncMessage
	receive canvas.Receive
}

// maxPending is how many transactions may wait for the disk before the room
// works on no more: they grow meanwhile, so that one sync serves many.
const maxPending = 16

func newRoom(h *Host, kind canvas.Kind, name string) *room {
	r := &room{
		host: h, name: name, kind: kind, conns: make(map[canvas.Conn]*conn),
		ready: make(chan struct{}), gone: make(chan struct{}),
	}
	r.inbox.most = h.cfg.InboxBytes
	return r
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

// isOpen tells whether the room is loaded and has not ended.
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

// wait returns when the room is open, or says why it cannot be.
func (r *room) wait(ctx context.Context) error {
	select {
	case <-r.ready:
		return r.unready // written before ready was closed
	case <-ctx.Done():
		return fmt.Errorf("failed to wait for room %s to open: %w", r.name, ctx.Err())
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

// fail closes the room for everybody, and forgets what is in memory: what is on
// disk counts.
func (r *room) fail(err error) {
	h := r.host
	told := refusal(err)
	var coded *schema.Error
	if !errors.As(told, &coded) {
		coded = schema.Errorf(schema.CodeInternal, "the room failed; the server's log says why")
	}
	h.cfg.Logger.Error("a canvas room has failed and is closed", "room", r.name, "error", err)
	h.stats.Failed.Add(1)
	waiting := append(r.items[r.next:], r.inbox.drop()...)
	for _, c := range r.conns {
		c.dismiss(coded)
	}
	for i := range waiting {
		if s := waiting[i].seat; waiting[i].kind == itemEnter {
			s.dismiss(coded)
		}
	}
	h.forget(r, false) // who opens it now waits as well
	r.answerLast()
	r.shut(told)
}

// answerLast waits for the commits under way, and answers calls for what has
// become durable: a caller that is told that nothing was written would do it
// again.
func (r *room) answerLast() {
	if err := r.host.cfg.Store.Sync(); err != nil {
		return // nobody knows
	}
	for _, t := range r.pending {
		if t.err != nil || len(t.out.Puts) > 0 && !t.done.Load() {
			return
		}
		t.answer()
	}
}

// tryClose ends a room that nobody needs, if nothing came meanwhile.
func (r *room) tryClose() bool {
	h := r.host
	h.mu.Lock()
	if r.held > 0 || !r.inbox.close() {
		h.mu.Unlock()
		return false
	}
	if !r.store.Exists() {
		h.cfg.Store.Forget(r.store) // a name that was only asked for
	}
	h.forgetLocked(r, true)
	h.mu.Unlock()
	for _, c := range r.conns { // only when the host closes
		c.link.Done()
	}
	h.cfg.Logger.Debug("canvas room closed", "room", r.name)
	r.shut(nil)
	return true
}

// shut forgets what a room has in memory.
func (r *room) shut(cause error) {
	r.mu.Lock()
	counts := r.counts
	r.counts = canvas.Stats{}
	r.mu.Unlock()
	r.host.stats.Updates.Add(counts.Updates)
	r.host.stats.Refused.Add(counts.Refused)
	r.host.stats.Closed.Add(1)
	if r.timer != nil {
		r.timer.Stop()
	}
	r.cause = cause
	close(r.gone)
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
