package yjs

// What happens at the end of a transaction: the content of deleted items is
// dropped, and items that were split or have become alike are joined. The order
// is that of yjs, so that the same updates give the same bytes.

// eachDeleted calls f for the items that the transaction deleted.
func (d *Doc) eachDeleted(f func(*item)) {
	for _, l := range d.cut {
		for _, c := range l.deleted {
			p, ok := l.find(c.clock), true
			for ok && l.at(p).clock < c.clock+c.length {
				it := l.at(p)
				p, ok = l.nextPlace(p)
				f(it)
			}
		}
	}
}

// freed is the size of what collect would drop.
func (tx *Tx) freed() (n int) {
	tx.doc.eachDeleted(func(it *item) {
		if !it.garbage() {
			n += it.content.size()
		}
	})
	return n
}

// collect drops the content of what was deleted.
func (tx *Tx) collect() {
	tx.doc.eachDeleted(func(it *item) {
		if it.deleted() && !it.garbage() {
			tx.doc.keepPrevious(it)
			tx.collectItem(it)
		}
	})
}

func (tx *Tx) collectItem(it *item) {
	tx.doc.weight -= it.content.size()
	if n, ok := it.content.(*node); ok {
		tx.collectNode(n)
	}
	it.content = gone{}
}

// collectNode makes garbage of all that was in a shared type.
func (tx *Tx) collectNode(n *node) {
	for it := n.start; it != nil; {
		it = tx.collectChild(it, it.right)
	}
	for _, key := range n.keys {
		for it := key.newest; it != nil; {
			it = tx.collectChild(it, it.left)
		}
	}
	n.start, n.keys, n.find, n.index = nil, nil, nil, nil
}

func (tx *Tx) collectChild(it, next *item) *item {
	tx.collectItem(it)
	tx.doc.weight -= it.frame() - itemWeight
	it.makeGarbage()
	return next
}

// makeGarbage leaves only the ID and the length.
func (it *item) makeGarbage() {
	*it = item{author: it.author, clock: it.clock, length: it.length, flags: deleted}
}

// merge joins what has become alike.
func (tx *Tx) merge() {
	d := tx.doc
	for _, l := range d.cut {
		for i := len(l.deleted) - 1; i >= 0; i-- {
			p := l.find(l.deleted[i].clock + l.deleted[i].length - 1)
			if next, ok := l.nextPlace(p); ok {
				p = next
			}
			tx.mergeFrom(l, p, l.deleted[i].clock)
		}
	}
	for _, l := range d.added {
		tx.mergeFrom(l, l.last(), l.before)
	}
	for i := len(d.seams) - 1; i >= 0; i-- {
		l := d.logs[d.seams[i].author]
		p := l.find(d.seams[i].clock)
		if next, ok := l.nextPlace(p); ok {
			if first, n := tx.mergeLeft(l, next); n > 1 {
				continue
			} else if n == 1 {
				p = first
			}
		}
		tx.mergeLeft(l, p)
	}
}

// mergeFrom joins items with those to their left, from p back to a clock.
func (tx *Tx) mergeFrom(l *log, p place, clock uint64) {
	for ok := true; ok && l.at(p).clock >= clock; p, ok = l.previous(p) {
		p, _ = tx.mergeLeft(l, p)
	}
}

// mergeLeft joins the item at p with as many to its left as are alike; it
// returns the place of the joined item, and how many were joined to it.
func (tx *Tx) mergeLeft(l *log, p place) (first place, n int) {
	first = p
	for {
		left, ok := l.previous(first)
		if !ok || !l.at(left).joins(l.at(first)) {
			break
		}
		first = left
		n++
	}
	if n == 0 {
		return first, 0
	}
	it := l.at(first)
	for next, i := first, 0; i < n; i++ {
		next, _ = l.nextPlace(next)
		tx.doc.weight -= l.at(next).frame()
		it.join(l.at(next))
	}
	l.removeAfter(first, n)
	tx.doc.items -= n
	return first, n
}

// rollback undoes the transaction: what was deleted comes back, what was added
// leaves its list and its log. It must come before content is dropped.
func (tx *Tx) rollback() {
	d := tx.doc
	tx.normal()
	d.eachDeleted(func(it *item) {
		if it.garbage() || it.content == (gone{}) {
			return // it came deleted
		}
		it.flags &^= deleted
		if it.keyed() {
			return
		}
		it.parent.index = nil
		if countable(it.content) {
			it.parent.length += it.length
		}
	})
	var parents []*node
	for _, l := range d.cut {
		l.tombsKnown = false
	}
	for _, l := range d.added {
		l.tombsKnown = false
		l.truncate(l.before, func(it *item) {
			if !it.garbage() {
				it.unlink()
				if it.keyed() && it.parent.keys[it.slot].newest == nil {
					parents = append(parents, it.parent)
				}
			}
		})
	}
	for _, n := range parents {
		n.trimSlots()
	}
	for _, l := range d.logs[tx.logs:] {
		delete(d.authors, l.client)
	}
	d.recent = nil
	clear(d.logs[tx.logs:])
	d.logs = d.logs[:tx.logs]
	for _, name := range tx.newRoots {
		delete(d.roots, name)
	}
	tx.mergeSeams()
	for _, pair := range tx.divided {
		if d.knows(pair.second) {
			pair.restore(d)
		}
	}
	d.forget()
	d.items, d.weight, d.tx = tx.items, tx.weight, nil
}

// unlink takes an item out of its parent's list or key.
func (it *item) unlink() {
	n := it.parent
	if !it.keyed() {
		n.index = nil
		if it.visible() {
			n.length -= it.length
		}
	}
	if it.left != nil {
		it.left.right = it.right
	} else if !it.keyed() {
		n.start = it.right
	}
	switch {
	case it.right != nil:
		it.right.left = it.left
	case it.keyed() && it.left != nil:
		n.keys[it.slot].newest = it.left
	case it.keyed():
		n.keys[it.slot].newest = nil
	}
}

// mergeSeams joins what the transaction split.
func (tx *Tx) mergeSeams() {
	d := tx.doc
	for _, it := range d.seams {
		if int(it.author) < len(d.logs) && it.clock < d.logs[it.author].end() {
			l := d.logs[it.author]
			tx.mergeLeft(l, l.find(it.clock))
		}
	}
}
