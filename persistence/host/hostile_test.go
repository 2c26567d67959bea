package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// TestR14_3_ManyLargeRowsInOneTurn writes a large record many times at once:
// what one turn makes durable stays within what the store takes.
func TestR14_3_ManyLargeRowsInOneTurn(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.fillTasks(1, 900<<10)
		c := r.open("tasks/main", "ann", "c1")
		const votes = 60
		for id := range uint64(votes) {
			if err := c.send(id+1, "vote", vote{"t00000"}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		checkAll(t, c, votes)
	})
}

// checkAll wants the receipts of n mutations that were done.
func checkAll(t *testing.T, c *client, n int) {
	t.Helper()
	sent := c.link.take()
	if len(sent) != n {
		t.Fatalf("%d messages came", len(sent))
	}
	for i, m := range sent {
		if m.kind != schema.KindReceipt {
			t.Fatalf("message %d is %v", i, m.kind)
		}
		checkReceipt(t, m, uint64(i+1), 0)
	}
}

// TestR14_3_ManyLargeRowsBehindAPreparation runs them all in one op.
func TestR14_3_ManyLargeRowsBehindAPreparation(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		fetched := make(chan string)
		r.hooks.fetched = func(context.Context) (string, error) { return <-fetched, nil }
		r.fillTasks(1, 900<<10)
		c := r.open("tasks/main", "ann", "c1")
		if err := c.send(1, "fetch", fetch{"a"}); err != nil {
			t.Fatal(err)
		}
		const votes = 60
		for id := range uint64(votes) {
			if err := c.send(id+2, "vote", vote{"t00000"}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		c.expect()
		fetched <- "milk"
		synctest.Wait()
		checkAll(t, c, votes+1)
	})
}

// TestR14_3_TransactionBeyondTheStore is refused with a name; the room goes on.
func TestR14_3_TransactionBeyondTheStore(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		err := records.Write(t.Context(), r.host, "tasks/main", func(b *board, _ *records.Ctx) error {
			for i := range 20 {
				if err := insert(b, task{ID: fmt.Sprint(i), Title: strings.Repeat("x", 1000<<10)}); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil || records.Refused(err).Code != schema.CodeTooLarge {
			t.Errorf("the write ended with %v", err)
		}
		c.call("add", add{"a", "milk"})
		c.expectReceipt(0)
		if got := r.tasks(); len(got) != 1 {
			t.Errorf("there is %q", got)
		}
	})
}

// breakRoom makes a room panic where only a bug in the server could.
func (r *rig) breakRoom(name string) {
	r.host.mu.Lock()
	defer r.host.mu.Unlock()
	r.host.rooms[name].inbox.push(item{kind: itemOp})
}

// TestR3_2_ReopenedRoomWaitsForItsCommits lets a room fail while its last
// commit is on its way to the disk: who opens it again sees nothing before that
// is durable.
func TestR3_2_ReopenedRoomWaitsForItsCommits(t *testing.T) {
	var hold atomic.Pointer[chan struct{}]
	fault := func(string) {
		if wait := hold.Load(); wait != nil {
			<-*wait
		}
	}
	run(t, Config{Store: store.Options{Fault: fault}}, func(t *testing.T, r *rig) {
		c := r.open("tasks/main", "ann", "c1")
		released := make(chan struct{})
		hold.Store(&released)
		c.call("add", add{"a", "milk"})
		r.breakRoom("tasks/main")
		if err := c.send(2, "add", add{"b", "bread"}); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		c.expect(schema.KindLeft)
		var late *client
		done := make(chan struct{})
		go func() {
			defer close(done)
			seat, err := r.host.Open(t.Context(), OpenRequest{Request: 1, Room: "tasks/main", Client: "c1", User: records.User{ID: "ann"}})
			if err != nil {
				t.Error(err)
				return
			}
			late = &client{r: r, seat: seat, link: &fakeLink{}, next: 1}
			if err := seat.Enter(late.link); err != nil {
				t.Error(err)
			}
		}()
		time.Sleep(time.Second)
		synctest.Wait()
		select {
		case <-done:
			t.Error("the room opened before the commit was durable")
		default:
		}
		hold.Store(nil)
		close(released)
		<-done
		synctest.Wait()
		late.expect(schema.KindOpened)
		late.call("add", add{"b", "bread"})
		late.expectReceipt(0)
		if got := r.tasks(); len(got) != 2 {
			t.Errorf("there is %q", got)
		}
	})
}

// TestFailedRoomTellsThoseWhoCome opens a room that fails before it lets the
// client in.
func TestFailedRoomTellsThoseWhoCome(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.open("tasks/main", "ann", "c1")
		seat, err := r.host.Open(t.Context(), OpenRequest{Request: 3, Room: "tasks/main", User: records.User{ID: "bob"}})
		if err != nil {
			t.Fatal(err)
		}
		r.breakRoom("tasks/main")
		link := &fakeLink{}
		if err := seat.Enter(link); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		sent := link.take()
		if len(sent) != 1 || sent[0].kind != schema.KindError || !link.Over() {
			t.Fatalf("sent %v", sent)
		}
		if got := fb.GetRootAsError(sent[0].body, 0).Request(); got != 3 {
			t.Errorf("the error answers %d", got)
		}
	})
}

// TestR10_1_WhoMayNotEnterMakesNoRoom asks for rooms that Auth refuses.
func TestR10_1_WhoMayNotEnterMakesNoRoom(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.stop()
		r.cfg.Kinds = []records.Kind{records.Define("tasks", records.Room[board]{
			Auth: func(_ context.Context, _ string, u records.User) error {
				if u.ID == "panic" {
					panic("a hook with a bug")
				}
				return errors.New("no")
			},
			Schedules: []records.Scheduled[board]{
				records.Run(func(b *board) *records.Schedule[remind] { return &b.Reminders }, func(*board, *records.Ctx, remind) error { return nil }),
			},
		})}
		r.start()
		for i, user := range []string{"ann", "panic"} {
			if _, err := r.tryOpen(fmt.Sprint("tasks/", i), user, "c1"); err == nil {
				t.Errorf("%s opened it", user)
			}
			if _, err := r.host.Call(t.Context(), fmt.Sprint("tasks/", i), Caller{User: records.User{ID: user}}, "add", nil); err == nil {
				t.Errorf("%s called", user)
			}
		}
		time.Sleep(time.Second)
		if rooms := r.host.store.Rooms(); len(rooms) != 0 {
			t.Errorf("there is %v", rooms)
		}
	})
}

// TestR14_3_SnapshotsForOneWhoDoesNotRead asks for snapshots again and again.
func TestR14_3_SnapshotsForOneWhoDoesNotRead(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.fillTasks(1000, 200)
		c := r.open("tasks/main", "ann", "c1")
		c.link.stop(true)
		for range 20 {
			for range 500 {
				if err := c.seat.Subscribe(Subscription{ID: 1, Collection: []byte("Tasks"), Query: []byte("{}")}); err != nil {
					t.Fatal(err)
				}
				if err := c.seat.Unsubscribe(1); err != nil {
					t.Fatal(err)
				}
			}
			synctest.Wait()
		}
		if n := len(c.seat.conn.queue); n > 2000 {
			t.Errorf("%d snapshots wait", n)
		}
		c.seat.Lost()
	})
}

// TestFailedRoomTellsWhatBecameDurable: a game that is told that its write
// failed would make it again.
func TestFailedRoomTellsWhatBecameDurable(t *testing.T) {
	var hold atomic.Pointer[chan struct{}]
	fault := func(string) {
		if wait := hold.Load(); wait != nil {
			<-*wait
		}
	}
	run(t, Config{Store: store.Options{Fault: fault}}, func(t *testing.T, r *rig) {
		r.open("tasks/main", "ann", "c1")
		released := make(chan struct{})
		hold.Store(&released)
		told := make(chan error, 2)
		submit := func(id string) {
			r.host.Submit("tasks/main", func(w any, _ *records.Ctx) error { return insert(w.(*board), task{ID: id}) }, func(err error) { told <- err })
		}
		submit("a")
		synctest.Wait()
		r.breakRoom("tasks/main")
		submit("b") // behind what breaks it
		synctest.Wait()
		hold.Store(nil)
		close(released)
		synctest.Wait()
		if first, second := <-told, <-told; first != nil || second == nil {
			t.Errorf("told %v and %v", first, second)
		}
		if got := r.tasks(); len(got) != 1 {
			t.Errorf("there is %q", got)
		}
	})
}

// TestRoomsThatWereOnlyAskedFor leaves nothing of names that are refused, or
// whose Create hook fails: anybody can make them up.
func TestRoomsThatWereOnlyAskedFor(t *testing.T) {
	allowed := false
	run(t, Config{MayOpen: func(string) bool { return allowed }}, func(t *testing.T, r *rig) {
		ask := func(name string) error {
			_, err := r.host.Open(t.Context(), OpenRequest{Room: name, Remote: "192.0.2.1"})
			return err
		}
		if err := ask("tasks/one"); !errors.Is(err, &schema.Error{Code: schema.CodeRateLimited}) {
			t.Errorf("open: %v", err)
		}
		handle, err := r.host.store.Room("tasks/one")
		if err != nil {
			t.Fatal(err)
		}
		_ = ask("tasks/one")
		if again, _ := r.host.store.Room("tasks/one"); again == handle {
			t.Error("the store remembers the name")
		}
		r.stop()
		allowed = true
		broken := func(*board, *records.Ctx) error { return errors.New("no such list") }
		r.cfg.Kinds = []records.Kind{records.Define("tasks", records.Room[board]{
			Create: broken,
			Schedules: []records.Scheduled[board]{
				records.Run(func(b *board) *records.Schedule[remind] { return &b.Reminders }, func(*board, *records.Ctx, remind) error { return nil }),
			},
		})}
		r.start()
		if err := ask("tasks/two"); err == nil {
			t.Error("a room without its first data opened")
		}
		r.host.mu.Lock()
		defer r.host.mu.Unlock()
		if len(r.host.refused) != 0 {
			t.Errorf("%v is remembered", r.host.refused)
		}
	})
}
