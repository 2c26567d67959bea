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
	// Type is *Map, *Array, *Text, *XMLElement, *XMLFragment or *XMLText. A root is
	// a *Map if only keys of it have changed, else an *Array: read it as what it is.
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
	// Unknown: the transaction overwrote more values than are kept (4,096), and
	// this one was not; Previous and Had say nothing.
	Unknown bool
}

// maxPrevious is how many overwritten values are kept until the next transaction.
const maxPrevious = 4096

// Changes tells what the last Apply or Transact did, also if it failed: then
// nothing. It is worked out when asked for; the next transaction forgets it. The
// order is that of roots, then of the types' IDs.
func (d *Doc) Changes() []Change {
	panic("not yet")
}

func sortChanges(list []Change) {
	slices.SortFunc(list, func(a, b Change) int {
		return cmp.Or(strings.Compare(a.Root, b.Root), cmp.Compare(len(a.Path), len(b.Path)))
	})
}
