package board

import (
	"errors"
	"slices"
)

// order moves shapes among their siblings (W8): to the front or the back, or one
// step past a sibling that does not move. Several keep their order.
func (e *edit) order(ids []string, to string) error {
	chosen := map[*shape]bool{}
	parents := []string{}
	for _, id := range ids {
		s, err := e.find(id)
		if err != nil {
			return err
		}
		chosen[s] = true
		if !slices.Contains(parents, s.parent) {
			parents = append(parents, s.parent)
		}
	}
	for _, parent := range parents {
		family := e.b.model.children[parent]
		switch to {
		case "front", "back":
			e.arrange(parent, toEnd(family, chosen, to == "front"), chosen)
		case "forward", "backward":
			e.arrange(parent, pastNext(family, chosen, to == "forward"), chosen)
		default:
			return &invalid{"to", errors.New("use front, back, forward or backward")}
		}
	}
	return nil
}

// toEnd is the order with the chosen ones at the front or the back.
func toEnd(family []*shape, chosen map[*shape]bool, front bool) []*shape {
	out := make([]*shape, 0, len(family))
	for _, pass := range [...]bool{!front, front} {
		for _, s := range family {
			if chosen[s] == pass {
				out = append(out, s)
			}
		}
	}
	return out
}

// pastNext is the order with each chosen one just past the nearest one that rests.
// Those that have none to pass stay.
func pastNext(family []*shape, chosen map[*shape]bool, up bool) []*shape {
	out := make([]*shape, 0, len(family))
	var rest *shape // the one to pass
	pass := func(s *shape) {
		if !chosen[s] {
			s, rest = rest, s
		}
		if s != nil {
			out = append(out, s)
		}
	}
	if up {
		for _, s := range slices.Backward(family) {
			pass(s)
		}
	} else {
		for _, s := range family {
			pass(s)
		}
	}
	if rest != nil {
		out = append(out, rest)
	}
	if up {
		slices.Reverse(out)
	}
	return out
}

// arrange puts siblings into another order. Only chosen ones get new indexes;
// those that pass none that rests keep theirs.
func (e *edit) arrange(parent string, out []*shape, chosen map[*shape]bool) {
	e.work += 4 * len(out)
	if slices.Equal(out, e.b.model.children[parent]) {
		return
	}
	e.b.model.children[parent] = out
	var moved []*shape
	for from := 0; from < len(out); from++ {
		to := from
		for to < len(out) && chosen[out[to]] {
			to++
		}
		if to == from {
			continue
		}
		below, above := indexAt(out, from-1), indexAt(out, to)
		if !inOrder(below, out[from:to], above) {
			for i, index := range indexes(below, above, to-from) {
				e.touch(out[from+i])
				out[from+i].index = index
			}
			moved = append(moved, out[from:to]...)
		}
		from = to
	}
	e.work += 8 * len(moved)
	for _, s := range moved { // not before: it changes what is between
		e.space(s)
	}
}

// inOrder tells whether shapes are where their indexes put them.
func inOrder(below string, list []*shape, above string) bool {
	for _, s := range list {
		if s.index <= below {
			return false
		}
		below = s.index
	}
	return above == "" || below < above
}

// moveAll gives siblings, in their order, another parent, and indexes in order.
func (e *edit) moveAll(list []*shape, parent string, indexes []string) {
	if len(list) == 0 {
		return
	}
	m := &e.b.model
	e.work += 8*len(list) + len(m.children[list[0].parent]) + len(m.children[parent])
	m.unlinkAll(list)
	for i, s := range list {
		e.touch(s)
		s.parent, s.index = parent, indexes[i]
	}
	m.linkAll(list)
}

// indexesOf are those of shapes.
func indexesOf(list []*shape) []string {
	indexes := make([]string, len(list))
	for i, s := range list {
		indexes[i] = s.index
	}
	return indexes
}

// indexAt is a sibling's index, "" beyond the ends.
func indexAt(family []*shape, i int) string {
	if i < 0 || i >= len(family) {
		return ""
	}
	return family[i].index
}
