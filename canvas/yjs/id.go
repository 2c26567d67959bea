package yjs

import (
	"fmt"
	"slices"
)

// maxSafe is the largest integer that yjs can hold: a JavaScript number's.
const maxSafe = 1<<53 - 1

// ID names one element: the Clock-th that Client inserted, counted from 0.
type ID struct{ Client, Clock uint64 }

func (id ID) String() string { return fmt.Sprintf("%d:%d", id.Client, id.Clock) }

// StateVector holds, by client, the clock that it will use next: everything
// before it is known.
type StateVector map[uint64]uint64

// ParseStateVector reads a state vector as clients send it in sync step 1.
func ParseStateVector(b []byte) (StateVector, error) {
	r := reader{b: b}
	sv := StateVector{}
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		client := r.uint()
		sv[client] = r.uint()
	}
	return sv, r.done("state vector")
}

// Encode writes the highest client first, as yjs does.
func (sv StateVector) Encode() []byte {
	b := appendUint(nil, uint64(len(sv)))
	for _, client := range descending(sv) {
		b = appendUint(appendUint(b, client), sv[client])
	}
	return b
}

// descending are a map's clients, the highest first. Map order must not reach
// the bytes, and yjs integrates faster in this order.
func descending[V any](m map[uint64]V) []uint64 {
	clients := make([]uint64, 0, len(m))
	for client := range m {
		clients = append(clients, client)
	}
	slices.Sort(clients)
	slices.Reverse(clients)
	return clients
}
