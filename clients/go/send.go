package client

import (
	"errors"
	"sync"
	"sync/atomic"

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
	transport Transport         // nil while disconnected
	datagrams DatagramTransport // the same transport, if it has datagrams
	lossy     atomic.Bool       // it has; any goroutine reads it
	metered   atomic.Bool       // it counts its bytes itself
	shutMu    sync.Mutex
	shutting  Transport // the same transport, for shut, which must not wait for a write
	stats     *counters
}

// maxCommands is the largest payload of a Commands message that surely goes
// into a datagram with its FlatBuffer.
const maxCommands = 1024

// use makes t the connection; nil: there is none.
func (s *sender) use(t Transport) {
	s.shutMu.Lock()
	s.shutting = t
	s.shutMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.transport = t
	s.datagrams, _ = t.(DatagramTransport)
	s.lossy.Store(s.datagrams != nil)
	_, metered := t.(interface{ metered() })
	s.metered.Store(metered)
}

// received counts a message that has arrived.
func (s *sender) received(size int) {
	s.stats.messagesIn.Add(1)
	if !s.metered.Load() {
		s.stats.bytesIn.Add(uint64(wireSize(size, false)))
	}
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
	s.count(len(s.out))
	return s.transport.Write(s.out)
}

// datagram is write for messages that may be lost, where they can be; mu is held.
func (s *sender) datagram(head schema.Header, body []byte) error {
	if s.datagrams == nil || schema.HeaderSize+len(body) > s.datagrams.DatagramSize() {
		return s.write(head, body)
	}
	s.out = append(head.Append(s.out[:0]), body...)
	s.count(len(s.out))
	return s.datagrams.Datagram(s.out)
}

func (s *sender) count(size int) {
	if s.stats == nil {
		return
	}
	s.stats.messagesOut.Add(1)
	if !s.metered.Load() {
		s.stats.bytesOut.Add(uint64(wireSize(size, true)))
	}
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

func (s *sender) command(handle uint16, applied, tick uint32, input uint8, payload []byte, seen uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindCommand, Handle: handle, Ack: applied}, s.builder.CommandSeen(tick, input, payload, seen))
}

func (s *sender) commands(handle uint16, applied uint32, held uint16, seen uint32, packed []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.datagram(schema.Header{Kind: schema.KindCommands, Handle: handle, Ack: applied}, s.builder.Commands(held, seen, packed))
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
	_ = s.datagram(schema.Header{Kind: schema.KindPing}, s.builder.Ping(id, time))
}

// pong answers a Ping; without one it asks for keyframes, and must arrive.
func (s *sender) pong(p schema.PongInfo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.ID != 0 {
		return s.datagram(schema.Header{Kind: schema.KindPong}, s.builder.Pong(p))
	}
	return s.write(schema.Header{Kind: schema.KindPong}, s.builder.Pong(p))
}

func (s *sender) close(message string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindClose}, s.builder.Close(schema.CodeLeft, message))
}

// record sends a message about record rooms, which build makes.
func (s *sender) record(kind schema.Kind, handle uint16, build func(*schema.Builder) []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: kind, Handle: handle}, build(s.builder))
}

func (s *sender) mutate(handle uint16, m schema.MutateInfo) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.write(schema.Header{Kind: schema.KindMutate, Handle: handle}, s.builder.Mutate(m))
}
