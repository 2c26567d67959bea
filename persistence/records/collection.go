package records

import (
	"fmt"
	"iter"
	"reflect"
	"unsafe"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// Key is what a primary key can be.
type Key interface {
	~string | ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Meta is what every record carries besides its fields (R1.2). A record type
// that embeds it finds it filled in what it reads; in what it writes it does
// not count.
type Meta = value.Meta

// Collection is a field of the world: durable records of type T under keys of
// type K, the type of the field of T that is tagged `parlor:"key"`. It is used
// inside hooks only. docs/records.md lists the tags.
type Collection[K Key, T any] struct {
	name   string
	m      *Machine
	at     int // in m.tables
	codec  *value.Codec[T]
	offset uintptr // of the key in T
	text   bool    // keys are strings; else integers
	signed bool
}

// describe is what Define needs to know. It is called once, before bind.
func (c *Collection[K, T]) describe(name string) (described, error) {
	codec, collection, err := value.Bind[T](name)
	if err != nil {
		return described{}, err
	}
	field := collection.Fields[collection.Key].Name
	key, ok := reflect.TypeFor[T]().FieldByName(field)
	if !ok || len(key.Index) != 1 {
		return described{}, fmt.Errorf("%s: the key %s must be a field of %s itself", name, field, reflect.TypeFor[T]())
	}
	if key.Type != reflect.TypeFor[K]() {
		return described{}, fmt.Errorf("%s: its keys are %s, but the key of %s is %s %s", name, reflect.TypeFor[K](), reflect.TypeFor[T](), field, key.Type)
	}
	c.name, c.codec, c.offset = name, codec, key.Offset
	kind := collection.Fields[collection.Key].Kind
	c.text, c.signed = kind == value.String, kind.Signed()
	return described{collection: &collection}, nil
}

// bind ties the field to a machine whose table at holds its records.
func (c *Collection[K, T]) bind(m *Machine, at int) error {
	codec, err := c.codec.BindTo(m.tables[at].collection)
	if err != nil {
		return err
	}
	c.m, c.at, c.codec = m, at, codec
	for _, f := range m.tables[at].collection.Fields {
		if f.Kind == value.JSON && !f.Retired {
			m.tables[at].fits = c.fits
		}
	}
	return nil
}

// fits says whether a row that a client made is a T: valid JSON may be
// something else than the field's Go type.
func (c *Collection[K, T]) fits(row value.Row) error {
	var record T
	return c.codec.Decode(row, &record)
}

// encode is the patch of a T with the fields that are not zero, and the key.
func (c *Collection[K, T]) encode(record any) (value.Patch, error) {
	r, ok := record.(T)
	if !ok {
		return nil, fmt.Errorf("%T is not a record of %s", record, c.name)
	}
	patch, err := c.codec.Patch(nil, &r)
	if err != nil {
		return nil, err
	}
	collection := c.m.tables[c.at].collection
	return collection.Without(patch, func(field int) bool {
		v, _ := collection.PatchValue(patch, field)
		return v.IsNull() || v == value.Zero(collection.Fields[field].Kind) && (field != collection.Key || collection.Fields[field].Auto)
	}), nil
}

// keyOf is the key of a record.
func (c *Collection[K, T]) keyOf(record *T) K {
	return *(*K)(unsafe.Add(unsafe.Pointer(record), c.offset)) // describe has compared the types
}

// find is the key as the table knows it, valid until the next find.
func (c *Collection[K, T]) find(key K) value.Key {
	v := reflect.ValueOf(key)
	var cell value.Value
	switch {
	case c.text:
		cell = value.OfString(v.String())
	case c.signed:
		cell = value.OfInt(v.Int())
	default:
		cell = value.OfUint(v.Uint())
	}
	c.m.key = value.AppendKeyValue(c.m.key[:0], cell)
	return value.Key(unsafe.String(unsafe.SliceData(c.m.key), len(c.m.key)))
}

// Get returns the record of that key.
func (c *Collection[K, T]) Get(key K) (record T, ok bool) {
	c.m.mustRead(c.name, c.at)
	r := c.m.set.Table(c.at).Get(c.find(key))
	if r == nil {
		return record, false
	}
	c.decode(r, &record)
	return record, true
}

func (c *Collection[K, T]) decode(r *table.Record, record *T) {
	if err := c.codec.Decode(r.Row, record); err != nil {
		panic(fmt.Sprintf("records: failed to read a record of %s: %v", c.name, err))
	}
}

// Has says whether there is a record of that key.
func (c *Collection[K, T]) Has(key K) bool {
	c.m.mustRead(c.name, c.at)
	return c.m.set.Table(c.at).Get(c.find(key)) != nil
}

// Insert adds a record and returns its key: if that is tagged `auto` and zero
// in record, the next one. A key or unique tuple that is taken is a DUPLICATE.
func (c *Collection[K, T]) Insert(record T) (key K, err error) {
	c.m.mustWrite(c.name)
	if t := &c.m.tables[c.at]; t.auto && c.keyOf(&record) == key {
		c.setKey(&record, t.next)
	}
	row, err := c.codec.Encode(&record, c.m.newMeta())
	if err != nil {
		return key, err
	}
	if err := c.m.insert(c.at, row); err != nil {
		return key, err
	}
	return c.keyOf(&record), nil
}

// setKey gives a record its automatic key; one that does not fit is noticed by
// the codec, as a zero key would be taken.
func (c *Collection[K, T]) setKey(record *T, next uint64) {
	key := reflect.NewAt(reflect.TypeFor[K](), unsafe.Add(unsafe.Pointer(record), c.offset)).Elem()
	switch {
	case c.signed && !key.OverflowInt(int64(next)):
		key.SetInt(int64(next))
	case !c.signed && !key.OverflowUint(next):
		key.SetUint(next)
	default:
		panic(fmt.Sprintf("records: %s has used all keys of %s", c.name, key.Type()))
	}
}

// Put adds a record, or replaces that of the same key.
func (c *Collection[K, T]) Put(record T) error {
	c.m.mustWrite(c.name)
	old := c.m.tx.Get(c.at, c.find(c.keyOf(&record)))
	if old == nil {
		_, err := c.Insert(record)
		return err
	}
	return c.replace(old, &record)
}

func (c *Collection[K, T]) replace(old *table.Record, record *T) error {
	row, err := c.codec.Encode(record, c.m.changedMeta(c.at, old.Row))
	if err != nil {
		return err
	}
	return c.m.replace(c.at, old, row)
}

// Update changes the record of that key; ErrMissing says that there is none.
// When change gives it another key, it is deleted and inserted anew (R2.2).
func (c *Collection[K, T]) Update(key K, change func(record *T)) error {
	c.m.mustWrite(c.name)
	old := c.m.tx.Get(c.at, c.find(key))
	if old == nil {
		return ErrMissing
	}
	var record T
	c.decode(old, &record)
	change(&record)
	if c.keyOf(&record) == key {
		return c.replace(old, &record)
	}
	if c.Has(c.keyOf(&record)) {
		return c.m.duplicateKey(c.at)
	}
	mark := c.m.tx.Mark()
	c.Delete(key)
	if _, err := c.Insert(record); err != nil {
		c.m.tx.UndoTo(mark)
		return err
	}
	return nil
}

// Delete removes a record, and says whether there was one.
func (c *Collection[K, T]) Delete(key K) bool {
	c.m.mustWrite(c.name)
	return c.m.remove(c.at, c.m.tx.Get(c.at, c.find(key)))
}

// Len counts the records.
func (c *Collection[K, T]) Len() int {
	c.m.mustRead(c.name, c.at)
	return c.m.set.Table(c.at).Len()
}

// All walks the records in the order of their keys, as they were when it began.
func (c *Collection[K, T]) All() iter.Seq2[K, T] { return c.Where(query.All()) }

// Where walks the records that a query finds, as they were when it began. A
// query that does not fit the collection panics.
func (c *Collection[K, T]) Where(q query.Query) iter.Seq2[K, T] {
	c.m.mustRead(c.name, c.at)
	bound, err := q.Bind(c.m.tables[c.at].collection)
	if err != nil {
		panic(fmt.Sprintf("records: a query of %s: %v", c.name, err))
	}
	return func(yield func(K, T) bool) {
		c.m.mustRead(c.name, c.at)
		c.m.selectRows(c.at, bound, func(r *table.Record) bool {
			var record T
			c.decode(r, &record)
			return yield(c.keyOf(&record), record)
		})
	}
}

// Events is a field of the world: records that are broadcast when their
// transaction is durable, and never kept (R12.1).
type Events[T any] struct {
	name  string
	m     *Machine
	at    int
	codec *value.Codec[T]
}

func (e *Events[T]) describe(name string) (described, error) {
	codec, collection, err := value.BindEvent[T](name)
	if err != nil {
		return described{}, err
	}
	e.name, e.codec = name, codec
	return described{collection: &collection}, nil
}

func (e *Events[T]) bind(m *Machine, at int) error {
	codec, err := e.codec.BindTo(m.tables[at].collection)
	if err != nil {
		return err
	}
	e.m, e.at, e.codec = m, at, codec
	return nil
}

// Send broadcasts an event with the transaction. One that cannot be encoded
// panics.
func (e *Events[T]) Send(event T) {
	e.m.mustWrite(e.name)
	row, err := e.codec.Encode(&event, e.m.newMeta())
	if err == nil {
		err = e.m.send(e.at, row)
	}
	if err != nil {
		panic(err) // the transaction fails by it, as by an error of a write
	}
}
