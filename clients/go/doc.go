// Package client connects to a Parlor server, joins rooms and keeps a typed
// copy of their state.
//
//	c, err := client.Dial(ctx, "ws://127.0.0.1:7777", client.Options{})
//	room, err := c.JoinOrCreate(ctx, "arena", client.JoinOptions{Options: map[string]any{"Name": "Ada"}})
//	players, err := client.Table[Player](room, "Players")
//	players.OnAdded(func(id state.ID, p Player) { fmt.Println(p.Name, "is here") })
//
// # Goroutines
//
// A client has one goroutine of its own: it reads the connection, applies
// frames, reconnects, and runs every callback, so that no two callbacks of a
// client run at once. A callback must not wait: Dial, the Join methods, Leave
// and View inside one would wait for themselves. Sending inputs there is fine.
//
// A room's state is read inside callbacks, or anywhere else inside
// Room.View, which holds back the client's goroutine for as long as it runs.
// Everything else (sending inputs, registering callbacks, reading counters)
// may be called from any goroutine.
//
// # Being ahead and behind
//
// The server is the only authority, and a frame is old when it arrives. A
// Predictor runs a player's own row ahead with the game's own step function
// and corrects it when the server disagrees. An Interpolator draws everyone
// else a little in the past, between two frames that are both known. The
// Clock ties them together: it estimates the server's tick, and names the
// tick that a command can still reach.
//
// # UDP
//
// A udp:// URL (udps:// where the server has TLS) asks the server for a connect
// token and plays over UDP; where that is blocked, or the server has none, over
// WebSocket at the same host and port. Client.Transport says which it is.
//
// Over UDP state frames may be lost: each starts from a state that the client
// is known to hold, and large ones come in parts, which Frame.Partial tells.
// Commands are repeated until they are acknowledged. Joins, events and messages
// arrive once and in order, and wait for the state of their tick, for a second
// at most. Besides the client's goroutine there is a timer, for what is due.
//
// # Record rooms
//
// Client.OpenRecords enters a room of durable shared data: collections of
// records, live queries and writes with a receipt. Its rules are numbered in
// docs/records.md. A live query shows what the server has confirmed with this
// client's own pending writes on top, which are replayed whenever the rows below
// change. All that belongs to one transaction is shown at once.
//
// A write is delivered in one of three ways: Fire has no receipt, Call and Send
// end with one or with the connection, and Durable waits in a queue, in a file
// if the program names one, until the server has confirmed or refused it.
//
// Record rooms have no goroutine of their own. Their rows may be read anywhere.
// Their callbacks run one at a time, after the step that they are about: on the
// client's goroutine, or on that of a caller whose write changed what is shown.
// There, too, a callback must not wait: Call, OpenRecords and Ready would wait
// for themselves. Send, Fire, Durable and Subscribe are fine.
//
// # Presence, boards and documents
//
// OpenPresence enters a room in which people see each other: each connection
// shows one state, of which the newest counts, and casts messages that are no
// state. OpenBoard enters a shared whiteboard: shapes, edits with receipts,
// drags, undo, versions, and presence. OpenDocument keeps a copy of a Yjs
// document in sync with the server's. Their rules are numbered in
// docs/presence.md and docs/canvas.md. One client may be in all of these, in
// record rooms and in games at once.
//
// They have no goroutine of their own, only timers for what is due later, and
// may be read and written from any goroutine. Nothing of theirs waits for a full
// network: what is shown and dragged coalesces, edits queue, updates become one,
// and casts fail with ErrTooMuch. Callbacks run one at a time, on the goroutine
// that was the cause, and must not wait: the Open functions, and the calls of a
// Board that take a context, would wait for themselves. A message that cannot be
// read ends its room and no other.
//
// # When the connection breaks
//
// The client dials again with exponential backoff and full jitter, and asks
// for the seats that it had; where a seat is gone it joins a room of the same
// kind instead. Record rooms are opened again and brought up to date from where
// they were. Presence is shown again; edits of boards that have no receipt go
// again under their numbers, and are done once; documents exchange what each side
// lacks. Rooms, views and callbacks stay valid through all of it.
//
// A frame that cannot be decoded, or whose public hash differs from the
// mirror's, is answered in one way: from then on the client says that it has
// applied tick 0 there, which the server answers with a keyframe. If none
// comes within a second or two, the client reconnects, which always brings one.
package client
