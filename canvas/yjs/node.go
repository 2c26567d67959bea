package yjs

import "slices"

// Kind of a shared type, as numbered in the update format. The kind of a type at
// the document's root is not in updates: it is what its readers take it for.
type Kind uint8

// The shared types.
const (
	KindArray Kind = iota
	KindMap
	KindText
	KindXMLElement
	KindXMLFragment
	KindXMLHook
	KindXMLText
)

// node is a shared type of any kind: a list of items, and the newest item of
// each key. Older items of a key hang to the left of it.
type node struct {
	item   *item // that holds it; nil at the root
	start  *item
	index  *index // of a long list, once a position in it was asked for
	keys   []slot
	find   map[string]uint32 // the keys' slots, if they are many
	length uint64            // elements with a position that are not deleted
	name   *string           // of a root; of an XML element or hook
	kind   Kind
	depth  int32
}

// slot is a key and its newest item.
type slot struct {
	key    string
	newest *item
}

// manyKeys is from where on a map of slots is faster than looking at each.
const manyKeys = 16

func (n *node) ref() byte { return refType }
func (n *node) size() int { return 80 + len(n.called()) }

func (n *node) called() string {
	if n.name == nil {
		return ""
	}
	return *n.name
}

// in tells whether it is part of the document, deleted or not.
func (n *node) in(d *Doc) bool {
	if n.item == nil {
		return d.roots[n.called()] == n
	}
	at := n.item.id()
	return int(at.author) < len(d.logs) && at.clock < d.logs[at.author].end() && d.item(at) == n.item
}

func (n *node) append(b []byte, _, _ uint64) []byte {
	b = appendUint(b, uint64(n.kind))
	if n.kind == KindXMLElement || n.kind == KindXMLHook {
		b = appendBytes(b, n.called())
	}
	return b
}

// slotOf is the number of a key's slot.
func (n *node) slotOf(key string) (uint32, bool) {
	if n.find != nil {
		i, ok := n.find[key]
		return i, ok
	}
	for i := range n.keys {
		if n.keys[i].key == key {
			return uint32(i), true
		}
	}
	return 0, false
}

// addSlot is the number of a key's slot, which it makes if need be.
func (n *node) addSlot(key string) uint32 {
	if i, ok := n.slotOf(key); ok {
		return i
	}
	i := uint32(len(n.keys))
	if n.find != nil {
		n.find[key] = i
	} else if i == manyKeys {
		n.find = make(map[string]uint32, 2*manyKeys)
		for j := range n.keys {
			n.find[n.keys[j].key] = uint32(j)
		}
		n.find[key] = i
	}
	if int(i) == cap(n.keys) && i < manyKeys {
		more := uint32(4)
		if n.kind == KindMap {
			more = 8 // records have more keys than elements have attributes
		}
		n.keys = append(make([]slot, 0, i+more), n.keys...)
	}
	n.keys = append(n.keys, slot{key: key})
	return i
}

// trimSlots drops those that a rollback has emptied: they are the last.
func (n *node) trimSlots() {
	for len(n.keys) > 0 && n.keys[len(n.keys)-1].newest == nil {
		last := len(n.keys) - 1
		delete(n.find, n.keys[last].key)
		n.keys = slices.Delete(n.keys, last, last+1)
	}
}

// first is the leftmost item of the list, or of a key's history.
func (n *node) first(it *item) *item {
	if !it.keyed() {
		return n.start
	}
	o := n.keys[it.slot].newest
	for o != nil && o.left != nil {
		o = o.left
	}
	return o
}

// alive tells whether it is still in the document. What is in a deleted type is
// deleted, too.
func (n *node) alive() bool { return n.item == nil || !n.item.deleted() }

// each calls f for each item that is not deleted and has positions.
func (n *node) each(f func(*item)) {
	for it := n.start; it != nil; it = it.right {
		if it.visible() {
			f(it)
		}
	}
}
