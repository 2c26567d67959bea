package state

import "math/bits"

// touch saves a slot before its first change in this call. The first call that
// touches it in a tick saves it once for both: what it was when the tick began
// is what it was when the call began.
func (r *rows) touch(p *page, i uint32) {
	if !r.store.inCall {
		panic("state: World." + r.name + " is changed outside of a call; between Store.Begin and Commit it may be")
	}
	if p.touched == 0 {
		if r.touched == nil {
			r.store.touched, r.sibling = r, r.store.touched
		}
		r.touched, p.next = p, r.touched
	}
	bit := uint32(1) << i
	p.touched |= bit
	if p.edited&bit == 0 {
		p.edited |= bit
		p.fresh |= bit
		r.edited.add(p.number)
		r.save(&p.start, p, i)
		return
	}
	if p.undo == nil {
		p.undo = new(image)
	}
	r.save(p.undo, p, i)
}

// commit ends a call that succeeded.
func (r *rows) commit() {
	r.reindex()
	for p := r.touched; p != nil; {
		next := p.next
		p.touched, p.fresh, p.next = 0, 0, nil
		p = next
	}
	r.touched = nil
}

// rollback brings all touched slots back to what they were when the call began.
func (r *rows) rollback() {
	for p := r.touched; p != nil; p = p.next {
		r.live -= bits.OnesCount32(p.live)
		for touched := p.touched; touched != 0; touched &= touched - 1 {
			i := uint32(bits.TrailingZeros32(touched))
			if p.fresh>>i&1 != 0 {
				r.restore(&p.start, p, i)
			} else {
				r.restore(p.undo, p, i)
			}
		}
		p.edited &^= p.fresh // as if the tick had never touched them
		r.live += bits.OnesCount32(p.live)
		r.room = min(r.room, p.number)
	}
	r.commit()
}

// reindex brings the indexes up to the rows touched in this call.
func (r *rows) reindex() {
	if len(r.indexes) == 0 {
		return
	}
	for p := r.touched; p != nil; p = p.next {
		for touched := p.touched; touched != 0; touched &= touched - 1 {
			i := uint32(bits.TrailingZeros32(touched))
			for _, x := range r.indexes {
				x.update(p, i)
			}
		}
	}
}
