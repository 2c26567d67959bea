// Package presence is rooms in which people see each other: cursors, names, selections, who is typing. Each
// connection shows one small typed state, of which the newest value wins; all others get what changed, at the
// room's rate. Nothing is kept: a room is in memory only, and what a connection showed goes with it.
//
// [Define] makes a kind of room out of a Go struct. [Machine] is such a room as pure data: it does no I/O,
// reads no clock and starts no goroutine; package presence/host runs it, and a board has one inside.
// docs/presence.md is the contract, with numbered rules.
package presence
