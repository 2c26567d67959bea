package ws

import (
	"errors"
	"os"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// secureChunk is how much of a TLS connection's bytes must leave within the
// stall time-out to count as progress.
const secureChunk = 8 << 10

// run is the writer goroutine: parked until a flush could not write
// everything, then it writes whenever the socket takes bytes. It ends with
// the connection.
func (s *stream) run() {
	for {
		select {
		case <-s.wake:
		case <-s.done:
			return
		}
		var err error
		if s.raw != nil {
			s.extend()
			err = s.raw.Write(s.drain)
		} else {
			err = s.drainSecure()
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			s.abort(schema.CodeSlowClient)
		} else if err != nil {
			s.abort(0)
		}
	}
}

// drainOnce is called by RawConn.Write whenever the socket may take bytes. It
// reports whether there is nothing left to write.
func (s *stream) drainOnce(fd uintptr) bool {
	s.mu.Lock()
	if !s.waiting {
		s.mu.Unlock()
		return true
	}
	before := s.off
	s.writeOnce(fd)
	rest, progress := s.waiting, s.off > before
	s.mu.Unlock()
	if rest && progress {
		s.extend()
	}
	return !rest
}

// extend gives the socket another stall time-out to take bytes.
func (s *stream) extend() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.phase != dead { // the deadline that an abort set must stay
		_ = s.sock.SetWriteDeadline(time.Now().Add(s.stall))
	}
}

// drainSecure writes through the TLS connection, which may block. Meanwhile
// others append to a second buffer.
func (s *stream) drainSecure() error {
	var spare []byte
	for {
		s.mu.Lock()
		if s.phase == dead {
			s.mu.Unlock()
			return nil
		}
		if len(s.buf) == 0 {
			if spare != nil {
				s.buf = spare
			}
			s.drained()
			s.mu.Unlock()
			return nil
		}
		chunk := s.buf
		s.buf, s.taken = spare[:0], len(chunk)
		s.mu.Unlock()
		if err := s.writeSecure(chunk); err != nil {
			return err
		}
		spare = chunk
	}
}

func (s *stream) writeSecure(b []byte) error {
	for len(b) > 0 {
		s.extend()
		n, err := s.conn.Write(b[:min(len(b), secureChunk)])
		b = b[n:]
		s.mu.Lock()
		s.taken = len(b)
		s.mu.Unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
