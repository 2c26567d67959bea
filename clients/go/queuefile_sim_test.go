package client

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/schema"
)

// queueModel is what a queue file must hold, by the writes' arguments.
type queueModel struct {
	random *rand.Rand
	tags   int
	client string
	number uint64
	must   []string        // pending for certain, in order
	open   map[string]bool // nobody knows: the disk went away meanwhile, or what ended them was not synced
}

// A power failure at any time, during a rewrite too, loses no write that was
// queued and brings back none that was not; a full disk refuses writes, and
// takes them again when there is room.
func TestR5_1_QueueFileSurvivesCrashes(t *testing.T) {
	for seed := range uint64(400) {
		sim := disk.NewSim(seed)
		if err := sim.MkdirAll("q", 0o700); err != nil {
			t.Fatal(err)
		}
		m := &queueModel{random: rand.New(rand.NewPCG(seed, 7)), open: map[string]bool{}}
		for life := range 6 {
			if m.random.IntN(2) == 0 {
				sim.CrashAfter(m.random.IntN(20))
			}
			if err := m.live(sim); err != nil {
				t.Fatalf("seed %d, life %d: %v", seed, life, err)
			}
			sim.Limit(-1)
			if m.random.IntN(3) == 0 {
				sim.Kill()
			} else {
				sim.Crash()
			}
		}
	}
}

// live is one program's life: it reads the file, and changes it until it ends.
func (m *queueModel) live(sim *disk.Sim) error {
	f, k, err := openQueue(sim, "q/queue", "board/main")
	if errors.Is(err, disk.ErrCrashed) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.close()
	if err := m.compare(k); err != nil {
		return err
	}
	for range m.random.IntN(30) {
		switch m.random.IntN(10) {
		case 0:
			sim.Limit(sim.Used() + int64(m.random.IntN(200)))
			continue
		case 1:
			sim.Limit(-1)
			continue
		case 2:
			err = f.rewrite(m.records())
			if err == nil {
				clear(m.open)
			}
		case 3, 4:
			err = m.done(f)
		default:
			err = m.queue(f)
		}
		if errors.Is(err, disk.ErrCrashed) {
			return nil
		}
		if f.err != nil {
			return fmt.Errorf("the file is given up: %w", f.err)
		}
	}
	return nil
}

func (m *queueModel) compare(k *kept) error {
	if m.client != "" && k.client != m.client {
		return fmt.Errorf("the client ID is %s, was %s", k.client, m.client)
	}
	m.client, m.number = k.client, k.number
	var all, certain []string
	for _, w := range k.pending {
		tag := string(w.args)
		all = append(all, tag)
		if !m.open[tag] {
			certain = append(certain, tag)
		}
	}
	if !slices.Equal(certain, m.must) {
		return fmt.Errorf("pending %v, want %v", certain, m.must)
	}
	m.must = all
	clear(m.open)
	return nil
}

func (m *queueModel) queue(f *queueFile) error {
	m.tags++
	tag := fmt.Sprintf("write %d %*s", m.tags, m.random.IntN(60), "")
	w := &write{number: m.number + 1, id: m.number + 1, args: []byte(tag)}
	err := f.append(true, queueRecord{kind: queueWrite, w: w, number: w.number, id: w.id})
	switch {
	case err == nil:
		m.number++
		m.must = append(m.must, tag)
	case errors.Is(err, disk.ErrCrashed):
		m.open[tag] = true
	}
	return err
}

func (m *queueModel) done(f *queueFile) error {
	if len(m.must) == 0 {
		return nil
	}
	records := m.records()[1:]
	err := f.append(false, queueRecord{kind: queueDone, number: records[0].number, id: records[0].id})
	if err == nil || errors.Is(err, disk.ErrCrashed) {
		m.open[m.must[0]] = true
		m.must = m.must[1:]
	}
	return err
}

// records are the file anew. Numbers are of no account but to tell writes apart.
func (m *queueModel) records() []queueRecord {
	list := []queueRecord{{kind: queueOwner, room: "board/main", client: m.client, number: m.number}}
	first := m.number - uint64(len(m.must))
	for i, tag := range m.must {
		n := first + uint64(i) + 1
		list = append(list, queueRecord{kind: queueWrite, number: n, id: n, w: &write{number: n, id: n, args: []byte(tag)}})
	}
	return list
}

// What a disk that is full for a while could not take is no end: the room goes
// on, and what was queued before is sent when it may be noted as sent.
func TestR5_1_AFullDiskPasses(t *testing.T) {
	sim := disk.NewSim(1)
	if err := sim.MkdirAll("q", 0o700); err != nil {
		t.Fatal(err)
	}
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{Queue: "q/queue", files: sim}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		s.mu.Lock()
		s.down = true
		s.mu.Unlock()
		s.hangUp()
		kept, err := r.Durable(items.Create(item{ID: "a"}))
		if err != nil {
			t.Fatal(err)
		}
		sim.Limit(sim.Used())
		if _, err := r.Durable(items.Create(item{ID: "b"})); err == nil {
			t.Fatal("a full disk took a write")
		}
		s.mu.Lock()
		s.down = false
		s.mu.Unlock()
		s.again()
		s.opening(schema.OpenedInfo{})
		s.silent()
		sim.Limit(-1)
		time.Sleep(pushPause)
		if m := s.mutated(); m.Id() != 1 {
			t.Errorf("pushed %d", m.Id())
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		if _, err := kept.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := r.Durable(items.Create(item{ID: "c"})); err != nil {
			t.Error(err)
		}
		if m := s.mutated(); m.Id() != 2 {
			t.Errorf("pushed %d", m.Id())
		}
	})
}
