package rooms

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// ErrIgnored is returned by an event's handler that does nothing and tells
// nobody: shooting with an empty gun. Any other error is undone like it, and
// its text goes to the player.
var ErrIgnored = errors.New("ignored")

// Input is one thing that players can send: a Command or an Event.
type Input[W any] struct {
	bind func(w *W, store *state.Store, hz tick.Rate) (boundInput, error)
}

// boundInput is an Input tied to one room's world.
type boundInput struct {
	def schema.InputDef
	// apply decodes an event's payload, checks its ranges and runs the handler.
	// errBadInput wraps what was wrong with it.
	apply func(ctx *Ctx, p *Player, payload []byte) error
	// step does the same for a command, of which nil is the neutral one. It
	// needs no more than the player's ID.
	step func(id state.ID, payload []byte) error
	// encode is the payload of a value, if it has the input's type.
	encode func(v any) (payload []byte, ok bool)
}

func encoder[M any](record *state.Record[M]) func(v any) ([]byte, bool) {
	return func(v any) ([]byte, bool) {
		m, ok := v.(M)
		if !ok {
			return nil, false
		}
		return record.Append(nil, &m), true
	}
}

// errBadInput marks a payload that does not fit the input's type or ranges.
var errBadInput = errors.New("bad input")

// Command is an input that each player gives once a tick, like a stick's
// position. It steps the player's own row in table, also when nothing came:
// the last one is repeated for 3 ticks, then the zero M is used. step is pure;
// clients run it ahead of the server.
func Command[W, R, M any](table func(*W) *state.Table[R], step func(row *R, m M, dt float32)) Input[W] {
	return Input[W]{bind: func(w *W, store *state.Store, hz tick.Rate) (boundInput, error) {
		record, err := state.RecordOf[M]()
		if err != nil {
			return boundInput{}, fmt.Errorf("failed to use a command: %w", err)
		}
		rows := table(w)
		index, err := tableIndex(w, rows, store.Schema().Tables)
		if err != nil {
			return boundInput{}, fmt.Errorf("command %s: %w", record.Name(), err)
		}
		dt := hz.DT()
		var held heldCommands[M]
		run := func(id state.ID, payload []byte) error {
			m, err := held.decode(record, id.Slot(), payload)
			if err != nil {
				return fmt.Errorf("%w: %w", errBadInput, err)
			}
			if row := rows.Edit(id); row != nil {
				step(row, m, dt)
			}
			return nil
		}
		def := schema.InputDef{Name: record.Name(), Command: true, Table: uint16(index), Columns: record.Columns()}
		return boundInput{def: def, step: run, encode: encoder(record)}, nil
	}}
}

// heldCommands remembers what each player's last payload decoded to: players
// hold a key for many ticks.
type heldCommands[M any] []heldCommand[M]

type heldCommand[M any] struct {
	m     M
	size  uint8 // of the payload; 0: none is held
	short [shortCommand]byte
}

// decode gives the zero M for a nil payload.
func (h *heldCommands[M]) decode(record *state.Record[M], seat int, payload []byte) (m M, err error) {
	if payload == nil {
		return m, nil
	}
	for len(*h) <= seat {
		*h = append(*h, heldCommand[M]{})
	}
	held := &(*h)[seat]
	if held.size > 0 && bytes.Equal(held.short[:held.size], payload) {
		return held.m, nil
	}
	if err := record.Decode(payload, &m); err != nil {
		return m, err
	}
	held.size = 0
	if len(payload) <= shortCommand {
		held.m, held.size = m, uint8(copy(held.short[:], payload))
	}
	return m, nil
}

// Event is an input that is a message: shoot, buy, chat. Events are applied in
// the order they came and limited by Game.EventsPerSecond. When handler
// returns an error, all that it changed is undone.
func Event[W, M any](handler func(w *W, ctx *Ctx, p *Player, m M) error) Input[W] {
	return Input[W]{bind: func(w *W, _ *state.Store, _ tick.Rate) (boundInput, error) {
		record, err := state.RecordOf[M]()
		if err != nil {
			return boundInput{}, fmt.Errorf("failed to use an event: %w", err)
		}
		apply := func(ctx *Ctx, p *Player, payload []byte) error {
			var m M
			if err := record.Decode(payload, &m); err != nil {
				return fmt.Errorf("%w: %w", errBadInput, err)
			}
			return handler(w, ctx, p, m)
		}
		def := schema.InputDef{Name: record.Name(), Columns: record.Columns()}
		return boundInput{def: def, apply: apply, encode: encoder(record)}, nil
	}}
}

// tableIndex finds the world's field that rows points to.
func tableIndex(world, rows any, tables []schema.TableDef) (int, error) {
	w := reflect.ValueOf(world).Elem()
	want := reflect.ValueOf(rows).Pointer()
	for i := range w.NumField() {
		if w.Field(i).Addr().Pointer() != want || reflect.TypeOf(rows).Elem() != w.Field(i).Type() {
			continue
		}
		for t, def := range tables {
			if strings.EqualFold(def.Name, w.Type().Field(i).Name) {
				return t, nil
			}
		}
	}
	return 0, errors.New("its table is not a field of the world")
}
