package yjs

// What happens at the end of a transaction: the content of deleted items is
// dropped, and items that were split or have become alike are joined. The order
// is that of yjs, so that the same updates give the same bytes.

// eachDeleted calls f for the items that the transaction deleted.
func (tx *Tx) eachDeleted(f func(*item)) {
	for client, list := range tx.deleted {
		l := tx.doc.logs[client]
		for _, c := range list {
			p, ok := l.find(c.clock), true
			for ok && l.at(p).id.Clock < c.clock+c.length {
				it := l.at(p)
				p, ok = l.next(p)
				f(it)
			}
		}
	}
}

// freed is the size of what collect would drop.
func (tx *Tx) freed() (n int) {
	tx.eachDeleted(func(it *item) {
		if !it.garbage() {
			n += it.content.size()
		}
	})
	return n
}

// collect drops the content of what was deleted.
func (tx *Tx) collect() {
	tx.eachDeleted(func(it *item) {
		if it.deleted() && !it.garbage() {
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
	for _, newest := range n.keys {
		for it := newest; it != nil; {
			it = tx.collectChild(it, it.left)
		}
	}
	n.start, n.keys = nil, nil
}

func (tx *Tx) collectChild(it, next *item) *item {
	tx.collectItem(it)
	tx.doc.weight -= len(it.key)
	it.makeGarbage()
	return next
}

// makeGarbage leaves only the ID and the length.
func (it *item) makeGarbage() {
	*it = item{id: it.id, length: it.length, flags: deleted}
}

// merge joins what has become alike.
func (tx *Tx) merge() {
	d := tx.doc
	for client, list := range tx.deleted {
		l := d.logs[client]
		for i := len(list) - 1; i >= 0; i-- {
			p := l.find(list[i].clock + list[i].length - 1)
			if next, ok := l.next(p); ok {
				p = next
			}
			tx.mergeFrom(l, p, list[i].clock)
		}
	}
	for client, clock := range tx.before {
		l := d.logs[client]
		tx.mergeFrom(l, l.last(), clock)
	}
	for i := len(tx.seams) - 1; i >= 0; i-- {
		l := d.logs[tx.seams[i].id.Client]
		p := l.find(tx.seams[i].id.Clock)
		if next, ok := l.next(p); ok {
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
	for ok := true; ok && l.at(p).id.Clock >= clock; p, ok = l.previous(p) {
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
		next, _ = l.next(next)
		it.join(l.at(next))
		tx.doc.weight -= itemWeight + len(l.at(next).key)
	}
	l.removeAfter(first, n)
	tx.doc.items -= n
	return first, n
}

// rollback undoes the transaction: what was deleted comes back, what was added
// leaves its list and its log. It must come before content is dropped.
func (tx *Tx) rollback() {
	d := tx.doc
	tx.deleted.normal()
	tx.eachDeleted(func(it *item) {
		if it.garbage() || it.content == (gone{}) {
			return // it came deleted
		}
		it.flags &^= deleted
		if countable(it.content) && !it.keyed() {
			it.parent.length += it.length
		}
	})
	for client, clock := range tx.before {
		l := d.logs[client]
		l.truncate(clock, func(it *item) {
			if !it.garbage() {
				it.unlink()
			}
		})
		if len(l.chunks) == 0 {
			delete(d.logs, client)
		}
	}
	for _, name := range tx.newRoots {
		delete(d.roots, name)
	}
	tx.mergeSeams()
	for _, pair := range tx.divided {
		if d.knows(pair.second) {
			pair.restore(d)
		}
	}
	d.items, d.weight, d.tx = tx.items, tx.weight, nil
}

// unlink takes an item out of its parent's list or key.
func (it *item) unlink() {
	n := it.parent
	if it.visible() && !it.keyed() {
		n.length -= it.length
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
		n.keys[it.key] = it.left
	case it.keyed():
		delete(n.keys, it.key)
	}
}

// mergeSeams joins what the transaction split.
func (tx *Tx) mergeSeams() {
	for _, it := range tx.seams {
		if tx.doc.knows(it.id) {
			l := tx.doc.logs[it.id.Client]
			tx.mergeLeft(l, l.find(it.id.Clock))
		}
	}
}
