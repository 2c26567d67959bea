package yjs

// item is one or more consecutive elements of one client, in the list of its
// parent. Without content it is garbage: a deleted element of a deleted type,
// of which only the ID is left (GC in yjs).
type item struct {
	id                  ID
	length              uint64
	origin, rightOrigin ID // the neighbours at the time of insertion; see flags
	left, right         *item
	parent              *node
	key                 string // in parent's map; see flags
	content             content
	visit               uint64 // when a conflict was last resolved across it
	flags               uint8
}

const (
	hasOrigin = 1 << iota
	hasRightOrigin
	hasKey
	deleted
)

func (it *item) garbage() bool { return it.content == nil }
func (it *item) deleted() bool { return it.flags&deleted != 0 }
func (it *item) keyed() bool   { return it.flags&hasKey != 0 }
func (it *item) end() uint64   { return it.id.Clock + it.length }
func (it *item) last() ID      { return ID{it.id.Client, it.end() - 1} }
func (it *item) visible() bool { return !it.deleted() && countable(it.content) }

// itemWeight is what an item adds to the document's size beside its content.
const itemWeight = 144

func (it *item) setOrigin(left *item) {
	if left == nil {
		it.flags &^= hasOrigin
		it.origin = ID{}
		return
	}
	it.flags |= hasOrigin
	it.origin = left.last()
}

func (it *item) setRightOrigin(right *item) {
	if right == nil {
		it.flags &^= hasRightOrigin
		it.rightOrigin = ID{}
		return
	}
	it.flags |= hasRightOrigin
	it.rightOrigin = right.id
}

func (it *item) sameOrigin(o *item) bool {
	return it.flags&hasOrigin == o.flags&hasOrigin && it.origin == o.origin
}

func (it *item) sameRightOrigin(o *item) bool {
	return it.flags&hasRightOrigin == o.flags&hasRightOrigin && it.rightOrigin == o.rightOrigin
}

// split cuts n elements off and returns the rest, its neighbour to the right.
// The caller enters the rest in the log.
func (it *item) split(n uint64) *item {
	if it.garbage() {
		rest := &item{id: ID{it.id.Client, it.id.Clock + n}, length: it.length - n, flags: it.flags}
		it.length = n
		return rest
	}
	rest := &item{
		id: ID{it.id.Client, it.id.Clock + n}, length: it.length - n,
		rightOrigin: it.rightOrigin, left: it, right: it.right,
		parent: it.parent, key: it.key, content: split(it.content, n, it.length),
		flags: it.flags,
	}
	it.length = n
	rest.setOrigin(it)
	it.right = rest
	if rest.right != nil {
		rest.right.left = rest
	} else if rest.keyed() {
		rest.parent.keys[rest.key] = rest
	}
	return rest
}

// joins tells whether next, which follows in the log, may become part of it: it
// was typed right behind, and nothing has come between.
func (it *item) joins(next *item) bool {
	if it.garbage() || next.garbage() {
		return it.garbage() && next.garbage()
	}
	return it.right == next && it.deleted() == next.deleted() &&
		next.flags&hasOrigin != 0 && next.origin == it.last() &&
		it.sameRightOrigin(next) && joinable(it.content, next.content)
}

// join makes next, of which joins was true, part of it. The caller removes next
// from the log.
func (it *item) join(next *item) {
	it.length += next.length
	if it.garbage() {
		return
	}
	join(it.content, next.content)
	it.right = next.right
	if it.right != nil {
		it.right.left = it
	}
	if next.keyed() && next.parent.keys[next.key] == next {
		next.parent.keys[next.key] = it
	}
}

// skip drops the first n elements, which are known already, before integration.
func (it *item) skip(n uint64) {
	if !it.garbage() {
		it.content = split(it.content, n, it.length)
		it.flags |= hasOrigin
		it.origin = ID{it.id.Client, it.id.Clock + n - 1}
	}
	it.id.Clock += n
	it.length -= n
}
