package state

import "github.com/parlor-server/parlor/tick"

// ringTicks is how many ticks back a client may be to be sent a delta.
const ringTicks = 64

// ring remembers the public changes of the last 64 ticks, with the values from
// before, so that any of those ticks can be the base of a delta. Its records
// are reused; the oldest is overwritten.
type ring struct {
	records [ringTicks]tickRecord
	next    int // where the next record goes
	count   int
	last    tick.Tick // of the newest record, or what the world began with
}

// tickRecord is what one tick changed.
type tickRecord struct {
	base   tick.Tick // the tick before it
	tables []tableChange
}

// tableChange is how the public rows of a table differ between two ticks.
// Slots ascend in every list.
type tableChange struct {
	deleted []uint32 // rows that are gone, or gave their slot to another
	created []uint32
	updated []uint32 // rows that stayed, with another value in some column
	columns []columnChange
}

// columnChange is the part of updated that differs in one column.
type columnChange struct {
	slots []uint32
	old   []uint64 // wire form; of texts the digest
}

func newTableChange(columns int) tableChange {
	return tableChange{columns: make([]columnChange, columns)}
}

func (c *tableChange) empty() bool {
	return len(c.deleted) == 0 && len(c.created) == 0 && len(c.updated) == 0
}

func (c *tableChange) reset() {
	c.deleted, c.created, c.updated = c.deleted[:0], c.created[:0], c.updated[:0]
	for i := range c.columns {
		c.columns[i].slots, c.columns[i].old = c.columns[i].slots[:0], c.columns[i].old[:0]
	}
}

func (c *columnChange) add(slot uint32, old uint64) {
	c.slots, c.old = append(c.slots, slot), append(c.old, old)
}

// newChanges makes room for the changes of all public tables.
func (s *Store) newChanges() (changes []tableChange) {
	for _, r := range s.tables {
		if r.grid != nil {
			changes = append(changes, newTableChange(len(r.grid.columns)))
		}
	}
	return changes
}

func (r *ring) prepare(s *Store) {
	for i := range r.records {
		r.records[i].tables = s.newChanges()
	}
	s.frames.merged = s.newChanges()
	r.clear(s.tick)
}

// clear forgets all ticks; the world is now as of tick t.
func (r *ring) clear(t tick.Tick) { r.next, r.count, r.last = 0, 0, t }

// push returns an empty record for tick t.
func (r *ring) push(t tick.Tick) *tickRecord {
	record := &r.records[r.next]
	r.next = (r.next + 1) % ringTicks
	r.count = min(r.count+1, ringTicks)
	record.base, r.last = r.last, t
	for i := range record.tables {
		record.tables[i].reset()
	}
	return record
}

// back returns the record that is n before the newest.
func (r *ring) back(n int) *tickRecord {
	return &r.records[(r.next-1-n+2*ringTicks)%ringTicks]
}

// since returns how many records lead from tick base to now.
func (r *ring) since(base tick.Tick) (n int, ok bool) {
	if base == 0 {
		return 0, false // no tick at all
	}
	if base == r.last {
		return 0, true
	}
	for n := range r.count {
		if r.back(n).base == base {
			return n + 1, true
		}
	}
	return 0, false
}
