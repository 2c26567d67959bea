package host

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/persistence/store"
)

// crowd is some peers in one room, of which the last only reads. In a room that
// waits for the disk it may not do more; in another one it gives back what a
// crash has taken from the server.
type crowd struct {
	*rig
	peers  []*peer
	random *rand.Rand
	marks  int
}

func newCrowd(r *rig, random *rand.Rand, n int, durable bool) *crowd {
	c := &crowd{rig: r, random: random}
	for i := range n {
		c.peers = append(c.peers, r.peer(fmt.Sprintf("p%d", i), uint64(i+1), i%2 == 0))
	}
	reader := "eve"
	if !durable {
		reader = "zoe"
	}
	c.peers = append(c.peers, r.peer(reader, 99, true))
	return c
}

func (c *crowd) reader() *peer { return c.peers[len(c.peers)-1] }

// change is some edit.
func (c *crowd) change(d *yjs.Doc, tx *yjs.Tx) error {
	c.marks++
	text := d.Text("text")
	switch n := text.Len(); c.random.IntN(6) {
	case 0:
		return d.Map("map").Set(tx, string(rune('a'+c.random.IntN(4))), c.marks)
	case 1:
		return d.Map("map").Delete(tx, string(rune('a'+c.random.IntN(4))))
	case 2:
		if n > 3 {
			at := c.random.IntN(n - 2)
			return text.Delete(tx, at, 1+c.random.IntN(2))
		}
		fallthrough
	default:
		return text.Insert(tx, c.random.IntN(n+1), fmt.Sprintf("<%d>", c.marks))
	}
}

// step does something.
func (c *crowd) step() {
	p := c.peers[c.random.IntN(len(c.peers))]
	switch c.random.IntN(12) {
	case 0:
		p.lose()
	case 1, 2:
		if p.seat == nil {
			_ = p.connect("notes/a") // the store may have failed
		}
	case 3, 4, 5:
		if p != c.reader() {
			p.edit(func(tx *yjs.Tx) error { return c.change(p.doc, tx) })
		}
	case 6:
		_ = c.host.Transact(c.t.Context(), "notes/a", func(d *yjs.Doc, tx *yjs.Tx) error { return c.change(d, tx) })
	case 7:
		time.Sleep(time.Duration(c.random.IntN(100)) * time.Millisecond)
	case 8:
		if c.random.IntN(4) == 0 {
			time.Sleep(2 * time.Minute)
		}
	default:
		if c.random.IntN(3) == 0 {
			synctest.Wait()
		}
		p.receive(c.random.IntN(4))
	}
}

// meet connects everybody and lets them finish. Then all hold the same.
func (c *crowd) meet() {
	c.t.Helper()
	for _, p := range c.peers {
		p.lose()
		if err := p.connect("notes/a"); err != nil {
			c.t.Fatal(err)
		}
	}
	settle(c.peers...)
	c.peers[0].typed(".") // perhaps the first edit of all
	settle(c.peers...)
	var want []byte
	c.server("notes/a", func(d *yjs.Doc) { want = d.EncodeState(nil) })
	for _, p := range c.peers {
		if p.seat == nil {
			c.t.Fatalf("%s was closed with %v", p.name, p.link.code())
		}
		if got := p.doc.EncodeState(nil); !bytes.Equal(got, want) {
			c.t.Errorf("%s holds another document: %q, not %q", p.name, p.text(), c.text("notes/a"))
		}
	}
}

func TestRapidPeersConverge(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		seed, durable := rapid.Uint64().Draw(rt, "seed"), rapid.Bool().Draw(rt, "durable")
		steps, peers := rapid.IntRange(20, 150).Draw(rt, "steps"), rapid.IntRange(2, 4).Draw(rt, "peers")
		n++
		synctest.Test(t, func(t *testing.T) {
			r := newSeeded(t, fmt.Sprint(dir, "/", n), seed, durable)
			c := newCrowd(r, rand.New(rand.NewPCG(seed, 1)), peers, durable)
			for range steps {
				c.step()
			}
			c.meet()
			r.stop()
		})
		if t.Failed() {
			rt.Fatalf("seed %d", seed)
		}
	})
}

// TestCrashes ends the process at each point of a commit, in rooms that wait for
// the disk and in others. What the reader saw in a room that waits is there
// after the restart, although the reader has nothing to send; and everybody
// meets again.
func TestCrashes(t *testing.T) {
	points := []string{"store.append", "journal.append.write", "journal.append.written", "journal.append.durable", "store.appended"}
	for _, point := range points {
		if !slices.Contains(store.FaultPoints(), point) {
			t.Fatalf("there is no point %s", point)
		}
	}
	dir, crashes := t.TempDir(), 0
	for seed := range uint64(20) {
		for _, durable := range []bool{true, false} {
			t.Run(fmt.Sprint(seed, durable), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					crashes += crash(t, fmt.Sprint(dir, "/", seed, durable), seed, points[seed%5], durable)
				})
			})
		}
	}
	if crashes < 40 {
		t.Errorf("only %d crashes", crashes)
	}
}

func newSeeded(t *testing.T, dir string, seed uint64, durable bool) *rig {
	r := &rig{t: t, dir: dir, sim: simDisk(seed), cfg: Config{Kinds: []canvas.Kind{notes(durable)}}}
	r.opts.FS = r.sim
	r.start()
	return r
}

func crash(t *testing.T, dir string, seed uint64, point string, durable bool) (crashes int) {
	random := rand.New(rand.NewPCG(seed, 2))
	r := &rig{t: t, dir: dir, sim: simDisk(seed), cfg: Config{Kinds: []canvas.Kind{notes(durable)}}}
	var armed atomic.Int32 // times that the point is passed until the crash
	after := random.IntN(2)
	r.opts.FS = r.sim
	r.opts.Fault = func(at string) { // called by the committer only, at these points
		if at == point && armed.Add(-1) == 0 {
			r.sim.CrashAfter(after)
		}
	}
	r.start()
	c := newCrowd(r, random, 3, durable)
	for range 3 {
		synctest.Wait()
		armed.Store(1 + int32(random.IntN(20)))
		for range 150 {
			c.step()
		}
		synctest.Wait()
		armed.Store(0)
		for _, p := range c.peers {
			p.receive(-1)
			p.lose()
		}
		synctest.Wait()
		if !r.stop() {
			r.sim.Crash()
			crashes++
		}
		r.start()
		if durable {
			c.survived()
		}
	}
	c.meet()
	c.survived()
	r.stop()
	return crashes
}

// survived compares what the reader has seen with what is there.
func (c *crowd) survived() {
	c.t.Helper()
	err := c.host.Read(c.t.Context(), "notes/a", func(d *yjs.Doc) error {
		there := d.State()
		for client, clock := range c.reader().doc.State() {
			if there[client] < clock {
				c.t.Errorf("of client %d the reader saw %d, there are %d", client, clock, there[client])
			}
		}
		return nil
	})
	if err != nil && !(errors.Is(err, errNoRoom) && len(c.reader().doc.State()) == 0) {
		c.t.Error(err)
	}
}
