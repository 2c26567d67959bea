package host

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// fillTasks writes n tasks of about size bytes.
func (r *rig) fillTasks(n, size int) {
	r.t.Helper()
	err := records.Write(r.t.Context(), r.host, "tasks/main", func(b *board, _ *records.Ctx) error {
		for i := range n {
			if err := insert(b, task{ID: fmt.Sprintf("t%05d", i), Title: strings.Repeat("x", size)}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// TestSnapshotIsSentAsTheLinkTakesIt streams 2 MB to a client whose network
// stops, while another one is served.
func TestSnapshotIsSentAsTheLinkTakesIt(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.fillTasks(10_000, 200)
		slow, fast := r.open("tasks/main", "ann", "c1"), r.open("tasks/main", "bob", "c2")
		fast.subscribe(1, `{"limit":0}`)
		fast.link.take()
		slow.link.stop(true)
		slow.subscribe(1, "{}")
		time.Sleep(time.Second)
		before := bytesOf(slow.link.take())
		if before == 0 || before > linkLimit+2*partSize {
			t.Errorf("%d bytes went into a link that takes nothing", before)
		}
		fast.call("vote", vote{"t00001"})
		fast.expectReceipt(0)

		slow.link.stop(false)
		time.Sleep(time.Second)
		synctest.Wait()
		sent := slow.link.take()
		after := bytesOf(sent)
		if before+after < 2_000_000 {
			t.Errorf("%d bytes of the snapshot came", before+after)
		}
		checkParts(t, sent)
	})
}

func bytesOf(sent []message) (n int) {
	for _, m := range sent {
		n += len(m.body)
	}
	return n
}

// checkParts wants one snapshot's rest and then the delta that came meanwhile.
func checkParts(t *testing.T, sent []message) {
	t.Helper()
	var last uint64
	for i, m := range sent {
		d := fb.GetRootAsDelta(m.body, 0)
		if m.kind != schema.KindDelta || d.Seq() < last {
			t.Fatalf("message %d is %v at %d, after %d", i, m.kind, d.Seq(), last)
		}
		last = d.Seq()
		if part := m.flag&schema.DeltaPart != 0; part != (i < len(sent)-2) {
			t.Errorf("message %d of %d is a part: %v", i, len(sent), part)
		}
	}
}

// TestR14_3_SlowReaderGetsTheLastState stops one client's network while
// another changes one record again and again.
func TestR14_3_SlowReaderGetsTheLastState(t *testing.T) {
	run(t, Config{}, func(t *testing.T, r *rig) {
		r.fillTasks(50, 10)
		slow, fast := r.open("tasks/main", "ann", "c1"), r.open("tasks/main", "bob", "c2")
		slow.subscribe(1, "{}")
		slow.link.take()
		slow.link.stop(true)
		const rounds = 2000
		title := strings.Repeat("y", 1000)
		for range rounds {
			err := records.Write(t.Context(), r.host, "tasks/main", func(b *board, _ *records.Ctx) error {
				task, _ := b.Tasks.Get("t00001")
				task.Votes++
				task.Title = title[:900+task.Votes%100]
				return b.Tasks.Put(task)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if r.host.Stats().Paused.Load() == 0 {
			t.Error("the slow client was not paused")
		}
		slow.link.mu.Lock()
		closed := slow.link.closed
		slow.link.mu.Unlock()
		if closed != 0 {
			t.Fatalf("the slow client was given up with %v", closed)
		}
		fast.call("vote", vote{"t00001"})
		fast.expectReceipt(0)
		slow.link.stop(false)
		time.Sleep(time.Second)
		synctest.Wait()
		sent := slow.link.take()
		if n := len(sent); n >= rounds {
			t.Errorf("the slow client got all %d deltas", n)
		}
		last := fb.GetRootAsDelta(sent[len(sent)-1].body, 0)
		slow.call("vote", vote{"t00001"})
		sent = slow.expect(schema.KindDelta, schema.KindReceipt)
		if d := fb.GetRootAsDelta(sent[0].body, 0); d.From() > last.Seq()+1 {
			t.Errorf("after %d a delta from %d came", last.Seq(), d.From())
		}
	})
}
