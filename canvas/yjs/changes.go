package yjs

import (
	"cmp"
	"slices"
	"strings"
)

// Change is what one transaction did to one shared type that was there before it
// and still is. Of a type that is new or was deleted only its parent says so.
type Change struct {
	Root string // the root's name
	// Path leads from the root to the type; it is empty if that is the root.
	Path []Step
	// Type is *Map, *Array, *Text, *XMLElement, *XMLFragment or *XMLText. Of a root
	// only its readers know what it is: it is a *Map if keys of it have changed,
	// else an *Array.
	Type any
	Keys []KeyChange // of a map, or attributes; in order
	List bool        // elements came or went, or a text's format changed
}

// Step is one shared type within another.
type Step struct {
	Key string // in a map
	ID  ID     // of the element in a list; then Key is empty
}

// KeyChange is one key that has another value now, or none: see Map.Get.
type KeyChange struct {
	Key      string
	Previous any  // as Map.Get gave it; a Kind, if it was a shared type
	Had      bool // that there was a value
	// Unknown: the transaction overwrote more values than are kept (1,024), and
	// maybe this one: if Had is false then there may have been one.
	Unknown bool
}

// maxPrevious is how many overwritten values are kept until the next transaction.
const maxPrevious = 1024

// previous is the value that a key had before the last transaction.
type previous struct {
	key
	content content
}

// key is one of a type's.
type key struct {
	node *node
	slot uint32
}

// keepPrevious remembers the content of a deleted item before it is dropped.
func (d *Doc) keepPrevious(it *item) {
	if it.keyed() && len(d.previous) < maxPrevious && it.parent.alive() && d.existed(it) {
		d.previous = append(d.previous, previous{key{it.parent, it.slot}, it.content})
	}
}

// Changes tells what the last Apply or Transact did; nil if it failed, or did
// nothing, or is not over. It is worked out when asked for, and forgotten when
// the next begins. The order is by root and path.
func (d *Doc) Changes() []Change {
	if d.tx != nil {
		return nil
	}
	found := map[*node]*changed{}
	for _, l := range d.added {
		for p, ok := l.find(l.before), true; ok; p, ok = l.nextPlace(p) {
			d.noteChange(found, l.at(p))
		}
	}
	d.eachDeleted(func(it *item) { d.noteChange(found, it) })
	if len(found) == 0 {
		return nil
	}
	before := make(map[key]content, len(d.previous))
	for _, p := range d.previous {
		before[p.key] = p.content
	}
	list := make([]Change, 0, len(found))
	for n, c := range found {
		list = append(list, d.change(n, c, before))
	}
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Root, b.Root), slices.CompareFunc(a.Path, b.Path, compareSteps))
	})
	return list
}

// changed is what of a type has changed: slots of keys, and the list.
type changed struct {
	slots []uint32
	list  bool
}

func (d *Doc) noteChange(found map[*node]*changed, it *item) {
	if it.garbage() {
		return // of a type that was deleted
	}
	n := it.parent
	if n.item != nil && !d.existed(n.item) {
		return
	}
	c := found[n]
	if c == nil {
		c = &changed{}
		found[n] = c
	}
	if it.keyed() {
		c.slots = append(c.slots, it.slot)
	} else {
		c.list = true
	}
}

func (d *Doc) change(n *node, c *changed, before map[key]content) Change {
	slices.Sort(c.slots)
	change := Change{List: c.list}
	for _, slot := range slices.Compact(c.slots) {
		k := KeyChange{Key: n.keys[slot].key, Unknown: len(d.previous) == maxPrevious}
		if content := before[key{n, slot}]; content != nil {
			k.Had, k.Previous = true, previousValue(content)
		}
		change.Keys = append(change.Keys, k)
	}
	slices.SortFunc(change.Keys, func(a, b KeyChange) int { return strings.Compare(a.Key, b.Key) })
	change.Type = n.view()
	if n.item == nil && len(change.Keys) > 0 {
		change.Type = &Map{n}
	}
	for ; n.item != nil; n = n.item.parent {
		step := Step{ID: d.id(n.item.id())}
		if n.item.keyed() {
			step = Step{Key: n.item.key()}
		}
		change.Path = append(change.Path, step)
	}
	slices.Reverse(change.Path)
	change.Root = n.called()
	return change
}

func compareSteps(a, b Step) int {
	return cmp.Or(strings.Compare(a.Key, b.Key), cmp.Compare(a.ID.Client, b.ID.Client), cmp.Compare(a.ID.Clock, b.ID.Clock))
}

func previousValue(c content) any {
	if n, ok := c.(*node); ok {
		return n.kind
	}
	return (&item{content: c}).lastValue()
}
