package client

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Collection is a typed handle on one collection of a record room. T has the
// fields that the program knows, by the names that the server gives them; it may
// embed value.Meta for who made a record and when.
type Collection[T any] struct {
	room  *RecordRoom
	name  string
	bound *boundCollection[T] // guarded by room.mu; replaced with the schema
}

// boundCollection is what a handle needs of one schema.
type boundCollection[T any] struct {
	codec   *value.Codec[T]
	at      int // index in the schema
	c       *value.Collection
	version uint32
}

// Records returns the handle on a collection of the room. The error names the
// field of T that the collection lacks or has of another kind.
func Records[T any](r *RecordRoom, name string) (*Collection[T], error) {
	codec, _, err := value.Bind[T](name)
	if err != nil {
		return nil, fmt.Errorf("describe %s: %w", name, err)
	}
	h := &Collection[T]{room: r, name: name}
	bind := func(s *value.Schema) error {
		at := s.CollectionIndex(name)
		if at < 0 {
			return fmt.Errorf("%s has no collection %q", r.name, name)
		}
		bound, err := codec.BindTo(&s.Collections[at])
		if err != nil {
			return fmt.Errorf("bind to %s: %w", name, err)
		}
		h.bound = &boundCollection[T]{codec: bound, at: at, c: &s.Collections[at], version: s.Version}
		return nil
	}
	return h, r.bind(bind)
}

// bind makes a handle fit the schema, now and whenever it changes.
func (r *RecordRoom) bind(f func(*value.Schema) error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := f(r.replica.schema); err != nil {
		return err
	}
	r.bindings = append(r.bindings, f)
	return nil
}

func (c *Collection[T]) now() *boundCollection[T] {
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	return c.bound
}

// Create is the write of a new record; one with its key is there already:
// DUPLICATE. It gives the fields of T that clients may give, or those named; a
// field that has a default, and is zero in record, only if it is named.
func (c *Collection[T]) Create(record T, fields ...string) Write {
	return c.write(value.Create, &record, fields)
}

// Put is the write of fields of a record, which is made if it is missing: those
// named, or all of T that clients may give.
func (c *Collection[T]) Put(record T, fields ...string) Write {
	return c.write(value.Put, &record, fields)
}

// Remove is the write that takes the record with the key away, if it is there.
func (c *Collection[T]) Remove(key any) Write {
	b := c.now()
	k, err := b.key(key)
	if err != nil {
		return Write{err: err}
	}
	return Write{version: b.version, ops: []value.Operation{{Kind: value.Remove, Collection: b.at, Key: k}}}
}

func (c *Collection[T]) write(kind value.OperationKind, record *T, fields []string) Write {
	b := c.now()
	patch, err := b.codec.Patch(nil, record)
	if err != nil {
		return Write{err: err}
	}
	for _, name := range fields {
		if b.c.Field(name) < 0 {
			return Write{err: fmt.Errorf("%s has no field %q", c.name, name)}
		}
	}
	patch = b.c.Without(patch, func(i int) bool { return b.leavesOut(kind, patch, i, fields) })
	op := value.Operation{Kind: kind, Collection: b.at, Patch: patch}
	if key, ok := b.c.PatchKey(patch); ok {
		op.Key = key
	}
	return Write{version: b.version, ops: []value.Operation{op}}
}

// leavesOut reports whether a write does not give a field of its record.
func (b *boundCollection[T]) leavesOut(kind value.OperationKind, patch value.Patch, i int, named []string) bool {
	f := &b.c.Fields[i]
	v, _ := b.c.PatchValue(patch, i)
	zero := value.Compare(v, f.Missing()) == 0 || v.IsNull() || value.Compare(v, value.Zero(f.Kind)) == 0
	switch {
	case i == b.c.Key:
		return f.Auto && zero
	case len(named) > 0:
		return !slices.Contains(named, f.Name)
	case f.Server || f.User:
		return true
	}
	return kind == value.Create && f.Default != nil && zero
}

// key is the primary key that holds a Go value.
func (b *boundCollection[T]) key(key any) (value.Key, error) {
	v, err := valueOf(key)
	if err != nil {
		return "", err
	}
	k, err := b.c.MakeKey(v)
	if err != nil {
		return "", fmt.Errorf("a key of %s: %w", b.c.Name, err)
	}
	return k, nil
}

// valueOf is the cell of a Go value that may be a key.
func valueOf(v any) (value.Value, error) {
	switch v := v.(type) {
	case value.Value:
		return v, nil
	case []byte:
		return value.OfBytes(v), nil
	case time.Time:
		return value.OfTime(v), nil
	}
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.String:
		return value.OfString(r.String()), nil
	case r.CanInt():
		return value.OfInt(r.Int()), nil
	case r.CanUint():
		return value.OfUint(r.Uint()), nil
	}
	return value.Value{}, fmt.Errorf("a key is a string, integer, []byte or time.Time, not %T", v)
}

// Subscribe opens a live query. The error is the query's, BAD_QUERY; what the
// server has against it is told by Live.Ready and Live.Err.
func (c *Collection[T]) Subscribe(q query.Query) (*Live[T], error) {
	live := newLive(c)
	if err := c.room.subscribe(&live.query, q); err != nil {
		return nil, fmt.Errorf("subscribe to %s: %w", c.name, err)
	}
	return live, nil
}
