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
	i, ok := n.slotOf(key)
	if !ok || n.keys[i].newest == nil || n.keys[i].newest.deleted() {
		return nil
	}
	return n.keys[i].newest
}

func (n *node) sortedKeys() []string {
	var keys []string
	for _, s := range n.keys {
		if s.newest != nil && !s.newest.deleted() {
			keys = append(keys, s.key)
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
func (m *Map) Len() (n int) {
	for _, s := range m.n.keys {
		if s.newest != nil && !s.newest.deleted() {
			n++
		}
	}
	return n
}

// Set gives key a value, of those that Get returns, Go's other numbers, and JSON
// as a json.RawMessage. A Kind makes a new shared type, which Get then returns;
// MapOf, ArrayOf and TextOf make one with content.
func (m *Map) Set(tx *Tx, key string, value any) error {
	if err := tx.writable(m.n); err != nil {
		return err
	}
	return tx.setKey(m.n, key, value)
}

func (tx *Tx) setKey(n *node, key string, value any) error {
	if !utf8.ValidString(key) {
		return fmt.Errorf("%w: a key is not UTF-8", ErrValue)
	}
	c, filled, err := tx.newContent(value)
	if err != nil {
		return fmt.Errorf("failed to set %q: %w", key, err)
	}
	if _, err = tx.insert(n, nil, nil, &key, c, 1); err != nil || filled == nil {
		return err
	}
	return filled.fill(tx, c.(*node))
}

// Delete removes a key, if it is there.
func (m *Map) Delete(tx *Tx, key string) error { return tx.deleteKey(m.n, key) }

func (tx *Tx) deleteKey(n *node, key string) error {
	if err := tx.writable(n); err != nil {
		return err
	}
	if it := n.get(key); it != nil {
		tx.delete(it)
	}
	return nil
}
