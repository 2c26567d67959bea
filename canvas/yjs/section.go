package yjs

import "slices"

// section is the part of an update that one client's items are in. They are
// decoded one by one as they are integrated, after all have been checked, so
// that an update takes no more memory than what it adds.
type section struct {
	client, clock uint64 // of the next item
	at            int    // where it begins in the update
	left          int    // items that follow
	busy          bool   // it waits, or another waits for it
}

// block is an item as it came, before its parent is known.
type block struct {
	id                  ID
	length              uint64
	origin, rightOrigin ID
	content             content
	ref                 byte // of its content
	flags               uint8
	parentKind          uint8
	parentRoot          []byte
	parentID            ID
	key                 []byte
}

func (b *block) end() uint64 { return b.id.Clock + b.length }

const (
	parentOfNeighbour = iota
	parentIsRoot
	parentIsItem
)

// sections are an update's, with their numbers by client if they are many.
type sections struct {
	list     []section
	byClient map[uint64]int
}

// of is the number of a client's section, or -1.
func (s *sections) of(client uint64) int {
	if s.byClient != nil {
		if i, ok := s.byClient[client]; ok {
			return i
		}
		return -1
	}
	return slices.IndexFunc(s.list, func(o section) bool { return o.client == client })
}

func (s *sections) add(o section) {
	const few = 8
	if s.byClient == nil && len(s.list) == few {
		s.byClient = make(map[uint64]int, cap(s.list))
		for i := range s.list {
			s.byClient[s.list[i].client] = i
		}
	}
	if s.byClient != nil {
		s.byClient[o.client] = len(s.list)
	}
	s.list = append(s.list, o)
}

// readSections checks an update's items and finds each client's.
func readSections(r *reader) (all sections, err error) {
	n := r.count()
	all.list = make([]section, 0, min(n, (len(r.b)-r.i)/3)) // each has three numbers
	var b block
	for ; n > 0 && r.err == nil; n-- {
		s := section{left: r.count()}
		s.client, s.clock = r.uint(), r.uint()
		s.at = r.i
		if all.of(s.client) >= 0 {
			r.fail("a client twice")
		}
		all.add(s)
		clock := s.clock
		for range s.left {
			r.header(&b, s.client, clock)
			r.body(&b, false)
			if r.err != nil {
				return sections{}, r.err
			}
			clock += b.length
		}
	}
	return all, r.err
}

// header reads what comes before an item's content.
func (r *reader) header(b *block, client, clock uint64) {
	const (
		withOrigin      = 0x80
		withRightOrigin = 0x40
		withKey         = 0x20
		refMask         = 0x1f
	)
	info := r.byte()
	*b = block{ref: info & refMask}
	b.id = ID{client, clock}
	if b.ref == refGC || b.ref == refSkip {
		return
	}
	if info&withOrigin != 0 {
		b.flags |= hasOrigin
		b.origin = r.before(b.id)
	}
	if info&withRightOrigin != 0 {
		b.flags |= hasRightOrigin
		b.rightOrigin = r.before(b.id)
	}
	if info&(withOrigin|withRightOrigin) != 0 {
		return
	}
	if r.uint() == 1 {
		b.parentKind, b.parentRoot = parentIsRoot, r.text()
	} else {
		b.parentKind, b.parentID = parentIsItem, r.before(b.id)
	}
	if info&withKey != 0 {
		b.flags |= hasKey
		b.key = r.text()
	}
}

// body reads an item's length and content; the content only if wanted.
func (r *reader) body(b *block, want bool) {
	if b.ref == refGC || b.ref == refSkip {
		b.length = r.uint()
	} else {
		b.content, b.length = r.content(b.ref, want)
	}
	if b.length == 0 {
		r.fail("item without elements")
	} else if b.length > maxSafe-b.id.Clock {
		r.fail("clock beyond 53 bits")
	}
}

// before reads the ID of an element that the item refers to. One that refers to
// itself or to its client's future would wait for itself.
func (r *reader) before(id ID) ID {
	ref := r.id()
	if ref.Client == id.Client && ref.Clock >= id.Clock {
		r.fail("item that refers to itself")
	}
	return ref
}

// waitsFor is the first element that must be known before this item, if any.
func (b *block) waitsFor(d *Doc) (ID, bool) {
	if b.flags&hasOrigin != 0 && !d.knows(b.origin) {
		return b.origin, true
	}
	if b.flags&hasRightOrigin != 0 && !d.knows(b.rightOrigin) {
		return b.rightOrigin, true
	}
	if b.parentKind == parentIsItem && !d.knows(b.parentID) {
		return b.parentID, true
	}
	return ID{}, false
}
