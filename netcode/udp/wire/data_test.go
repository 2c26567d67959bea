package wire

import (
	"bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func packetOf(s *Sealer, kind Kind, plain string) []byte {
	buf := make([]byte, HeaderSize, MaxPacket)
	return s.Seal(append(buf, plain...), kind)
}

func TestDataPackets(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key, session := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")), rapid.Uint32().Draw(t, "session")
		s, o := NewSealer(key, session), NewOpener(key, session)
		for i := range rapid.IntRange(1, 5).Draw(t, "packets") {
			plain := rapid.SliceOfN(rapid.Byte(), 0, MaxPlain).Draw(t, "plain")
			kind := rapid.SampledFrom([]Kind{KindReliable, KindUnreliable, KindControl}).Draw(t, "kind")
			buf := append(make([]byte, HeaderSize, MaxPacket), plain...)
			packet := s.Seal(buf, kind)
			if &packet[0] != &buf[0] || len(packet) != HeaderSize+len(plain)+TagSize || len(packet) > MaxPacket {
				t.Fatalf("%d bytes of plaintext made %d, not in place", len(plain), len(packet))
			}
			gotKind, counter, got, err := o.Open(packet)
			if err != nil || gotKind != kind || counter != uint64(i+1) || !bytes.Equal(got, plain) {
				t.Fatalf("%v %d % x, %v", gotKind, counter, got, err)
			}
			if len(got) > 0 && &got[0] != &packet[HeaderSize] {
				t.Fatal("not in place")
			}
		}
	})
}

// The plaintext must not lie in the packet, in any kind.
func TestDataPacketsHide(t *testing.T) {
	p := packetOf(NewSealer(pattern32(1), 1), KindUnreliable, "attack at dawn")
	if bytes.Contains(p, []byte("attack")) {
		t.Error("the plaintext can be read")
	}
}

func TestDataPacketsAreRefused(t *testing.T) {
	key := pattern32(1)
	fresh := func() []byte { return packetOf(NewSealer(key, 7), KindControl, "hello") }
	for name, test := range map[string]struct {
		packet []byte
		opener *Opener
		want   error
	}{
		"good":               {fresh(), NewOpener(key, 7), nil},
		"empty":              {nil, NewOpener(key, 7), ErrTruncated},
		"a header only":      {fresh()[:HeaderSize+TagSize-1], NewOpener(key, 7), ErrTruncated},
		"cut by one":         {fresh()[:len(fresh())-1], NewOpener(key, 7), ErrForged},
		"one byte more":      {append(fresh(), 0), NewOpener(key, 7), ErrForged},
		"1201 bytes":         {append(fresh(), make([]byte, 1201-len(fresh()))...), NewOpener(key, 7), ErrTruncated},
		"another key":        {fresh(), NewOpener(pattern32(2), 7), ErrForged},
		"another session":    {fresh(), NewOpener(key, 8), ErrForged},
		"a handshake's kind": {append([]byte{byte(KindAccept)}, fresh()[1:]...), NewOpener(key, 7), ErrKind},
		"kind 19":            {append([]byte{19}, fresh()[1:]...), NewOpener(key, 7), ErrKind},
		"kind changed":       {append([]byte{byte(KindReliable)}, fresh()[1:]...), NewOpener(key, 7), ErrForged},
	} {
		if _, _, _, err := test.opener.Open(test.packet); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", name, err, test.want)
		}
		if test.want != nil && test.opener.Newest() != 0 {
			t.Errorf("%s: a refused packet was marked", name)
		}
	}
	for i := range len(fresh()) {
		b := fresh()
		b[i] ^= 0x80
		if _, _, _, err := NewOpener(key, 7).Open(b); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
}

// A forged packet with a high counter must not move the window.
func TestForgeryMovesNothing(t *testing.T) {
	s, o := NewSealer(pattern32(1), 7), NewOpener(pattern32(1), 7)
	first := packetOf(s, KindControl, "first")
	forged := bytes.Clone(first)
	forged[5] = 0xff
	forged[12] = 0xff
	if _, _, _, err := o.Open(forged); !errors.Is(err, ErrForged) {
		t.Fatal(err)
	}
	forged = bytes.Clone(first)
	forged[20] ^= 1
	if _, _, _, err := o.Open(forged); !errors.Is(err, ErrForged) {
		t.Fatal(err)
	}
	if _, _, _, err := o.Open(first); err != nil {
		t.Errorf("the true packet after its forgery: %v", err)
	}
}

// The packet of counter 0 would be sealed as an Accept is.
func TestCounterZeroIsRefused(t *testing.T) {
	s, o := NewSealer(pattern32(1), 7), NewOpener(pattern32(1), 7)
	s.counter = ^uint64(0) // so that the next is 0
	if _, _, _, err := o.Open(packetOf(s, KindControl, "x")); !errors.Is(err, ErrReplayed) {
		t.Error(err)
	}
}

// The window is held to a set of all counters that were taken.
func TestReplayWindow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w window
		taken, newest := map[uint64]bool{}, uint64(0)
		for range rapid.IntRange(1, 200).Draw(t, "packets") {
			var counter uint64
			switch rapid.IntRange(0, 3).Draw(t, "how") {
			case 0:
				counter = newest + 1
			case 1:
				counter = newest + rapid.Uint64Range(0, 700).Draw(t, "ahead")
			case 2:
				counter = newest - min(newest, rapid.Uint64Range(0, 300).Draw(t, "behind"))
			default:
				counter = rapid.Uint64Range(0, 1<<40).Draw(t, "any")
			}
			want := counter == 0 || taken[counter] || counter < newest && newest-counter >= WindowSize
			if got := w.seen(counter); got != want {
				t.Fatalf("counter %d with newest %d: seen is %v", counter, newest, got)
			}
			if !want {
				w.mark(counter)
				taken[counter], newest = true, max(newest, counter)
			}
			if w.newest != newest {
				t.Fatalf("newest is %d, not %d", w.newest, newest)
			}
		}
	})
}

func TestHotPathsDoNotAllocate(t *testing.T) {
	s, o := NewSealer(pattern32(1), 7), NewOpener(pattern32(1), 7)
	buf, body := make([]byte, MaxPacket), make([]byte, 100)
	for name, run := range map[string]func(){
		"a packet sealed and opened": func() {
			plain := AppendMessage(buf[:HeaderSize], [8]byte{1}, body)
			_, _, got, err := o.Open(s.Seal(plain, KindUnreliable))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := NextMessage(got); err != nil {
				t.Fatal(err)
			}
		},
		"a replayed one": func() {
			p := s.Seal(buf[:HeaderSize+10], KindControl)
			p[5], p[6], p[7] = 0, 0, 0
			if _, _, _, err := o.Open(p); !errors.Is(err, ErrReplayed) {
				t.Fatal(err)
			}
		},
		"a forged one": func() {
			p := s.Seal(buf[:HeaderSize+10], KindControl)
			p[20]++
			if _, _, _, err := o.Open(p); !errors.Is(err, ErrForged) {
				t.Fatal(err)
			}
		},
		"a ping": func() {
			if _, err := ParseControl(AppendControl(buf[:0], Control{Type: ControlPing})); err != nil {
				t.Fatal(err)
			}
		},
	} {
		if n := testing.AllocsPerRun(200, run); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// A client can give its packets what counters it likes, up to the last there is.
func TestLastCounterThereIs(t *testing.T) {
	const last = ^uint64(0)
	for _, counters := range [][]uint64{{last - 1, last}, {last}, {1, last - 300, last - 100, last}, {last - 255, last}} {
		var w window
		for _, counter := range counters {
			if w.seen(counter) {
				t.Fatalf("%d counts as seen", counter)
			}
			w.mark(counter)
			if !w.seen(counter) || w.newest != counter {
				t.Errorf("%d was taken: the newest is %d", counter, w.newest)
			}
		}
		for _, counter := range []uint64{0, 1, last - 256} {
			if !w.seen(counter) {
				t.Errorf("%d is not too old", counter)
			}
		}
		if w.seen(last - 3) {
			t.Errorf("%d counts as seen", last-3)
		}
	}
}
