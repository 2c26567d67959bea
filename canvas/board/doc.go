// Package board is canvas rooms: whiteboards whose shapes are durable in a Yjs
// document and are edited by typed messages, or by Yjs clients.
//
//	board.Define("board", board.Room{Kinds: []board.Kind{board.Shape[Rect]("rect")}})
//
// A Board is the machine of one room: a model of the shapes that is valid at
// any time (model.go), the document that it is kept in, what is being dragged,
// who is present, each user's undo, receipts and versions. It has no I/O: one
// goroutine applies ops to it and carries out what it puts into the outbox.
//
// docs/canvas.md specifies what clients see; the rules there are quoted as W1
// and so on.
package board
