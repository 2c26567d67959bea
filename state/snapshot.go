package state

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"unsafe"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// A snapshot's version is 1 and what stands at its end, if there is any.
const (
	plainSnapshot = 1
	withHistory   = 1 // of tables
	withWrites    = 2 // to records, behind the histories
)

func (s *Store) snapshotVersion() byte {
	version := byte(plainSnapshot)
	if len(s.rewinds) > 0 {
		version += withHistory
	}
	if s.writes != nil {
		version += withWrites
	}
	return version
}

func appendUvarint(b []byte, v uint64) []byte { return binary.AppendUvarint(b, v) }

// AppendSnapshot appends everything that decides the world's future, exactly:
// all columns, free slots, timers, random numbers and tick, and what tables
// tagged rewind remember. It is taken between ticks. A Store of the same world type and rate continues from it alike.
func (s *Store) AppendSnapshot(dst []byte) []byte {
	if s.inCall || s.ticking {
		panic("state: AppendSnapshot inside a tick or a call")
	}
	dst = append(dst, 'P', 'S', s.snapshotVersion())
	dst = binary.LittleEndian.AppendUint64(dst, s.layoutHash())
	dst = binary.LittleEndian.AppendUint32(dst, uint32(s.tick))
	for _, word := range s.rand.State() {
		dst = binary.LittleEndian.AppendUint64(dst, word)
	}
	for _, r := range s.tables {
		dst = r.appendTo(dst)
	}
	for _, t := range s.timers {
		dst = t.appendTo(dst)
	}
	if len(s.rewinds) > 0 {
		dst = s.appendHistory(dst)
	}
	if s.writes != nil {
		dst = s.writes.appendTo(dst)
	}
	return dst
}

// layoutHash tells worlds apart whose snapshots do not fit each other.
func (s *Store) layoutHash() uint64 {
	h := fnv.New64a()
	describe := func(name string, columns []column) {
		fmt.Fprintf(h, "%q %d\n", name, len(columns))
		for i := range columns {
			c := &columns[i]
			fmt.Fprintf(h, "%q %d %t\n", c.Name, c.Kind, c.local)
		}
	}
	for _, r := range s.tables {
		describe(r.name, r.columns)
	}
	for _, t := range s.timers {
		describe(t.describe())
	}
	if s.writes != nil { // keeps events
		for i, e := range s.events {
			describe(s.schema.Events[i].Name, e.describe())
		}
	}
	return h.Sum64()
}

// appendTo writes every slot that was ever used: distance to the one before,
// generation and whether it is live, and then the row.
func (r *rows) appendTo(b []byte) []byte {
	used := 0
	for range r.used {
		used++
	}
	b = appendUvarint(b, uint64(used))
	next := uint32(0)
	for p, i := range r.used {
		slot := uint32(p.number*pageRows) + i
		b = appendUvarint(b, uint64(slot-next))
		next = slot + 1
		live := uint64(p.live >> i & 1)
		b = appendUvarint(b, uint64(p.gen[i])<<1|live)
		if live != 0 {
			b = appendRow(b, r.columns, r.at(p.rows, i))
		}
	}
	return b
}

// used yields the slots that have a generation, in order.
func (r *rows) used(yield func(*page, uint32) bool) {
	for _, p := range r.pages {
		if p == nil {
			continue
		}
		for i := range uint32(r.perPage()) {
			if p.gen[i] != 0 && !yield(p, i) {
				return
			}
		}
	}
}

func appendRow(b []byte, columns []column, row unsafe.Pointer) []byte {
	for i := range columns {
		c := &columns[i]
		exact := uint64(0)
		if !c.isText() {
			exact = c.load(row)
		}
		switch c.size {
		case 0:
			b = appendUvarint(b, uint64(len(*c.text(row))))
			b = append(b, *c.text(row)...)
		case 1:
			b = append(b, byte(exact))
		case 2:
			b = binary.LittleEndian.AppendUint16(b, uint16(exact))
		case 4:
			b = binary.LittleEndian.AppendUint32(b, uint32(exact))
		default:
			b = binary.LittleEndian.AppendUint64(b, exact)
		}
	}
	return b
}

// ErrSnapshot says that bytes are not a snapshot of this world.
var ErrSnapshot = errors.New("not a snapshot of this world")

// LoadSnapshot replaces the world by that of a snapshot, outside of calls. Its
// ring starts anew, so clients need a keyframe. After an error the world must
// not be used.
func (s *Store) LoadSnapshot(snapshot []byte) error {
	if s.inCall {
		panic("state: LoadSnapshot inside a call")
	}
	r := &loader{data: snapshot}
	begin, version := string(r.bytes(2)), r.number(1)
	parts := version - plainSnapshot
	if begin != "PS" || parts > withHistory|withWrites || (parts&withWrites != 0) != (s.writes != nil) {
		r.fail("it begins differently, or is of another version")
	}
	if r.number(8) != s.layoutHash() {
		r.fail("its tables or columns are others")
	}
	s.tick, s.ticking = tick.Tick(r.number(4)), false
	s.rand.SetState([2]uint64{r.number(8), r.number(8)})
	for _, table := range s.tables {
		table.load(r)
	}
	for _, t := range s.timers {
		t.load(r)
	}
	for _, table := range s.rewinds {
		table.history.count = 0
	}
	if parts&withHistory != 0 {
		s.loadHistory(r)
	}
	if s.writes != nil {
		s.writes.load(s, r)
	}
	if r.err == nil && len(r.data) > 0 {
		r.fail("bytes are left over")
	}
	if r.err != nil {
		return fmt.Errorf("state: failed to load snapshot: %w", r.err)
	}
	s.truncateSent(0)
	s.targeted, s.owners, s.changed = s.targeted[:0], s.owners[:0], false
	for _, table := range s.tables {
		table.sync()
	}
	s.ring.clear(s.tick)
	s.full = s.sumHash()
	return nil
}

// load replaces all slots by those of a snapshot.
func (r *rows) load(in *loader) {
	r.wipe()
	next := uint64(0)
	for n := in.count(); n > 0 && in.err == nil; n-- {
		slot := next + in.uvarint(maxSlots)
		mark := in.uvarint(maxGen<<1 | 1)
		if slot >= maxSlots || r.single && (slot != 0 || mark != 1<<1|1) || mark>>1 == 0 {
			in.fail("a slot of " + r.name + " is impossible")
		}
		if in.err != nil {
			return
		}
		next = slot + 1
		p, i := r.grow(uint32(slot)), uint32(slot%pageRows)
		p.gen[i] = uint16(mark >> 1)
		if mark&1 != 0 {
			p.live |= 1 << i
			r.live++
			in.row(r.columns, r.at(p.rows, i))
		}
	}
	if r.single && r.live != 1 {
		in.fail(r.name + " has no value")
	}
	r.rebuildIndexes()
}

// wipe makes all slots never used.
func (r *rows) wipe() {
	for _, p := range r.pages {
		if p == nil {
			continue
		}
		p.live, p.edited = 0, 0
		clear(p.gen[:])
		for i := range uint32(r.perPage()) {
			r.zero(r.at(p.rows, i))
		}
	}
	clear(r.edited)
	r.live, r.room = 0, 0
}

func (r *rows) rebuildIndexes() {
	for _, x := range r.indexes {
		for _, p := range r.pages {
			if p == nil {
				continue
			}
			for i := range uint32(pageRows) {
				x.update(p, i)
			}
		}
	}
}

// loader reads a snapshot. Its first error stays, and then all reads give zero.
type loader struct {
	data []byte
	err  error
}

func (r *loader) fail(why string) {
	if r.err == nil {
		r.err = fmt.Errorf("%w: %s", ErrSnapshot, why)
	}
	r.data = nil
}

func (r *loader) bytes(n uint64) []byte {
	if n > uint64(len(r.data)) {
		r.fail("it is cut off")
		return nil
	}
	b := r.data[:n]
	r.data = r.data[n:]
	return b
}

// number reads n bytes, little endian.
func (r *loader) number(n int) (v uint64) {
	for i, b := range r.bytes(uint64(n)) {
		v |= uint64(b) << (8 * i)
	}
	return v
}

func (r *loader) uvarint(limit uint64) uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 || v > limit {
		r.fail("a number is too large or cut off")
		return 0
	}
	r.data = r.data[n:]
	return v
}

// count reads how many entries follow, each of at least two bytes.
func (r *loader) count() uint64 { return r.uvarint(uint64(len(r.data)) / 2) }

func (r *loader) row(columns []column, row unsafe.Pointer) {
	for i := range columns {
		c := &columns[i]
		if c.isText() {
			*c.text(row) = string(r.bytes(r.uvarint(uint64(len(r.data)))))
			continue
		}
		v := r.number(int(c.size))
		if c.Kind == schema.Bool && v > 1 {
			r.fail("a bool is neither true nor false")
			return
		}
		c.store(row, v)
	}
}
