// Package bots plays in rooms with headless clients, to load a server and to
// check that every client sees the state that the server has.
//
// Run opens a number of rooms and fills each with players, one client each.
// Once a tick each bot thinks: a game says how with a Behavior; without one,
// bots of any game send random commands that its schema allows.
//
//	summary, err := bots.Run(ctx, bots.Config{
//		URL: "ws://127.0.0.1:7777", Kind: "arena", Rooms: 10, Players: 16, Duration: 30 * time.Second,
//	})
//
// Meet does the same for presence rooms, boards and Yjs rooms, where clients are
// compared with each other.
//
//	summary, err := bots.Meet(ctx, bots.Board, bots.Config{URL: "ws://127.0.0.1:7777", Kind: "board", Players: 16})
//
// # Goroutines
//
// Each client has its own; each room adds one that lets its bots think, one
// after the other, at the room's rate. Run ends all of them before it returns.
package bots
