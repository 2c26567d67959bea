package client

import "context"

// Transport is one connection that carries whole messages in order. One
// goroutine reads; Write and Close may be called from any.
type Transport interface {
	// Read returns the next message, valid until the next Read. Once the
	// server has closed the connection with a code, the error is a
	// *schema.Error.
	Read() ([]byte, error)
	// Write sends one message, and may wait while the network is full.
	Write(msg []byte) error
	// Close ends the connection at once; a Read or Write that waits returns.
	Close()
}

// DatagramTransport is a Transport with a second lane, whose messages may be
// lost and may overtake others. Read returns the messages of both.
type DatagramTransport interface {
	Transport
	// Datagram sends one message without waiting. Any goroutine may call it.
	Datagram(msg []byte) error
	// DatagramSize is the longest message that Datagram takes.
	DatagramSize() int
}

// Dialer opens a Transport to url.
type Dialer func(ctx context.Context, url string) (Transport, error)
