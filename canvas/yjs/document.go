package yjs

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Limits bound one document. Zero values are the defaults.
type Limits struct {
	Bytes int // the document's size in memory, roughly; default 64 MiB
	Depth int // of shared types in shared types; default 200
	// Steps is the work that one update may take beyond what its length and the
	// document's allow: items passed while conflicts are resolved; default 4 Mi.
	Steps int
}

func (l Limits) orDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Depth <= 0 {
		l.Depth = 200
	}
	if l.Steps <= 0 {
		l.Steps = 4 << 20
	}
	l.Steps = min(l.Steps, math.MaxInt/2) // there is room to add to it
	return l
}

// Doc is one document. One goroutine owns it; nothing in it is safe for others,
// and values read from it are copies except for the shared types.
type Doc struct {
	client  uint64 // that this document's own edits are by
	limits  Limits
	logs    []*log            // by number: in the order of their first items
	authors map[uint64]uint32 // the numbers by client
	recent  *log              // asked for last
	roots   map[string]*node
	names   names
	tx      *Tx    // that is open
	visits  uint32 // counts items passed in conflicts
	items   int
	weight  int

	// What the last transaction did, or the open one does; see log.
	added    []*log
	cut      []*log     // of which something was deleted
	previous []previous // values of keys that it overwrote or deleted
	incoming incoming   // scratch
	scratch  []byte
	seams    []*item // scratch: items that were split off, or whose neighbours may be garbage
}

// New makes an empty document. client names its own edits: it must not be used
// by anyone else, ever, nor by two documents that are merged; a random number
// below 2³² is what yjs takes.
func New(client uint64, limits Limits) *Doc {
	return &Doc{client: client, limits: limits.orDefaults(), authors: map[uint64]uint32{}, roots: map[string]*node{}}
}

// Size is what Limits.Bytes bounds.
func (d *Doc) Size() int { return d.weight }

// SetLimits changes them, for the transactions that follow: what is there stays,
// also if it is more.
func (d *Doc) SetLimits(l Limits) { d.limits = l.orDefaults() }

// Clock is how much of a client's edits is here: the clock that it uses next.
func (d *Doc) Clock(client uint64) uint64 { return d.log(client).end() }

// State is the document's state vector, for sync step 1.
func (d *Doc) State() StateVector {
	sv := make(StateVector, len(d.logs))
	for _, l := range d.logs {
		sv[l.client] = l.end()
	}
	return sv
}

// log is a client's, or nil.
func (d *Doc) log(client uint64) *log {
	if l := d.recent; l != nil && l.client == client {
		return l
	}
	if i, ok := d.authors[client]; ok {
		d.recent = d.logs[i]
		return d.recent
	}
	return nil
}

// addLog is a client's, which it makes if need be.
func (d *Doc) addLog(client uint64) *log {
	if l := d.log(client); l != nil {
		return l
	}
	l := &log{client: client, number: uint32(len(d.logs))}
	d.authors[client] = l.number
	d.logs = append(d.logs, l)
	return l
}

func (d *Doc) knows(id ID) bool { return id.Clock < d.log(id.Client).end() }

// item is the one that holds the element.
func (d *Doc) item(at ref) *item { return d.logs[at.author].item(at.clock) }

// ref is the element's, which must be known.
func (d *Doc) ref(id ID) ref { return ref{d.log(id.Client).number, id.Clock} }

func (d *Doc) id(at ref) ID { return ID{d.logs[at.author].client, at.clock} }

func (d *Doc) root(name string) *node {
	n := d.roots[name]
	if n == nil {
		n = &node{name: &name}
		d.roots[name] = n
		d.weight += n.size()
		if d.tx != nil { // it stays, also after a rollback: a reader has it
			d.tx.weight += n.size()
		}
	}
	return n
}

// Roots are the names of the roots that have content, in order.
func (d *Doc) Roots() []string {
	var names []string
	for name, n := range d.roots {
		if n.length > 0 || len(n.sortedKeys()) > 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Apply takes an update, for example a client's. diff is an update of what was
// new in it, for the other clients and the log; nil if nothing was. After an
// error (ErrMissing, ErrMalformed, ErrTooLarge, ErrTooDeep, ErrTooCostly) the
// document is as before.
func (d *Doc) Apply(update []byte) (diff []byte, err error) { return d.apply(update, false) }

// Load is Apply without a diff, for a document's own state and log.
func (d *Doc) Load(update []byte) error {
	_, err := d.apply(update, true)
	return err
}

func (d *Doc) apply(update []byte, quiet bool) (diff []byte, err error) {
	sections, deletes, err := readUpdate(update)
	tx := d.begin(d.limits.Steps + 64*len(update) + 2*d.items)
	if err != nil {
		tx.rollback()
		return nil, fmt.Errorf("failed to read update: %w", err)
	}
	tx.most, tx.quiet = len(update)+16, quiet
	d.added = slices.Grow(d.added, len(sections.list))
	in := &d.incoming
	*in = incoming{Tx: tx, update: update, sections: sections, stack: in.stack[:0]}
	if err = in.integrateAll(); err == nil {
		err = tx.applyDeletes(deletes)
	}
	*in = incoming{stack: again(in.stack)}
	if diff, err = tx.end(err); err != nil {
		return nil, fmt.Errorf("failed to apply update: %w", err)
	}
	return diff, nil
}

// readUpdate checks all of an update.
func readUpdate(update []byte) (sections sections, deletes []clientRanges, err error) {
	r := reader{b: update}
	if sections, err = readSections(&r); err == nil {
		deletes, err = readDeleteSet(&r)
	}
	return sections, deletes, err
}

// Transact runs f, whose edits become one update. If f gives an error then none
// of them has happened.
func (d *Doc) Transact(f func(*Tx) error) (diff []byte, err error) {
	tx := d.begin(math.MaxInt)
	defer func() {
		if d.tx == tx { // f panicked
			tx.rollback()
		}
	}()
	return tx.end(f(tx))
}

// EncodeState writes what a client with that state vector does not have, as an
// update; everything, if since is nil.
func (d *Doc) EncodeState(since StateVector) []byte {
	var b []byte
	if since == nil {
		b = make([]byte, 0, d.weight/4)
	}
	return slices.Clip(d.AppendState(b, since))
}

// AppendState is EncodeState that appends to b.
func (d *Doc) AppendState(b []byte, since StateVector) []byte {
	parts := make([]part, 0, len(d.logs))
	for _, l := range d.logs {
		if from := since[l.client]; from < l.end() {
			parts = append(parts, part{l, from})
		}
	}
	b = d.appendItems(b, parts)
	deleted := make([]*log, 0, len(d.logs))
	for _, l := range d.logs {
		if len(l.deletions()) > 0 {
			deleted = append(deleted, l)
		}
	}
	slices.SortFunc(deleted, func(x, y *log) int { return cmp.Compare(y.client, x.client) })
	b = appendUint(b, uint64(len(deleted)))
	for _, l := range deleted {
		b = appendRanges(b, l.client, l.deletions())
	}
	return b
}

// deletions are all ranges of the log that are deleted. They are found once and
// kept until the log changes.
func (l *log) deletions() []clocks {
	if l.tombsKnown {
		return l.tombs
	}
	l.tombs = l.tombs[:0]
	for _, c := range l.chunks {
		for _, it := range c.items {
			if it.deleted() {
				l.tombs = addRange(l.tombs, it.clock, it.length)
			}
		}
	}
	l.tombsKnown = true
	return l.tombs
}

// part is a log from a clock on.
type part struct {
	*log
	from uint64
}

// appendItems writes parts of logs, the highest client first.
func (d *Doc) appendItems(b []byte, parts []part) []byte {
	slices.SortFunc(parts, func(x, y part) int { return cmp.Compare(y.client, x.client) })
	b = appendUint(b, uint64(len(parts)))
	for _, l := range parts {
		p := l.find(l.from)
		n := -p.index
		for _, c := range l.chunks[p.chunk:] {
			n += len(c.items)
		}
		b = appendUint(appendUint(appendUint(b, uint64(n)), l.client), l.from)
		skip := l.from - l.at(p).clock
		for ok := true; ok; p, ok = l.nextPlace(p) {
			b = d.appendItem(b, l.at(p), skip)
			skip = 0
		}
	}
	return b
}

func (d *Doc) appendRef(b []byte, at ref) []byte {
	return appendUint(appendUint(b, d.logs[at.author].client), at.clock)
}

// appendItem writes the item without its first skip elements.
func (d *Doc) appendItem(b []byte, it *item, skip uint64) []byte {
	if it.garbage() {
		return appendUint(append(b, refGC), it.length-skip)
	}
	info, origin := it.content.ref(), it.origin()
	if skip > 0 {
		origin = ref{it.author, it.clock + skip - 1}
	}
	left, right := skip > 0 || it.flags&hasOrigin != 0, it.flags&hasRightOrigin != 0
	if left {
		info |= 0x80
	}
	if right {
		info |= 0x40
	}
	if it.keyed() {
		info |= 0x20
	}
	b = append(b, info)
	if left {
		b = d.appendRef(b, origin)
	}
	if right {
		b = d.appendRef(b, it.rightOrigin())
	}
	if !left && !right {
		if it.parent.item == nil {
			b = appendBytes(append(b, 1), it.parent.called())
		} else {
			b = d.appendRef(append(b, 0), it.parent.item.id())
		}
		if it.keyed() {
			b = appendBytes(b, it.key())
		}
	}
	return it.content.append(b, skip, it.length)
}
