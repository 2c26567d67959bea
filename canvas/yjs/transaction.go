package yjs

import (
	"cmp"
	"fmt"
	"slices"
)

// Tx is a transaction: it is open while the function given to Transact runs.
type Tx struct {
	doc      *Doc
	divided  []dividedPair
	newRoots []string
	steps    int  // of work that are left
	most     int  // that the diff is likely to have, in bytes
	quiet    bool // no diff is wanted
	logs     int  // of the document, before
	items    int
	weight   int
}

func (d *Doc) begin(steps int) *Tx {
	if d.tx != nil {
		panic("yjs: a transaction within a transaction, or of another goroutine")
	}
	d.forget()
	d.tx = &Tx{doc: d, steps: steps, most: 1 << 20, logs: len(d.logs), items: d.items, weight: d.weight}
	return d.tx
}

// forget drops what is known of the last transaction.
func (d *Doc) forget() {
	for _, l := range d.added {
		l.added = false
	}
	for _, l := range d.cut {
		l.deleted = again(l.deleted)
	}
	d.added, d.cut, d.previous, d.seams = again(d.added), again(d.cut), again(d.previous), again(d.seams)
}

// again empties a list for its next use, unless it is so long that keeping it
// would waste memory.
func again[T any](list []T) []T {
	if cap(list) > 64 {
		return nil
	}
	clear(list)
	return list[:0]
}

// end commits, or rolls back after an error.
func (tx *Tx) end(err error) (diff []byte, _ error) {
	d := tx.doc
	if err == nil && tx.steps < 0 {
		err = ErrTooCostly
	}
	if err == nil {
		tx.normal()
		// A deletion may split items, but must always be possible.
		if len(d.added) > 0 && d.weight > d.limits.Bytes {
			if after := d.weight - tx.freed(); after > d.limits.Bytes && after > tx.weight {
				err = ErrTooLarge
			}
		}
	}
	if err != nil {
		tx.rollback()
		return nil, err
	}
	tx.collect()
	tx.merge()
	d.seams = again(d.seams)
	d.tx = nil
	if len(d.added) == 0 && len(d.cut) == 0 {
		return nil, nil
	}
	if tx.quiet {
		return nil, nil
	}
	// An item takes less in an update than in memory.
	return d.diff(min(tx.most, 96+max(0, d.weight-tx.weight))), nil
}

// normal sorts what was deleted.
func (tx *Tx) normal() {
	slices.SortFunc(tx.doc.cut, func(x, y *log) int { return cmp.Compare(y.client, x.client) })
	for _, l := range tx.doc.cut {
		l.deleted = normal(l.deleted)
	}
}

// diff is the last transaction's update.
func (d *Doc) diff(room int) []byte {
	var few [4]part
	parts := slices.Grow(few[:0], len(d.added))
	for _, l := range d.added {
		parts = append(parts, part{l, l.before})
	}
	b := d.appendItems(make([]byte, 0, room), parts)
	b = appendUint(b, uint64(len(d.cut)))
	for _, l := range d.cut {
		b = appendRanges(b, l.client, l.deleted)
	}
	return b
}

// enter appends the item to its client's log.
func (tx *Tx) enter(it *item) {
	d := tx.doc
	l := d.logs[it.author]
	if !l.added {
		l.added, l.before = true, l.end()
		d.added = append(d.added, l)
	}
	l.append(it)
	l.tombsKnown = l.tombsKnown && !it.deleted()
	d.items++
	d.weight += it.weight()
}

// existed tells whether the item was there when the transaction began.
func (d *Doc) existed(it *item) bool {
	l := d.logs[it.author]
	return !l.added || it.clock < l.before
}

// noteDeleted adds to what the transaction deleted.
func (tx *Tx) noteDeleted(it *item) {
	l := tx.doc.logs[it.author]
	if len(l.deleted) == 0 {
		tx.doc.cut = append(tx.doc.cut, l)
	}
	l.tombsKnown = false
	l.deleted = addRange(l.deleted, it.clock, it.length)
}

// itemStartingWith splits, if need be, so that an item starts with the element.
func (tx *Tx) itemStartingWith(at ref) *item {
	l := tx.doc.logs[at.author]
	it := l.item(at.clock)
	if it.clock == at.clock || it.garbage() {
		return it
	}
	return tx.split(l, l.find(at.clock), at.clock-it.clock)
}

// itemEndingWith splits, if need be, so that an item ends with the element.
func (tx *Tx) itemEndingWith(at ref) *item {
	l := tx.doc.logs[at.author]
	it := l.item(at.clock)
	if it.end() != at.clock+1 && !it.garbage() {
		tx.split(l, l.find(at.clock), at.clock+1-it.clock)
	}
	return it
}

// split divides the item at p after n elements and returns the rest.
func (tx *Tx) split(l *log, p place, n uint64) *item {
	it, d := l.at(p), tx.doc
	if t, ok := it.content.(*text); ok {
		tx.noteDivided(it, t, n)
	}
	rest := it.split(n)
	l.insertAfter(p, rest)
	tx.noteSeam(rest)
	d.items++
	d.weight += rest.frame()
	return rest
}

// noteSeam remembers an item that may have become like its neighbours. The list
// doubles, for that takes less memory on the way than append's small steps.
func (tx *Tx) noteSeam(it *item) {
	d := tx.doc
	if n := len(d.seams); n == cap(d.seams) {
		d.seams = slices.Grow(d.seams, n+1)
	}
	d.seams = append(d.seams, it)
}

// delete marks an item and all that is in it.
func (tx *Tx) delete(it *item) {
	if it.deleted() {
		return
	}
	if !it.keyed() {
		if x := it.parent.index; x != nil {
			x.remove(it)
		}
		if countable(it.content) {
			it.parent.length -= it.length
		}
	}
	it.flags |= deleted
	tx.noteDeleted(it)
	n, ok := it.content.(*node)
	if !ok {
		return
	}
	for child := n.start; child != nil; child = child.right {
		tx.deleteChild(child)
	}
	for _, key := range n.keys {
		tx.deleteChild(key.newest)
	}
}

func (tx *Tx) deleteChild(child *item) {
	tx.steps--
	if !child.deleted() {
		tx.delete(child)
	} else if tx.doc.existed(child) {
		// It is no deletion of this transaction, but will be garbage, which may
		// become one with its neighbours.
		tx.noteSeam(child)
	}
}

// applyDeletes deletes what an update says, all of which must be known.
func (tx *Tx) applyDeletes(ds []clientRanges) error {
	for _, c := range ds {
		l, list := tx.doc.log(c.client), c.list
		if last := list[len(list)-1]; last.clock+last.length > l.end() {
			return fmt.Errorf("%w (%d:%d)", ErrMissing, c.client, l.end())
		}
		tx.doc.seams = slices.Grow(tx.doc.seams, 2*len(list))
		l.deleted = slices.Grow(l.deleted, len(list))
		for _, c := range list {
			if err := tx.deleteRange(l, c.clock, c.clock+c.length); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) deleteRange(l *log, clock, end uint64) error {
	p := l.find(clock)
	if it := l.at(p); it.clock < clock && !it.deleted() {
		tx.split(l, p, clock-it.clock)
		p = l.find(clock)
	}
	for ok := true; ok && l.at(p).clock < end; p, ok = l.nextPlace(p) {
		if tx.steps--; tx.steps < 0 {
			return ErrTooCostly
		}
		it := l.at(p)
		if it.deleted() {
			continue
		}
		if it.end() > end {
			tx.split(l, p, end-it.clock)
			p = l.find(it.clock)
		}
		tx.delete(it)
	}
	return nil
}
