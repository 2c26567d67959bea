package udp

import (
	"testing"

	"golang.org/x/sys/unix"
)

// hurry forgets that packets came fast: the next read does not pause.
func (s *fastSocket) hurry() { s.reader.pace = readPace{} }

func TestSocketSharesSystemCalls(t *testing.T) {
	const n = 3 * socketBatch
	from, to := openOne(t, "127.0.0.1:0", false), openOne(t, "127.0.0.1:0", false)
	var out []datagram
	for i := range n {
		out = append(out, datagram{data: []byte{byte(i)}, addr: to.localAddr()})
	}
	mustWrite(t, from, out...)
	if c := from.counts(); c.WriteCalls != 3 || c.Sent != n {
		t.Errorf("%d packets in %d calls", c.Sent, c.WriteCalls)
	}
	for i, d := range readAll(t, to, n) {
		if d.data[0] != byte(i) {
			t.Fatalf("packet %d holds %d", i, d.data[0])
		}
	}
	if c := to.counts(); c.ReadCalls > 10 {
		t.Errorf("%d packets in %d calls", c.Received, c.ReadCalls)
	}
}

func TestSocketReportsItsQueues(t *testing.T) {
	s := openOne(t, "127.0.0.1:0", false)
	if c := s.counts(); c.ReceiveBuffer < 100_000 || c.SendBuffer < 100_000 {
		t.Errorf("queues of %d and %d bytes", c.ReceiveBuffer, c.SendBuffer)
	}
}

func TestSocketCountsWhatNobodyReads(t *testing.T) {
	from, to := openOne(t, "127.0.0.1:0", false), openOne(t, "127.0.0.1:0", false)
	err := to.(*fastSocket).control(func(fd int) error {
		return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 4096)
	})
	if err != nil {
		t.Fatal(err)
	}
	d := datagram{data: make([]byte, 1000), addr: to.localAddr()}
	for range 100 {
		if mustWrite(t, from, d, d, d, d); to.counts().Overflowed > 0 {
			return
		}
	}
	t.Errorf("400 packets unread, counts %+v", to.counts())
}
