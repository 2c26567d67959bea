// Package parlor is an authoritative game server.
//
// A game is a world of typed tables and a few functions over it (package
// rooms). Give it to a Server, and players reach it over WebSocket:
//
//	server, err := parlor.New(parlor.Config{
//		Rooms: []rooms.Kind{rooms.Define("arena", arena.Game())},
//	})
//	if err != nil { … }
//	err = server.Run(ctx) // until ctx ends; then it drains
//
// Package cli makes a whole program of a Config: serving, load from bots,
// replays. A Server also fits into a program that has an HTTP server of its
// own: mount Handler, and call Drain and Close at the end.
//
// # What is served
//
//	/ws             where clients connect
//	/v1/rooms       GET lists rooms, POST creates one
//	/v1/match       POST finds a room and holds a seat in it
//	/healthz        the process works
//	/readyz         new players are welcome; 503 while the server drains
//	/               Config.Web, or a page that lists the games
//	/parlor.js      the client for browsers, unless Config.Web has its own
//	/parlor-records.js  that with record rooms
//
// AdminHandler serves metrics, profiles and calls for operators. It belongs on
// an address that players cannot reach.
//
// # Development and production
//
// Without a key to check players' tokens with, a Server is in development mode:
// everyone is a guest, it listens on loopback addresses only, and answers only
// requests for localhost, 127.0.0.1 or [::1], so that no web page on the
// internet can reach it by rebinding a name. With a key it may listen
// elsewhere, over TLS or behind a proxy that speaks TLS.
package parlor
