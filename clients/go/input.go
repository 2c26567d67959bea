package client

import (
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// SendCommand sends the command that the server should use at the named tick;
// Clock.CommandTick is the earliest that it can still reach. M is found among
// the room's inputs by the name of its Go type.
func SendCommand[M any](r *Room, at tick.Tick, m M) error {
	r.inputs.mu.Lock()
	defer r.inputs.mu.Unlock()
	in, err := inputOf[M](r, true)
	if err != nil {
		return err
	}
	payload, err := in.encode(&m)
	if err != nil {
		return err
	}
	return r.SendRawCommand(at, in.index, payload)
}

// asRead is m as the server reads it from a command's payload, where floats are
// rounded.
func asRead[M any](r *Room, m M) (read M, err error) {
	r.inputs.mu.Lock()
	defer r.inputs.mu.Unlock()
	in, err := inputOf[M](r, true)
	if err != nil {
		return read, err
	}
	in.buf = in.record.Append(in.buf[:0], &m)
	if err := in.record.Decode(in.buf, &read); err != nil {
		return read, fmt.Errorf("command %s: %w", in.record.Name(), err)
	}
	return read, nil
}

// SendEvent sends an event input. The number it returns is the Request of the
// error with which the server may refuse it (Room.OnError).
func SendEvent[M any](r *Room, m M) (uint32, error) {
	r.inputs.mu.Lock()
	defer r.inputs.mu.Unlock()
	in, err := inputOf[M](r, false)
	if err != nil {
		return 0, err
	}
	payload, err := in.encode(&m)
	if err != nil {
		return 0, err
	}
	return r.SendRawEvent(in.index, payload)
}

// SendRawCommand sends a command whose payload is encoded already; input is
// its index in Schema.Inputs. It is for tools that work with any schema. Where
// packets may be lost, it is repeated with the next ones until it is
// acknowledged; of two for one tick and input the first counts.
func (r *Room) SendRawCommand(at tick.Tick, input uint8, payload []byte) error {
	return r.command(uint32(at), input, payload)
}

// SendRawEvent is SendRawCommand for events.
func (r *Room) SendRawEvent(input uint8, payload []byte) (uint32, error) {
	handle := r.handle.Load()
	if handle == 0 {
		return 0, ErrDisconnected
	}
	seq := r.eventSeq.Add(1)
	return seq, r.c.send.event(uint16(handle), r.applied.Load(), input, seq, payload)
}

// inputs remembers how the Go types that were sent are encoded.
type inputs struct {
	mu     sync.Mutex           // guards byType, and each input's buffer
	byType map[reflect.Type]any // *input[M]
}

// forget is called when the room's schema changes.
func (s *inputs) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byType = nil
}

// input is the encoding of one Go type for one schema.
type input[M any] struct {
	index  uint8
	record *state.Record[M]
	recode *recoder // nil: the server's columns are M's
	buf    []byte
}

// inputOf finds or makes the encoding of M; r.inputs.mu is held.
func inputOf[M any](r *Room, command bool) (*input[M], error) {
	key := reflect.TypeFor[M]()
	if in, ok := r.inputs.byType[key].(*input[M]); ok {
		return in, nil
	}
	record, err := state.RecordOf[M]()
	if err != nil {
		return nil, fmt.Errorf("input %s: %w", key, err)
	}
	defs := r.Schema().Inputs
	i := slices.IndexFunc(defs, func(d schema.InputDef) bool { return d.Name == record.Name() && d.Command == command })
	if i < 0 {
		return nil, fmt.Errorf("%q has no %s input named %s", r.Kind(), inputKind(command), record.Name())
	}
	in := &input[M]{index: uint8(i), record: record}
	if own := record.Columns(); !slices.Equal(own, defs[i].Columns) {
		if in.recode, err = newRecoder(own, defs[i].Columns); err != nil {
			return nil, fmt.Errorf("input %s: %w", record.Name(), err)
		}
	}
	if r.inputs.byType == nil {
		r.inputs.byType = make(map[reflect.Type]any)
	}
	r.inputs.byType[key] = in
	return in, nil
}

func inputKind(command bool) string {
	if command {
		return "command"
	}
	return "event"
}

// encode returns m's payload, valid until the next call.
func (in *input[M]) encode(m *M) ([]byte, error) {
	in.buf = in.record.Append(in.buf[:0], m)
	if in.recode == nil {
		return in.buf, nil
	}
	return in.recode.payload(in.buf)
}
