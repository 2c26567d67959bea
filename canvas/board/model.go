package board

import (
	"cmp"
	"slices"
	"strings"
)

// model is the shapes as they count: what the document says, checked. What is
// in the document but cannot be shown (a kind that the room no longer has) is
// not in it.
type model struct {
	shapes map[string]*shape
	// children are those of each parent, "" being the board, in the order of
	// drawing: by index, then by ID.
	children map[string][]*shape
	settings map[string]string // of the board: key → JSON
}

func newModel() model {
	return model{shapes: map[string]*shape{}, children: map[string][]*shape{}, settings: map[string]string{}}
}

// before is the order among siblings.
func before(s *shape, index, id string) int {
	return cmp.Or(strings.Compare(s.index, index), strings.Compare(s.id, id))
}

// place is where a shape is or would be among its siblings.
func (m *model) place(s *shape) int {
	family := m.children[s.parent]
	if n := len(family); n > 0 && before(family[n-1], s.index, s.id) < 0 {
		return n // at the end, as most are when they are added
	}
	i, _ := slices.BinarySearchFunc(family, s, func(o, s *shape) int { return before(o, s.index, s.id) })
	return i
}

// link puts a shape among its siblings.
func (m *model) link(s *shape) {
	m.children[s.parent] = slices.Insert(m.children[s.parent], m.place(s), s)
}

// unlink takes it out.
func (m *model) unlink(s *shape) {
	family, i := m.children[s.parent], m.place(s)
	if len(family) == 1 {
		delete(m.children, s.parent)
		return
	}
	m.children[s.parent] = slices.Delete(family, i, i+1)
}

// unlinkAll takes shapes of one parent, in their order, out.
func (m *model) unlinkAll(list []*shape) {
	family := m.children[list[0].parent]
	rest := make([]*shape, 0, len(family)-len(list))
	for _, s := range family {
		if len(list) > 0 && s == list[0] {
			list = list[1:]
		} else {
			rest = append(rest, s)
		}
	}
	if parent := family[0].parent; len(rest) > 0 {
		m.children[parent] = rest
	} else {
		delete(m.children, parent)
	}
}

// linkAll puts shapes of one parent, in order, among their siblings.
func (m *model) linkAll(list []*shape) {
	family := m.children[list[0].parent]
	all := make([]*shape, 0, len(family)+len(list))
	for _, s := range list {
		for len(family) > 0 && before(family[0], s.index, s.id) < 0 {
			all, family = append(all, family[0]), family[1:]
		}
		all = append(all, s)
	}
	m.children[list[0].parent] = append(all, family...)
}

// front is the index of the frontmost child, or "".
func (m *model) front(parent string) string {
	if family := m.children[parent]; len(family) > 0 {
		return family[len(family)-1].index
	}
	return ""
}

// above is the next higher index among a shape's siblings, or "".
func (m *model) above(s *shape) string {
	for _, o := range m.children[s.parent][m.place(s)+1:] {
		if o.index != s.index {
			return o.index
		}
	}
	return ""
}

// twin tells whether a sibling has the same index.
func (m *model) twin(s *shape) bool {
	family, i := m.children[s.parent], m.place(s)
	return i > 0 && family[i-1].index == s.index || i+1 < len(family) && family[i+1].index == s.index
}

// each calls f for all shapes, each before those in it, in the order of drawing.
func (m *model) each(f func(s *shape, depth int)) { m.eachIn("", 0, f) }

func (m *model) eachIn(parent string, depth int, f func(*shape, int)) {
	for _, s := range m.children[parent] {
		f(s, depth)
		m.eachIn(s.id, depth+1, f)
	}
}

// depth is how many parents a place in parent has, as far as limit; false if id
// is among them.
func (m *model) depth(parent, id string, limit int) (n int, ok bool) {
	for p := parent; p != "" && n <= limit; n++ {
		if p == id {
			return n, false
		}
		s := m.shapes[p]
		if s == nil {
			return n, true
		}
		p = s.parent
	}
	return n, true
}

// height is how many levels of children a shape has, as far as limit. It counts
// those that it looks at.
func (m *model) height(id string, limit int, visited *int) (n int) {
	if limit < 0 {
		return 0
	}
	for _, s := range m.children[id] {
		*visited++
		n = max(n, 1+m.height(s.id, limit-1, visited))
	}
	return n
}
