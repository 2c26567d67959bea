//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parlor-server/parlor/persistence/store"
)

// crashPlan tells a child what its life is to be. It travels as JSON.
type crashPlan struct {
	Folder, Diary, Grave string
	Seed                 uint64
	Life                 int
	Rooms, Writers       int
	Window               time.Duration // of writing; then it closes the store if it is to, else it waits to be killed
	Close                bool

	Point   string // where it kills itself; "": nowhere
	Hit     int    // the how manieth time it gets there, from 1
	Quota   int64  // bytes that the journal may grow by; negative: any
	BadSync int    // syncs of the journal until one fails; negative: none

	SegmentBytes, CheckpointBytes int64
	CheckpointEvery, Retention    time.Duration
}

// What a child tells.
const (
	crashSaysRoom      = 'r' // what it found in a room
	crashSaysOpened    = 'o' // all rooms were told
	crashSaysConfirmed = 'c' // a commit is durable
	crashSaysKilled    = 'k' // it is at its point and ends
	crashSaysFailed    = 'f' // the store has failed or cannot be opened
	crashSaysBroken    = 'b' // a promise of the store was broken
	crashSaysClosed    = 'e'
)

// crashMessage is one thing that a child tells.
type crashMessage struct {
	Kind       byte
	Room       int
	Seq, Floor uint64
	Text       string // of an error; of a room: why it is not served
	Records    []crashRecord
	Changes    []crashRecord
}

// crashRecord is a record or an entry of the change log.
type crashRecord struct {
	Space   store.Space
	Key     string
	Seq     uint64
	Value   []byte
	Removed bool
}

// crashChild is a process whose end is near.
type crashChild struct {
	plan  crashPlan
	store *store.Store
	hits  atomic.Int64 // of the plan's point

	mu  sync.Mutex // guards out
	out *gob.Encoder

	failed atomic.Bool // an error was answered: nothing may be confirmed any more
}

// serveCrash is the hidden command of the child.
func serveCrash(_ context.Context, args []string) error {
	if len(args) != 1 {
		return errors.New("the plan is missing")
	}
	c := &crashChild{out: gob.NewEncoder(os.Stdout)}
	if err := json.Unmarshal([]byte(args[0]), &c.plan); err != nil {
		return fmt.Errorf("failed to read the plan: %w", err)
	}
	return c.live()
}

func (c *crashChild) say(m crashMessage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.out.Encode(m) // who listens may be gone
}

// fault ends the process as if somebody else did.
func (c *crashChild) fault(point string) {
	if point != c.plan.Point || c.hits.Add(1) != int64(c.plan.Hit) {
		return
	}
	c.say(crashMessage{Kind: crashSaysKilled, Text: point})
	_ = unix.Kill(os.Getpid(), unix.SIGKILL)
	select {}
}

func (c *crashChild) live() error {
	fs, err := newCrashDisk(c.plan.Diary, c.plan.Grave, c.plan.Quota, c.plan.BadSync)
	if err != nil {
		return err
	}
	c.store, err = store.Open(c.plan.Folder, store.Options{
		FS: fs, Fault: c.fault, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
		SegmentBytes: c.plan.SegmentBytes, CheckpointBytes: c.plan.CheckpointBytes, CheckpointEvery: c.plan.CheckpointEvery, Retention: c.plan.Retention,
	})
	if err != nil {
		c.say(crashMessage{Kind: crashSaysFailed, Text: err.Error()})
		return nil
	}
	next := make([]uint64, c.plan.Rooms)
	for i := range next {
		next[i] = c.tell(i) + 1
	}
	c.say(crashMessage{Kind: crashSaysOpened})
	var writers sync.WaitGroup
	until := time.Now().Add(c.plan.Window)
	for w := range c.plan.Writers {
		writers.Go(func() { c.write(w, next, until) })
	}
	writers.Wait()
	if !c.plan.Close {
		select {} // until it is killed
	}
	if err := c.store.Close(); err != nil {
		c.say(crashMessage{Kind: crashSaysFailed, Text: err.Error()})
		return nil
	}
	c.say(crashMessage{Kind: crashSaysClosed})
	return nil
}

// tell reads a whole room, its change log too. It returns the room's sequence,
// or the greatest one if the room is not to be written.
func (c *crashChild) tell(i int) uint64 {
	m := crashMessage{Kind: crashSaysRoom, Room: i}
	err := c.read(i, &m)
	if err != nil {
		m.Records, m.Changes, m.Text = nil, nil, err.Error()
		m.Seq = ^uint64(0) - 1
	}
	c.say(m)
	return m.Seq
}

func (c *crashChild) read(i int, m *crashMessage) error {
	r, err := c.store.Room(crashRoom(i))
	if err != nil {
		return err
	}
	m.Seq = r.Seq()
	spaces, err := r.Spaces()
	if err != nil {
		return err
	}
	for _, space := range spaces {
		err := r.Each(space, func(key, value []byte, seq uint64) error {
			m.Records = append(m.Records, crashRecord{Space: space, Key: string(key), Seq: seq, Value: append([]byte(nil), value...)})
			return nil
		})
		if err != nil {
			return err
		}
	}
	for {
		m.Floor, m.Changes = r.Floor(), m.Changes[:0]
		err := r.Changes(m.Floor-1, func(seq uint64, space store.Space, key []byte, removed bool) error {
			m.Changes = append(m.Changes, crashRecord{Space: space, Key: string(key), Seq: seq, Removed: removed})
			return nil
		})
		if !errors.Is(err, store.ErrPruned) { // a checkpoint has pruned since
			return err
		}
	}
}

// write commits to the rooms that are this writer's, a few commits in flight.
func (c *crashChild) write(w int, next []uint64, until time.Time) {
	random := rand.New(rand.NewPCG(c.plan.Seed^uint64(w), uint64(c.plan.Life)))
	flight := make(chan struct{}, 1+random.IntN(12))
	var batch store.Batch
	for time.Now().Before(until) && !c.failed.Load() {
		room := w + c.plan.Writers*random.IntN((c.plan.Rooms-w+c.plan.Writers-1)/c.plan.Writers)
		if next[room] == ^uint64(0) {
			time.Sleep(time.Millisecond) // it is in quarantine, maybe with all others
			continue
		}
		r, err := c.store.Room(crashRoom(room))
		if err != nil {
			c.refused(err)
			return
		}
		for range 1 + random.IntN(3) {
			c.fill(&batch, room, next[room])
			next[room]++
		}
		flight <- struct{}{}
		r.Commit(&batch, c.done(room, next[room]-1, flight))
		if random.IntN(20) == 0 {
			c.probe(r, next[room]-1)
		}
	}
	for range cap(flight) {
		flight <- struct{}{} // all were answered
	}
}

func (c *crashChild) fill(b *store.Batch, room int, seq uint64) {
	b.Begin(seq)
	for _, o := range crashTransaction(c.plan.Seed, c.plan.Life, room, seq) {
		if o.Removed {
			b.Delete(o.Space, o.Key)
		} else {
			b.Put(o.Space, o.Key, o.Value)
		}
	}
}

// done confirms a commit to the parent before anything else happens.
func (c *crashChild) done(room int, last uint64, flight <-chan struct{}) func(error) {
	return func(err error) {
		switch {
		case err != nil:
			c.refused(err)
		case c.failed.Load():
			c.say(crashMessage{Kind: crashSaysBroken, Text: fmt.Sprintf("%s %d was confirmed after an error", crashRoom(room), last)})
		default:
			c.say(crashMessage{Kind: crashSaysConfirmed, Room: room, Seq: last})
		}
		<-flight
	}
}

// refused notes the end of all confirmations.
func (c *crashChild) refused(err error) {
	if errors.Is(err, store.ErrOverloaded) {
		c.say(crashMessage{Kind: crashSaysBroken, Text: "a queue that cannot be full is full: " + err.Error()})
	}
	if !c.failed.Swap(true) {
		c.say(crashMessage{Kind: crashSaysFailed, Text: err.Error()})
	}
}

// probe reads a counter while others write and checkpoints run.
func (c *crashChild) probe(r *store.Room, want uint64) {
	value, seq, ok, err := r.Get(crashCounter, []byte("transactions"))
	if err != nil {
		return // failing is told by commits
	}
	if n, _ := binary.Uvarint(value); !ok || seq != want || n != want {
		c.say(crashMessage{Kind: crashSaysBroken, Text: fmt.Sprintf("%s reads counter %d of %d, committed was %d", r.Name(), n, seq, want)})
	}
}
