package yjs

import "slices"

// run is a slice that is split and joined without copying, most of the time.
// Items are split wherever a neighbour's edit points, and joined again at the
// transaction's end; copying a megabyte for each would let small updates cost
// much.
type run[T any] struct {
	list   []T
	shared bool // what lies between len and cap belongs to another run
}

// split keeps the first n and returns the rest.
func (r *run[T]) split(n int) run[T] {
	rest := run[T]{r.list[n:], r.shared}
	r.list, r.shared = r.list[:n], true
	return rest
}

// join appends a run that is not used afterwards.
func (r *run[T]) join(next run[T]) {
	n := len(r.list)
	if len(next.list) == 0 {
		return
	}
	if r.shared && cap(r.list)-n >= len(next.list) && &r.list[:n+1][n] == &next.list[0] {
		r.list, r.shared = r.list[:n+len(next.list)], next.shared
		return
	}
	if r.shared {
		r.list, r.shared = slices.Clip(r.list), false
	}
	r.list = append(r.list, next.list...)
}
