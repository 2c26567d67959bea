package host

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/internal/turns"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// TestR4_1_ReceiptFollowsItsDeltas writes with a live query open.
func TestR4_1_ReceiptFollowsItsDeltas(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		c.subscribe(7, "{}")
		c.expect(schema.KindDelta)
		c.call("add", add{"a", "milk"})
		sent := c.expect(schema.KindDelta, schema.KindReceipt)
		receipt := checkReceipt(t, sent[1], 1, 0)
		if d := fb.GetRootAsDelta(sent[0].body, 0); d.Id() != 7 || d.Seq() != receipt.Seq() {
			t.Errorf("the delta of %d is at %d, the receipt at %d", d.Id(), d.Seq(), receipt.Seq())
		}
		c.call("vote", vote{"a"})
		sent = c.expect(schema.KindDelta, schema.KindReceipt)
		if got := checkReceipt(t, sent[1], 2, 0); string(got.ResultBytes()) != "1" {
			t.Errorf("the result is %s", got.ResultBytes())
		}
	})
}

// TestR3_2_NothingLeavesBeforeItIsDurable stops the disk at the journal.
func TestR3_2_NothingLeavesBeforeItIsDurable(t *testing.T) {
	var hold atomic.Pointer[chan struct{}]
	fault := func(string) {
		if wait := hold.Load(); wait != nil {
			<-*wait
		}
	}
	run(t, Config{Store: store.Options{Fault: fault}}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		c.subscribe(7, "{}")
		c.expect(schema.KindDelta)
		other := r.open("tasks/other", "bob", "c2")
		released := make(chan struct{})
		hold.Store(&released)
		c.call("add", add{"a", "milk"})
		c.expect()
		late := r.open2("tasks/main", "eve", "c3") // sees the record, but not before it is durable
		late.subscribe(1, "{}")
		late.expect()
		other.expect()
		hold.Store(nil)
		close(released)
		synctest.Wait()
		c.expect(schema.KindDelta, schema.KindReceipt)
		late.expect(schema.KindOpened, schema.KindDelta)
	})
}

// open2 is open without waiting for Opened.
func (r *rig) open2(room, user, id string) *client {
	r.t.Helper()
	c, err := r.tryOpen(room, user, id)
	if err != nil {
		r.t.Fatal(err)
	}
	return c
}

func TestIdleRoomLeavesMemoryAndComesBack(t *testing.T) {
	run(t, Config{IdleAfter: time.Minute}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		c.call("add", add{"a", "milk"})
		c.expectReceipt(0)
		time.Sleep(time.Hour)
		if n := r.host.Totals().Rooms; n != 1 {
			t.Fatalf("%d rooms although somebody is there", n)
		}
		c.seat.Lost()
		time.Sleep(30 * time.Second)
		if n := r.host.Totals().Rooms; n != 1 {
			t.Fatalf("%d rooms before the time is over", n)
		}
		time.Sleep(31 * time.Second)
		synctest.Wait()
		if n := r.host.Totals().Rooms; n != 0 {
			t.Fatalf("%d rooms although nobody is there", n)
		}
		again := r.open("tasks/main", "ann", "c1")
		again.next = 1
		again.call("vote", vote{"a"})
		again.expectReceipt(0)
	})
}

func TestRestartKeepsWhatWasConfirmed(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		c.call("add", add{"a", "milk"})
		c.expectReceipt(0)
		c.seat.Lost()
		r.stop()
		r.start()
		result, err := r.host.Query(t.Context(), "tasks/main", Caller{User: records.User{ID: "bob"}}, "Tasks", query.Query{Limit: -1})
		if err != nil || len(result.Rows) != 1 {
			t.Fatalf("%d records, error %v", len(result.Rows), err)
		}
	})
}

// TestR5_2_PushedAgain pushes the same mutation over a second connection.
func TestR5_2_PushedAgain(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		c.call("add", add{"a", "milk"})
		c.expectReceipt(0)
		c.seat.Lost()
		c = r.open("tasks/main", "ann", "c1")
		c.call("add", add{"a", "milk"})
		c.expectReceipt(0)
		if n := r.host.Totals().Records; n != 1 {
			t.Errorf("%d records", n)
		}
	})
}

func TestRefusals(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		for room, code := range map[string]schema.Code{
			"chess/main": schema.CodeNoSuchKind, "tasks": schema.CodeNoSuchRoom, "tasks/": schema.CodeNoSuchRoom,
			"tasks/a b": schema.CodeNoSuchRoom, "tasks/" + strings.Repeat("x", 129): schema.CodeNoSuchRoom, "tasks/a/b": schema.CodeNoSuchRoom,
		} {
			if _, err := r.tryOpen(room, "ann", ""); !errors.Is(err, &schema.Error{Code: code}) {
				t.Errorf("%s: %v, want %v", room, err, code)
			}
		}
		for _, room := range []string{"tasks/auth0|x", "tasks/a@b.c"} {
			r.open(room, "ann", "")
		}
		c := r.open2("tasks/main", "nobody", "")
		sent := c.expect(schema.KindError)
		if e := fb.GetRootAsError(sent[0].body, 0); schema.Code(e.Code()) != schema.CodeForbidden || e.Request() != 1 {
			t.Errorf("kept out with %v about %d", schema.Code(e.Code()), e.Request())
		}
		if !c.link.Over() {
			t.Error("a client that is kept out keeps its handle")
		}
		member := r.open("tasks/main", "ann", "c1")
		member.call("explode", explode{"x"})
		member.expectReceipt(schema.CodeExecuteFailed)
		member.call("vote", vote{"none"})
		if got := member.expectReceipt(schema.CodeValidation); string(got.Field()) != "ID" {
			t.Errorf("about the field %s", got.Field())
		}
	})
}

func TestLeaveAnswersWhatIsUnderWayFirst(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		if err := c.send(1, "add", add{"a", "milk"}); err != nil {
			t.Fatal(err)
		}
		c.seat.Leave()
		synctest.Wait()
		sent := c.expect(schema.KindReceipt, schema.KindLeft)
		if l := fb.GetRootAsLeft(sent[1].body, 0); schema.Code(l.Code()) != schema.CodeLeft || !c.link.Over() {
			t.Errorf("left with %v", schema.Code(l.Code()))
		}
	})
}

// TestR6_1_HooksRunOutside lets Prepare wait and AfterCommit panic.
func TestR6_1_HooksRunOutside(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.hooks.fetched = func(context.Context) (string, error) {
			time.Sleep(time.Second)
			return "fetched", nil
		}
		c := r.open("tasks/main", "ann", "c1")
		other := r.open("tasks/main", "bob", "c2")
		c.call("fetch", fetch{"f"})
		c.expect()
		other.call("add", add{"boom", "boom"})
		other.expectReceipt(0)
		time.Sleep(time.Second)
		synctest.Wait()
		c.expectReceipt(0)
		other.call("add", add{"b", "bread"})
		other.expectReceipt(0)
		synctest.Wait()
		r.hooks.mu.Lock()
		defer r.hooks.mu.Unlock()
		if len(r.hooks.after) != 1 || !strings.HasPrefix(r.hooks.after[0], "b ") {
			t.Errorf("hooks ran: %q", r.hooks.after)
		}
	})
}

// TestR12_2_ClosedRoomWakesForItsSchedule also restarts the server in between.
func TestR12_2_ClosedRoomWakesForItsSchedule(t *testing.T) {
	run(t, Config{IdleAfter: time.Minute}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		c.call("later", later{"r1", time.Now().Add(time.Hour)})
		c.expectReceipt(0)
		c.call("later", later{"r2", time.Now().Add(3 * time.Hour)})
		c.expectReceipt(0)
		c.seat.Lost()
		time.Sleep(10 * time.Minute)
		if n := r.host.Totals().Rooms; n != 0 {
			t.Fatal("the room is still in memory")
		}
		time.Sleep(time.Hour)
		if got := r.tasks(); !slices.Equal(got, []string{"r1"}) {
			t.Fatalf("there are %q after an hour", got)
		}
		r.stop()
		time.Sleep(12 * time.Hour)
		r.start()
		time.Sleep(time.Second)
		if n := r.host.Totals().Rooms; n != 1 {
			t.Fatalf("%d rooms woke", n)
		}
		if got := r.tasks(); !slices.Equal(got, []string{"r1", "r2"}) {
			t.Fatalf("there are %q at the end", got)
		}
	})
}

// tasks are the IDs of all tasks.
func (r *rig) tasks() (ids []string) {
	r.t.Helper()
	err := records.Write(r.t.Context(), r.host, "tasks/main", func(b *board, _ *records.Ctx) error {
		for id := range b.Tasks.All() {
			ids = append(ids, id)
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return ids
}

// TestR3_4_FailedSyncClosesAllRooms makes one sync fail.
func TestR3_4_FailedSyncClosesAllRooms(t *testing.T) {
	sim := disk.NewSim(1)
	run(t, Config{Store: store.Options{FS: sim}}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		other := r.open("tasks/other", "bob", "c2")
		told := make(chan error, 1)
		sim.FailSync(0)
		c.call("add", add{"a", "milk"})
		for _, c := range []*client{c, other} {
			sent := c.expect(schema.KindLeft)
			if l := fb.GetRootAsLeft(sent[0].body, 0); schema.Code(l.Code()) != schema.CodeStoreFailed || !c.link.Over() {
				t.Errorf("left with %v", schema.Code(l.Code()))
			}
		}
		failed := &schema.Error{Code: schema.CodeStoreFailed}
		if _, err := r.tryOpen("tasks/main", "ann", "c1"); !errors.Is(err, failed) {
			t.Errorf("open: %v", err)
		}
		r.host.Submit("tasks/main", func(any, *records.Ctx) error { return nil }, func(err error) { told <- err })
		synctest.Wait()
		if err := <-told; !errors.Is(err, failed) {
			t.Errorf("submit: %v", err)
		}
		if err := r.host.Close(t.Context()); !errors.Is(err, store.ErrFailed) {
			t.Errorf("close: %v", err)
		}
		r.cfg.Store.FS = nil
		r.cfg.Dir = t.TempDir()
		r.start() // for stop
	})
}

func TestCallWriteAndSubmit(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		ann := Caller{User: records.User{ID: "ann"}}
		receipt, err := r.host.Call(t.Context(), "tasks/main", ann, "add", []byte(`{"ID":"a","Title":"milk"}`))
		if err != nil || receipt.Code != 0 || receipt.Seq == 0 {
			t.Fatalf("%+v %v", receipt, err)
		}
		receipt, err = r.host.Call(t.Context(), "tasks/main", ann, "vote", []byte(`{"ID":"none"}`))
		if err != nil || receipt.Code != schema.CodeValidation {
			t.Fatalf("%+v %v", receipt, err)
		}
		mine := errors.New("mine")
		if err := r.host.WriteRecords(t.Context(), "tasks/main", func(any, *records.Ctx) error { return mine }); !errors.Is(err, mine) {
			t.Errorf("write: %v", err)
		}
		var told []error
		for range 3 {
			r.host.Submit("tasks/main", func(world any, _ *records.Ctx) error {
				t, _ := world.(*board).Tasks.Get("a")
				t.Votes++
				return world.(*board).Tasks.Put(t)
			}, func(err error) { told = append(told, err) })
		}
		synctest.Wait()
		if len(told) != 3 || errors.Join(told...) != nil {
			t.Errorf("told %v", told)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.host.Query(ctx, "tasks/new", ann, "Tasks", query.Query{Limit: -1}); err == nil {
			t.Error("a query whose context has ended was answered")
		}
	})
}

// TestR14_3_OverloadedRoomSaysSo fills one room's inbox while it cannot work.
func TestR14_3_OverloadedRoomSaysSo(t *testing.T) {
	run(t, Config{InboxBytes: 1000}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		room := c.seat.room
		room.state.Store(turns.Queued) // as if other rooms were before it
		var err error
		for id := uint64(1); err == nil; id++ {
			err = c.send(id, "add", add{"a", "milk"})
		}
		if !errors.Is(err, &schema.Error{Code: schema.CodeRateLimited}) {
			t.Error(err)
		}
		r.open("tasks/other", "bob", "c2").call("add", add{"b", "bread"})
		r.host.queue.Push(room)
		synctest.Wait()
		if sent := c.link.take(); len(sent) < 2 {
			t.Errorf("%d messages after the room could work", len(sent))
		}
	})
}
