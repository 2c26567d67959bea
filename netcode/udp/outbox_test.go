package udp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"
)

// sinkSocket keeps copies of what is written to it.
type sinkSocket struct {
	socket
	mu      sync.Mutex
	packets []datagram
	calls   int
	gate    chan struct{} // if set, a write begins with sending to it
}

func (s *sinkSocket) write(batch []datagram) error {
	if s.gate != nil {
		s.gate <- struct{}{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for _, d := range batch {
		s.packets = append(s.packets, datagram{data: bytes.Clone(d.data), addr: d.addr})
	}
	return nil
}

func addrOf(n int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, byte(n >> 8), byte(n)}), 9)
}

func post(o *outbox, to netip.AddrPort, format string, args ...any) {
	o.commit(to, fmt.Appendf(o.reserve(), format, args...))
}

func TestOutboxSendsInOrderAtOnce(t *testing.T) {
	sink := &sinkSocket{}
	o := newOutbox(sink)
	o.flush()
	if sink.calls != 0 {
		t.Error("an empty outbox was sent")
	}
	for round := range 3 {
		for i := range 5 {
			post(o, addrOf(i), "packet %d of %d", i, round)
		}
		if len(sink.packets) != 5*round {
			t.Error("sent before the flush")
		}
		o.flush()
	}
	if sink.calls != 3 {
		t.Errorf("%d calls for three flushes", sink.calls)
	}
	for i, d := range sink.packets {
		if want := fmt.Sprintf("packet %d of %d", i%5, i/5); string(d.data) != want || d.addr != addrOf(i%5) {
			t.Errorf("%q to %v, want %q", d.data, d.addr, want)
		}
	}
}

func TestOutboxFlushesWhenFull(t *testing.T) {
	sink := &sinkSocket{}
	o := newOutbox(sink)
	for i := range outboxSize + 1 {
		post(o, addrOf(i), "%d", i)
	}
	if sink.calls != 1 || len(sink.packets) != outboxSize {
		t.Errorf("%d calls, %d packets, want 1 and %d", sink.calls, len(sink.packets), outboxSize)
	}
	o.flush()
	if len(sink.packets) != outboxSize+1 {
		t.Errorf("%d packets", len(sink.packets))
	}
	for i, d := range sink.packets {
		if string(d.data) != fmt.Sprint(i) || d.addr != addrOf(i) {
			t.Fatalf("packet %d is %q to %v", i, d.data, d.addr)
		}
	}
}

func TestOutboxUsesBuffersAgain(t *testing.T) {
	o := newOutbox(&sinkSocket{})
	first := o.reserve()
	if len(first) != 0 || cap(first) != maxDatagram {
		t.Fatalf("reserved %d of %d bytes", len(first), cap(first))
	}
	o.release(first)
	second := o.reserve()
	if &first[:1][0] != &second[:1][0] {
		t.Error("a released buffer was not used again")
	}
	o.commit(addrOf(1), append(second, "sent"...))
	if third := o.reserve(); &third[:1][0] == &second[:1][0] {
		t.Fatal("a committed buffer was used before it was sent")
	}
	o.flush()
	if third := o.reserve(); &third[:1][0] != &second[:1][0] {
		t.Error("a sent buffer was not used again")
	}
	foreign := make([]byte, 10, 100) // not from reserve: sent, never reused
	o.commit(addrOf(1), foreign)
	o.flush()
	if fourth := o.reserve(); cap(fourth) != maxDatagram {
		t.Errorf("reserved %d bytes", cap(fourth))
	}
}

// Whoever flushes while another goroutine sends does not wait, and what it
// committed is sent by the other one.
func TestOutboxFlushDoesNotWait(t *testing.T) {
	sink := &sinkSocket{gate: make(chan struct{})}
	o := newOutbox(sink)
	post(o, addrOf(1), "first")
	var sender sync.WaitGroup
	sender.Go(o.flush)
	for o.waiting.Load() != 0 { // until the sender has taken it
		runtime.Gosched()
	}
	post(o, addrOf(2), "second")
	o.flush() // would wait for the gate
	<-sink.gate
	<-sink.gate
	sender.Wait()
	if len(sink.packets) != 2 || sink.calls != 2 {
		t.Errorf("%d packets in %d calls", len(sink.packets), sink.calls)
	}
}

// The same, when the one that sends does so since the outbox was full.
func TestOutboxFullSendsForOthers(t *testing.T) {
	sink := &sinkSocket{gate: make(chan struct{})}
	o := newOutbox(sink)
	for i := range outboxSize {
		post(o, addrOf(i), "%d", i)
	}
	posted := make(chan struct{})
	go func() {
		post(o, addrOf(1), "one too many")
		close(posted)
	}()
	for o.waiting.Load() != 0 {
		runtime.Gosched()
	}
	post(o, addrOf(2), "beside it")
	o.flush() // finds the other one sending
	for {
		select {
		case <-sink.gate:
			continue
		case <-posted:
		}
		break
	}
	if len(sink.packets) != outboxSize+1 || string(sink.packets[outboxSize].data) != "beside it" {
		t.Errorf("%d packets were sent, want %d", len(sink.packets), outboxSize+1)
	}
	sink.gate = nil
	o.flush()
	if len(sink.packets) != outboxSize+2 {
		t.Errorf("%d packets in the end", len(sink.packets))
	}
}

func TestOutboxOfManyGoroutines(t *testing.T) {
	const posters, each = 8, 5000
	sink := &sinkSocket{}
	o := newOutbox(sink)
	var wait sync.WaitGroup
	for poster := range posters {
		wait.Go(func() {
			for i := range each {
				buf := o.reserve()[:8+i%100]
				binary.BigEndian.PutUint32(buf, uint32(poster))
				binary.BigEndian.PutUint32(buf[4:], uint32(i))
				for j := range buf[8:] {
					buf[8+j] = byte(poster)
				}
				if i%13 == 5 {
					o.release(o.reserve())
				}
				o.commit(addrOf(poster), buf)
				if i%7 == 0 {
					o.flush()
				}
			}
			o.flush()
		})
	}
	wait.Wait()
	var next [posters]uint32
	for _, d := range sink.packets {
		poster := int(binary.BigEndian.Uint32(d.data))
		if i := binary.BigEndian.Uint32(d.data[4:]); i != next[poster] || d.addr != addrOf(poster) {
			t.Fatalf("packet %d of poster %d to %v, want %d", i, poster, d.addr, next[poster])
		}
		next[poster]++
		for _, b := range d.data[8:] {
			if int(b) != poster {
				t.Fatalf("poster %d's packet holds bytes of %d", poster, b)
			}
		}
	}
	for poster, n := range next {
		if n != each {
			t.Errorf("%d packets of poster %d, want %d", n, poster, each)
		}
	}
	if n := o.waiting.Load(); n != 0 {
		t.Errorf("%d packets are left", n)
	}
}

func TestOutboxAllocatesNothing(t *testing.T) {
	from, to := openOne(t, "127.0.0.1:0", false), openOne(t, "127.0.0.1:0", false)
	o := newOutbox(from)
	in := make([]datagram, socketBatch)
	addr := to.localAddr()
	allocs := testing.AllocsPerRun(100, func() {
		for range 50 {
			o.commit(addr, append(o.reserve(), "some bytes"...))
		}
		o.flush()
		for got := 0; got < 50; {
			n, err := to.read(in)
			if err != nil {
				t.FailNow()
			}
			got += n
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations for 50 packets", allocs)
	}
	if allocs := testing.AllocsPerRun(100, o.flush); allocs != 0 {
		t.Errorf("%v allocations for an empty flush", allocs)
	}
}
