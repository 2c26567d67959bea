package client

import (
	"errors"
	"sync"

	"github.com/parlor-server/parlor/schema"
)

// ErrDisconnected is returned by sends while the connection is lost. Commands
// and events are not kept for later: they would come too late to mean anything.
var ErrDisconnected = errors.New("not connected")

// sender writes messages to the transport that the client has at the moment.
// It may be used from any goroutine: one message is built and written at a time.
type sender struct {
	mu        sync.Mutex // guards what follows, and is held while writing
	builder   *schema.Builder
	out       []byte
	transport Transport // nil while disconnected
	shutMu    sync.Mutex
	shutting  Transport // the same transport, for shut, which must not wait for a write
	stats     *counters
}

// use makes t the connection; nil: there is none.
func (s *sender) use(t Transport) {
	s.shutMu.Lock()
	s.shutting = t
	s.shutMu.Unlock()
	s.mu.Lock()
	s.transport = t
	s.mu.Unlock()
}

// shut closes the connection even while a write waits for the network.
func (s *sender) shut() {
	s.shutMu.Lock()
	t := s.shutting
	s.shutMu.Unlock()
	if t != nil {
		t.Close()
	}
}

// write sends head and body as one message; mu is held.
func (s *sender) write(head schema.Header, body []byte) error {
	if s.transport == nil {
		return ErrDisconnected
	}
	s.out = append(head.Append(s.out[:0]), body...)
	if s.stats != nil {
		s.stats.messagesOut.Add(1)
		s.stats.bytesOut.Add(uint64(wireSize(len(s.out), true)))
	}
	return s.transport.Write(s.out)
}

func (s *sender) auth(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindAuth}, s.builder.Auth(token))
}

func (s *sender) join(j schema.JoinInfo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindJoin}, s.builder.Join(j))
}

func (s *sender) leave(handle uint16, applied uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindLeave, Handle: handle, Ack: applied}, s.builder.Leave())
}

func (s *sender) command(handle uint16, applied, tick uint32, input uint8, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindCommand, Handle: handle, Ack: applied}, s.builder.Command(tick, input, payload))
}

func (s *sender) event(handle uint16, applied uint32, input uint8, seq uint32, payload []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindEvent, Handle: handle, Ack: applied}, s.builder.Event(input, seq, payload))
}

// tryPing sends a Ping unless another write is under way: then the network is
// full, and one more writer that waits would help nobody.
func (s *sender) tryPing(id uint32, time uint64) {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	_ = s.write(schema.Header{Kind: schema.KindPing}, s.builder.Ping(id, time))
}

func (s *sender) pong(p schema.PongInfo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindPong}, s.builder.Pong(p))
}

func (s *sender) close(message string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindClose}, s.builder.Close(schema.CodeLeft, message))
}
