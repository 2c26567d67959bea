// Package udp carries sessions over one UDP socket a shard: authenticated and
// encrypted packets, a reliable lane (KCP) and an unreliable one beside it.
// docs/udp.md is the specification of what is on the wire.
//
// A client comes with a connect token, which Server.Grant makes for a user
// whom the caller has authenticated. Nothing is remembered about an address
// before it has sent back a cookie, and nothing at all about one without a
// token.
//
// # Who runs what
//
// A shard is a socket with two goroutines: the reader, which handles what the
// socket brings, and the sweep, which does everything that time asks for. A
// session belongs to the shard in the low byte of its ID and has no goroutine
// and no timer. Room loops and the others who send to a session write into its
// shard's outbox, which leaves with Server.Flush, with the reader's next batch
// or with the next sweep.
//
// # Locks
//
// They are taken in this order, and any may be left out: shard.mu (the
// receiving side of a shard's sessions), locks of package netcode and of the
// rooms, conn.mu (the sending side of one session), the shard's agenda, the
// shard's outbox. Session.Receive runs under shard.mu and may call every method of
// netcode.Transport, which take conn.mu only. Session.Ended waits for others
// and runs under none of them, on a goroutine of its own.
package udp
