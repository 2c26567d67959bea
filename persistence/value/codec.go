package value

import (
	"reflect"
	"time"
)

// Meta is a row's envelope. A record type that embeds it finds it filled after
// Decode; Encode takes the envelope from its argument alone.
type Meta struct {
	CreatedBy            string
	CreatedAt, UpdatedAt time.Time
}

// MetaOf reads the envelope of a row.
func (c *Collection) MetaOf(row Row) Meta {
	return Meta{
		CreatedBy: c.Get(row, CreatedBy).Text(),
		CreatedAt: c.Get(row, CreatedAt).Time(),
		UpdatedAt: c.Get(row, UpdatedAt).Time(),
	}
}

// Codec carries a T into a row and back. It is immutable and may be used by
// any goroutine.
type Codec[T any] struct{ plan *plan }

// plan is the codec without its type: a step for each field of the target.
type plan struct {
	typ      reflect.Type
	fields   []step // T's fields, without the envelope
	target   *Collection
	steps    []step // by target field; those that T lacks have no layout
	envelope bool   // the target begins with one
	meta     int    // the offset of an embedded Meta, or −1
}

// step carries one field of the struct.
type step struct {
	name    string
	kind    Kind
	layout  layout // 0: T has no such field
	pointer bool   // optional
	offset  uintptr
	typ     reflect.Type // of the field, or of what it points to
}

// Collection returns the collection whose rows the codec reads and writes.
func (c *Codec[T]) Collection() *Collection { return c.plan.target }

// BindTo returns the codec for rows of target, whose fields are found by name:
// they may have another order, and target may have more. A field of T that
// target lacks, or holds as another kind, is an error that names it.
func (c *Codec[T]) BindTo(target *Collection) (*Codec[T], error) {
	p, err := c.plan.bindTo(target)
	if err != nil {
		return nil, err
	}
	return &Codec[T]{plan: p}, nil
}

// Encode returns v as a row. The error is a FieldError: text that is not
// UTF-8, a float that is not finite, a type that JSON refuses.
func (c *Codec[T]) Encode(v *T, meta Meta) (Row, error) {
	var room [256]byte
	b, err := c.plan.appendRow(room[:0], hide(v), meta)
	if err != nil {
		return nil, err
	}
	row := make([]byte, len(b))
	copy(row, b)
	return row, nil
}

// Append appends the row to dst.
func (c *Codec[T]) Append(dst []byte, v *T, meta Meta) ([]byte, error) {
	return c.plan.appendRow(dst, hide(v), meta)
}

// Update returns old with the fields of v: the envelope, and fields that T
// does not know, stay as they are.
func (c *Codec[T]) Update(old Row, v *T) (Row, error) {
	p, err := c.Patch(old, v)
	if err != nil {
		return nil, err
	}
	return c.plan.target.ApplyPatch(old, p), nil
}

// Patch returns the fields of v that differ from base. With a nil base, for
// creates and puts, it is all of T's fields but those that the server sets:
// server, user, and an auto key of 0.
func (c *Codec[T]) Patch(base Row, v *T) (Patch, error) {
	return c.plan.patch(base, hide(v))
}

// Decode reads a row that was made here or has passed CheckRow. Strings share
// the row's memory, bytes and JSON are copied. The error is a FieldError: JSON
// that is not what the field's Go type holds.
func (c *Codec[T]) Decode(row Row, v *T) error { return c.plan.decode(row, hide(v)) }

// Key returns the primary key of v.
func (c *Codec[T]) Key(v *T) (Key, error) {
	var room [64]byte
	b, err := c.AppendKey(room[:0], v)
	return Key(b), err
}

// AppendKey appends the primary key of v.
func (c *Codec[T]) AppendKey(dst []byte, v *T) ([]byte, error) {
	return c.plan.appendKey(dst, hide(v))
}

// AutoKey returns the auto-increment key that v holds; ok is false if T has
// none.
func (c *Codec[T]) AutoKey(v *T) (n Value, ok bool) {
	t := c.plan.target
	if t.Key < 0 || !t.Fields[t.Key].Auto {
		return Value{}, false
	}
	n, err := c.plan.steps[t.Key].value(hide(v))
	return n, err == nil
}

// SetKey stores a primary key in v, such as one that the server counted up.
func (c *Codec[T]) SetKey(v *T, key Value) error {
	t := c.plan.target
	if t.Key < 0 {
		return Invalid("", t.Name+" has no key")
	}
	if err := t.Fields[t.Key].CheckValue(key); err != nil {
		return err
	}
	return c.plan.steps[t.Key].store(hide(v), key)
}
