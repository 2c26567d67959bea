// Package canvas holds documents that many people edit at once: Yjs rooms, and
// what boards are built on.
//
//	canvas.Define("notes", canvas.Room{Durable: true})
//
// A room of such a kind is one Yjs document (package canvas/yjs) with its
// awareness. Stock Yjs clients reach it, and Parlor's own sessions.
//
// The rules of a room are a [Machine]: a pure state machine that does no I/O,
// reads no clock and starts no goroutine. What it is to do comes as an [Op], what
// it wants to be kept and sent leaves in an [Outbox]. Package canvas/host runs
// machines: it opens rooms, makes their puts durable and delivers what they send.
// [Document] is the machine of Yjs rooms; package canvas/board embeds it.
package canvas
