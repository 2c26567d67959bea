package yjs

// item is one or more consecutive elements of one client, in the list of its
// parent. Without content it is garbage: a deleted element of a deleted type,
// of which only the ID is left (GC in yjs).
//
// A document has many, so they are small (96 bytes): clients are numbers of the
// document's logs, and a key is a number in the parent's keys.
type item struct {
	clock, length           uint64
	originClock, rightClock uint64 // with the authors below: the neighbours at the time of insertion
	left, right             *item
	parent                  *node
	content                 content
	author                  uint32 // number of its log
	originAuthor            uint32
	rightAuthor             uint32
	slot                    uint32 // keyed: its key in the parent; else its leaf in the parent's index
	visit                   uint32 // when a conflict was last resolved across it
	flags                   uint8
}

const (
	hasOrigin = 1 << iota
	hasRightOrigin
	hasKey
	deleted
)

// ref is an ID with the number of the client's log. Unlike an ID it is of one
// document, and its element is known there.
type ref struct {
	author uint32
	clock  uint64
}

func (it *item) garbage() bool    { return it.content == nil }
func (it *item) deleted() bool    { return it.flags&deleted != 0 }
func (it *item) keyed() bool      { return it.flags&hasKey != 0 }
func (it *item) end() uint64      { return it.clock + it.length }
func (it *item) id() ref          { return ref{it.author, it.clock} }
func (it *item) last() ref        { return ref{it.author, it.end() - 1} }
func (it *item) origin() ref      { return ref{it.originAuthor, it.originClock} }
func (it *item) rightOrigin() ref { return ref{it.rightAuthor, it.rightClock} }
func (it *item) visible() bool    { return !it.deleted() && countable(it.content) }

// key is that of a keyed item.
func (it *item) key() string { return it.parent.keys[it.slot].key }

// itemWeight is what an item adds to the document's size beside its content.
const itemWeight = 104

// weight is what the item adds to the document's size.
func (it *item) weight() int {
	if it.garbage() {
		return itemWeight
	}
	return it.frame() + it.content.size()
}

// frame is the weight without the content.
func (it *item) frame() int {
	if it.keyed() {
		return itemWeight + len(it.key())
	}
	return itemWeight
}

func (it *item) setOrigin(at ref) {
	it.flags |= hasOrigin
	it.originAuthor, it.originClock = at.author, at.clock
}

func (it *item) setRightOrigin(at ref) {
	it.flags |= hasRightOrigin
	it.rightAuthor, it.rightClock = at.author, at.clock
}

func (it *item) sameOrigin(o *item) bool {
	return it.flags&hasOrigin == o.flags&hasOrigin && it.origin() == o.origin()
}

func (it *item) sameRightOrigin(o *item) bool {
	return it.flags&hasRightOrigin == o.flags&hasRightOrigin && it.rightOrigin() == o.rightOrigin()
}

// split cuts n elements off and returns the rest, its neighbour to the right.
// The caller enters the rest in the log.
func (it *item) split(n uint64) *item {
	if it.garbage() {
		rest := &item{author: it.author, clock: it.clock + n, length: it.length - n, flags: it.flags}
		it.length = n
		return rest
	}
	rest := &item{
		author: it.author, clock: it.clock + n, length: it.length - n,
		rightAuthor: it.rightAuthor, rightClock: it.rightClock, left: it, right: it.right,
		parent: it.parent, slot: it.slot, content: split(it.content, n, it.length),
		flags: it.flags,
	}
	it.length = n
	rest.setOrigin(it.last())
	it.right = rest
	if rest.right != nil {
		rest.right.left = rest
	} else if rest.keyed() {
		rest.parent.keys[rest.slot].newest = rest
	}
	if x := it.parent.index; x != nil && !it.keyed() {
		x.divide(rest)
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
		next.flags&hasOrigin != 0 && next.origin() == it.last() &&
		it.sameRightOrigin(next) && joinable(it.content, next.content)
}

// join makes next, of which joins was true, part of it. The caller removes next
// from the log.
func (it *item) join(next *item) {
	if it.garbage() {
		it.length += next.length
		return
	}
	if x := it.parent.index; x != nil && !it.keyed() {
		x.join(it, next)
	}
	it.length += next.length
	it.content = join(it.content, next.content)
	it.right = next.right
	if it.right != nil {
		it.right.left = it
	}
	if next.keyed() && next.parent.keys[next.slot].newest == next {
		next.parent.keys[next.slot].newest = it
	}
}

// skip drops the first n elements, which are known already, before integration.
func (it *item) skip(n uint64) {
	if !it.garbage() {
		it.content = split(it.content, n, it.length)
		it.setOrigin(ref{it.author, it.clock + n - 1})
	}
	it.clock += n
	it.length -= n
}
