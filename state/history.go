package state

import (
	"math/bits"
	"time"
	"unsafe"

	"github.com/parlor-server/parlor/tick"
)

// historyTime is how far back a table tagged rewind can be read: more than
// what a player with a bad line sees late.
const historyTime = 400 * time.Millisecond

// history holds a table's rows as they were at the end of the last ticks,
// exactly. Only EndTick and LoadSnapshot change it, so undo does not concern it.
type history struct {
	past  []pastTick // a ring
	next  int        // where the next tick goes
	count int
}

// pastTick is a table at the end of a tick. Its memory is used again.
type pastTick struct {
	tick  tick.Tick
	pages []*pastPage // by number; nil where no row was yet
}

type pastPage struct {
	live uint32
	gen  [pageRows]uint16
	rows unsafe.Pointer
}

// keepHistory makes the table remember its rows for historyTime and two ticks.
func (r *rows) keepHistory(hz tick.Rate) {
	r.history = &history{past: make([]pastTick, int(hz.Ticks(historyTime))+2)}
	r.store.rewinds = append(r.store.rewinds, r)
}

// open returns the memory for one more tick, instead of the oldest.
func (h *history) open(t tick.Tick) *pastTick {
	past := &h.past[h.next]
	h.next = (h.next + 1) % len(h.past)
	h.count = min(h.count+1, len(h.past))
	past.tick = t
	for _, page := range past.pages {
		if page != nil {
			page.live = 0
		}
	}
	return past
}

// back returns the tick that is n before the newest.
func (h *history) back(n int) *pastTick {
	return &h.past[(h.next-1-n+2*len(h.past))%len(h.past)]
}

// page returns a page to write to.
func (p *pastTick) page(r *rows, n int) *pastPage {
	for len(p.pages) <= n {
		p.pages = append(p.pages, nil)
	}
	if p.pages[n] == nil {
		p.pages[n] = &pastPage{rows: r.alloc(r.perPage())}
	}
	return p.pages[n]
}

// remember takes the table as it is at the end of a tick into its history.
func (r *rows) remember(t tick.Tick) {
	past := r.history.open(t)
	for n, p := range r.pages {
		if p == nil || p.live == 0 {
			continue
		}
		page := past.page(r, n)
		page.live, page.gen = p.live, p.gen
		r.copyPage(page.rows, p.rows)
	}
}

// find returns a row as it was, or nil.
func (p *pastTick) find(r *rows, id ID) unsafe.Pointer {
	n, i := int(id.slot()/pageRows), id.slot()%pageRows
	if n >= len(p.pages) || p.pages[n] == nil {
		return nil
	}
	page := p.pages[n]
	if page.live>>i&1 == 0 || page.gen[i] != id.gen() {
		return nil
	}
	return r.at(page.rows, i)
}

// appendHistory writes the tables that have one: how many there are, and of
// each its number and its ticks, the oldest first.
func (s *Store) appendHistory(b []byte) []byte {
	b = appendUvarint(b, uint64(len(s.rewinds)))
	for _, r := range s.rewinds {
		b = appendUvarint(b, uint64(r.number))
		b = appendUvarint(b, uint64(r.history.count))
		for n := r.history.count - 1; n >= 0; n-- {
			b = r.history.back(n).appendTo(b, r)
		}
	}
	return b
}

func (p *pastTick) appendTo(b []byte, r *rows) []byte {
	b = appendUvarint(b, uint64(p.tick))
	count := uint64(0)
	for range p.slots {
		count++
	}
	b = appendUvarint(b, count)
	next := uint32(0)
	for slot := range p.slots {
		page, i := p.pages[slot/pageRows], slot%pageRows
		b = appendUvarint(b, uint64(slot-next))
		next = slot + 1
		b = appendUvarint(b, uint64(page.gen[i]))
		b = appendRow(b, r.columns, r.at(page.rows, i))
	}
	return b
}

// slots yields the slots with a row in order.
func (p *pastTick) slots(yield func(uint32) bool) {
	for n, page := range p.pages {
		if page == nil {
			continue
		}
		for live := page.live; live != 0; live &= live - 1 {
			if !yield(uint32(n*pageRows + bits.TrailingZeros32(live))) {
				return
			}
		}
	}
}

// loadHistory reads what appendHistory wrote.
func (s *Store) loadHistory(in *loader) {
	if in.uvarint(1<<16) != uint64(len(s.rewinds)) {
		in.fail("other tables are tagged rewind")
	}
	for _, r := range s.rewinds {
		if in.uvarint(1<<16) != uint64(r.number) {
			in.fail("other tables are tagged rewind")
		}
		last := tick.Tick(0)
		for n := in.uvarint(uint64(len(r.history.past))); n > 0 && in.err == nil; n-- {
			t := tick.Tick(in.uvarint(uint64(s.tick)))
			if t <= last {
				in.fail("the history of " + r.name + " is out of order")
				return
			}
			last = t
			r.history.open(t).load(in, r)
		}
	}
}

func (p *pastTick) load(in *loader, r *rows) {
	next := uint64(0)
	for n := in.count(); n > 0 && in.err == nil; n-- {
		slot := next + in.uvarint(maxSlots)
		gen := in.uvarint(maxGen)
		if slot >= maxSlots || gen == 0 {
			in.fail("a past slot of " + r.name + " is impossible")
		}
		if in.err != nil {
			return
		}
		next = slot + 1
		page, i := p.page(r, int(slot/pageRows)), slot%pageRows
		page.live |= 1 << i
		page.gen[i] = uint16(gen)
		in.row(r.columns, r.at(page.rows, uint32(i)))
	}
}
