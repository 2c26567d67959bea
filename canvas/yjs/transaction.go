package yjs

import (
	"fmt"
	"slices"
)

// Tx is a transaction: it is open while the function given to Transact runs.
type Tx struct {
	doc      *Doc
	before   map[uint64]uint64 // the clocks of clients that were added to
	deleted  deleteSet
	seams    []*item // items that were split off, or whose neighbours may be garbage
	divided  []dividedPair
	newRoots []string
	steps    int // of work that are left
	items    int // of the document, before
	weight   int
}

func (d *Doc) begin(steps int) *Tx {
	if d.tx != nil {
		panic("yjs: a transaction within a transaction, or of another goroutine")
	}
	d.tx = &Tx{doc: d, before: map[uint64]uint64{}, deleted: deleteSet{}, steps: steps, items: d.items, weight: d.weight}
	return d.tx
}

// end commits, or rolls back after an error.
func (tx *Tx) end(err error) (diff []byte, _ error) {
	d := tx.doc
	if err == nil && tx.steps < 0 {
		err = ErrTooCostly
	}
	if err == nil {
		tx.deleted.normal()
		// A deletion may split items, but must always be possible.
		if after := d.weight - tx.freed(); len(tx.before) > 0 && after > d.limits.Bytes && after > tx.weight {
			err = ErrTooLarge
		}
	}
	if err != nil {
		tx.rollback()
		return nil, err
	}
	tx.collect()
	tx.merge()
	d.tx = nil
	if len(tx.before) == 0 && len(tx.deleted) == 0 {
		return nil, nil
	}
	return tx.deleted.append(d.appendItems(nil, tx.before)), nil
}

// enter appends the item to its client's log.
func (tx *Tx) enter(it *item) {
	d := tx.doc
	l := d.logs[it.id.Client]
	if l == nil {
		l = &log{}
		d.logs[it.id.Client] = l
	}
	if _, ok := tx.before[it.id.Client]; !ok {
		tx.before[it.id.Client] = l.end()
	}
	l.append(it)
	d.items++
	d.weight += itemWeight
	if !it.garbage() {
		d.weight += it.content.size() + len(it.key)
	}
}

// clockBefore is the client's clock when the transaction began.
func (tx *Tx) clockBefore(client uint64) uint64 {
	if clock, ok := tx.before[client]; ok {
		return clock
	}
	return tx.doc.logs[client].end()
}

// itemStartingWith splits, if need be, so that an item starts with the element.
func (tx *Tx) itemStartingWith(id ID) *item {
	l := tx.doc.logs[id.Client]
	p := l.find(id.Clock)
	it := l.at(p)
	if it.id.Clock == id.Clock || it.garbage() {
		return it
	}
	return tx.split(l, p, id.Clock-it.id.Clock)
}

// itemEndingWith splits, if need be, so that an item ends with the element.
func (tx *Tx) itemEndingWith(id ID) *item {
	l := tx.doc.logs[id.Client]
	p := l.find(id.Clock)
	it := l.at(p)
	if it.end() != id.Clock+1 && !it.garbage() {
		tx.split(l, p, id.Clock+1-it.id.Clock)
	}
	return it
}

// split divides the item at p after n elements and returns the rest.
func (tx *Tx) split(l *log, p place, n uint64) *item {
	it := l.at(p)
	if t, ok := it.content.(*text); ok {
		tx.noteDivided(it, t, n)
	}
	rest := it.split(n)
	l.insertAfter(p, rest)
	tx.seams = append(tx.seams, rest)
	tx.doc.items++
	tx.doc.weight += itemWeight + len(rest.key)
	return rest
}

// delete marks an item and all that is in it.
func (tx *Tx) delete(it *item) {
	if it.deleted() {
		return
	}
	if countable(it.content) && !it.keyed() {
		it.parent.length -= it.length
	}
	it.flags |= deleted
	tx.deleted.add(it.id.Client, it.id.Clock, it.length)
	n, ok := it.content.(*node)
	if !ok {
		return
	}
	for child := n.start; child != nil; child = child.right {
		tx.deleteChild(child)
	}
	for _, child := range n.keys {
		tx.deleteChild(child)
	}
}

func (tx *Tx) deleteChild(child *item) {
	tx.steps--
	if !child.deleted() {
		tx.delete(child)
	} else if child.id.Clock < tx.clockBefore(child.id.Client) {
		// It is no deletion of this transaction, but will be garbage, which may
		// become one with its neighbours.
		tx.seams = append(tx.seams, child)
	}
}

// applyDeletes deletes what an update says, all of which must be known.
func (tx *Tx) applyDeletes(ds deleteSet) error {
	for _, client := range descending(ds) {
		l := tx.doc.logs[client]
		tx.seams = slices.Grow(tx.seams, 2*len(ds[client]))
		tx.deleted[client] = slices.Grow(tx.deleted[client], len(ds[client]))
		for _, c := range ds[client] {
			end := c.clock + c.length
			if end > l.end() {
				return fmt.Errorf("%w (%d:%d)", ErrMissing, client, l.end())
			}
			if err := tx.deleteRange(l, c.clock, end); err != nil {
				return err
			}
		}
	}
	return nil
}

func (tx *Tx) deleteRange(l *log, clock, end uint64) error {
	p := l.find(clock)
	if it := l.at(p); it.id.Clock < clock && !it.deleted() {
		tx.split(l, p, clock-it.id.Clock)
		p = l.find(clock)
	}
	for ok := true; ok && l.at(p).id.Clock < end; p, ok = l.next(p) {
		if tx.steps--; tx.steps < 0 {
			return ErrTooCostly
		}
		it := l.at(p)
		if it.deleted() {
			continue
		}
		if it.end() > end {
			tx.split(l, p, end-it.id.Clock)
			p = l.find(it.id.Clock)
		}
		tx.delete(it)
	}
	return nil
}
