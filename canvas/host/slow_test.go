package host

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/internal/turns"
	"github.com/parlor-server/parlor/schema"
)

func TestSlowClientsAreEndedAndOthersAreNot(t *testing.T) {
	for _, stock := range []bool{true, false} {
		run(t, Config{BacklogBytes: 1 << 20}, func(t *testing.T, r *rig) {
			ann, bob, slow := r.peer("ann", 1, true).mustConnect("notes/a"), r.peer("bob", 2, true).mustConnect("notes/a"), r.peer("slow", 3, stock).mustConnect("notes/a")
			slow.link.stop(true)
			for range 8 {
				ann.typed(strings.Repeat("x", 100<<10))
				settle(ann, bob)
			}
			if got := slow.link.code(); got != 0 {
				t.Errorf("closed with %v although little waits", got)
			}
			slow.receive(1)
			slow.link.stop(false)
			time.Sleep(time.Second)
			settle(slow)
			if len(slow.text()) != 8*100<<10 {
				t.Errorf("after it reads again it has %d", len(slow.text()))
			}
			slow.link.stop(true)
			for range 15 {
				ann.typed(strings.Repeat("x", 100<<10))
				settle(ann, bob)
			}
			if got := slow.link.code(); got != schema.CodeSlowClient {
				t.Errorf("closed with %v", got)
			}
			if n := r.host.Stats().Slow.Load(); n != 1 {
				t.Errorf("%d clients were slow", n)
			}
			slow.lose()
			slow.mustConnect("notes/a")
			settle(slow)
			if slow.text() != ann.text() || bob.text() != ann.text() {
				t.Errorf("read %d and %d of %d", len(slow.text()), len(bob.text()), len(ann.text()))
			}
		})
	}
}

// TestLargeDocumentsCountOnce brings a document that is larger than what may
// wait to a client that reads slowly, while others write.
func TestLargeDocumentsCountOnce(t *testing.T) {
	run(t, Config{BacklogBytes: 1 << 20}, func(t *testing.T, r *rig) {
		ann := r.peer("ann", 1, true).mustConnect("notes/a")
		for range 4 {
			ann.typed(strings.Repeat("x", 1<<20))
		}
		settle(ann)
		slow := r.peer("slow", 3, false)
		if err := slow.connect("notes/a"); err != nil {
			t.Fatal(err)
		}
		slow.link.stop(true)
		synctest.Wait()
		for range 100 {
			ann.typed("more")
			settle(ann)
		}
		if got := slow.link.code(); got != 0 {
			t.Errorf("closed with %v", got)
		}
		slow.link.stop(false)
		time.Sleep(time.Second)
		settle(slow)
		if slow.text() != ann.text() {
			t.Errorf("read %d of %d", len(slow.text()), len(ann.text()))
		}
	})
}

func TestOverloadedRoomSaysSo(t *testing.T) {
	run(t, Config{InboxBytes: 2000}, func(t *testing.T, r *rig) {
		ann := r.peer("ann", 1, false).mustConnect("notes/a")
		room := ann.seat.room
		room.state.Store(turns.Queued) // as if other rooms were before it
		var err error
		for i := 0; err == nil; i++ {
			diff, _ := ann.doc.Transact(func(tx *yjs.Tx) error { return ann.doc.Text("text").Insert(tx, 0, "x") })
			err = ann.send(yjs.SyncUpdate, diff)
		}
		if !errors.Is(err, code(schema.CodeRateLimited)) {
			t.Error(err)
		}
		if err := room.do(t.Context(), nil); !errors.Is(err, code(schema.CodeRateLimited)) {
			t.Error(err)
		}
		r.peer("bob", 2, true).mustConnect("notes/b").typed("b")
		if got := r.text("notes/b"); got != "b" {
			t.Errorf("another room reads %q", got)
		}
		room.host.queue.Push(room)
		settle(ann)
		if got := r.text("notes/a"); got != ann.text() {
			t.Errorf("repaired to %q, not %q", got, ann.text())
		}
	})
}

// beat is a machine that offers a frame to everybody at 30 Hz while its document
// says so.
type beat struct {
	*canvas.Document
	conns []canvas.Conn
	at    time.Time
	taken int
	rests int
}

func (b *beat) Apply(now time.Time, op canvas.Op, out *canvas.Outbox) {
	switch op := op.(type) {
	case *canvas.Enter:
		b.conns = append(b.conns, op.Conn)
	case *canvas.Receive:
		b.at = now
	case *canvas.Rest:
		b.rests++
	case *canvas.Tick:
		if !b.at.IsZero() && !b.at.After(now) {
			b.at = b.at.Add(time.Second / 30)
			for _, c := range b.conns {
				if out.Offer(c, schema.Header{Kind: schema.KindCrowd}, schema.NewBuilder().Crowd(nil)) {
					b.taken++
				}
			}
		}
	}
	if _, own := op.(*canvas.Receive); !own {
		b.Document.Apply(now, op, out)
	}
}

func (b *beat) Next() time.Time {
	if next := b.Document.Next(); b.at.IsZero() || !next.IsZero() && next.Before(b.at) {
		return next
	}
	return b.at
}

func TestFramesAndRest(t *testing.T) {
	machine := &beat{}
	kind := canvas.NewKind("beats", canvas.Definition{Open: func(load canvas.Loader, o canvas.OpenOptions, _ *canvas.Outbox) (canvas.Machine, error) {
		var err error
		machine.Document, err = canvas.OpenDocument(load, o, canvas.Settings{})
		return machine, err
	}})
	run(t, Config{Kinds: []canvas.Kind{kind}, IdleAfter: time.Minute}, func(t *testing.T, r *rig) {
		ann, bob := r.peer("ann", 1, false).mustConnect("beats/a"), r.peer("bob", 2, false).mustConnect("beats/a")
		if err := r.peer("eve", 3, true).connect("beats/a"); !errors.Is(err, code(schema.CodeForbidden)) {
			t.Errorf("a stock client: %v", err)
		}
		if err := ann.seat.Receive(schema.Header{Kind: schema.KindLook}, nil); err != nil {
			t.Fatal(err)
		}
		bob.link.mu.Lock()
		bob.link.pending, bob.link.stuck = 1, true
		bob.link.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		if machine.taken < 29 || machine.taken > 31 {
			t.Errorf("%d frames were taken", machine.taken)
		}
		machine.at = time.Time{}
		bob.link.stop(false)
		ann.lose()
		bob.lose()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := r.host.Totals().Rooms; n != 0 || machine.rests != 1 {
			t.Errorf("%d rooms, %d rests", n, machine.rests)
		}
	})
}
