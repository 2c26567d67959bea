// Package wire has the packets of Parlor over UDP, as docs/udp.md specifies
// them: connect tokens, cookies, the handshake, the sealing and opening of data
// packets, control messages, and the packing of several messages into one
// packet. It is pure: no sockets, no goroutines, no clock of its own. What
// servers and clients share is here; who owns a session is package udp.
package wire
