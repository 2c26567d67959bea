package live

import (
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Reason says why a stream is sent.
type Reason uint8

// Reasons of streams.
const (
	First      Reason = iota // the client held nothing
	Difference               // to what it held before it changed its query or its role
	CaughtUp                 // what changed since the client's cursor
	Pruned                   // a snapshot: the change log no longer reaches the client's cursor
	Slow                     // a snapshot: too much changed while the connection was paused
)

// partBytes and partRows bound a part where the caller names no size.
const (
	partBytes = 32 << 10
	partRows  = 2048
)

// Snapshot is the result of a query at one sequence, or the difference to what
// the client holds, in parts. It reads rows as they were, so the room goes on
// meanwhile. One goroutine at a time may use it.
//
// Parts of a result have DeltaSnapshot and, but for the last, DeltaPart; those
// of a difference have DeltaMore but for the last. In the middle of a step that
// has more to say, the last has DeltaMore too. What leaves comes first.
type Snapshot struct {
	From, Seq uint64 // of each part's Delta
	Reason    Reason

	collection *value.Collection
	replace    bool  // it is the whole result
	more       bool  // the step goes on after it
	flags      uint8 // of every part

	// What leaves: those of keys, and those that gone has and was is true of,
	// which are no members.
	keys   []value.Key
	gone   *table.Cursor
	was    func(*table.Record) bool
	member func(value.Key) bool

	// What enters or changes: list, or what rows has and is is true of. Held
	// returns what the client has of a record, nil for nothing.
	list []*table.Record
	rows *table.Cursor
	is   func(*table.Record) bool
	held func(*table.Record) *table.Record

	release []func() // of the tables' snapshots, on the room's goroutine

	buf    []byte // of the part
	head   []byte // a part that was read ahead
	peeked bool
	ended  bool // nothing is left to read
}

// Next returns the next part: a Delta's payload of about max bytes, which may be
// empty and is valid until the next call, and its flags. Last says that none
// follows. It reads a bounded number of rows each time. A max of 0 is 32 KiB.
func (s *Snapshot) Next(max int) (payload []byte, flags uint8, last bool) {
	if s.peeked {
		payload, s.head, s.peeked = s.head, nil, false
	} else {
		payload = s.read(max)
	}
	flags = s.flags
	switch {
	case s.replace && s.ended:
		flags |= schema.DeltaSnapshot
	case s.replace:
		flags |= schema.DeltaSnapshot | schema.DeltaPart
	case !s.ended:
		flags |= schema.DeltaMore
	}
	if s.more {
		flags |= schema.DeltaMore
	}
	return payload, flags, s.ended
}

// hold notes a snapshot that it reads.
func (s *Snapshot) hold(t *table.Table, rows *table.Snapshot) {
	s.release = append(s.release, func() { t.Release(rows) })
}

// peek reads the first part ahead. If it is the only one, nothing holds on to
// the tables' state any more.
func (s *Snapshot) peek(max int) {
	s.head, s.peeked = s.read(max), true
	if s.ended {
		for _, release := range s.release {
			release()
		}
	}
	s.release = nil
}

// short says that the part read ahead is the only one.
func (s *Snapshot) short() bool { return s.ended }

// empty says that it has nothing to say.
func (s *Snapshot) empty() bool { return s.ended && len(s.head) == 0 }

// read encodes the next part.
func (s *Snapshot) read(max int) []byte {
	if max <= 0 {
		max = partBytes
	}
	s.buf = s.appendPart(s.buf[:0], max)
	return s.buf
}

func (s *Snapshot) appendPart(payload []byte, max int) []byte {
	for rows := partRows; ; {
		switch {
		case s.ended:
			return payload
		case rows <= 0 || len(payload) >= max:
			return payload
		case len(s.keys) > 0:
			rows--
			if key := s.keys[0]; !s.member(key) {
				payload = value.AppendLeave(payload, key)
			}
			s.keys = s.keys[1:]
		case s.gone != nil:
			r, end := s.scan(&rows, s.gone)
			if r != nil && s.was(r) && !s.member(r.Key) {
				payload = value.AppendLeave(payload, r.Key)
			}
			if end {
				s.gone = nil
			}
		case len(s.list) > 0:
			rows--
			payload = s.upsert(payload, s.list[0])
			s.list = s.list[1:]
		case s.rows != nil:
			r, end := s.scan(&rows, s.rows)
			if r != nil && s.is(r) {
				payload = s.upsert(payload, r)
			}
			if end {
				s.rows = nil
			}
		default:
			s.ended = true
		}
	}
}

// scan reads on, and counts the rows that it took.
func (s *Snapshot) scan(rows *int, c *table.Cursor) (r *table.Record, end bool) {
	before := c.Examined
	r, end = c.Read(*rows)
	*rows -= c.Examined - before
	return r, end
}

func (s *Snapshot) upsert(payload []byte, r *table.Record) []byte {
	var old *table.Record
	if s.held != nil {
		old = s.held(r)
	}
	switch {
	case old == nil:
		return value.AppendEnter(payload, r.Key, r.Row)
	case old == r:
		return payload
	}
	if patch := s.collection.Diff(old.Row, r.Row); patch.Len() > 0 {
		return value.AppendChange(payload, r.Key, patch)
	}
	return payload
}
