package presence

import "math"

// grid finds members by where they are: lists of those in each square of the
// plane, hashed. It holds the members that are shown to anybody. The machine
// owns it.
type grid struct {
	edge  float32
	heads []*member // by hash; a power of two
	count int
}

// spot is a member's place in the grid.
type spot struct {
	x, y       float32
	cell       cell
	placed     bool
	next, prev *member // in the list of its hash
}

// cell is a square of the plane.
type cell struct{ x, y int32 }

// cellOf is the square of a point. Beyond a range that no viewport reaches all
// is one square.
func (g *grid) cellOf(x, y float32) cell { return cell{clampCell(x / g.edge), clampCell(y / g.edge)} }

const farthest = 1 << 24

func clampCell(v float32) int32 {
	switch {
	case v >= farthest:
		return farthest
	case v <= -farthest:
		return -farthest
	case v != v:
		return 0
	}
	return int32(math.Floor(float64(v)))
}

func (g *grid) hash(c cell) int {
	h := uint32(c.x)*0x9E3779B1 ^ uint32(c.y)*0x85EBCA77
	h ^= h >> 15
	return int(h) & (len(g.heads) - 1)
}

// put puts the member where it is now.
func (g *grid) put(x *member) {
	c := g.cellOf(x.x, x.y)
	if x.placed && x.cell == c {
		return
	}
	g.remove(x)
	if g.count >= len(g.heads) {
		g.grow()
	}
	x.cell, x.placed = c, true
	g.link(x)
	g.count++
}

func (g *grid) link(x *member) {
	head := &g.heads[g.hash(x.cell)]
	x.prev, x.next = nil, *head
	if x.next != nil {
		x.next.prev = x
	}
	*head = x
}

// first is the first member in the list that has those of c, and perhaps of
// other squares; nil if it is empty.
func (g *grid) first(c cell) *member {
	if len(g.heads) == 0 {
		return nil
	}
	return g.heads[g.hash(c)]
}

// remove takes the member out, if it is in.
func (g *grid) remove(x *member) {
	if !x.placed {
		return
	}
	if x.prev != nil {
		x.prev.next = x.next
	} else {
		g.heads[g.hash(x.cell)] = x.next
	}
	if x.next != nil {
		x.next.prev = x.prev
	}
	x.next, x.prev, x.placed = nil, nil, false
	g.count--
}

func (g *grid) grow() {
	old := g.heads
	g.heads = make([]*member, max(16, 2*len(old)))
	for _, x := range old {
		for x != nil {
			next := x.next
			g.link(x)
			x = next
		}
	}
}

// rect is a part of the plane, edges included.
type rect struct{ left, top, right, bottom float32 }

func (r rect) holds(x, y float32) bool {
	return x >= r.left && x <= r.right && y >= r.top && y <= r.bottom
}

// wider is the rectangle with a quarter of its size on each side.
func (r rect) wider() rect {
	w, h := (r.right-r.left)/4, (r.bottom-r.top)/4
	return rect{r.left - w, r.top - h, r.right + w, r.bottom + h}
}
