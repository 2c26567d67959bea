package yjs

import (
	"bytes"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
)

// TestMutatedUpdates applies updates of yjs with bytes changed, removed, repeated
// and exchanged between them, to documents with a history: many more than the
// fuzzer can, and sooner deep in the document, but blindly. YJS_MUTATIONS says
// how many, YJS_SEED from where on.
func TestMutatedUpdates(t *testing.T) {
	number := func(name string, otherwise int) int {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			return n
		}
		return otherwise
	}
	left, seed := number("YJS_MUTATIONS", 20_000), number("YJS_SEED", 1)
	m := mutator{t: t, histories: golden(t)}
	for ; left > m.executions; seed++ {
		m.random = rand.New(rand.NewPCG(uint64(seed), 0))
		m.seed = seed
		m.run()
	}
	t.Logf("%d executions, %d applied, to seed %d", m.executions, m.applied, seed-1)
}

type mutator struct {
	t                   *testing.T
	histories           []history
	random              *rand.Rand
	seed                int
	executions, applied int
}

// run is one document's life: a part of a history, with mutations between.
func (m *mutator) run() {
	h := m.histories[m.random.IntN(len(m.histories))]
	d, follower := New(1, Limits{Steps: 1 << 10}), New(2, Limits{})
	from := m.random.IntN(len(h.Updates))
	for i, update := range h.Updates[:min(len(h.Updates), from+8)] {
		m.apply(d, follower, update)
		for n := 0; i >= from && n < 40; n++ {
			m.apply(d, follower, m.mutate(update, h.Updates[m.random.IntN(len(h.Updates))]))
		}
	}
	check(m.t, d)
	check(m.t, follower)
	if a, b := d.EncodeState(nil), follower.EncodeState(nil); !bytes.Equal(a, b) {
		m.t.Fatalf("seed %d: the follower differs:\n%x\n%x", m.seed, a, b)
	}
}

func (m *mutator) apply(d, follower *Doc, update []byte) {
	m.executions++
	items, weight, logs := d.items, d.weight, len(d.logs)
	diff, err := d.Apply(update)
	if err != nil || diff == nil {
		if items != d.items || weight != d.weight || logs != len(d.logs) {
			m.t.Fatalf("seed %d: %v, but %x left a trace", m.seed, err, update)
		}
		if m.executions%16 == 0 {
			check(m.t, d)
		}
		return
	}
	m.applied++
	if _, err := follower.Apply(diff); err != nil {
		m.t.Fatalf("seed %d: the diff %x does not apply: %v", m.seed, diff, err)
	}
}

func (m *mutator) mutate(update, other []byte) []byte {
	b := bytes.Clone(update)
	for n := 1 + m.random.IntN(4); n > 0 && len(b) > 0; n-- {
		at := m.random.IntN(len(b))
		switch m.random.IntN(7) {
		case 0:
			b[at] = byte(m.random.Uint32())
		case 1:
			b[at] += byte(m.random.IntN(5)) - 2
		case 2:
			b[at] ^= 1 << m.random.IntN(8)
		case 3:
			b = append(b[:at], b[at+1:]...)
		case 4:
			b = append(b[:at+1], b[at:]...)
		case 5:
			length := m.random.IntN(min(16, len(b)-at) + 1)
			b = append(b[:at:at], append(bytes.Clone(b[at:at+length]), b[at:]...)...)
		case 6:
			cut := m.random.IntN(len(other))
			b = append(b[:at:at], other[cut:]...)
		}
	}
	return b
}
