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
		switch to {
		case "front":
			e.toEnd(parent, chosen, true)
		case "back":
			e.toEnd(parent, chosen, false)
		case "forward":
			e.step(parent, chosen, true)
		case "backward":
			e.step(parent, chosen, false)
		default:
			return &invalid{"to", errors.New("use front, back, forward or backward")}
		}
	}
	return nil
}

// toEnd moves the chosen children to the front or the back.
func (e *edit) toEnd(parent string, chosen map[*shape]bool, front bool) {
	e.work += len(e.b.model.children[parent])
	var moving, resting []*shape
	for _, s := range e.b.model.children[parent] {
		if chosen[s] {
			moving = append(moving, s)
		} else {
			resting = append(resting, s)
		}
	}
	if len(resting) == 0 {
		return
	}
	if front {
		for _, s := range moving {
			e.moveTo(s, parent, between(e.b.model.front(parent), ""))
			e.space(s)
		}
		return
	}
	for _, s := range slices.Backward(moving) {
		e.moveTo(s, parent, between("", e.b.model.children[parent][0].index))
		e.space(s)
	}
}

// step moves each chosen child just past the nearest one that rests. Those that
// have none to pass stay.
func (e *edit) step(parent string, chosen map[*shape]bool, up bool) {
	e.work += len(e.b.model.children[parent])
	family := slices.Clone(e.b.model.children[parent])
	if up {
		slices.Reverse(family)
	}
	var rest *shape // the one to pass
	for _, s := range family {
		if !chosen[s] {
			rest = s
			continue
		}
		if rest == nil {
			continue
		}
		now := e.b.model.children[parent]
		i := e.b.model.place(rest)
		if up {
			e.moveTo(s, parent, between(rest.index, indexAt(now, i+1)))
		} else {
			e.moveTo(s, parent, between(indexAt(now, i-1), rest.index))
		}
		e.space(s)
	}
}

// indexAt is a sibling's index, "" beyond the ends.
func indexAt(family []*shape, i int) string {
	if i < 0 || i >= len(family) {
		return ""
	}
	return family[i].index
}
