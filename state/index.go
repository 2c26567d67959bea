package state

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
	"unsafe"
)

// Index finds the rows of a table by another key than their ID. It is a field
// of the world whose tag names the table and the field of its rows that holds
// the key:
//
//	Players state.Table[Player]
//	ByTeam  state.Index[uint8, Player] `parlor:"table=Players,column=Team"`
//
// The table may be left out where only one has rows of type T. A key may be a
// struct or array field too, but holds no floats. An index is derived: it is
// neither sent nor hashed nor saved.
type Index[K comparable, T any] struct{ index *index[K] }

// index is the part of an Index that does not depend on the row type.
type index[K comparable] struct {
	rows    *rows
	off     uintptr
	buckets map[K]*bucket // never iterated
	spare   []*bucket     // emptied, for the next new key
	slots   []indexed[K]  // what each slot is indexed as
}

// bucket holds the slots with one key in order.
type bucket struct{ slots []uint32 }

type indexed[K comparable] struct {
	key K
	in  bool
}

// indexer is an index whose key type is not known.
type indexer interface {
	update(p *page, i uint32) // makes the index agree with a slot
}

func (x *Index[K, T]) join(s *Store, name string, options tagOptions) error {
	x.index = &index[K]{buckets: make(map[K]*bucket)}
	s.links = append(s.links, func() error {
		r, err := s.indexedTable(reflect.TypeFor[T](), options.table)
		if err == nil {
			x.index.off, err = keyOffset(reflect.TypeFor[T](), reflect.TypeFor[K](), options.column)
		}
		if err != nil {
			return fmt.Errorf("World.%s: %w", name, err)
		}
		x.index.rows = r
		r.indexes = append(r.indexes, x.index)
		return nil
	})
	return nil
}

// indexedTable finds the table of row type t, by name if it is given.
func (s *Store) indexedTable(t reflect.Type, name string) (found *rows, err error) {
	for _, r := range s.tables {
		if r.single || r.rowType != t || name != "" && r.name != name {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("several tables have rows of type %s; name one in the tag, as `parlor:\"table=%s,column=…\"`", t, r.name)
		}
		found = r
	}
	if found == nil {
		return nil, fmt.Errorf("there is no table %s with rows of type %s", name, t)
	}
	return found, nil
}

// keyOffset finds where in a row the key lies.
func keyOffset(row, key reflect.Type, path string) (off uintptr, err error) {
	if path == "" {
		return 0, errors.New("an index needs a tag that says what it is over, as `parlor:\"column=Team\"`")
	}
	t := row
	for name := range strings.SplitSeq(path, ".") {
		if t.Kind() != reflect.Struct {
			return 0, fmt.Errorf("%s has no field %s", row, path)
		}
		f, ok := t.FieldByName(name)
		if !ok {
			return 0, fmt.Errorf("%s has no field %s", row, path)
		}
		off, t = off+f.Offset, f.Type
	}
	if t != key {
		return 0, fmt.Errorf("the key type %s is not that of %s, %s", key, path, t)
	}
	if holdsFloat(t) {
		return 0, fmt.Errorf("a key holds no floats, %s does", t)
	}
	return off, nil
}

func holdsFloat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Float32, reflect.Float64:
		return true
	case reflect.Array:
		return holdsFloat(t.Elem())
	case reflect.Struct:
		for i := range t.NumField() {
			if holdsFloat(t.Field(i).Type) {
				return true
			}
		}
	}
	return false
}

// Get yields the rows whose key is k in the order of their slots, changes made
// earlier in this call included. Rows may be edited, deleted and inserted
// meanwhile: one that loses the key before its turn is left out.
func (x *Index[K, T]) Get(k K) iter.Seq[ID] {
	return func(yield func(ID) bool) {
		x.index.rows.reindex()
		for from := uint32(0); ; {
			id, ok := x.index.next(k, from)
			if !ok {
				return
			}
			from = id.slot() + 1
			if p, i := x.index.rows.find(id); p != nil && x.index.key(p, i) == k && !yield(id) {
				return
			}
		}
	}
}

// next returns the first row with key k in a slot from slot on.
func (x *index[K]) next(k K, slot uint32) (ID, bool) {
	b := x.buckets[k]
	if b == nil {
		return 0, false
	}
	n, _ := slices.BinarySearch(b.slots, slot)
	if n == len(b.slots) {
		return 0, false
	}
	slot = b.slots[n]
	return x.rows.pages[slot/pageRows].id(slot % pageRows), true
}

func (x *index[K]) key(p *page, i uint32) K {
	return *(*K)(unsafe.Add(x.rows.at(p.rows, i), x.off))
}

func (x *index[K]) update(p *page, i uint32) {
	slot := uint32(p.number*pageRows) + i
	live := p.live>>i&1 != 0
	if int(slot) >= len(x.slots) {
		if !live {
			return
		}
		x.slots = append(x.slots, make([]indexed[K], int(slot)+1-len(x.slots))...)
	}
	held := &x.slots[slot]
	if held.in {
		if live && x.key(p, i) == held.key {
			return
		}
		x.remove(held.key, slot)
		*held = indexed[K]{}
	}
	if live {
		*held = indexed[K]{x.key(p, i), true}
		x.insert(held.key, slot)
	}
}

func (x *index[K]) insert(k K, slot uint32) {
	b := x.buckets[k]
	if b == nil {
		if n := len(x.spare); n > 0 {
			b, x.spare = x.spare[n-1], x.spare[:n-1]
		} else {
			b = &bucket{}
		}
		x.buckets[k] = b
	}
	n, _ := slices.BinarySearch(b.slots, slot)
	b.slots = slices.Insert(b.slots, n, slot)
}

func (x *index[K]) remove(k K, slot uint32) {
	b := x.buckets[k]
	if n, ok := slices.BinarySearch(b.slots, slot); ok {
		b.slots = slices.Delete(b.slots, n, n+1)
	}
	if len(b.slots) == 0 {
		delete(x.buckets, k)
		x.spare = append(x.spare, b)
	}
}
