package value

// Key is a primary key, or the tuple of an index, as bytes whose order is that
// of the values (Compare); null comes first.
type Key string

// KeyOf returns the row's primary key.
func (c *Collection) KeyOf(row Row) Key {
	var room [64]byte
	return Key(c.AppendKey(room[:0], row))
}

// AppendKey appends the row's primary key.
func (c *Collection) AppendKey(dst []byte, row Row) []byte {
	return AppendKeyValue(dst, c.Get(row, c.Key))
}

// KeyValue reads a primary key, which may come from anyone.
func (c *Collection) KeyValue(k Key) (Value, error) { panic("not yet") }

// MakeKey is the primary key that holds v; the error says why it cannot.
func (c *Collection) MakeKey(v Value) (Key, error) { panic("not yet") }

// PatchKey is the primary key that a patch gives; ok is false if it has none.
func (c *Collection) PatchKey(p Patch) (k Key, ok bool) { panic("not yet") }

// AppendIndexKey appends the row's tuple in an index. No tuple is the
// beginning of another, so that a primary key can follow it.
func (c *Collection) AppendIndexKey(dst []byte, index *Index, row Row) []byte { panic("not yet") }

// NullIn reports whether the row's tuple in the index holds a null: then it is
// never a duplicate.
func (c *Collection) NullIn(index *Index, row Row) bool { panic("not yet") }

// AppendKeyValue appends one part of an ordered key: 0 for null, else 1 and
// the value's bytes.
func AppendKeyValue(dst []byte, v Value) []byte { panic("not yet") }

// AppendKeyValueDescending appends the value's bytes of one part, inverted and
// without the leading 1: nothing for null.
func AppendKeyValueDescending(dst []byte, v Value) []byte { panic("not yet") }
