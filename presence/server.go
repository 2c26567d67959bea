package presence

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Edit changes what a connection shows, with the server's rights: the Check
// hook is not asked. It does not show what was not shown before, and is no sign
// of life. T must be the kind's type.
func Edit[T any](m *Machine, now time.Time, conn uint32, edit func(state *T) error) error {
	s, err := typedAs[T](m)
	if err != nil {
		return err
	}
	x := m.conns[conn]
	if x == nil {
		return schema.Errorf(schema.CodeNotInRoom, "this connection is not in the room")
	}
	var state T
	if err := s.codec.Decode(slices.Clone(x.row), &state); err != nil {
		return err
	}
	if err := guarded("Edit", func() error { return edit(&state) }); err != nil {
		return err
	}
	row, err := s.codec.Append(nil, &state, value.Meta{})
	if err != nil {
		return err
	}
	if err := m.fits(row); err != nil {
		return err
	}
	if !bytes.Equal(row, x.row) {
		m.replace(x, row)
		m.work = true
	}
	return nil
}

// StateOf is what a connection shows, to whomever; ok is false if it shows
// nothing or is not in. T must be the kind's type.
func StateOf[T any](m *Machine, conn uint32) (state T, ok bool) {
	s, err := typedAs[T](m)
	x := m.conns[conn]
	if err != nil || x == nil || x.at == nil {
		return state, false
	}
	err = s.codec.Decode(slices.Clone(x.row), &state)
	return state, err == nil
}

func typedAs[T any](m *Machine) (*states[T], error) {
	s, ok := m.typed.(*states[T])
	if !ok {
		var t T
		return nil, fmt.Errorf("presence: rooms of the kind %q do not show a %T", m.def.name, t)
	}
	return s, nil
}
