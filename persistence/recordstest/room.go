package recordstest

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
)

// Room is a room under test. It is for the test's goroutine.
type Room[W any] struct {
	Hub // what does not need to know the world's type
}

// Hub is a Room without the type of its world.
type Hub struct {
	t       testing.TB
	kind    records.Kind
	name    string
	machine *records.Machine
	store   *Store
	out     records.Outbox
	now     int64
	epoch   uint64
	opened  int // machines so far
	logs    *bytes.Buffer
	clients []*Client
	conns   records.Conn
	held    []records.Preparation
	hold    bool
}

// Option changes how New opens a room.
type Option func(*Hub)

// From opens the room on what another one has stored: after a migration, or
// under other rules.
func From(s *Store) Option { return func(h *Hub) { h.store = s } }

// At is the room's time at the start; the default is 2000-01-01, midnight UTC.
func At(t time.Time) Option { return func(h *Hub) { h.now = t.UnixMicro() } }

// Named is the second part of the room's name; the default is "room".
func Named(name string) Option { return func(h *Hub) { h.name = name } }

// New opens a room. The test fails if its definition cannot work, or its
// migrations fail.
func New[W any](t testing.TB, room records.Room[W], options ...Option) *Room[W] {
	t.Helper()
	r, err := Open(t, room, options...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Open is New for tests that expect the room to stay closed.
func Open[W any](t testing.TB, room records.Room[W], options ...Option) (*Room[W], error) {
	t.Helper()
	h := Hub{
		t: t, kind: records.Define("test", room), name: "room", store: new(Store), logs: new(bytes.Buffer),
		now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(), epoch: 1,
	}
	for _, option := range options {
		option(&h)
	}
	r := &Room[W]{h}
	return r, r.open()
}

func (h *Hub) open() error {
	h.opened++
	var out records.Outbox
	m, err := h.kind.Open(h.store, records.OpenOptions{
		Room: h.kind.Name() + "/" + h.name, Epoch: h.epoch, Seq: h.store.Seq(), Now: h.now, Seed: uint64(h.opened),
		Log: slog.New(slog.NewTextHandler(h.logs, nil)),
	}, &out)
	if err != nil {
		return err
	}
	h.machine = m
	h.flush(&out)
	h.runDue()
	return nil
}

// Do applies an op, makes durable what it says, and delivers what leaves.
func (h *Hub) Do(op records.Op) {
	h.t.Helper()
	h.apply(op)
	h.runDue()
}

func (h *Hub) apply(op records.Op) {
	h.t.Helper()
	h.out.Reset()
	h.machine.Apply(h.now, op, &h.out)
	h.flush(&h.out)
}

// flush does what a runner does with an outbox.
func (h *Hub) flush(out *records.Outbox) {
	h.t.Helper()
	for i := range out.Now {
		h.deliver(&out.Now[i])
	}
	h.store.Put(out.Puts)
	for i := range out.After {
		h.deliver(&out.After[i])
	}
	for _, hook := range out.Hooks {
		hook(h.t.Context())
	}
	for _, p := range append([]records.Preparation(nil), out.Prepare...) {
		if h.hold {
			h.held = append(h.held, p)
			continue
		}
		h.prepared(p)
	}
}

func (h *Hub) prepared(p records.Preparation) {
	result, err := h.prepare(p)
	var out records.Outbox
	h.machine.Apply(h.now, &records.Prepared{Token: p.Token, Result: result, Err: err}, &out)
	h.flush(&out)
}

func (h *Hub) prepare(p records.Preparation) (result any, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the Prepare hook panicked: %v", v)
		}
	}()
	return p.Run(h.t.Context())
}

// HoldPrepare keeps Prepare hooks from ending until Prepare is called.
func (h *Hub) HoldPrepare() { h.hold = true }

// Prepare ends the Prepare hooks that are under way, oldest first.
func (h *Hub) Prepare() {
	for len(h.held) > 0 {
		p := h.held[0]
		h.held = h.held[1:]
		h.prepared(p)
	}
}

func (h *Hub) deliver(s *records.Send) {
	h.t.Helper()
	if s.Kind == records.SendAnswer {
		s.Answer()
		return
	}
	for _, c := range h.clients {
		if c.conn == s.Conn {
			c.take(s)
			return
		}
	}
}

// runDue runs what is due now.
func (h *Hub) runDue() {
	for range 10_000 {
		at, ok := h.machine.NextDue()
		if !ok || at > h.now {
			return
		}
		h.apply(&records.Due{})
	}
	h.t.Fatal("the room always has something due")
}

// Now is the room's time.
func (h *Hub) Now() time.Time { return time.UnixMicro(h.now).UTC() }

// Sleep lets time pass. What is due in between runs at its time.
func (h *Hub) Sleep(d time.Duration) {
	h.t.Helper()
	until := h.now + d.Microseconds()
	for {
		at, ok := h.machine.NextDue()
		if !ok || at > until {
			break
		}
		h.now = max(h.now, at)
		h.runDue()
	}
	h.now = until
}

// Restart closes the room, lets time pass, and opens it again from what is
// durable. Clients are disconnected; see Client.Reconnect.
func (h *Hub) Restart(closed time.Duration) {
	h.t.Helper()
	for _, c := range h.clients {
		c.conn = 0
	}
	h.held = nil
	h.now += closed.Microseconds()
	if err := h.open(); err != nil {
		h.t.Fatalf("failed to open the room again: %v", err)
	}
}

// Restore gives the room the data of an earlier Store, under a new epoch, as a
// restored backup has it. Clients are disconnected.
func (h *Hub) Restore(s *Store) {
	h.t.Helper()
	h.store, h.epoch = s.Clone(), h.epoch+1
	h.Restart(0)
}

// Store is what the room has made durable.
func (h *Hub) Store() *Store { return h.store }

// Machine is the room itself.
func (h *Hub) Machine() *records.Machine { return h.machine }

// Logs is what the room has written to the server's log.
func (h *Hub) Logs() string { return h.logs.String() }

// WriteRecords runs a transaction of the server: see records.Write.
func (h *Hub) WriteRecords(_ context.Context, _ string, do func(world any, ctx *records.Ctx) error) error {
	h.t.Helper()
	var failed error
	h.Do(&records.Transact{Do: do, Done: func(_ records.Outcome, err error) { failed = err }})
	return failed
}

// Write runs a transaction of the server, and fails the test if it fails.
func (r *Room[W]) Write(do func(w *W, ctx *records.Ctx) error) {
	r.t.Helper()
	if err := r.TryWrite(do); err != nil {
		r.t.Fatal(err)
	}
}

// TryWrite is Write for tests that expect a refusal.
func (r *Room[W]) TryWrite(do func(w *W, ctx *records.Ctx) error) error {
	r.t.Helper()
	return records.Write(r.t.Context(), r, r.machine.Room(), do)
}

// View looks at the room's data, between transactions.
func (r *Room[W]) View(look func(w *W)) {
	r.t.Helper()
	r.Write(func(w *W, _ *records.Ctx) error { look(w); return nil })
}

// Query is a query over HTTP, as a user or, with an empty ID, an operator. The
// result's records are JSON objects.
func (h *Hub) Query(user, collection string, q query.Query) ([]string, error) {
	h.t.Helper()
	var rows []string
	var failed error
	h.Do(&records.Read{User: records.User{ID: user}, Operator: user == "", Collection: collection, Query: q, Done: func(r records.Result, err error) {
		failed = err
		for _, row := range r.Rows {
			rows = append(rows, string(r.Collection.AppendJSON(nil, row)))
		}
	}})
	return rows, failed
}
