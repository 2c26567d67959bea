package state

// admit settles a new row and enters its public cells.
func (r *rows) admit(p *page, i uint32) {
	row, id := r.at(p.rows, i), p.id(i)
	var b *block
	if r.grid != nil {
		b = r.grid.enter(id)
	}
	for n := range r.columns {
		c := &r.columns[n]
		exact := c.settle(row)
		if r.grid == nil || c.public < 0 {
			continue
		}
		r.grid.columns[c.public].store(b, i, toWire(&c.Column, exact))
		if c.isText() {
			*r.grid.text(b, r.grid.columns[c.public].text, id.slot()) = *c.text(row)
		}
	}
}

// sync makes grid and hash anew from the rows, which no call has touched.
func (r *rows) sync() {
	if r.grid != nil {
		r.grid.clear()
	}
	for slot := uint32(0); ; slot++ {
		p, i, ok := r.next(slot)
		if !ok {
			break
		}
		slot = uint32(p.number*pageRows) + i
		r.admit(p, i)
	}
	r.full = r.fullHash()
}
