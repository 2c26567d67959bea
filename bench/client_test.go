//go:build linux

package main

import (
	"bytes"
	"testing"
	"time"
)

func TestFrames(t *testing.T) {
	long := append([]byte{0x82, 126, 1, 0}, bytes.Repeat([]byte{7}, 256)...)
	stream := append(append([]byte{0x82, 2, 5, 6}, long...), 0x89, 0)
	var sizes []int
	rest := stream
	for {
		_, payload, after, ok := frame(rest)
		if !ok {
			break
		}
		sizes, rest = append(sizes, len(payload)), after
	}
	if len(rest) != 0 || len(sizes) != 3 || sizes[0] != 2 || sizes[1] != 256 || sizes[2] != 0 {
		t.Errorf("payloads of %v bytes, %d bytes left", sizes, len(rest))
	}
	for n := range long {
		if _, _, after, ok := frame(long[:n]); ok || len(after) != n {
			t.Errorf("a frame was found in its first %d bytes", n)
		}
	}
}

func TestFlight(t *testing.T) {
	var f flight
	var d delays
	ms := func(n int) instant { return instant(time.Duration(n) * time.Millisecond) }
	for n := range 10 {
		f.push(uint32(n+1), ms(n))
	}
	f.landed(4, ms(10), &d)
	if d.count != 4 || f.count != 6 {
		t.Errorf("%d landed, %d are under way", d.count, f.count)
	}
	f.landed(4, ms(20), &d)
	f.landed(10, ms(20), &d)
	if d.count != 10 || f.count != 0 {
		t.Errorf("%d landed, %d are under way", d.count, f.count)
	}
	if got := d.quantile(1); got < 16 || got > 16.2 {
		t.Errorf("the slowest took %v ms, want 16", got)
	}
	for n := range 2 * flightSize {
		f.push(uint32(n+100), ms(n))
	}
	f.landed(1000, ms(200), &d)
	if d.count != 10+flightSize {
		t.Errorf("%d landed, want those that fit", d.count-10)
	}
}

func TestTickRate(t *testing.T) {
	var s ticks
	for n := range 41 {
		s.frame(uint32(100+n), instant(time.Duration(n)*50*time.Millisecond))
	}
	if got := s.hz(); got != 20 {
		t.Errorf("%v Hz, want 20", got)
	}
	if s.reset(); s.hz() != 0 || s.next() != 141 {
		t.Errorf("after a reset %v Hz, next frame is %d", s.hz(), s.next())
	}
}

func TestColyseusPatch(t *testing.T) {
	patch := []byte{
		255, 3, 0x81, 0, 0, 128, 63, 2, 0, 0, 0, 64, // a player with a new x (added) and y (replaced)
		255, 0xcd, 1, 1, 8, 5, 0, 2, 0, // another with an acknowledgement: input 5 of client 2
	}
	for name, c := range map[string]struct {
		patch  []byte
		errors int64
		landed int64
	}{
		"whole":               {patch, 0, 1},
		"cut":                 {patch[:len(patch)-1], 1, 0},
		"a deleted field":     {[]byte{255, 3, 0x41}, 1, 0},
		"a name":              {[]byte{255, 3, 7, 0, 0, 0, 0}, 1, 0},
		"an unknown field":    {[]byte{255, 3, 9, 0, 0, 0, 0}, 1, 0},
		"half a reference":    {[]byte{255, 0xce, 1}, 1, 0},
		"no reference at all": {[]byte{255}, 1, 0},
	} {
		l := &load{}
		p := &colyseusPlayer{index: 2}
		p.sent.push(2<<16|5, 0)
		p.patch(&client{load: l}, c.patch)
		if l.errors != c.errors || l.delays.count != c.landed {
			t.Errorf("%s: %d errors, %d landed; want %d, %d", name, l.errors, l.delays.count, c.errors, c.landed)
		}
	}
}
