// Package host runs record rooms over a store: it opens them when somebody
// comes and closes them when nobody has for a while, hands their ops to their
// machines, makes durable what these say, and only then sends what follows.
//
// Goroutines of a [Host], all ended by Close: a few workers that run rooms, one
// room on one worker at a time; a few that open rooms, of which each may take
// seconds; bounded numbers for Prepare and AfterCommit hooks; one that watches
// for the store to fail. A room has none of its own: it is put on the run queue
// when there is something to do, works for about a millisecond, and goes to the
// queue's end if there is more.
package host
