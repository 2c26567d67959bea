package value

import "time"

// Meta is a row's envelope. A record type that embeds it finds it filled after
// Decode; Encode takes the envelope from its argument alone.
type Meta struct {
	CreatedBy            string
	CreatedAt, UpdatedAt time.Time
}

// Codec carries a T into a row and back. It is immutable and may be used by
// any goroutine.
type Codec[T any] struct{}

// BindTo returns the codec for rows of c, whose fields are found by name: they
// may have another order, and c may have more. A field of T that c lacks, or
// holds as another kind, is an error that names it.
func (c *Codec[T]) BindTo(target *Collection) (*Codec[T], error) { panic("not yet") }

// Encode returns v as a row. The error is a FieldError: text that is not
// UTF-8, a float that is not finite, a type that JSON refuses.
func (c *Codec[T]) Encode(v *T, meta Meta) (Row, error) { panic("not yet") }

// Append appends the row to dst.
func (c *Codec[T]) Append(dst []byte, v *T, meta Meta) ([]byte, error) { panic("not yet") }

// Update returns old with the fields of v: the envelope, and fields that T
// does not know, stay as they are.
func (c *Codec[T]) Update(old Row, v *T) (Row, error) { panic("not yet") }

// Patch returns the fields of v that differ from base, or all fields of T if
// base is nil: for creates and puts.
func (c *Codec[T]) Patch(base Row, v *T) (Patch, error) { panic("not yet") }

// Decode reads a row that was made here or has passed CheckRow. Strings share
// the row's memory, bytes and JSON are copied.
func (c *Codec[T]) Decode(row Row, v *T) error { panic("not yet") }

// Key returns the primary key of v.
func (c *Codec[T]) Key(v *T) (Key, error) { panic("not yet") }

// AppendKey appends the primary key of v.
func (c *Codec[T]) AppendKey(dst []byte, v *T) ([]byte, error) { panic("not yet") }
