// Package state holds a game room's world and tells clients what changes in it.
//
// A world is a plain struct whose fields are state types, and their rows are
// plain structs of bools, numbers, strings, IDs, fixed arrays and structs of
// these. No code is generated:
//
//	type Player struct {
//		X, Y float32 `parlor:"quant=0.01"`
//		Name string
//		Ammo uint8 `parlor:"owner"`
//	}
//	type World struct {
//		Players  state.Table[Player]
//		Round    state.Value[uint32]
//		Kills    state.Event[Kill]
//		Respawns state.Timers[state.ID]
//	}
//
// Rules read and write the world through Table, Value, Index, Event and
// Timers. A room's machinery drives it through a Store: it brackets calls, so
// that one that fails leaves nothing, and at the end of each tick it compares
// the rows that were touched with the quantised values that clients hold.
// What differs becomes a delta, shared by all clients, for any client that has
// one of the last 64 ticks; a keyframe holds the whole. A Mirror applies both.
//
// Over a link that loses packets a delta is cut into parts that each can be
// applied alone (Store.Parts, Mirror.ApplyPart). They start from a tick that
// the client holds, one of every four, so that clients share encodings.
//
// # Tags
//
// A tag's options are separated by commas. One on a struct or array field
// counts for all columns below it.
//
//	quant=STEP   send the float as a whole number of steps; the server keeps it exact
//	snap         round the server's float too, at the end of each tick
//	angle        a client may interpolate the short way round
//	min=, max=   bounds: inputs outside are refused, both together save bits; of a string its bytes
//	owner        sent only to the player who owns the row
//	owned        this state.ID is the player who owns the row; without it the row's own ID is
//	local        never leaves the server
//
// A table of the world, as a whole, may also have
//
//	reliable     its changes travel in order and are never lost, also where others may be (a Value too)
//	rewind       rules can read it as it was up to 400 ms ago, with Table.At
//
// # Who gets what
//
// Public columns go to everyone in the room. Owner columns go to one player,
// in a payload of their own: the one whose ID is the row's ID, so key such
// tables with Table.Put and the player's ID, or tag a column owned. Local
// columns, and world fields tagged local, go to nobody, but are hashed, saved
// and undone like all others.
//
// # Determinism
//
// The same calls in the same order give the same bytes and hashes on any
// machine. Rows are kept and yielded in the order of their slots; between
// ticks −0 is +0 and there is one NaN. The public hash covers what every client
// holds, and travels in frames; the full hash covers all that decides the
// future: exact and local cells, free slots, timers, random numbers and tick.
//
// Nothing in this package locks or starts a goroutine, and a tick allocates
// nothing once its buffers have grown.
package state
