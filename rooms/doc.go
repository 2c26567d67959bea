// Package rooms runs game rooms.
//
// A game is plain data and functions: a World of state tables and a Game that
// names its hooks. Define turns it into a Kind, a Registry opens rooms of that
// kind and finds or makes one for each player, and a runner steps each room.
//
//	players → Seat → inbox → runner → GameRoom (a pure state machine) → Outbox → Conn
//
// The room itself does no I/O, reads no clock and starts no goroutine, so the
// same inputs always give the same states: every room records its inputs, and
// Replay runs them again. Package roomstest runs a game's rules in a test with
// neither network nor clock.
package rooms
