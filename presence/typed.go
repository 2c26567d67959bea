package presence

import (
	"errors"
	"fmt"
	"reflect"
	"runtime/debug"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// states does for a machine what takes the type of its states.
type states[T any] struct {
	codec    *value.Codec[T]
	room     *Room[T]
	old, now T // scratch
}

func (s *states[T]) join(dst []byte, u User) ([]byte, error) {
	var state T
	if err := s.codec.Decode(s.codec.Collection().New(nil), &state); err != nil {
		return dst, err
	}
	if err := guarded("Join", func() error { return s.room.Join(u, &state) }); err != nil {
		return dst, err
	}
	return s.codec.Append(dst, &state, value.Meta{})
}

func (s *states[T]) check(dst []byte, u User, old, now value.Row) ([]byte, error) {
	if err := s.codec.Decode(old, &s.old); err != nil {
		return dst, err
	}
	if err := s.codec.Decode(now, &s.now); err != nil {
		return dst, err
	}
	if s.room.Check == nil {
		return append(dst, now...), nil
	}
	if err := s.ask(u); err != nil {
		return dst, err
	}
	return s.codec.Append(dst, &s.now, value.Meta{})
}

// ask is guarded without a closure, because it runs with every Show.
func (s *states[T]) ask(u User) (err error) {
	defer caught("Check", &err)
	return refusal(s.room.Check(u, &s.old, &s.now))
}

// position runs in the middle of a tick, where nothing can be refused any more: a
// state that the hook panics about, one without an optional field perhaps, is at
// 0, 0.
func (s *states[T]) position(row value.Row) (x, y float32) {
	if s.codec.Decode(row, &s.now) != nil {
		return 0, 0 // JSON that its field's type does not take
	}
	defer func() {
		if recover() != nil {
			x, y = 0, 0
		}
	}()
	return s.room.Position(&s.now)
}

func (s *states[T]) group(u User, name string) error {
	if s.room.Group == nil {
		return schema.Errorf(schema.CodeRefused, "this room has no private groups")
	}
	return guarded("Group", func() error { return s.room.Group(u, name) })
}

func (s *states[T]) from(row value.Row) (any, error) {
	err := s.codec.Decode(row, &s.old)
	return &s.old, err
}

// guarded calls a user's hook. What it returns is for the client.
func guarded(hook string, call func() error) (err error) {
	defer caught(hook, &err)
	return refusal(call())
}

// caught turns a hook's panic into an error, which is not for the client.
func caught(hook string, err *error) {
	if p := recover(); p != nil {
		*err = fmt.Errorf("the %s hook panicked: %v\n%s", hook, p, debug.Stack())
	}
}

// refusal is a hook's error as the client gets it.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*schema.Error](err); ok {
		return err
	}
	return schema.Errorf(schema.CodeRefused, "%s", err)
}

// castOf is one kind of cast, without its type.
type castOf struct {
	shape     *value.Collection
	typ       reflect.Type
	perSecond float64
	// check asks the hook, and appends what the cast became; nil without a hook.
	check func(dst []byte, u User, from any, data value.Row) ([]byte, error)
	// encode makes the row of a value of typ.
	encode func(cast any) (value.Row, error)
	err    error
}

func newCast[S, C any](perSecond float64, checks []func(u User, from *S, cast *C) error) castOf {
	codec, args, err := value.BindArgs[C]()
	c := castOf{typ: reflect.TypeFor[C](), perSecond: perSecond, err: err}
	switch {
	case err != nil:
		return c
	case !(perSecond > 0):
		c.err = fmt.Errorf("OnCast for %s: how many a second must be positive", c.typ)
	case len(checks) > 1:
		c.err = fmt.Errorf("OnCast for %s: one check is the most", c.typ)
	}
	c.shape = args.Collection()
	c.encode = func(cast any) (value.Row, error) {
		if v, ok := cast.(*C); ok && v != nil {
			return codec.Encode(v, value.Meta{})
		}
		v := cast.(C)
		return codec.Encode(&v, value.Meta{})
	}
	if len(checks) == 0 || checks[0] == nil {
		return c
	}
	c.check = func(dst []byte, u User, from any, data value.Row) ([]byte, error) {
		var v C
		if err := codec.Decode(data, &v); err != nil {
			return dst, err
		}
		if err := guarded("cast's check", func() error { return checks[0](u, from.(*S), &v) }); err != nil {
			return dst, err
		}
		return codec.Append(dst, &v, value.Meta{})
	}
	return c
}
