// Package ws carries sessions over WebSocket. Handler is the http.Handler of
// the endpoint; it and its connections are the only code that touches sockets.
// RawHandler is that of clients that speak another protocol than ours.
//
// Each connection has a reader goroutine, which owns it, and a writer, which is
// started when the socket first takes less than it is given. Until then whoever
// flushes, a room's loop as a rule, writes at once and without waiting; over TLS
// the writer does it all. What waits for a client is bounded by
// Config.MaxPending.
package ws
