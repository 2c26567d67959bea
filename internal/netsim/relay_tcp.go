package netsim

import (
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

const (
	chunkSize  = 4 << 10 // bytes that travel together
	maxChunks  = 256     // under way in one direction; then the sender waits
	dialWait   = 5 * time.Second
	acceptWait = 10 * time.Millisecond // after a failure, such as too many open files
)

// stream is a TCP connection through the relay: one of each side.
type stream struct {
	client, server net.Conn
	once           sync.Once
}

func (s *stream) close() {
	s.once.Do(func() {
		s.client.Close()
		s.server.Close()
	})
}

// chunk is bytes under way, until they leave; no bytes: the sender's end.
type chunk struct {
	at   time.Duration
	data []byte
}

func (r *Relay) acceptStreams() {
	for {
		client, err := r.tcp.Accept()
		switch {
		case r.ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			if err == nil {
				client.Close()
			}
			return
		case err != nil:
			r.pause(acceptWait)
			continue
		}
		r.wg.Go(func() { r.relayStream(client) })
	}
}

// relayStream carries one connection until both directions have ended.
func (r *Relay) relayStream(client net.Conn) {
	dialer := net.Dialer{Timeout: dialWait}
	server, err := dialer.DialContext(r.ctx, "tcp", r.cfg.To)
	if err != nil {
		client.Close() // as a server that is not there would do
		return
	}
	s := &stream{client: client, server: server}
	defer s.close()
	cfg := r.cfg.Config
	cfg.Loss, cfg.Dup, cfg.Reorder = 0, 0, 0
	cfg.Buffer = 2 * maxChunks * chunkSize // the sender waits before it is full
	r.mu.Lock()
	if len(r.streams) >= r.cfg.MaxClients || r.ctx.Err() != nil {
		r.past.Refused++
		r.mu.Unlock()
		return
	}
	r.streams[s] = struct{}{}
	upward, downward := r.shaper(cfg), r.shaper(cfg)
	r.mu.Unlock()

	var both sync.WaitGroup
	both.Go(func() { r.copyBytes(s, server, client, upward) })
	both.Go(func() { r.copyBytes(s, client, server, downward) })
	both.Wait()
	r.mu.Lock()
	delete(r.streams, s)
	r.mu.Unlock()
}

// copyBytes carries one direction: it reads, and another goroutine writes when
// the time has come.
func (r *Relay) copyBytes(s *stream, to, from net.Conn, shaper *Shaper) {
	chunks := make(chan chunk, maxChunks)
	var writer sync.WaitGroup
	writer.Go(func() {
		if err := r.writeChunks(to, chunks); err != nil {
			s.close() // the other end must learn of it, and the reader ends
		}
		for range chunks {
			// The reader must not wait for a writer that has ended.
		}
	})
	defer writer.Wait()
	defer close(chunks)
	var plan []time.Duration
	for {
		data := make([]byte, chunkSize)
		n, err := from.Read(data)
		if n > 0 {
			now := time.Since(r.start)
			plan = shaper.Plan(n, now, plan[:0])
			at := now
			for _, delay := range plan {
				at += delay
			}
			chunks <- chunk{at, data[:n]}
			r.mu.Lock()
			r.past.TCPBytes += uint64(n)
			r.mu.Unlock()
		}
		switch {
		case errors.Is(err, io.EOF):
			chunks <- chunk{at: time.Since(r.start) + r.cfg.Delay}
			return
		case err != nil:
			s.close()
			return
		}
	}
}

// writeChunks writes until the sender's end.
func (r *Relay) writeChunks(to net.Conn, chunks <-chan chunk) error {
	for c := range chunks {
		if !r.pause(c.at-time.Since(r.start)) || !r.whole() {
			return net.ErrClosed
		}
		if len(c.data) == 0 {
			if half, ok := to.(interface{ CloseWrite() error }); ok {
				return half.CloseWrite()
			}
			return nil
		}
		if _, err := to.Write(c.data); err != nil {
			return err
		}
	}
	return nil
}

// pause waits; false: the relay ends.
func (r *Relay) pause(d time.Duration) bool {
	if d <= 0 {
		return r.ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.ctx.Done():
		return false
	}
}
