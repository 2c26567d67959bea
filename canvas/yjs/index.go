package yjs

// index finds positions in a long list without walking along it. The list is cut
// into leaves of consecutive items, the leaves into branches, and each knows how
// many positions it has. Every item of the list has its leaf's number in slot.
//
// It is made when a position is first asked for that is far from the beginning,
// and kept up to date by every change from then on; a rollback drops it.
type index struct {
	leaves   []*leaf // by number; nil when the leaf is no more
	branches []*branch
}

type leaf struct {
	branch  *branch
	first   *item
	number  uint32
	items   int
	formats int // of the items, those that are formats and not deleted
	length  uint64
}

type branch struct {
	leaves []*leaf
	length uint64
}

const (
	leafItems    = 96  // at most
	branchLeaves = 128 // at most
	// farItems is how far a position may be from the beginning without an index.
	farItems = 128
)

func newIndex(n *node) *index {
	x := &index{}
	last := &branch{}
	x.branches = append(x.branches, last)
	var at *leaf
	for it := n.start; it != nil; it = it.right {
		if at == nil || at.items >= leafItems/2 {
			if len(last.leaves) >= branchLeaves/2 {
				last = &branch{}
				x.branches = append(x.branches, last)
			}
			at = x.newLeaf(last, it)
			last.leaves = append(last.leaves, at)
		}
		at.take(it)
	}
	return x
}

func (x *index) newLeaf(b *branch, first *item) *leaf {
	l := &leaf{branch: b, first: first, number: uint32(len(x.leaves))}
	x.leaves = append(x.leaves, l)
	return l
}

// take counts an item, which is linked into the list already, in a leaf.
func (l *leaf) take(it *item) {
	it.slot = l.number
	l.items++
	l.count(it, 1)
}

// count adds an item's positions, or takes them away.
func (l *leaf) count(it *item, sign int) {
	if it.deleted() {
		return
	}
	switch {
	case countable(it.content):
		l.length += uint64(sign) * it.length
		l.branch.length += uint64(sign) * it.length
	case it.content.ref() == refFormat:
		l.formats += sign
	}
}

// insert enters an item that is linked into the list.
func (x *index) insert(it *item) {
	neighbour := it.left
	if neighbour == nil {
		neighbour = it.right
	}
	if neighbour == nil {
		*x = *newIndex(it.parent)
		return
	}
	l := x.leaves[neighbour.slot]
	if it.left == nil {
		l.first = it
	}
	l.take(it)
	x.halve(l)
}

// divide enters the rest of an item that was split, whose elements are counted.
func (x *index) divide(rest *item) {
	l := x.leaves[rest.left.slot]
	rest.slot = l.number
	l.items++
	x.halve(l)
}

// remove must come before an item's deletion.
func (x *index) remove(it *item) { x.leaves[it.slot].count(it, -1) }

// join must come before next becomes part of it.
func (x *index) join(it, next *item) {
	from := x.leaves[next.slot]
	from.count(next, -1)
	x.leaves[it.slot].count(next, 1)
	from.items--
	if from.first == next {
		from.first = next.right
	}
	if from.items > 0 {
		return
	}
	x.leaves[from.number] = nil
	b := from.branch
	at := b.at(from)
	b.leaves = append(b.leaves[:at], b.leaves[at+1:]...)
	if len(b.leaves) == 0 && len(x.branches) > 1 {
		at := x.at(b)
		x.branches = append(x.branches[:at], x.branches[at+1:]...)
	}
}

func (b *branch) at(l *leaf) int {
	for i, o := range b.leaves {
		if o == l {
			return i
		}
	}
	panic("yjs: a leaf is not in its branch")
}

func (x *index) at(b *branch) int {
	for i, o := range x.branches {
		if o == b {
			return i
		}
	}
	panic("yjs: a branch is not in its index")
}

// halve splits a leaf that is full, and its branch if that is full then.
func (x *index) halve(l *leaf) {
	if l.items <= leafItems {
		return
	}
	it := l.first
	for range l.items / 2 {
		it = it.right
	}
	b := l.branch
	rest := x.newLeaf(b, it)
	for n := l.items - l.items/2; n > 0; n-- {
		l.count(it, -1)
		l.items--
		rest.take(it)
		it = it.right
	}
	at := b.at(l) + 1
	b.leaves = append(b.leaves, nil)
	copy(b.leaves[at+1:], b.leaves[at:])
	b.leaves[at] = rest
	if len(b.leaves) <= branchLeaves {
		return
	}
	half := len(b.leaves) / 2
	more := &branch{leaves: append([]*leaf(nil), b.leaves[half:]...)}
	clear(b.leaves[half:])
	b.leaves = b.leaves[:half]
	for _, l := range more.leaves {
		l.branch = more
		b.length -= l.length
		more.length += l.length
	}
	at = x.at(b) + 1
	x.branches = append(x.branches, nil)
	copy(x.branches[at+1:], x.branches[at:])
	x.branches[at] = more
}

// locate is the item that holds the position before index, which is above 0 and
// not beyond the length; rest is how many of its elements are before index.
func (x *index) locate(index uint64) (it *item, rest uint64) {
	for _, b := range x.branches {
		if index > b.length {
			index -= b.length
			continue
		}
		for _, l := range b.leaves {
			if index > l.length {
				index -= l.length
				continue
			}
			return walk(l.first, index)
		}
	}
	panic("yjs: a list is shorter than its length")
}

// walk is locate, item by item from one on.
func walk(it *item, index uint64) (*item, uint64) {
	for ; it != nil; it = it.right {
		if !it.visible() {
			continue
		}
		if index <= it.length {
			return it, index
		}
		index -= it.length
	}
	panic("yjs: a list is shorter than its length")
}

// locate is the item that holds the position before index, see index.locate.
func (n *node) locate(index uint64) (*item, uint64) {
	if n.index == nil {
		left := index
		it := n.start
		for range farItems {
			if it.visible() {
				if left <= it.length {
					return it, left
				}
				left -= it.length
			}
			it = it.right
		}
		n.index = newIndex(n)
	}
	return n.index.locate(index)
}

// leftWithFormats is the next item to the left where a format can be: leaves
// without any are passed over.
func (x *index) leftWithFormats(it *item) *item {
	l := x.leaves[it.slot]
	if l.formats > 0 && it != l.first {
		return it.left
	}
	for l.first.left != nil {
		last := l.first.left
		if l = x.leaves[last.slot]; l.formats > 0 {
			return last
		}
	}
	return nil
}
