//go:build linux

package main

import (
	"testing"
	"time"
)

// TestKCPLines lets two ends talk to each other, and loses datagrams.
func TestKCPLines(t *testing.T) {
	a, b := kcpLine{conversation: 7}, kcpLine{conversation: 7}
	var got []byte
	take := func(m []byte) { got = append(got, m...) }
	give := func(to *kcpLine, d []byte) {
		t.Helper()
		if !to.input(append([]byte(nil), d...), take) {
			t.Fatal("a datagram is not whole")
		}
	}
	var now instant
	give(&b, a.push([]byte("a"), now))
	a.push([]byte("b"), now) // lost
	give(&b, a.push([]byte("c"), now))
	if string(got) != "a" {
		t.Fatalf("%q came", got)
	}
	acks, more := b.flush(now)
	if give(&a, acks); more || len(a.sent) != 2 {
		t.Errorf("%d messages wait for an acknowledgement, want 2", len(a.sent))
	}
	now += instant(kcpResend + time.Millisecond)
	again, more := a.flush(now)
	if give(&b, again); string(got) != "abc" || !more {
		t.Errorf("%q came", got)
	}
	give(&b, again) // repeated by the network
	give(&a, b.push([]byte("!"), now))
	if string(got) != "abc!" || len(a.sent) != 0 {
		t.Errorf("%q came, %d messages wait for an acknowledgement", got, len(a.sent))
	}
	if out, more := a.flush(now); len(out) != kcpHeader || more {
		t.Errorf("%d bytes to acknowledge one message", len(out))
	}
}

func TestKCPRefuses(t *testing.T) {
	a, b := kcpLine{conversation: 7}, kcpLine{conversation: 8}
	whole := append([]byte(nil), a.push([]byte("abc"), 0)...)
	none := func([]byte) { t.Error("a message came") }
	for n := 1; n < len(whole); n++ {
		if a.input(whole[:n], none) {
			t.Errorf("%d of %d bytes are whole", n, len(whole))
		}
	}
	if b.input(whole, none) {
		t.Error("a segment of another conversation is taken")
	}
}
