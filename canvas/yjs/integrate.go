package yjs

import "fmt"

// applySections integrates the items of an update, each after those that it
// refers to.
func (tx *Tx) applySections(sections []*section) error {
	byClient := make(map[uint64]*section, len(sections))
	for _, s := range sections {
		byClient[s.client] = s
	}
	for _, s := range sections {
		if err := tx.drain(s, byClient); err != nil {
			return err
		}
	}
	return nil
}

// waiting is a section that is worked on until it has passed a clock, because
// the section below it in the stack needs that.
type waiting struct {
	*section
	until uint64
}

// drain integrates all of a section and what it waits for of the others. A
// section is never twice in the stack: then its item would wait for itself.
func (tx *Tx) drain(s *section, sections map[uint64]*section) error {
	stack := []waiting{{s, maxSafe}}
	busy := map[uint64]bool{s.client: true}
	for len(stack) > 0 {
		top := stack[len(stack)-1]
		if known := tx.doc.logs[top.client].end(); known > top.until || !top.next() {
			if top.until != maxSafe && known <= top.until {
				return fmt.Errorf("%w (%d:%d)", ErrMissing, top.client, top.until)
			}
			stack = stack[:len(stack)-1]
			delete(busy, top.client)
			continue
		}
		id, wait, err := tx.tryIntegrate(&top.head)
		if err != nil {
			return err
		}
		if !wait {
			top.ready = false
			continue
		}
		next := sections[id.Client]
		if next == nil || busy[id.Client] {
			return fmt.Errorf("%w (%v)", ErrMissing, id)
		}
		busy[id.Client] = true
		stack = append(stack, waiting{next, id.Clock})
	}
	return nil
}

// tryIntegrate integrates an item, or the part of it that is not known yet. If
// wait is true then it did not: the element id must be known before.
func (tx *Tx) tryIntegrate(b *block) (id ID, wait bool, err error) {
	known := tx.doc.logs[b.id.Client].end()
	if b.end() <= known {
		return ID{}, false, nil
	}
	if b.id.Clock > known {
		return ID{}, false, fmt.Errorf("%w (%d:%d)", ErrMissing, b.id.Client, known)
	}
	if id, wait = b.waitsFor(tx.doc); wait {
		return id, true, nil
	}
	it := new(item)
	*it = b.item
	it.skip(known - b.id.Clock)
	if !it.garbage() {
		tx.findNeighbours(it, b)
	}
	if it.parent == nil { // deleted, with all that is in it
		it.makeGarbage()
		tx.enter(it)
		return ID{}, false, nil
	}
	return ID{}, false, tx.integrate(it)
}

// findNeighbours sets left, right and parent from the item's references. The
// parent stays nil if it is garbage.
func (tx *Tx) findNeighbours(it *item, b *block) {
	if it.flags&hasOrigin != 0 {
		it.left = tx.itemEndingWith(it.origin)
	}
	if it.flags&hasRightOrigin != 0 {
		it.right = tx.itemStartingWith(it.rightOrigin)
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
		name := string(b.parentRoot)
		if tx.doc.roots[name] == nil {
			tx.newRoots = append(tx.newRoots, name)
		}
		it.parent = tx.doc.root(name)
	case parentIsItem:
		it.parent, _ = tx.doc.item(b.parentID).content.(*node)
	default:
		it.parent = neighbour.parent
		it.key = neighbour.key
		it.flags |= neighbour.flags & hasKey
	}
}

// integrate puts an item with left, right and parent at its place.
func (tx *Tx) integrate(it *item) error {
	if (it.left == nil && (it.right == nil || it.right.left != nil)) || (it.left != nil && it.left.right != it.right) {
		if err := tx.resolve(it); err != nil {
			return err
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
		if parent.keys == nil {
			parent.keys = map[string]*item{}
		}
		parent.keys[it.key] = it
		if it.left != nil {
			tx.delete(it.left)
		}
	}
	if !it.keyed() && countable(it.content) {
		parent.length += it.length
	}
	tx.enter(it)
	switch c := it.content.(type) {
	case gone:
		it.flags |= deleted
		tx.deleted.add(it.id.Client, it.id.Clock, it.length)
	case *node:
		c.doc, c.item, c.depth = tx.doc, it, parent.depth+1
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
		for o = it.parent.keys[it.key]; o != nil && o.left != nil; o = o.left {
			tx.steps--
		}
	}
	left := it.left
	passed := d.visits + 1
	conflicting := passed
	for ; o != nil && o != it.right; o = o.right {
		if tx.steps--; tx.steps < 0 {
			return ErrTooCostly
		}
		d.visits++
		o.visit = d.visits
		if it.sameOrigin(o) {
			if o.id.Client < it.id.Client {
				left, conflicting = o, d.visits+1
			} else if it.sameRightOrigin(o) {
				break
			}
			continue
		}
		if o.flags&hasOrigin == 0 {
			break
		}
		origin := d.item(o.origin)
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
