package host

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

func code(c schema.Code) error { return &schema.Error{Code: c} }

func TestPeersConverge(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		ann, bob := r.peer("ann", 1, true), r.peer("bob", 2, false)
		ann.typed("before ")
		ann.mustConnect("notes/a")
		bob.mustConnect("notes/a")
		if got := bob.kinds(); !equalKinds(got, schema.KindOpened) {
			t.Errorf("an own session got %v", got)
		}
		ann.typed("and after")
		settle(ann, bob)
		if bob.text() != "before and after" || r.text("notes/a") != bob.text() {
			t.Errorf("bob reads %q", bob.text())
		}
		bob.lose()
		bob.typed(", offline")
		ann.typed(" online")
		bob.mustConnect("notes/a")
		settle(ann, bob)
		if ann.text() != bob.text() || len(ann.text()) != len("before and after, offline online") {
			t.Errorf("%q and %q", ann.text(), bob.text())
		}
	})
}

// TestNothingLeavesBeforeItIsDurable stops the disk at the journal.
func TestNothingLeavesBeforeItIsDurable(t *testing.T) {
	for _, durable := range []bool{true, false} {
		var hold atomic.Pointer[chan struct{}]
		run(t, Config{Kinds: []canvas.Kind{notes(durable)}}, func(t *testing.T, r *rig) {
			r.stop()
			r.opts.Fault = func(string) {
				if wait := hold.Load(); wait != nil {
					<-*wait
				}
			}
			r.start()
			ann, bob := r.peer("ann", 1, true).mustConnect("notes/a"), r.peer("bob", 2, true).mustConnect("notes/a")
			released := make(chan struct{})
			hold.Store(&released)
			ann.typed("hello")
			synctest.Wait()
			bob.receive(-1)
			if seen := bob.text() != ""; seen == durable {
				t.Errorf("durable %t, seen %t before it is on disk", durable, seen)
			}
			late := r.peer("eve", 3, true)
			if err := late.connect("notes/a"); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			late.receive(-1)
			if seen := late.text() != ""; seen == durable {
				t.Errorf("durable %t, seen %t by who joined before it is on disk", durable, seen)
			}
			hold.Store(nil)
			close(released)
			settle(ann, bob, late)
			if bob.text() != "hello" || late.text() != "hello" {
				t.Errorf("read %q and %q", bob.text(), late.text())
			}
		})
	}
}

func TestIdleRoomLeavesMemoryAndComesBack(t *testing.T) {
	run(t, Config{IdleAfter: time.Minute}, func(t *testing.T, r *rig) {
		ann := r.peer("ann", 1, true).mustConnect("notes/a")
		for range 500 {
			ann.typed("some words, ")
		}
		err := r.host.Transact(t.Context(), "notes/a", func(d *yjs.Doc, tx *yjs.Tx) error { return d.Text("text").Insert(tx, 0, "x") })
		if err != nil {
			t.Fatal(err)
		}
		var before []byte
		r.server("notes/a", func(d *yjs.Doc) { before = d.EncodeState(nil) })
		time.Sleep(time.Hour)
		if n := r.host.Totals().Rooms; n != 1 {
			t.Fatalf("%d rooms although somebody is there", n)
		}
		ann.lose()
		time.Sleep(59 * time.Second)
		if n := r.host.Totals().Rooms; n != 1 {
			t.Fatalf("%d rooms before the time is over", n)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if n := r.host.Totals().Rooms; n != 0 {
			t.Fatalf("%d rooms although nobody is there", n)
		}
		r.server("notes/a", func(d *yjs.Doc) {
			if string(d.EncodeState(nil)) != string(before) {
				t.Error("it has come back as another document")
			}
		})
		clients := func() (n int) {
			_ = r.host.Transact(t.Context(), "notes/a", func(d *yjs.Doc, tx *yjs.Tx) error { return d.Text("text").Insert(tx, 0, "y") })
			r.server("notes/a", func(d *yjs.Doc) { n = len(d.State()) })
			return n
		}
		if n := clients(); n != 2 {
			t.Errorf("%d clients after it was closed and opened: the server's ID was not used again", n)
		}
		r.stop()
		r.start()
		if n := clients(); n != 3 {
			t.Errorf("%d clients after a restart: the server's ID must be another one", n)
		}
	})
}

func TestNamesWithoutContentLeaveNothing(t *testing.T) {
	run(t, Config{IdleAfter: time.Second}, func(t *testing.T, r *rig) {
		if err := r.host.Read(t.Context(), "notes/none", func(*yjs.Doc) error { return nil }); !errors.Is(err, code(schema.CodeNoSuchRoom)) {
			t.Errorf("reading what there is not: %v", err)
		}
		ann := r.peer("ann", 1, true).mustConnect("notes/b")
		if list := r.host.Rooms(); len(list) != 2 || !list[0].Open {
			t.Errorf("rooms %+v", list)
		}
		ann.lose()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		if list := r.host.Rooms(); len(list) != 0 {
			t.Errorf("rooms %+v", list)
		}
		ann.mustConnect("notes/b").typed("x")
		synctest.Wait()
		if info, ok := r.host.RoomInfo("notes/b"); !ok || info.Updates != 1 || info.Connections != 1 || info.DiskBytes == 0 {
			t.Errorf("%+v", info)
		}
	})
}

func TestWhoMayEnter(t *testing.T) {
	run(t, Config{MayOpen: func(remote string) bool { return remote != "10.0.0.1:5" }}, func(t *testing.T, r *rig) {
		if err := r.peer("ann", 1, true).connect("notes/new"); !errors.Is(err, code(schema.CodeRateLimited)) {
			t.Errorf("one room too many: %v", err)
		}
		if err := r.host.Transact(t.Context(), "notes/a", func(d *yjs.Doc, tx *yjs.Tx) error { return d.Map("m").Set(tx, "k", 1) }); err != nil {
			t.Fatal(err) // the server's own
		}
		ann := r.peer("ann", 1, true).mustConnect("notes/a")
		for name, want := range map[string]schema.Code{"nobody": schema.CodeForbidden} {
			if err := r.peer(name, 2, true).connect("notes/a"); !errors.Is(err, code(want)) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for room, want := range map[string]schema.Code{"notes": schema.CodeNoSuchRoom, "notes/": schema.CodeNoSuchRoom, "maps/a": schema.CodeNoSuchKind} {
			if err := ann.connect(room); !errors.Is(err, code(want)) {
				t.Errorf("%s: %v", room, err)
			}
		}
		eve := r.peer("eve", 3, false).mustConnect("notes/a")
		eve.kinds()
		eve.typed("x")
		settle(eve)
		if got := eve.kinds(); !equalKinds(got, schema.KindError) || r.text("notes/a") != "" {
			t.Errorf("a reader's edit: %v", got)
		}
	})
}

func TestLeaving(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		ann := r.peer("ann", 1, false).mustConnect("notes/a")
		ann.typed("x")
		ann.seat.Leave()
		settle(ann)
		if ann.left != schema.CodeLeft || !ann.link.Over() || r.text("notes/a") != "x" {
			t.Errorf("left with %v", ann.left)
		}
		if n := r.host.Totals().Connections; n != 0 {
			t.Errorf("%d connections", n)
		}
		seat, err := r.host.Open(t.Context(), OpenRequest{Room: "notes/a"})
		if err != nil {
			t.Fatal(err)
		}
		seat.Lost() // before it entered
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := r.host.Totals().Rooms; n != 0 {
			t.Errorf("%d rooms are held", n)
		}
	})
}

func TestRenew(t *testing.T) {
	var slow atomic.Bool
	kind := canvas.Define("notes", canvas.Room{Role: func(ctx context.Context, room string, u canvas.User) (canvas.Role, error) {
		if slow.Load() && u.ID == "eve" {
			time.Sleep(time.Second)
		}
		return roleOf(ctx, room, u)
	}})
	run(t, Config{Kinds: []canvas.Kind{kind}}, func(t *testing.T, r *rig) {
		ann := r.peer("ann", 1, false).mustConnect("notes/a")
		ann.kinds()
		ann.seat.Renew(canvas.User{ID: "eve"})
		settle(ann)
		ann.typed("a")
		settle(ann)
		if got := ann.kinds(); !equalKinds(got, schema.KindError) {
			t.Errorf("now a reader: %v", got)
		}
		slow.Store(true)
		ann.seat.Renew(canvas.User{ID: "eve"})
		ann.seat.Renew(canvas.User{ID: "ann"}) // answered first, counts last
		time.Sleep(2 * time.Second)
		settle(ann)
		if got := r.text("notes/a"); got != "a" {
			t.Errorf("what was refused is repaired to %q", got)
		}
		bob := r.peer("bob", 2, true).mustConnect("notes/a")
		for _, p := range []*peer{ann, bob} {
			p.seat.Renew(canvas.User{ID: "nobody"})
		}
		settle(ann, bob)
		if ann.left != schema.CodeForbidden || bob.link.code() != schema.CodeForbidden {
			t.Errorf("left with %v, closed with %v", ann.left, bob.link.code())
		}
		if n := r.host.Totals().Connections; n != 0 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestFailedDiskClosesRooms(t *testing.T) {
	for _, durable := range []bool{true, false} {
		run(t, Config{Kinds: []canvas.Kind{notes(durable)}}, func(t *testing.T, r *rig) {
			ann, bob := r.peer("ann", 1, false).mustConnect("notes/a"), r.peer("bob", 2, true).mustConnect("notes/b")
			r.sim.FailSync(0)
			ann.typed("x")
			settle(ann, bob)
			if ann.left != schema.CodeStoreFailed || bob.link.code() != schema.CodeStoreFailed {
				t.Errorf("left with %v, closed with %v", ann.left, bob.link.code())
			}
			if err := r.peer("eve", 3, true).connect("notes/a"); !errors.Is(err, code(schema.CodeStoreFailed)) {
				t.Errorf("open: %v", err)
			}
			if err := r.host.Transact(t.Context(), "notes/a", func(*yjs.Doc, *yjs.Tx) error { return nil }); !errors.Is(err, code(schema.CodeStoreFailed)) {
				t.Errorf("transact: %v", err)
			}
			if r.stop() {
				t.Error("the store is well")
			}
			r.sim.Crash()
			r.start()
		})
	}
}

func TestTransact(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		ann := r.peer("ann", 1, true).mustConnect("notes/a")
		insert := func(s string, err error) error {
			return r.host.Transact(t.Context(), "notes/a", func(d *yjs.Doc, tx *yjs.Tx) error {
				return errors.Join(d.Text("text").Insert(tx, 0, s), err)
			})
		}
		mine := errors.New("mine")
		if err := insert("wrong", mine); !errors.Is(err, mine) {
			t.Error(err)
		}
		err := r.host.Transact(t.Context(), "notes/a", func(d *yjs.Doc, tx *yjs.Tx) error {
			_ = d.Text("text").Insert(tx, 0, "wrong")
			panic("a mistake")
		})
		if !errors.Is(err, code(schema.CodeInternal)) {
			t.Error(err)
		}
		if err := insert(strings.Repeat("x", 40<<20), nil); !errors.Is(err, yjs.ErrTooLarge) {
			t.Error(err)
		}
		if err := insert("right", nil); err != nil {
			t.Fatal(err)
		}
		settle(ann)
		if ann.text() != "right" {
			t.Errorf("ann reads %q", ann.text())
		}
		err = r.host.Do(t.Context(), "notes/a", func(canvas.Machine, time.Time, *canvas.Outbox) error { panic("a mistake") })
		if !errors.Is(err, code(schema.CodeInternal)) && err == nil {
			t.Error(err)
		}
		settle(ann)
		if ann.link.code() != schema.CodeInternal || r.text("notes/a") != "right" {
			t.Errorf("closed with %v, reads %q", ann.link.code(), r.text("notes/a"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.host.Read(ctx, "notes/other", func(*yjs.Doc) error { return nil }); !errors.Is(err, context.Canceled) && !errors.Is(err, code(schema.CodeNoSuchRoom)) {
			t.Error(err)
		}
	})
}

func TestDamagedRoomIsNotServed(t *testing.T) {
	run(t, Config{IdleAfter: time.Second}, func(t *testing.T, r *rig) {
		r.peer("ann", 1, true).mustConnect("notes/a").typed("x")
		settle()
		r.stop()
		s, err := store.Open(r.dir, r.opts)
		if err != nil {
			t.Fatal(err)
		}
		room, _ := s.Room("notes/a")
		var b store.Batch
		b.Begin(room.Seq() + 1)
		b.Put(canvas.SpaceLog, "\x00\x00\x00\x00\x00\x00\x00\x01", []byte{1, 2, 3})
		room.Commit(&b, func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
		s.Close()
		r.start()
		for range 3 {
			if err := r.peer("ann", 1, true).connect("notes/a"); !errors.Is(err, code(schema.CodeQuarantined)) {
				t.Errorf("opened: %v", err)
			}
		}
		if n := r.host.Stats().RefusedRooms.Load(); n != 1 {
			t.Errorf("loaded %d times", n)
		}
		if info, ok := r.host.RoomInfo("notes/a"); !ok || info.Quarantined == "" {
			t.Errorf("%+v", info)
		}
		r.peer("ann", 1, true).mustConnect("notes/b")
	})
}

func TestConfigIsChecked(t *testing.T) {
	for name, cfg := range map[string]Config{
		"Store":    {},
		"Not Good": {Store: &store.Store{}, Kinds: []canvas.Kind{canvas.Define("Not Good", canvas.Room{})}},
		"notes":    {Store: &store.Store{}, Kinds: []canvas.Kind{notes(true), notes(false)}},
	} {
		if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
