// Package roomstest tests a game's rules: a room with neither network nor
// clock, typed access to its world, and a check at the end of every test that
// a replay of the same inputs comes to the same state.
package roomstest
