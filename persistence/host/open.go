package host

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// slice is how long a room works before others get a turn.
const slice = time.Millisecond

// open loads the room, on a goroutine of its own; few of them work at once.
func (r *room) open() {
	h := r.host
	h.openers <- struct{}{}
	started := time.Now()
	err := r.load()
	<-h.openers
	if err != nil {
		fresh := r.store != nil && !r.store.Exists()
		if fresh {
			h.store.Forget(r.store) // a name that was only asked for
		}
		r.refuse(refusal(err), fresh)
		return
	}
	h.stats.Opened.Add(1)
	h.cfg.Logger.Debug("record room opened", "room", r.name, "seq", r.machine.Seq(), "took", time.Since(started).String())
	close(r.ready)
	r.wake()
}

// refuse says that the room cannot be opened. Fresh: there is nothing of it.
func (r *room) refuse(err error, fresh bool) {
	h := r.host
	h.stats.RefusedRooms.Add(1)
	r.unready = err
	r.inbox.drop()
	h.mu.Lock()
	if errors.Is(err, &schema.Error{Code: schema.CodeMigrationFailed}) && !fresh {
		h.refused[r.name] = err // this program cannot: only another one can
	}
	h.forgetLocked(r)
	h.mu.Unlock()
	level := slog.LevelError
	if errors.Is(err, &schema.Error{Code: schema.CodeRateLimited}) {
		level = slog.LevelDebug // the client's fault
	}
	h.cfg.Logger.Log(h.ctx, level, "a record room cannot be opened", "room", r.name, "error", err)
	close(r.ready)
	r.end(err)
}

// load reads all records and makes the machine.
func (r *room) load() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("failed to open room %s: panic: %v\n%s", r.name, p, debug.Stack())
		}
	}()
	h := r.host
	if r.store, err = h.store.Room(r.name); err != nil {
		return err
	}
	if err := h.store.Sync(); err != nil { // of a room that failed while it was committing
		return err
	}
	if !r.store.Exists() && r.remote != "" && h.cfg.MayOpen != nil && !h.cfg.MayOpen(r.remote) {
		return schema.Errorf(schema.CodeRateLimited, "too many new rooms from your address; wait a second")
	}
	var seed [8]byte
	rand.Read(seed[:])
	now := time.Now().UnixMicro()
	t := r.newTransaction()
	r.machine, err = r.kind.Open(loader{r.store}, records.OpenOptions{
		Room: r.name, Epoch: r.store.Epoch(), Seq: r.store.Seq(), Now: now,
		Seed: binary.LittleEndian.Uint64(seed[:]), Log: h.cfg.Logger.With("room", r.name),
	}, &t.out.Outbox)
	if err != nil {
		return err
	}
	if text, _, ok, err := r.store.Get(spaceDue, []byte(dueKey)); err == nil && ok && len(text) == 8 {
		r.storedDue = int64(binary.LittleEndian.Uint64(text))
	}
	r.publish()
	return r.commitFirst(now, t)
}

// commitFirst makes durable what opening wrote, before anybody is let in.
func (r *room) commitFirst(now int64, t *transaction) error {
	if len(t.out.Puts) == 0 {
		r.settled(t)
		return nil
	}
	r.fill(now, &t.out)
	done := make(chan error, 1)
	r.store.Commit(&r.batch, func(err error) { done <- err })
	if err := <-done; err != nil {
		return fmt.Errorf("failed to write the new state of room %s: %w", r.name, err)
	}
	r.settled(t)
	return nil
}

// loader reads a room's spaces, and lets other goroutines run while it does.
type loader struct{ room *store.Room }

// Each implements records.Loader.
func (l loader) Each(space uint32, f func(key, value []byte, seq uint64) error) error {
	n, since := 0, time.Now()
	return l.room.Each(store.Space(space), func(key, value []byte, seq uint64) error {
		if n++; n%64 == 0 && time.Since(since) > slice {
			runtime.Gosched()
			since = time.Now()
		}
		return f(key, value, seq)
	})
}
