package yjs

import (
	"fmt"
	"math"
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
	return l
}

// Doc is one document. One goroutine owns it; nothing in it is safe for others,
// and values read from it are copies except for the shared types.
type Doc struct {
	client uint64 // that this document's own edits are by
	limits Limits
	logs   map[uint64]*log
	roots  map[string]*node
	tx     *Tx    // that is open
	visits uint64 // counts items passed in conflicts
	items  int
	weight int
}

// New makes an empty document. client names its own edits: it must not be used
// by anyone else, ever, nor by two documents that are merged; a random number
// below 2³² is what yjs takes.
func New(client uint64, limits Limits) *Doc {
	return &Doc{client: client, limits: limits.orDefaults(), logs: map[uint64]*log{}, roots: map[string]*node{}}
}

// Size is what Limits.Bytes bounds.
func (d *Doc) Size() int { return d.weight }

// State is the document's state vector, for sync step 1.
func (d *Doc) State() StateVector {
	sv := make(StateVector, len(d.logs))
	for client, l := range d.logs {
		sv[client] = l.end()
	}
	return sv
}

func (d *Doc) knows(id ID) bool { return id.Clock < d.logs[id.Client].end() }

// item is the one that holds the element, which must be known.
func (d *Doc) item(id ID) *item {
	l := d.logs[id.Client]
	return l.at(l.find(id.Clock))
}

func (d *Doc) root(name string) *node {
	n := d.roots[name]
	if n == nil {
		n = &node{doc: d, name: name}
		d.roots[name] = n
		d.weight += n.size()
	}
	return n
}

// Apply takes an update, for example a client's. diff is an update of what was
// new in it, for the other clients and the log; nil if nothing was. After an
// error (ErrMissing, ErrMalformed, ErrTooLarge, ErrTooDeep, ErrTooCostly) the
// document is as before.
func (d *Doc) Apply(update []byte) (diff []byte, err error) {
	r := reader{b: update}
	sections, byClient, err := readSections(&r)
	if err != nil {
		return nil, fmt.Errorf("failed to read update: %w", err)
	}
	deletes, err := readDeleteSet(&r)
	if err != nil {
		return nil, fmt.Errorf("failed to read update: %w", err)
	}
	tx := d.begin(d.limits.Steps + 64*len(update) + 2*d.items)
	in := incoming{Tx: tx, update: update, sections: sections, byClient: byClient}
	if err = in.integrateAll(); err == nil {
		err = tx.applyDeletes(deletes)
	}
	if diff, err = tx.end(err); err != nil {
		return nil, fmt.Errorf("failed to apply update: %w", err)
	}
	return diff, nil
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
	from := map[uint64]uint64{}
	for client, l := range d.logs {
		if since[client] < l.end() {
			from[client] = since[client]
		}
	}
	return d.deleteSet().append(d.appendItems(nil, from))
}

// deleteSet is everything deleted.
func (d *Doc) deleteSet() deleteSet {
	ds := deleteSet{}
	for client, l := range d.logs {
		for _, chunk := range l.chunks {
			for _, it := range chunk {
				if it.deleted() {
					ds.add(client, it.id.Clock, it.length)
				}
			}
		}
	}
	return ds
}

// appendItems writes, of each client, what is from a clock on.
func (d *Doc) appendItems(b []byte, from map[uint64]uint64) []byte {
	b = appendUint(b, uint64(len(from)))
	for _, client := range descending(from) {
		l, clock := d.logs[client], from[client]
		p := l.find(clock)
		n := -p.index
		for _, chunk := range l.chunks[p.chunk:] {
			n += len(chunk)
		}
		b = appendUint(appendUint(appendUint(b, uint64(n)), client), clock)
		skip := clock - l.at(p).id.Clock
		for ok := true; ok; p, ok = l.next(p) {
			b = l.at(p).append(b, skip)
			skip = 0
		}
	}
	return b
}

// append writes the item without its first skip elements.
func (it *item) append(b []byte, skip uint64) []byte {
	if it.garbage() {
		return appendUint(append(b, refGC), it.length-skip)
	}
	info, origin := it.content.ref(), it.origin
	if skip > 0 {
		origin = ID{it.id.Client, it.id.Clock + skip - 1}
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
		b = appendID(b, origin)
	}
	if right {
		b = appendID(b, it.rightOrigin)
	}
	if !left && !right {
		if it.parent.item == nil {
			b = appendBytes(append(b, 1), it.parent.name)
		} else {
			b = appendID(append(b, 0), it.parent.item.id)
		}
		if it.keyed() {
			b = appendBytes(b, it.key)
		}
	}
	return it.content.append(b, skip, it.length)
}
