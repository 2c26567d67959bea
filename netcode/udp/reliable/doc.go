// Package reliable is the lane of a UDP session on which every message arrives,
// once and in order. Retransmission is KCP's (kcp.KCP of kcp-go, which only this
// package imports, as a state machine: no socket, no goroutine, no timer, none
// of its encryption and error correction). Around it the lane frames messages,
// bounds and paces what is sent, and checks what comes before KCP sees it.
//
// # The stream
//
// Each message is its length as an unsigned varint and its bytes; messages
// follow one another in a stream, which is cut into segments wherever one is
// full: short messages that leave together share a segment, a long one spans
// many. KCP's own fragments are not used, as a message could then have no more
// than 255 of them.
//
// # Time and pace
//
// A Lane has no clock to wait on. Whoever owns it calls Pump when there is
// something to send and Update every 10 ms while Busy; a lane that is not Busy
// needs no call at all. KCP's congestion control is off: what Pump may send is
// the session's budget, of which acknowledgements and retransmissions are
// counted too, but never held back.
//
// KCP sends at most once in 10 ms unless acknowledgements come in, so what Pump
// hands over less than 10 ms after the last time may leave with the next Update.
// The lane therefore knows how long nothing can be due again, and lets KCP be
// until then.
//
// # Memory
//
// KCP with its buffers takes about 20 KB and is made when the lane is first used.
// What a peer can make a lane hold is ReceiveWindow segments that came ahead of
// a missing one, and one message of MaxMessage bytes.
//
// Importing this package starts goroutines of kcp-go's (its scheduler, which
// nothing here uses); tests that look for leaks must ignore them.
package reliable
