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

	"github.com/parlor-server/parlor/canvas"
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
		r.refuse(err)
		return
	}
	h.stats.Opened.Add(1)
	h.cfg.Logger.Debug("canvas room opened", "room", r.name, "took", time.Since(started).String())
	close(r.ready)
	r.wake()
}

// refuse says that the room cannot be opened.
func (r *room) refuse(cause error) {
	h := r.host
	fresh := r.store != nil && !r.store.Exists()
	err := refusal(cause)
	h.stats.RefusedRooms.Add(1)
	r.unready = err
	r.inbox.drop()
	h.mu.Lock()
	if fresh {
		h.cfg.Store.Forget(r.store) // a name that was only asked for
	} else if hopeless(err) {
		h.refused[r.name] = err // loading it again would only find the same
	}
	h.forgetLocked(r, false)
	h.mu.Unlock()
	level := slog.LevelError
	if errors.Is(err, &schema.Error{Code: schema.CodeRateLimited}) {
		level = slog.LevelDebug // the client's fault
	}
	h.cfg.Logger.Log(h.ctx, level, "a canvas room cannot be opened", "room", r.name, "error", cause)
	r.cause = err
	close(r.gone)
	close(r.ready)
}

func hopeless(err error) bool {
	return errors.Is(err, &schema.Error{Code: schema.CodeMigrationFailed}) || errors.Is(err, &schema.Error{Code: schema.CodeQuarantined})
}

// load makes the machine.
func (r *room) load() (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("failed to open room %s: panic: %v\n%s", r.name, p, debug.Stack())
		}
	}()
	h := r.host
	s := h.cfg.Store
	if r.store, err = s.Room(r.name); err != nil {
		return err
	}
	if err := s.Sync(); err != nil { // of a room that failed while it was committing
		return err
	}
	if !r.store.Exists() && r.remote != "" && h.cfg.MayOpen != nil && !h.cfg.MayOpen(r.remote) {
		return schema.Errorf(schema.CodeRateLimited, "too many new rooms from your address; wait a second")
	}
	var seed [8]byte
	rand.Read(seed[:])
	t := r.newTransaction()
	r.machine, err = r.kind.Open(loader{r.store}, canvas.OpenOptions{
		Room: r.name, Epoch: r.store.Epoch(), Now: time.Now(), Seed: binary.LittleEndian.Uint64(seed[:]),
		Client: r.identity.client, Clock: r.identity.clock, Log: h.cfg.Logger.With("room", r.name),
	}, &t.out)
	if err != nil {
		return err
	}
	r.publish()
	return r.commitFirst(t)
}

// commitFirst makes durable what opening wrote, before anybody is let in.
func (r *room) commitFirst(t *transaction) error {
	if len(t.out.Puts) > 0 {
		r.fill(&t.out)
		done := make(chan error, 1)
		r.store.Commit(&r.batch, func(err error) { done <- err })
		if err := <-done; err != nil {
			return fmt.Errorf("failed to write the new state of room %s: %w", r.name, err)
		}
	}
	r.recycle(t)
	return nil
}

// loader reads a room's spaces, and lets other goroutines run while it does.
type loader struct{ room *store.Room }

// Each implements canvas.Loader.
func (l loader) Each(space store.Space, f func(key, value []byte, seq uint64) error) error {
	n, since := 0, time.Now()
	return l.room.Each(space, func(key, value []byte, seq uint64) error {
		if n++; n%64 == 0 && time.Since(since) > slice {
			runtime.Gosched()
			since = time.Now()
		}
		return f(key, value, seq)
	})
}
