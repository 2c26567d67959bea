package journal

// proofs follow the rooms' chains through the journal and decide which rooms
// are whole although there is damage. Damages that matter are numbered from 1.
// Opening the journal makes the writer's chains of it.
type proofs struct {
	rooms   map[string]*roomChain
	segment Position     // being read
	touched []*roomChain // rooms with entries in it
	damages int          // so far
	open    int          // the last damage that no mark has accounted for, or 0
	before  int          // open when the segment began

	// complete says that the journal has its first entries: then a room's first
	// entry follows nothing.
	complete bool

	// Damage of what nobody needs any more hurts no room, but chains jump there.
	jumps int // such damages so far
	local int // those in this segment
}

// roomChain is how far a room's entries are known.
type roomChain struct {
	name    string
	last    uint64 // sequence
	chain   uint32 // of its last entry, 0 if it has none
	segment Position
	count   uint32 // entries in that segment

	proven int    // no entry was lost to damages up to this one
	seen   int    // damages before its last entry
	jumps  int    // as proofs.jumps, at its last entry
	broken string // why it is not whole
}

func newProofs() *proofs { return &proofs{rooms: map[string]*roomChain{}} }

// begin enters a segment.
func (p *proofs) begin(at Position) {
	p.segment, p.touched = at, p.touched[:0]
	p.before, p.local = p.open, 0
}

// damage notes a part that cannot be read and that may have held entries.
func (p *proofs) damage(needed bool) {
	if !needed {
		p.jumps++
		p.local++
		return
	}
	p.damages++
	p.open = p.damages
}

// lost notes that a whole range of segments is missing: no mark of the segment
// that follows accounts for it.
func (p *proofs) lost(needed bool) {
	p.damage(needed)
	p.before, p.local = p.open, 0
}

// entry follows a room's chain and reports whether the entry is its next one.
// What is missing before one that is not needed is not needed either.
func (p *proofs) entry(e readEntry, needed bool) (name string, next bool) {
	r := p.rooms[string(e.room)]
	if r == nil {
		r = p.first(e)
	}
	if r.segment != p.segment || r.count == 0 {
		r.segment, r.count = p.segment, 0
		p.touched = append(p.touched, r)
	}
	r.count++
	if r.broken != "" {
		return r.name, false
	}
	switch {
	case r.chain == e.before:
		if r.proven >= r.seen {
			r.proven = p.damages
		}
	case needed && (r.jumps == p.jumps || r.seen < p.damages):
		r.broken = "an entry is missing before its transaction " + decimal(e.first) + ", or that one is not its own"
		return r.name, false
	}
	r.chain, r.last, r.seen, r.jumps = e.after, e.last, p.damages, p.jumps
	return r.name, true
}

// first is a room's chain before the first entry of it. That one either follows
// nothing, which proves as much as a link does, or one that was cut with the
// segments before.
func (p *proofs) first(e readEntry) *roomChain {
	r := &roomChain{name: string(e.room), proven: p.damages, seen: p.damages, jumps: p.jumps}
	if !p.complete && p.damages == 0 || p.jumps > 0 && p.damages == 0 {
		r.chain = e.before
	}
	p.rooms[r.name] = r
	return r
}

// mark compares the segment so far with what was written into it.
func (p *proofs) mark(list []markedRoom, needed bool) {
	if !needed {
		p.local++ // it may differ
		defer func() { p.local-- }()
	}
	marked := make(map[string]bool, len(list))
	for _, m := range list {
		marked[string(m.room)] = true
		p.marked(m)
	}
	for _, r := range p.touched {
		if !marked[r.name] && r.broken == "" && p.local == 0 {
			r.broken = "the journal has entries of it that were not written there"
		}
	}
	if p.open > p.before && p.local == 0 {
		for _, r := range p.rooms {
			if r.proven >= p.before {
				r.proven = p.damages
			}
		}
		p.open = p.before
	}
}

func (p *proofs) marked(m markedRoom) {
	r := p.rooms[string(m.room)]
	if r == nil {
		r = &roomChain{name: string(m.room), segment: p.segment, jumps: p.jumps}
		p.rooms[r.name] = r
	}
	count := uint64(0)
	if r.segment == p.segment {
		count = uint64(r.count)
	}
	switch {
	case r.broken != "":
	case p.local > 0 && p.open == p.before: // what is missing is not needed
		r.chain, r.last, r.jumps = m.chain, m.last, p.jumps
	case p.local > 0:
	case r.chain != m.chain || count != m.count:
		r.broken = "its transactions after " + decimal(r.last) + ", up to " + decimal(m.last) + ", are lost"
		if r.chain == m.chain {
			r.broken = "of " + decimal(m.count) + " entries only " + decimal(count) + " are left"
		}
	}
}

// finish says which rooms are broken and, after damage that nothing accounts
// for, which are whole.
func (p *proofs) finish(report *Report) {
	if p.open > 0 {
		report.Unaccounted = "its last transactions may have been in a part of the journal that is damaged"
		report.Whole = map[string]bool{}
	}
	for name, r := range p.rooms {
		if r.broken == "" && r.proven < p.open {
			r.broken = report.Unaccounted
		}
		switch {
		case r.broken != "":
			report.breakRoom(name, r.broken)
			r.chain = 0 // what is appended to it does not follow what was lost
		case p.open > 0:
			report.Whole[name] = true
		}
	}
}
