package store

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"
)

// view is what a read sees: the B+tree as of one transaction and what the
// room's memtables had at that moment.
type view struct {
	tx   *bbolt.Tx
	room *bbolt.Bucket // nil if the B+tree has nothing that counts
}

func (v view) close() { v.tx.Rollback() }

// view takes from the memtables what collect wants, under the room's lock, and
// begins a transaction that has all that came before them. The transaction may
// also have what collect took from the older memtable, never anything later.
func (r *Room) view(collect func(older, newer *memtable)) (view, error) {
	for {
		if err := r.s.Err(); err != nil {
			return view{}, err
		}
		r.mu.Lock()
		older, newer := r.writing, r.active
		r.mu.Unlock()
		r.catchUp(older)
		r.catchUp(newer)
		r.mu.Lock()
		if err := r.usable(); err != nil {
			r.mu.Unlock()
			return view{}, err
		}
		cuts, wiped := r.cuts, false
		older, newer = r.writing, r.active
		older.catchUp(anyNumber) // what has come since
		newer.catchUp(anyNumber)
		if newer != nil && newer.wiped {
			older, wiped = nil, true
		}
		wiped = wiped || older != nil && older.wiped
		collect(older, newer)
		r.mu.Unlock()

		tx, err := r.s.tree.Begin(false)
		if err != nil {
			return view{}, fmt.Errorf("failed to read room %s: %w", r.name, err)
		}
		r.mu.Lock()
		same := cuts == r.cuts
		r.mu.Unlock()
		if !same { // a later checkpoint may be in the transaction
			tx.Rollback()
			continue
		}
		v := view{tx: tx}
		if !wiped {
			v.room = roomBucket(tx, r.name)
		}
		return v, nil
	}
}

// Each visits the records of a space in the order of their keys. f must not keep
// key or value, nor call the store. An error of f ends it and is returned; a
// *DamageError says that a record is not what was written.
func (r *Room) Each(space Space, f func(key, value []byte, seq uint64) error) error {
	r.s.reading.Add(1)
	defer r.s.reading.Add(-1)
	calling := false
	err := guard(&calling, func() error {
		var over []op
		v, err := r.view(func(older, newer *memtable) { over = overlay(space, older, newer) })
		if err != nil {
			return err
		}
		defer v.close()
		m := merge{over: over, room: r.name, space: space, sums: sumsOf(r.name, space)}
		if v.room != nil {
			if b := v.room.Bucket(spaceBucket(space)); b != nil {
				m.begin(b.Cursor())
			}
		}
		for {
			rec, ok, err := m.next()
			if err != nil || !ok {
				return err
			}
			calling = true
			err = f(rec.key, rec.value, rec.seq)
			calling = false
			if err != nil {
				return err
			}
		}
	})
	return r.quarantine(err)
}

// record is one that a merge found.
type record struct {
	key, value []byte
	seq        uint64
}

// merge walks a space of the B+tree together with the operations that are not
// in it yet.
type merge struct {
	over  []op // by key
	room  string
	space Space
	sums  recordSums

	cursor *bbolt.Cursor
	key    []byte // under the cursor; nil at the end
	stored []byte
	spare  []byte // for the keys of operations
}

func (m *merge) begin(c *bbolt.Cursor) {
	m.cursor = c
	m.key, m.stored = c.First()
}

// next returns the record with the next key; ok is false at the end.
func (m *merge) next() (rec record, ok bool, err error) {
	for {
		order := m.compare()
		switch {
		case order == 0 && m.key == nil:
			return record{}, false, nil
		case order <= 0:
			o := &m.over[0]
			m.over = m.over[1:]
			if order == 0 {
				m.key, m.stored = m.cursor.Next()
			}
			if o.removed {
				continue
			}
			m.spare = append(m.spare[:0], o.key...)
			return record{m.spare, o.value, o.seq}, true, nil
		}
		key, stored := m.key, m.stored
		m.key, m.stored = m.cursor.Next()
		value, seq, removed, ok := m.sums.open(key, stored)
		if !ok {
			return record{}, false, &DamageError{m.room, m.space, bytes.Clone(key), "the record's checksum is wrong"}
		}
		if !removed {
			return record{key, value, seq}, true, nil
		}
	}
}

// compare is below 0 if the next operation comes before the next stored record,
// 0 if they have the same key or both are at their end.
func (m *merge) compare() int {
	switch {
	case len(m.over) == 0 && m.key == nil:
		return 0
	case len(m.over) == 0:
		return 1
	case m.key == nil:
		return -1
	}
	return compareKeys(m.over[0].key, m.key)
}

// compareKeys compares without making a copy of either.
func compareKeys(a string, b []byte) int {
	switch {
	case a < string(b):
		return -1
	case a == string(b):
		return 0
	}
	return 1
}

// Get returns a copy of one record and the sequence that wrote it.
func (r *Room) Get(space Space, key []byte) (value []byte, seq uint64, ok bool, err error) {
	err = guard(nil, func() error {
		var found op
		var hit bool
		v, err := r.view(func(older, newer *memtable) {
			if found, hit = newer.get(space, key); !hit {
				found, hit = older.get(space, key)
			}
		})
		if err != nil {
			return err
		}
		defer v.close()
		if hit {
			if !found.removed {
				value, seq, ok = bytes.Clone(found.value), found.seq, true
			}
			return nil
		}
		value, seq, ok, err = v.get(r.name, space, key)
		return err
	})
	return value, seq, ok, r.quarantine(err)
}

// get returns a copy of a stored record.
func (v view) get(room string, space Space, key []byte) (value []byte, seq uint64, ok bool, err error) {
	if v.room == nil {
		return nil, 0, false, nil
	}
	b := v.room.Bucket(spaceBucket(space))
	if b == nil {
		return nil, 0, false, nil
	}
	stored := b.Get(key)
	if stored == nil {
		return nil, 0, false, nil
	}
	value, seq, removed, intact := sumsOf(room, space).open(key, stored)
	if !intact {
		return nil, 0, false, &DamageError{room, space, bytes.Clone(key), "the record's checksum is wrong"}
	}
	if removed {
		return nil, 0, false, nil
	}
	return bytes.Clone(value), seq, true, nil
}

// Spaces are those that something was put into, ascending. All of it may have
// been deleted.
func (r *Room) Spaces() (spaces []Space, err error) {
	err = guard(nil, func() error {
		v, err := r.view(func(older, newer *memtable) {
			for _, m := range []*memtable{older, newer} {
				if m != nil {
					spaces = append(spaces, m.spaces...)
				}
			}
		})
		if err != nil {
			return err
		}
		defer v.close()
		if v.room != nil {
			err = v.room.ForEachBucket(func(name []byte) error {
				if space, ok := spaceOf(name); ok {
					spaces = append(spaces, space)
				}
				return nil
			})
		}
		slices.Sort(spaces)
		spaces = slices.Compact(spaces)
		return err
	})
	return spaces, r.quarantine(err)
}

// Changes visits the latest operation on each key of the logged spaces after
// sequence since, ordered by sequence. The error is ErrPruned if since lies
// before Floor()-1. f must not keep key, nor call the store.
func (r *Room) Changes(since uint64, f func(seq uint64, space Space, key []byte, removed bool) error) error {
	calling := false
	call := func(seq uint64, space Space, key []byte, removed bool) error {
		calling = true
		err := f(seq, space, key, removed)
		calling = false
		return err
	}
	err := guard(&calling, func() error {
		var over []op
		var floor uint64
		v, err := r.view(func(older, newer *memtable) {
			floor, over = r.state.floor, newerThan(since, older, newer)
		})
		if err != nil {
			return err
		}
		defer v.close()
		if since+1 < floor {
			return pruned(since, floor)
		}
		// A stored entry is superseded by what came after it, so after since.
		superseded := make(map[spaceKey]struct{}, len(over))
		for i := range over {
			superseded[spaceKey{over[i].space, over[i].key}] = struct{}{}
		}
		if err := v.changes(r.name, since, superseded, call); err != nil {
			return err
		}
		for i := range over {
			if err := call(over[i].seq, over[i].space, []byte(over[i].key), over[i].removed); err != nil {
				return err
			}
		}
		return nil
	})
	return r.quarantine(err)
}

func pruned(since, floor uint64) error {
	return fmt.Errorf("%w: to sequence %d; it begins with %d", ErrPruned, since, floor)
}

type spaceKey struct {
	space Space
	key   string
}

// newerThan are the latest operations after since.
func newerThan(since uint64, older, newer *memtable) []op {
	return newer.after(since, older.without(newer, older.after(since, nil)))
}

// changes visits the stored change log. Entries beyond the stored high-water
// mark are of a checkpoint that is under way or was interrupted: the memtables
// have them.
func (v view) changes(room string, since uint64, superseded map[spaceKey]struct{}, f func(uint64, Space, []byte, bool) error) error {
	if v.room == nil {
		return nil
	}
	b := v.room.Bucket(logBucket())
	state, err := decodeState(v.room.Get(stateKey()))
	if err != nil {
		return &DamageError{room, 0, stateKey(), err.Error()}
	}
	if since+1 < state.floor {
		return pruned(since, state.floor)
	}
	if b == nil {
		return nil
	}
	c := b.Cursor()
	for k, stored := c.Seek(binary.BigEndian.AppendUint64(nil, since+1)); k != nil; k, stored = c.Next() {
		seq, space, key, removed, ok := readLog(k, stored)
		if !ok {
			return &DamageError{room, 0, bytes.Clone(k), "the change log's checksum is wrong"}
		}
		if seq > state.seq {
			return nil
		}
		if _, newer := superseded[spaceKey{space, string(key)}]; newer {
			continue
		}
		if err := f(seq, space, key, removed); err != nil {
			return err
		}
	}
	return nil
}
