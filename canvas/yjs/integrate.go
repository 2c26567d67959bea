package yjs

import "fmt"

// incoming is an update's items on their way into the document.
type incoming struct {
	*Tx
	update   []byte
	sections sections
	stack    []waiting
	next     block // scratch
}

// waiting is a section that is worked on until it has passed a clock, because
// the section below it in the stack needs that.
type waiting struct {
	*section
	until uint64
}

// integrateAll integrates the items, each after those that it refers to.
func (in *incoming) integrateAll() error {
	for i := range in.sections.list {
		if err := in.drain(&in.sections.list[i]); err != nil {
			return err
		}
	}
	return nil
}

// drain integrates all of a section and what it waits for of the others. A
// section is never twice in the stack: then its item would wait for itself.
func (in *incoming) drain(s *section) error {
	in.stack = append(in.stack[:0], waiting{s, maxSafe})
	s.busy = true
	for len(in.stack) > 0 {
		top := in.stack[len(in.stack)-1]
		known := in.doc.log(top.client).end()
		if known > top.until || top.left == 0 {
			if top.until != maxSafe && known <= top.until {
				return fmt.Errorf("%w (%d:%d)", ErrMissing, top.client, top.until)
			}
			in.stack = in.stack[:len(in.stack)-1]
			top.busy = false
			continue
		}
		id, wait, err := in.step(top.section, known)
		if err != nil {
			return err
		}
		if !wait {
			continue
		}
		next := in.sections.of(id.Client)
		if next < 0 || in.sections.list[next].busy {
			return fmt.Errorf("%w (%v)", ErrMissing, id)
		}
		in.sections.list[next].busy = true
		in.stack = append(in.stack, waiting{&in.sections.list[next], id.Clock})
	}
	return nil
}

// step integrates a section's next item, or the part of it that is not known
// yet. If wait is true then it did not: the element id must be known before.
func (in *incoming) step(s *section, known uint64) (id ID, wait bool, err error) {
	r, b := reader{b: in.update, i: s.at, checked: true}, &in.next
	r.header(b, s.client, s.clock)
	isNew := s.clock >= known
	if isNew {
		if id, wait = b.waitsFor(in.doc); wait {
			return id, true, nil
		}
	}
	body := r.i
	r.body(b, isNew)
	if !isNew && b.end() > known && b.ref != refSkip {
		if id, wait = b.waitsFor(in.doc); wait {
			return id, false, fmt.Errorf("%w (%v)", ErrMissing, id)
		}
		r.i = body
		r.body(b, true)
	}
	s.at = r.i
	s.clock += b.length
	s.left--
	if s.clock <= known || b.ref == refSkip {
		return ID{}, false, nil
	}
	if b.id.Clock > known {
		return ID{}, false, fmt.Errorf("%w (%d:%d)", ErrMissing, s.client, known)
	}
	return ID{}, false, in.place(b, known-b.id.Clock)
}

// place integrates the item without its first known elements.
func (in *incoming) place(b *block, known uint64) error {
	if b.ref == refGC && in.extendGarbage(b.id.Client, b.length-known) {
		return nil
	}
	d := in.doc
	it := &item{author: d.addLog(b.id.Client).number, clock: b.id.Clock, length: b.length, content: b.content}
	if b.flags&hasOrigin != 0 {
		it.setOrigin(d.ref(b.origin))
	}
	if b.flags&hasRightOrigin != 0 {
		it.setRightOrigin(d.ref(b.rightOrigin))
	}
	if known > 0 {
		// The rest belongs where the known part is, whatever this update says.
		it.skip(known)
		b.flags &^= hasKey
		b.parentKind = parentOfNeighbour
	}
	if !it.garbage() {
		in.findNeighbours(it, b)
	}
	if it.parent == nil { // deleted, with all that is in it
		it.makeGarbage()
		in.enter(it)
		return nil
	}
	return in.integrate(it)
}

// extendGarbage adds to garbage that this transaction entered last.
func (tx *Tx) extendGarbage(client, length uint64) bool {
	l := tx.doc.log(client)
	if l == nil || !l.added {
		return false
	}
	it := l.at(l.last())
	if !it.garbage() || it.clock < l.before {
		return false
	}
	it.length += length
	l.next += length
	l.tombsKnown = false
	return true
}

// findNeighbours sets left, right, parent and key from the item's references.
// The parent stays nil if it is garbage.
func (tx *Tx) findNeighbours(it *item, b *block) {
	d := tx.doc
	if it.flags&hasOrigin != 0 {
		it.left = tx.itemEndingWith(it.origin())
	}
	if it.flags&hasRightOrigin != 0 {
		it.right = tx.itemStartingWith(it.rightOrigin())
	}
	if it.left != nil && it.left.garbage() || it.right != nil && it.right.garbage() {
		return
	}
	neighbour := it.left
	if neighbour == nil {
		neighbour = it.right
	}
	switch b.parentKind {
	case parentIsRoot:
		n := d.roots[string(b.parentRoot)]
		if n == nil {
			name := string(b.parentRoot)
			tx.newRoots = append(tx.newRoots, name)
			n = d.root(name)
			tx.weight -= n.size()
		}
		it.parent = n
	case parentIsItem:
		it.parent, _ = d.item(d.ref(b.parentID)).content.(*node)
	default:
		it.parent = neighbour.parent
		if neighbour.keyed() {
			it.slot = neighbour.slot
			it.flags |= hasKey
		}
		return
	}
	if it.parent != nil && b.flags&hasKey != 0 {
		it.slot = it.parent.addSlot(d.names.of(b.key))
		it.flags |= hasKey
	}
}

// integrate puts an item with left, right and parent at its place.
func (tx *Tx) integrate(it *item) error {
	if (it.left == nil && (it.right == nil || it.right.left != nil)) || (it.left != nil && it.left.right != it.right) {
		if err := tx.resolve(it); err != nil {
			return err // a new key has no conflicts: its slot is not left empty
		}
	}
	parent := it.parent
	if it.left != nil {
		it.right, it.left.right = it.left.right, it
	} else {
		if it.right == nil || it.right.left != nil {
			it.right = parent.first(it)
		}
		if !it.keyed() {
			parent.start = it
		}
	}
	if it.right != nil {
		it.right.left = it
	} else if it.keyed() {
		parent.keys[it.slot].newest = it
		if it.left != nil {
			tx.delete(it.left)
		}
	}
	if !it.keyed() {
		if countable(it.content) {
			parent.length += it.length
		}
		if parent.index != nil {
			parent.index.insert(it)
		}
	}
	tx.enter(it)
	switch c := it.content.(type) {
	case gone:
		it.flags |= deleted
		tx.noteDeleted(it)
	case *node:
		c.item, c.depth = it, parent.depth+1
		if int(c.depth) > tx.doc.limits.Depth {
			return ErrTooDeep
		}
	}
	if !parent.alive() || it.keyed() && it.right != nil {
		tx.delete(it)
	}
	return nil
}

// resolve finds the item's place among those that others inserted between the
// same neighbours: it sets left. YATA's rules: lines from an item to its origin
// never cross, and of items with the same origin the lower client is first.
//
// The sets of the algorithm (items passed; items passed since left was last
// moved) are ranges of visit numbers.
func (tx *Tx) resolve(it *item) error {
	d := tx.doc
	o := it.parent.start
	if it.left != nil {
		o = it.left.right
	} else if it.keyed() {
		for o = it.parent.keys[it.slot].newest; o != nil && o.left != nil; o = o.left {
			tx.steps--
		}
	}
	left := it.left
	d.renumberVisits()
	passed := d.visits + 1
	conflicting := passed
	for ; o != nil && o != it.right; o = o.right {
		if tx.steps--; tx.steps < 0 {
			return ErrTooCostly
		}
		d.visits++
		o.visit = d.visits
		if it.sameOrigin(o) {
			if d.logs[o.author].client < d.logs[it.author].client {
				left, conflicting = o, d.visits+1
			} else if it.sameRightOrigin(o) {
				break
			}
			continue
		}
		if o.flags&hasOrigin == 0 {
			break
		}
		origin := d.item(o.origin())
		if origin.visit < passed {
			break
		}
		if origin.visit < conflicting {
			left, conflicting = o, d.visits+1
		}
	}
	it.left = left
	return nil
}

// renumberVisits begins anew with visit numbers before they overflow.
func (d *Doc) renumberVisits() {
	if d.visits < 1<<31 {
		return
	}
	d.visits = 0
	for _, l := range d.logs {
		for _, c := range l.chunks {
			for _, it := range c.items {
				it.visit = 0
			}
		}
	}
}
