package reliable

import (
	"runtime"
	"testing"
)

// pair is two lanes without a network: what one outputs is kept for the other.
type pair struct {
	lanes [2]*Lane
	out   [2][][]byte // on their way to a lane
	free  [][]byte
	got   int
}

func newPair() *pair {
	p := &pair{}
	for i := range p.lanes {
		p.lanes[i] = New(Config{Conversation: 7, Output: func(segments []byte) {
			var buf []byte
			if n := len(p.free); n > 0 {
				buf, p.free = p.free[n-1], p.free[:n-1]
			}
			p.out[1-i] = append(p.out[1-i], append(buf[:0], segments...))
		}})
	}
	return p
}

// exchange delivers until nothing is on its way.
func (p *pair) exchange() {
	receive := func([]byte) error { p.got++; return nil }
	for len(p.out[0])+len(p.out[1]) > 0 {
		for i := range p.out {
			for len(p.out[i]) > 0 {
				last := len(p.out[i]) - 1
				buf := p.out[i][last]
				p.out[i] = p.out[i][:last]
				if err := p.lanes[i].Input(buf, receive); err != nil {
					panic(err)
				}
				p.free = append(p.free, buf)
			}
		}
	}
}

// message sends one and has it acknowledged. KCP sends once in 10 ms, so many
// updates may be needed.
func (p *pair) message(head, body []byte) {
	if err := p.lanes[0].Send(head, body); err != nil {
		panic(err)
	}
	p.lanes[0].Pump(1 << 20)
	for p.lanes[0].Busy() {
		p.lanes[0].Update()
		p.exchange()
	}
}

// TestAllocations: what is left are kcp-go's own, which boxes each segment that
// it receives (twice) and each buffer that it gives back (twice).
func TestAllocations(t *testing.T) {
	p := newPair()
	head, body := make([]byte, 8), make([]byte, 100)
	p.message(head, body)
	const most = 6
	if n := testing.AllocsPerRun(30, func() { p.message(head, body) }); n > most {
		t.Errorf("%v allocations a message, sent and acknowledged, want at most %d", n, most)
	}
	if n := testing.AllocsPerRun(1000, func() {
		p.lanes[0].Busy()
		p.lanes[0].Pump(1000)
		p.lanes[0].Update()
	}); n > 0 {
		t.Errorf("%v allocations of a quiet lane, want 0", n)
	}
}

// TestMemory: an unused lane is its struct; one that has been used and is quiet
// again has KCP's rings and buffers, and no message.
func TestMemory(t *testing.T) {
	const lanes = 200
	measure := func(use bool) int {
		all := make([]*pair, lanes)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range all {
			all[i] = newPair()
			if use {
				all[i].lanes[0].Send(make([]byte, 20_000), nil)
				all[i].lanes[0].Pump(1 << 20)
				all[i].exchange()
				all[i].out, all[i].free = [2][][]byte{}, nil
			}
		}
		runtime.GC()
		runtime.GC() // the second one empties kcp-go's pool
		runtime.ReadMemStats(&after)
		runtime.KeepAlive(all)
		return int(after.HeapAlloc-before.HeapAlloc) / (2 * lanes)
	}
	unused, used := measure(false), measure(true)
	t.Logf("%d bytes a lane that is not used, %d of one that is quiet", unused, used)
	if unused > 600 {
		t.Errorf("an unused lane takes %d bytes, want at most 600", unused)
	}
	if used > 23_000 {
		t.Errorf("a quiet lane takes %d bytes, want at most 23,000", used)
	}
}

func BenchmarkQuietUpdate(b *testing.B) {
	p := newPair()
	p.message(make([]byte, 8), make([]byte, 100))
	p.lanes[0].Send(make([]byte, 8), nil) // lost: there is something to watch
	p.lanes[0].Pump(1 << 10)
	p.lanes[0].air.quickest = 1 << 20 // on a line so long that nothing is due
	for b.Loop() {
		p.lanes[0].Update()
	}
}

func BenchmarkInput(b *testing.B) {
	lane := New(Config{Conversation: 7, Output: func([]byte) {}})
	packet := push(0, "\x64"+string(make([]byte, 100))).append(nil)
	number := uint32(0)
	b.ReportAllocs()
	for b.Loop() {
		packet[12], packet[13], packet[14], packet[15] = byte(number), byte(number>>8), byte(number>>16), byte(number>>24)
		number++
		if err := lane.Input(packet, func([]byte) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
