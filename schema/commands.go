package schema

import (
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/internal/bits"
)

// MaxCommands is how many commands one Commands message repeats at most.
const MaxCommands = 8

// TickCommand is one command of a Commands message.
type TickCommand struct {
	Tick    uint32 // that should use it
	Input   uint8  // index in Schema.inputs
	Payload []byte
}

const (
	countBits       = 4   // of the number of commands
	maxTickPayload  = 512 // bytes of one payload, as of a Command
	commandTickBits = 32
	commandInput    = 8
)

var errCommands = errors.New("commands must name earlier and earlier ticks, 8 at most, with 512 bytes each")

// AppendCommands appends the payload of a Commands message: commands, the
// newest first. Of each but the first it writes only what differs from the
// one before: usually two bits. w is scratch that is used again and again.
func AppendCommands(dst []byte, w *bits.Writer, commands []TickCommand) []byte {
	commands = commands[:min(len(commands), MaxCommands)]
	w.Reset(dst)
	w.Bits(uint64(len(commands)), countBits)
	for i := range commands {
		c := &commands[i]
		if i == 0 {
			w.Bits(uint64(c.Tick), commandTickBits)
			writeCommand(w, c)
			continue
		}
		last := &commands[i-1]
		next := last.Tick-c.Tick == 1
		w.Bool(next)
		if !next {
			w.UVar(uint64(last.Tick - c.Tick))
		}
		same := c.Input == last.Input && string(c.Payload) == string(last.Payload)
		w.Bool(same)
		if !same {
			writeCommand(w, c)
		}
	}
	return w.Finish()
}

func writeCommand(w *bits.Writer, c *TickCommand) {
	w.Bits(uint64(c.Input), commandInput)
	w.Bytes(c.Payload)
}

// CommandReader unpacks Commands messages. One goroutine uses it; after the
// first few messages it allocates nothing.
type CommandReader struct {
	reader   bits.Reader
	commands [MaxCommands]TickCommand
	space    [MaxCommands][]byte
}

// Read returns the commands of a payload, the newest first, valid until the
// next Read. An empty payload has none.
func (r *CommandReader) Read(payload []byte) ([]TickCommand, error) {
	if len(payload) == 0 {
		return nil, nil
	}
	b := &r.reader
	b.Reset(payload)
	n := int(b.Bits(countBits))
	if n > MaxCommands {
		return nil, errCommands
	}
	for i := range n {
		c := &r.commands[i]
		if i == 0 {
			c.Tick = uint32(b.Bits(commandTickBits))
			r.command(i)
			continue
		}
		last, gap := &r.commands[i-1], uint64(1)
		if !b.Bool() {
			gap = b.UVar()
		}
		if gap == 0 || gap > uint64(last.Tick) {
			return nil, errCommands
		}
		c.Tick = last.Tick - uint32(gap)
		if b.Bool() {
			c.Input, c.Payload = last.Input, last.Payload
			continue
		}
		r.command(i)
	}
	for i := range n {
		if len(r.commands[i].Payload) > maxTickPayload {
			return nil, errCommands
		}
	}
	if err := b.Err(); err != nil {
		return nil, fmt.Errorf("failed to read commands: %w", err)
	}
	if b.Remaining() >= 8 {
		return nil, fmt.Errorf("failed to read commands: %d bits follow them", b.Remaining())
	}
	return r.commands[:n], nil
}

// NewestCommand returns only the newest command of a payload, for who has had
// all before it. The command's own payload is in buf, which it must fit; ok is
// false if it does not, or if there is no command that could be read.
func NewestCommand(buf, payload []byte) (c TickCommand, ok bool) {
	var b bits.Reader
	b.Reset(payload)
	if b.Bits(countBits) == 0 {
		return TickCommand{}, false
	}
	c.Tick = uint32(b.Bits(commandTickBits))
	c.Input = uint8(b.Bits(commandInput))
	size := b.UVar()
	if size > uint64(cap(buf)) {
		return TickCommand{}, false
	}
	c.Payload = buf[:size]
	for i := range c.Payload {
		c.Payload[i] = byte(b.Bits(8))
	}
	return c, b.Err() == nil
}

func (r *CommandReader) command(i int) {
	c := &r.commands[i]
	c.Input = uint8(r.reader.Bits(commandInput))
	r.space[i] = r.reader.AppendBytes(r.space[i][:0])
	c.Payload = r.space[i]
}
