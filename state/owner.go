package state

import (
	"cmp"
	"slices"
)

// ownerCell is a cell that its row's owner must be told of.
type ownerCell struct {
	player ID
	table  int32 // index in Store.tables
	slot   uint32
	column int32 // index in rows.columns
}

func (a ownerCell) compare(b ownerCell) int {
	return cmp.Or(cmp.Compare(a.player, b.player), cmp.Compare(a.table, b.table), cmp.Compare(a.slot, b.slot), cmp.Compare(a.column, b.column))
}

// ownerOf is the player who gets the row's owner columns.
func (r *rows) ownerOf(p *page, i uint32) ID {
	if r.owned < 0 {
		return p.id(i)
	}
	return ID(r.columns[r.owned].load(r.at(p.rows, i)))
}

// ownRow notes that all owner columns of a row are news to its owner.
func (s *Store) ownRow(r *rows, p *page, i uint32) {
	if r.owners == 0 {
		return
	}
	for n := range r.columns {
		if r.columns[n].owner >= 0 {
			s.ownCell(r, p, i, &r.columns[n])
		}
	}
}

func (s *Store) ownCell(r *rows, p *page, i uint32, c *column) {
	if player := r.ownerOf(p, i); player != 0 {
		s.owners = append(s.owners, ownerCell{player, int32(r.number), uint32(p.number*pageRows) + i, int32(c.number)})
	}
}

func (s *Store) sortOwners() {
	if len(s.owners) > 1 {
		slices.SortFunc(s.owners, ownerCell.compare)
		s.owners = slices.Compact(s.owners)
	}
}

// HasOwner reports whether any table has owner columns.
func (s *Store) HasOwner() bool {
	return slices.ContainsFunc(s.tables, func(r *rows) bool { return r.owners > 0 })
}

// OwnerChanged reports whether the last tick changed any owner column, of any player.
func (s *Store) OwnerChanged() bool { return len(s.owners) > 0 }

// AppendOwner appends the owner columns that changed for a player in the last
// tick, or all that it owns if full. some is false, and dst as it was, if there
// is nothing to tell; a full one is never nothing.
func (s *Store) AppendOwner(dst []byte, player ID, full bool) (payload []byte, some bool) {
	cells := s.ownedBy(player)
	if full {
		cells = s.allOwnedBy(player)
	} else if len(cells) == 0 {
		return dst, false
	}
	w := &s.writer
	w.Reset(dst)
	w.Bool(full)
	for n, r := range s.tables {
		if r.owners == 0 {
			continue
		}
		end := 0
		for end < len(cells) && cells[end].table == int32(n) {
			end++
		}
		w.UVar(countRows(cells[:end]))
		for i := 0; i < end; {
			i += s.writeOwned(r, cells[i:end])
		}
		cells = cells[end:]
	}
	return w.Finish(), true
}

// ownedBy finds the changed cells of a player.
func (s *Store) ownedBy(player ID) []ownerCell {
	from, _ := slices.BinarySearchFunc(s.owners, player, func(c ownerCell, player ID) int { return cmp.Compare(c.player, player) })
	to := from
	for to < len(s.owners) && s.owners[to].player == player {
		to++
	}
	return s.owners[from:to]
}

// allOwnedBy lists all owner cells of a player, in a buffer that the next call overwrites.
func (s *Store) allOwnedBy(player ID) []ownerCell {
	changed := s.owners
	s.owners = s.owned[:0]
	for _, r := range s.tables {
		if r.owners == 0 {
			continue
		}
		if r.owned < 0 {
			if p, i := r.find(player); p != nil {
				s.ownRow(r, p, i)
			}
			continue
		}
		for slot := uint32(0); ; slot++ {
			p, i, ok := r.next(slot)
			if !ok {
				break
			}
			slot = uint32(p.number*pageRows) + i
			if r.ownerOf(p, i) == player {
				s.ownRow(r, p, i)
			}
		}
	}
	s.owned, s.owners = s.owners, changed
	return s.owned
}

func countRows(cells []ownerCell) (n uint64) {
	for i := range cells {
		if i == 0 || cells[i].slot != cells[i-1].slot {
			n++
		}
	}
	return n
}

// writeOwned writes the cells of the first row and returns how many they are.
func (s *Store) writeOwned(r *rows, cells []ownerCell) (n int) {
	slot := cells[0].slot
	p, i := r.pages[slot/pageRows], slot%pageRows
	s.writer.Bits(uint64(p.id(i)), 32)
	for k := range r.columns {
		c := &r.columns[k]
		if c.owner < 0 {
			continue
		}
		present := n < len(cells) && cells[n].slot == slot && cells[n].column == int32(k)
		s.writer.Bool(present)
		if present {
			c.writePlain(&s.writer, r.at(p.rows, i))
			n++
		}
	}
	return n
}
