package udp

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"
)

func TestForwardRingKeepsOrder(t *testing.T) {
	r := newForwardRing()
	if got := r.take(); got != nil {
		t.Errorf("an empty ring gave %d packets", len(got))
	}
	data := []byte("reused by the reader")
	for round := range 4 {
		for i := range 10 + 20*(round%2) {
			data = fmt.Appendf(data[:0], "packet %d of %d", i, round)
			if !r.push(data, addrOf(i)) {
				t.Fatal("not pushed")
			}
		}
		<-r.wake
		select {
		case <-r.wake:
			t.Error("a second token")
		default:
		}
		taken := r.take()
		if len(taken) != 10+20*(round%2) {
			t.Fatalf("%d packets", len(taken))
		}
		r.push([]byte("beside those taken"), addrOf(7))
		for i, d := range taken {
			if want := fmt.Sprintf("packet %d of %d", i, round); string(d.data) != want || d.addr != addrOf(i) {
				t.Errorf("%q from %v, want %q", d.data, d.addr, want)
			}
		}
		<-r.wake
		if taken = r.take(); len(taken) != 1 || string(taken[0].data) != "beside those taken" {
			t.Errorf("then %d packets", len(taken))
		}
	}
}

func TestForwardRingDropsWhenFull(t *testing.T) {
	r := newForwardRing()
	for i := range forwardSize + 3 {
		if pushed := r.push([]byte{byte(i)}, addrOf(i)); pushed != (i < forwardSize) {
			t.Fatalf("packet %d: pushed = %v", i, pushed)
		}
	}
	if n := r.dropped.Load(); n != 3 {
		t.Errorf("%d dropped", n)
	}
	taken := r.take()
	if len(taken) != forwardSize || taken[0].addr != addrOf(0) {
		t.Errorf("%d packets, the first from %v", len(taken), taken[0].addr)
	}
	if !r.push([]byte("again"), addrOf(1)) {
		t.Error("still full after take")
	}
	if r.push(make([]byte, maxDatagram+1), addrOf(1)) {
		t.Error("took a packet over the largest size")
	}
}

func TestForwardRingOfManyReaders(t *testing.T) {
	const readers, each = 4, 5000
	r := newForwardRing()
	var wait sync.WaitGroup
	var pushed [readers]int
	for reader := range readers {
		wait.Go(func() {
			data := make([]byte, 8)
			for i := range each {
				binary.BigEndian.PutUint32(data, uint32(reader))
				binary.BigEndian.PutUint32(data[4:], uint32(i))
				if r.push(data, addrOf(reader)) {
					pushed[reader]++
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()

	var took [readers]int
	last := [readers]int{-1, -1, -1, -1}
	take := func() {
		for _, d := range r.take() {
			reader, i := int(binary.BigEndian.Uint32(d.data)), int(binary.BigEndian.Uint32(d.data[4:]))
			if i <= last[reader] || d.addr != addrOf(reader) {
				t.Errorf("packet %d of reader %d after %d", i, reader, last[reader])
			}
			last[reader] = i
			took[reader]++
			clear(d.data) // the owner may change it
		}
	}
	for running := true; running; {
		select {
		case <-r.wake:
			take()
		case <-done:
			running = false
		}
	}
	take()
	if took != pushed {
		t.Errorf("took %v, pushed %v", took, pushed)
	}
	total := uint64(0)
	for _, n := range pushed {
		total += uint64(n)
	}
	if total+r.dropped.Load() != readers*each {
		t.Errorf("%d pushed and %d dropped of %d", total, r.dropped.Load(), readers*each)
	}
}

func TestForwardRingAllocatesNothing(t *testing.T) {
	r := newForwardRing()
	data, addr := make([]byte, 300), addrOf(1)
	allocs := testing.AllocsPerRun(100, func() {
		for range 20 {
			r.push(data, addr)
		}
		r.take()
		for range 20 {
			r.push(data, addr)
		}
		r.take()
	})
	if allocs != 0 {
		t.Errorf("%v allocations for 40 packets", allocs)
	}
}
