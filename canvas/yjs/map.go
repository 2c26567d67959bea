package yjs

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Map is a Y.Map.
type Map struct{ n *node }

// Map is the document's root of that name, read as a Y.Map.
func (d *Doc) Map(name string) *Map { return &Map{d.root(name)} }

func (n *node) get(key string) *item {
	if it := n.keys[key]; it != nil && !it.deleted() {
		return it
	}
	return nil
}

func (n *node) sortedKeys() []string {
	var keys []string
	for key, it := range n.keys {
		if !it.deleted() {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// Get is a key's value: nil, bool, float64, int64 (BigInt), string, []byte,
// []any, map[string]any, Undefined, Subdoc, or a shared type: *Map, *Array,
// *Text, *XMLElement, *XMLFragment, *XMLText.
func (m *Map) Get(key string) (value any, ok bool) {
	it := m.n.get(key)
	if it == nil {
		return nil, false
	}
	return it.lastValue(), true
}

// Keys are in order.
func (m *Map) Keys() []string { return m.n.sortedKeys() }

// Len is the number of keys.
func (m *Map) Len() int { return len(m.n.sortedKeys()) }

// AppendJSON appends a key's value as JSON, without making Go values of it: a
// text is a string, a map an object, bytes and what JSON lacks are null. If there
// is no such key, then ok is false.
func (m *Map) AppendJSON(b []byte, key string) (_ []byte, ok bool) { panic("not yet") }

// Set gives key a value, of those that Get returns, Go's other numbers, and JSON
// as a json.RawMessage. A Kind makes a new shared type, which Get then returns;
// MapOf, ArrayOf and TextOf make one with content.
func (m *Map) Set(tx *Tx, key string, value any) error {
	if err := tx.writable(m.n); err != nil {
		return err
	}
	if !utf8.ValidString(key) {
		return fmt.Errorf("%w: a key is not UTF-8", ErrValue)
	}
	c, err := newContent(value)
	if err != nil {
		return fmt.Errorf("failed to set %q: %w", key, err)
	}
	_, err = tx.insert(m.n, m.n.keys[key], nil, &key, c, 1)
	return err
}

// Delete removes a key, if it is there.
func (m *Map) Delete(tx *Tx, key string) error {
	if err := tx.writable(m.n); err != nil {
		return err
	}
	if it := m.n.get(key); it != nil {
		tx.delete(it)
	}
	return nil
}
