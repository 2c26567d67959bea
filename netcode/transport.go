package netcode

import "github.com/parlor-server/parlor/schema"

// Transport carries one session's messages to its client. netcode/ws
// implements it. All methods may be called by any goroutine and none blocks:
// what the network does not take at once waits in a bounded buffer.
//
// The transport calls Session.Receive for every inbound message, from one
// goroutine, and Session.Ended once, last.
type Transport interface {
	// Queue appends a message; it leaves at the next Flush. When the buffer is
	// full the transport ends the connection with SLOW_CLIENT. body is copied.
	Queue(head [schema.HeaderSize]byte, body []byte)
	// TryQueue is Queue for messages that may be dropped: it takes nothing and
	// reports false while bytes of an earlier Flush are still unsent.
	TryQueue(head [schema.HeaderSize]byte, body []byte) bool
	// Flush hands everything queued to the network, in one write.
	Flush()
	// Pending returns the number of bytes that the network has not taken yet.
	Pending() int
	// Close sends a Close message and ends the connection when the client has
	// acknowledged it or after a short while. Only the first call counts.
	Close(code schema.Code, message string)
	// RemoteAddr is the client's address, for logs and for games.
	RemoteAddr() string
}

// DatagramTransport is a Transport with an unreliable lane beside the reliable
// one: netcode/udp.
type DatagramTransport interface {
	Transport
	// Datagram queues a message that may be lost and may overtake others; it
	// leaves at the next Flush. It reports false when the session has used up
	// what it may send for now. body is copied.
	Datagram(head [schema.HeaderSize]byte, body []byte) bool
	// DatagramSize is the largest body that Datagram takes.
	DatagramSize() int
}
