package state

import (
	"bufio"
	"fmt"
	"io"
	"unsafe"
)

// cell is the exact value of a leaf for people to read.
func (c *column) cell(row unsafe.Pointer) Cell {
	if c.isText() {
		return Cell{kind: c.Kind, text: *c.text(row)}
	}
	return Cell{kind: c.Kind, exact: c.load(row)}
}

// Describe writes the whole world, one row a line, for people to read. What it
// cannot write is left out.
func (s *Store) Describe(w io.Writer) {
	out := bufio.NewWriter(w)
	defer out.Flush()
	fmt.Fprintf(out, "tick %d, public hash %s, full hash %s\n", s.tick, s.PublicHash(), s.full)
	for _, r := range s.tables {
		fmt.Fprintf(out, "%s: %d\n", r.name, r.live)
		for p, i := range r.used {
			if p.live>>i&1 == 0 {
				continue
			}
			fmt.Fprintf(out, "  [%s]", p.id(i))
			describeRow(out, r.columns, r.at(p.rows, i))
		}
	}
	for _, t := range s.timers {
		name, columns := t.describe()
		fmt.Fprintf(out, "%s: %d timers\n", name, t.pending())
		for id, value := range t.entries {
			fmt.Fprintf(out, "  at %d:", id.tick())
			describeRow(out, columns, value)
		}
	}
	if s.writes != nil {
		s.writes.describe(out)
	}
}

func describeRow(out *bufio.Writer, columns []column, row unsafe.Pointer) {
	for i := range columns {
		fmt.Fprintf(out, " %s=%s", columns[i].Name, columns[i].cell(row))
	}
	out.WriteByte('\n')
}

// Diff names the first difference between two stores of the same world type,
// such as "Players[3v1].X: 1.5 ≠ 1.6".
func Diff(a, b *Store) (field string, differs bool) {
	if a.layoutHash() != b.layoutHash() {
		return "the worlds' tables or columns", true
	}
	if a.tick != b.tick {
		return fmt.Sprintf("tick: %d ≠ %d", a.tick, b.tick), true
	}
	for i := range a.tables {
		if field, differs := diffTables(a.tables[i], b.tables[i]); differs {
			return field, true
		}
	}
	for i := range a.timers {
		if field, differs := diffTimers(a.timers[i], b.timers[i]); differs {
			return field, true
		}
	}
	if a.rand.State() != b.rand.State() {
		return "random numbers", true
	}
	return diffWrites(a.writes, b.writes)
}

func diffTables(a, b *rows) (string, bool) {
	for n := range max(len(a.pages), len(b.pages)) {
		for i := range uint32(a.perPage()) {
			was, wasLive := a.slot(n, i)
			is, isLive := b.slot(n, i)
			switch {
			case was != is && (wasLive || isLive):
				return fmt.Sprintf("%s: row %s ≠ %s", a.name, liveOnly(was, wasLive), liveOnly(is, isLive)), true
			case was != is:
				return fmt.Sprintf("%s: free slot %s ≠ %s", a.name, was, is), true
			case wasLive != isLive:
				return fmt.Sprintf("%s[%s]: %s ≠ %s", a.name, was, presentWord(wasLive), presentWord(isLive)), true
			case wasLive:
				if column, differs := diffRows(a.columns, a.at(a.pages[n].rows, i), b.at(b.pages[n].rows, i)); differs {
					return fmt.Sprintf("%s[%s].%s", a.name, was, column), true
				}
			}
		}
	}
	return "", false
}

// slot returns what a slot holds or held last.
func (r *rows) slot(pageNumber int, i uint32) (ID, bool) {
	if pageNumber >= len(r.pages) || r.pages[pageNumber] == nil || r.pages[pageNumber].gen[i] == 0 {
		return 0, false
	}
	p := r.pages[pageNumber]
	return p.id(i), p.live>>i&1 != 0
}

func liveOnly(id ID, live bool) ID {
	if !live {
		return 0
	}
	return id
}

func presentWord(live bool) string {
	if live {
		return "present"
	}
	return "absent"
}

func diffRows(columns []column, a, b unsafe.Pointer) (string, bool) {
	for i := range columns {
		if was, is := columns[i].cell(a), columns[i].cell(b); was != is {
			return fmt.Sprintf("%s: %s ≠ %s", columns[i].Name, was, is), true
		}
	}
	return "", false
}

func diffTimers(a, b timerList) (string, bool) {
	name, columns := a.describe()
	if a.pending() != b.pending() {
		return fmt.Sprintf("%s: %d timers ≠ %d", name, a.pending(), b.pending()), true
	}
	var others []unsafe.Pointer
	var ids []TimerID
	for id, value := range b.entries {
		ids, others = append(ids, id), append(others, value)
	}
	n := 0
	for id, value := range a.entries {
		if id != ids[n] {
			return fmt.Sprintf("%s: timer %d due at tick %d ≠ timer %d at %d", name, uint32(id), id.tick(), uint32(ids[n]), ids[n].tick()), true
		}
		if column, differs := diffRows(columns, value, others[n]); differs {
			return fmt.Sprintf("%s[due %d].%s", name, id.tick(), column), true
		}
		n++
	}
	if a.fullHash() != b.fullHash() {
		return name + ": the number of timers set so far", true
	}
	return "", false
}
