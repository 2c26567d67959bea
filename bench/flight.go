//go:build linux

package main

import "time"

const flightSize = 64 // inputs under way; more than a second of them is no game any more

// flight is a client's inputs that are not acknowledged yet, in the order of
// their numbers. When it is full the oldest is forgotten.
type flight struct {
	inputs [flightSize]struct {
		number uint32
		at     instant
	}
	first, count int
}

func (f *flight) push(number uint32, at instant) {
	if f.count == flightSize {
		f.first, f.count = (f.first+1)%flightSize, f.count-1
	}
	in := &f.inputs[(f.first+f.count)%flightSize]
	in.number, in.at = number, at
	f.count++
}

// landed takes out all inputs up to a number and counts how long they took.
func (f *flight) landed(number uint32, at instant, to *delays) {
	for f.count > 0 && f.inputs[f.first].number <= number {
		to.add(time.Duration(at - f.inputs[f.first].at))
		f.first, f.count = (f.first+1)%flightSize, f.count-1
	}
}
