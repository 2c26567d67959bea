package host

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// TestLeavingEndsHoweverTheConnectionEnds: a room that everybody has left closes,
// also if Left never reached a client, or if it left before it was in.
func TestLeavingEndsHoweverTheConnectionEnds(t *testing.T) {
	open := func(r *rig) *Seat {
		seat, err := r.host.Open(r.t.Context(), OpenRequest{Room: "notes/a", User: canvas.User{ID: "ann"}})
		if err != nil {
			r.t.Fatal(err)
		}
		return seat
	}
	cases := map[string]func(r *rig){
		"Left waits behind what the client does not read": func(r *rig) {
			ann := r.peer("ann", 1, false).mustConnect("notes/a")
			ann.link.stop(true)
			ann.link.mu.Lock()
			ann.link.pending = linkLimit + 1
			ann.link.mu.Unlock()
			ann.seat.Leave()
			synctest.Wait()
			ann.seat.Leave()
			ann.link.Close(0, "")
			ann.seat.Lost()
		},
		"before Enter": func(r *rig) {
			seat := open(r)
			seat.Leave()
			if err := seat.Enter(&fakeLink{}); err == nil {
				t.Error("who has left enters")
			}
			seat.Lost()
		},
		"never entered": func(r *rig) {
			seat := open(r)
			seat.Leave()
			seat.Lost()
		},
		"at once": func(r *rig) {
			seat := open(r)
			if err := seat.Enter(&fakeLink{}); err != nil {
				t.Error(err)
			}
			seat.Leave()
			seat.Lost()
		},
	}
	for name, leave := range cases {
		t.Run(name, func(t *testing.T) {
			run(t, Config{}, func(t *testing.T, r *rig) {
				leave(r)
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				if n := r.host.Totals(); n.Rooms != 0 {
					t.Errorf("the room stays open with %d connections", n.Connections)
				}
			})
		})
	}
}

// TestRenewalsOfOneSeatTakeOnePlace: a client that shows tokens again and again
// does not keep others from being asked about.
func TestRenewalsOfOneSeatTakeOnePlace(t *testing.T) {
	var asked, running atomic.Int32
	kind := canvas.Define("notes", canvas.Room{Role: func(_ context.Context, _ string, u canvas.User) (canvas.Role, error) {
		asked.Add(1)
		if running.Add(1) > 2 {
			t.Error("the hook runs for one seat more than once at a time")
		}
		defer running.Add(-1)
		time.Sleep(time.Second)
		return roleOf(context.Background(), "", u)
	}})
	run(t, Config{Kinds: []canvas.Kind{kind}, Asking: 2}, func(t *testing.T, r *rig) {
		ann, bob := r.peer("ann", 1, false).mustConnect("notes/a"), r.peer("bob", 2, false).mustConnect("notes/a")
		bob.typed("bob")
		settle(ann, bob)
		asked.Store(0)
		for range 10_000 {
			ann.seat.Renew(canvas.User{ID: "ann"})
		}
		ann.seat.Renew(canvas.User{ID: "eve"})
		bob.seat.Renew(canvas.User{ID: "nobody"})
		time.Sleep(1500 * time.Millisecond)
		settle(ann, bob)
		if bob.left != schema.CodeForbidden || ann.link.code() != 0 || bob.link.code() != 0 {
			t.Errorf("bob left with %v, ann closed with %v, bob with %v", bob.left, ann.link.code(), bob.link.code())
		}
		time.Sleep(time.Minute)
		ann.typed("x")
		settle(ann)
		if n := asked.Load(); n != 3 || r.text("notes/a") != "bob" {
			t.Errorf("asked %d times; the newest token counts: %q", n, r.text("notes/a"))
		}
	})
}

// TestLongEditsAreKept: the store takes no value of more than 16 MiB.
func TestLongEditsAreKept(t *testing.T) {
	run(t, Config{Kinds: []canvas.Kind{canvas.Define("notes", canvas.Room{Durable: true, MaxBytes: 256 << 20})}}, func(t *testing.T, r *rig) {
		long := strings.Repeat("x", 20<<20)
		ann := r.peer("ann", 1, false).mustConnect("notes/a")
		ann.typed("before")
		insert := func(s string) {
			err := r.host.Transact(t.Context(), "notes/a", func(d *yjs.Doc, tx *yjs.Tx) error {
				return d.Text("text").Insert(tx, 0, s)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		insert(long)
		insert("after")
		ann.lose()
		r.stop()
		r.start()
		if got := r.text("notes/a"); got != "after"+long+"before" {
			t.Errorf("%d bytes were kept", len(got))
		}
	})
}

// TestARoomIsParkedOnce: messages that come while the disk is behind wake it.
func TestARoomIsParkedOnce(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.peer("ann", 1, true).mustConnect("notes/a").lose()
		a := r.host.all()[0]
		for range 2 {
			r.host.mu.Lock()
			r.host.parked = append(r.host.parked, &room{host: r.host}) // keeps the store's goroutine away
			r.host.mu.Unlock()
			for range 100 {
				r.host.park(a)
			}
			r.host.mu.Lock()
			n := len(r.host.parked)
			r.host.parked, a.parked = nil, false
			r.host.mu.Unlock()
			if n != 2 {
				t.Errorf("%d rooms are parked", n)
			}
		}
	})
}
