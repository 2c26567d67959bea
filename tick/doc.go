// Package tick is the time of a game room: tick numbers and rates, seeded random
// numbers, trigonometry whose bits are the same on every machine, and the scheduler
// that steps thousands of rooms on a few goroutines.
//
// Rules take their time, randomness and trigonometry from here and from nowhere
// else; that is what makes a recording replay to the same bytes on another machine.
package tick
