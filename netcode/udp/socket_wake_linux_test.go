package udp

import (
	"errors"
	"net"
	"sync"
	"testing"
)

// Each packet is sent only when the one before was read, around the moment when
// the reader stops being deaf: a wake-up that is lost stays lost.
func TestWakeLosesNone(t *testing.T) {
	const rounds = 20_000
	s := openOne(t, "127.0.0.1:0", false).(*fastSocket)
	client := dial(t, s.localAddr())
	turns := make(chan int, 1)
	var sender sync.WaitGroup
	sender.Go(func() {
		for turn := range turns {
			for range turn % 200 { // a little later each time
				_ = s.local.Addr().As16()
			}
			if _, err := client.Write([]byte{1}); err != nil {
				t.Error(err)
			}
		}
	})
	s.reader.want = 1
	for turn := range rounds {
		turns <- turn
		if turn%3 != 0 {
			s.wake.mute()
			if s.wake.watching {
				t.Fatal("packets still wake")
			}
		}
		if err := s.wake.until(s.reader.call); err != nil || s.reader.got != 1 {
			t.Fatalf("%v, %d packets", err, s.reader.got)
		}
	}
	close(turns)
	sender.Wait()
}

func TestWakeEndsWhenClosed(t *testing.T) {
	s := openOne(t, "127.0.0.1:0", false).(*fastSocket)
	for _, muted := range []bool{false, true} {
		var w wake
		if err := w.init(s.fd); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() {
			if muted {
				w.mute()
			}
			ended <- w.until(func() bool { return false })
		}()
		if err := w.close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Errorf("muted %v: %v", muted, err)
		}
		w.mute() // still allowed
		if err := w.close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("second close: %v", err)
		}
	}
}
