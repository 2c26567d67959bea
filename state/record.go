package state

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"unicode/utf8"
	"unsafe"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

// Record writes and reads values of a plain struct T that stand alone: inputs
// and options. It is immutable but for a pool of buffers; any goroutine may
// use it.
type Record[T any] struct {
	name    string
	columns []column
	texts   sync.Pool // *[]byte, for the bytes of texts
}

// RecordOf looks at T, a struct of what a row may hold too.
func RecordOf[T any]() (*Record[T], error) {
	t := reflect.TypeFor[T]()
	if t.Kind() != reflect.Struct {
		return nil, fmt.Errorf("state: %s is no struct", t)
	}
	columns, err := columnsOf(t, tagOptions{})
	if err != nil {
		return nil, fmt.Errorf("state: %s.%w", t, err)
	}
	for i := range columns {
		if err := columns[i].refuseStateOptions("an input"); err != nil {
			return nil, fmt.Errorf("state: %s.%w", t, err)
		}
	}
	return &Record[T]{name: t.Name(), columns: columns}, nil
}

// refuseStateOptions refuses tags that say who gets a column of a row.
func (c *column) refuseStateOptions(what string) error {
	if c.local || c.owned || c.Has(schema.Owner) {
		return fmt.Errorf("%s: %s has no local, owner or owned columns", c.Name, what)
	}
	return nil
}

// Name is the name of T.
func (r *Record[T]) Name() string { return r.name }

// Columns describes the leaves of T in order.
func (r *Record[T]) Columns() []schema.Column {
	columns := make([]schema.Column, len(r.columns))
	for i := range r.columns {
		columns[i] = r.columns[i].Column
	}
	return columns
}

// Append appends v to dst. Numbers with both bounds are sent as the nearest
// value within them; others as they are, and may be refused by Decode.
func (r *Record[T]) Append(dst []byte, v *T) []byte {
	var w bits.Writer
	w.Reset(dst)
	for i := range r.columns {
		r.columns[i].writePlain(&w, unsafe.Pointer(v))
	}
	return w.Finish()
}

// Decode reads what Append wrote, from a client that may have written
// anything. Floats come back on whole steps. A value outside of its type or
// its tag's bounds, a float that is no finite number, a text that is not UTF-8
// and bytes left over are errors that name the column; v is then partly set.
func (r *Record[T]) Decode(payload []byte, v *T) error {
	var in bits.Reader
	in.Reset(payload)
	for i := range r.columns {
		c := &r.columns[i]
		if c.isText() {
			if err := r.decodeText(&in, c, c.text(unsafe.Pointer(v))); err != nil {
				return fmt.Errorf("state: %s.%s: %w", r.name, c.Name, err)
			}
			continue
		}
		wire := c.plain.read(&in, &c.Column)
		err := in.Err()
		if err == nil && !inRange(&c.Column, wire, 0) {
			err = errRange
		}
		if err != nil {
			return fmt.Errorf("state: %s.%s: %w", r.name, c.Name, err)
		}
		c.store(unsafe.Pointer(v), fromWire(&c.Column, wire))
	}
	if err := checkEnd(&in); err != nil {
		return fmt.Errorf("state: %s: %w", r.name, err)
	}
	return nil
}

var errUTF8 = errors.New("text is not UTF-8")

func (r *Record[T]) decodeText(in *bits.Reader, c *column, text *string) error {
	buffer, _ := r.texts.Get().(*[]byte)
	if buffer == nil {
		buffer = new([]byte)
	}
	defer r.texts.Put(buffer)
	*buffer = in.AppendBytes((*buffer)[:0])
	switch {
	case in.Err() != nil:
		return in.Err()
	case !inRange(&c.Column, 0, len(*buffer)):
		return errRange
	case !utf8.Valid(*buffer):
		return errUTF8
	}
	if *text != string(*buffer) {
		*text = string(*buffer)
	}
	return nil
}

var errRest = errors.New("bytes are left over")

// checkEnd fails unless all that is left is the padding of the last byte.
func checkEnd(r *bits.Reader) error {
	if r.Err() != nil {
		return r.Err()
	}
	if n := r.Remaining(); n > 7 || r.Bits(uint(n)) != 0 {
		return errRest
	}
	return nil
}
