// Package host runs Yjs rooms and boards over a store: it opens them when
// somebody comes and closes them when nobody has been there for a while, hands
// ops to their machines, makes durable what these say, and delivers what they
// send.
//
// Goroutines of a [Host], all ended by Close: a few workers that run rooms, one
// room on one worker at a time; a few that open rooms; a bounded number that ask
// Role hooks again; one that watches for the store to fail. A room has none of
// its own: it is put on the run queue when there is something to do, and goes to
// the queue's end if it has worked for about a millisecond and there is more.
package host
