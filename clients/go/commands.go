package client

import (
	"slices"
	"sync"
	"time"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

const (
	acknowledgeAfter = 45 * time.Millisecond // without a command, or longer than one takes to come again, frames are acknowledged on their own
	severalInputs    = 4                     // ticks that commands are repeated beyond an acknowledgement when a room has several
)

// commandLog keeps the newest commands of a room that the server has not
// acknowledged, to repeat them where packets may be lost. Any goroutine may
// use it.
type commandLog struct {
	mu      sync.Mutex // guards what follows
	streams []*commandStream
	told    time.Time // when the server was last told what is applied
	writer  bits.Writer
	packed  []byte
}

// commandStream has the commands of one input, the newest first.
type commandStream struct {
	input uint8
	n     int
	log   [schema.MaxCommands]schema.TickCommand // beyond n: memory to use again
}

// forget begins a membership.
func (l *commandLog) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.streams, l.told = nil, time.Time{}
}

// stream finds or makes the stream of an input; mu is held.
func (l *commandLog) stream(input uint8) *commandStream {
	for _, s := range l.streams {
		if s.input == input {
			return s
		}
	}
	s := &commandStream{input: input}
	l.streams = append(l.streams, s)
	return s
}

// add puts a command in front, and forgets those up to the acknowledged tick.
// When the clock has gone back, those that named later ticks are void.
func (s *commandStream) add(tick uint32, payload []byte, ack uint32) {
	for s.n > 0 && s.log[s.n-1].Tick <= ack {
		s.n--
	}
	void := 0
	for void < s.n && s.log[void].Tick >= tick {
		void++
	}
	slices.Reverse(s.log[:void])
	slices.Reverse(s.log[void:s.n])
	slices.Reverse(s.log[:s.n]) // void ones are behind the others now
	s.n -= void
	s.n = min(s.n, schema.MaxCommands-1)
	spare := s.log[s.n].Payload
	copy(s.log[1:s.n+1], s.log[:s.n])
	s.log[0] = schema.TickCommand{Tick: tick, Input: s.input, Payload: append(spare[:0], payload...)}
	s.n++
}

// pack encodes as many of the stream's commands as fit into size bytes; mu is held.
func (l *commandLog) pack(s *commandStream, size int) []byte {
	for n := s.n; n > 0; n-- {
		l.packed = schema.AppendCommands(l.packed[:0], &l.writer, s.log[:n])
		if len(l.packed) <= size {
			return l.packed
		}
	}
	return nil
}

// command sends a command: on its own where nothing gets lost, else together
// with those before it.
func (r *Room) command(at uint32, input uint8, payload []byte) error {
	handle := uint16(r.handle.Load())
	if handle == 0 {
		return ErrDisconnected
	}
	now := time.Now()
	seen := r.seen(now)
	if !r.c.send.lossy.Load() {
		return r.c.send.command(handle, r.applied.Load(), at, input, payload, seen)
	}
	l := &r.commands
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stream(input)
	ack := r.ack.Load()
	if len(l.streams) > 1 {
		ack -= min(ack, severalInputs) // one acknowledgement for all of them
	}
	s.add(at, payload, ack)
	packed := l.pack(s, maxCommands)
	if packed == nil {
		return r.c.send.command(handle, r.applied.Load(), at, input, payload, seen)
	}
	l.told = now
	standing := r.standing.Load()
	return r.c.send.commands(handle, uint32(standing>>16), uint16(standing), seen, packed)
}

// acknowledge tells the server what is applied when no command has done so
// lately; state is held. It is called for each frame that arrives: the server
// goes on sending frames until it is told.
func (r *Room) acknowledge(now time.Time) {
	handle := uint16(r.handle.Load())
	if handle == 0 || !r.c.send.lossy.Load() {
		return
	}
	l := &r.commands
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.told) < max(acknowledgeAfter, r.Rate().Period()*8/5) {
		return
	}
	l.told = now
	standing := r.standing.Load()
	if err := r.c.send.commands(handle, uint32(standing>>16), uint16(standing), 0, nil); err != nil {
		r.c.log.Debug("an acknowledgement could not be sent", "error", err) // the read loop meets the same end
	}
}
