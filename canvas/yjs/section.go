package yjs

// section is the part of an update that one client's items are in. They are
// decoded one by one as they are integrated, after all have been checked, so
// that an update takes no more memory than what it adds.
type section struct {
	client, clock uint64 // of the next item
	left          int    // items that follow
	r             reader
	head          block
	ready         bool // head is the next item
}

// block is an item as it came, before its parent is known.
type block struct {
	item
	parentRoot []byte
	parentID   ID
	parentKind uint8
	gap        bool // Skip: its sender does not have these clocks either
}

const (
	parentOfNeighbour = iota
	parentIsRoot
	parentIsItem
)

// readSections checks an update's items and finds each client's.
func readSections(r *reader) ([]*section, error) {
	var sections []*section
	seen := map[uint64]bool{}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		s := &section{left: r.count()}
		s.client, s.clock = r.uint(), r.uint()
		if seen[s.client] {
			r.fail("a client twice")
		}
		seen[s.client] = true
		from, clock := r.i, s.clock
		for range s.left {
			b := r.block(s.client, clock, false)
			if r.err != nil {
				return nil, r.err
			}
			clock += b.length
		}
		s.r = reader{b: r.b[from:r.i:r.i]}
		sections = append(sections, s)
	}
	return sections, r.err
}

// next makes head the next item; false at the end.
func (s *section) next() bool {
	for !s.ready && s.left > 0 {
		s.left--
		s.head = s.r.block(s.client, s.clock, true)
		s.clock += s.head.length
		s.ready = !s.head.gap
	}
	return s.ready
}

// block reads one item; its content only if wanted.
func (r *reader) block(client, clock uint64, want bool) (b block) {
	const (
		withOrigin      = 0x80
		withRightOrigin = 0x40
		withKey         = 0x20
		refMask         = 0x1f
	)
	info := r.byte()
	b.id = ID{client, clock}
	switch ref := info & refMask; ref {
	case refGC, refSkip:
		b.length = r.uint()
		b.gap = ref == refSkip
	default:
		if info&withOrigin != 0 {
			b.flags |= hasOrigin
			b.origin = r.before(b.id)
		}
		if info&withRightOrigin != 0 {
			b.flags |= hasRightOrigin
			b.rightOrigin = r.before(b.id)
		}
		if info&(withOrigin|withRightOrigin) == 0 {
			r.parent(&b, info&withKey != 0)
		}
		b.content, b.length = r.content(ref, want)
	}
	if b.length == 0 {
		r.fail("item without elements")
	} else if b.length > maxSafe-clock {
		r.fail("clock beyond 53 bits")
	}
	return b
}

func (r *reader) parent(b *block, keyed bool) {
	if r.uint() == 1 {
		b.parentKind, b.parentRoot = parentIsRoot, r.text()
	} else {
		b.parentKind, b.parentID = parentIsItem, r.before(b.id)
	}
	if keyed {
		b.flags |= hasKey
		b.key = string(r.text())
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
