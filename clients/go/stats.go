package client

import "sync/atomic"

// Stats counts what a client has seen since Dial. Bytes include the WebSocket
// frame headers, but neither TCP nor TLS; over UDP they are those of packets,
// without the headers of UDP and IP.
type Stats struct {
	MessagesIn, MessagesOut uint64
	BytesIn, BytesOut       uint64
	Frames                  uint64 // state frames applied
	Dropped                 uint64 // frames, or parts of them, that came too late or start from what is not held: usual where packets get lost
	Keyframes               uint64 // of these, keyframes
	Desyncs                 uint64 // frames after which the public hash was not the server's
	BadFrames               uint64 // frames and sections that could not be decoded
	Errors                  uint64 // Error messages of the server
	Disconnects             uint64 // connections lost
	Reconnects              uint64 // connections brought back
	Reseats                 uint64 // rooms in which the same seat was taken again
	Rejoins                 uint64 // rooms joined anew because the seat was gone
}

type counters struct {
	messagesIn, messagesOut, bytesIn, bytesOut    atomic.Uint64
	frames, keyframes, desyncs, badFrames, errors atomic.Uint64
	dropped                                       atomic.Uint64
	disconnects, reconnects, reseats, rejoins     atomic.Uint64
}

// Stats returns the counters. They are read one by one, not all at one moment.
func (c *Client) Stats() Stats {
	s := &c.stats
	return Stats{
		MessagesIn: s.messagesIn.Load(), MessagesOut: s.messagesOut.Load(),
		BytesIn: s.bytesIn.Load(), BytesOut: s.bytesOut.Load(),
		Dropped: s.dropped.Load(),
		Frames:  s.frames.Load(), Keyframes: s.keyframes.Load(),
		Desyncs: s.desyncs.Load(), BadFrames: s.badFrames.Load(), Errors: s.errors.Load(),
		Disconnects: s.disconnects.Load(), Reconnects: s.reconnects.Load(),
		Reseats: s.reseats.Load(), Rejoins: s.rejoins.Load(),
	}
}

// wireSize is a message's size with its WebSocket frame header.
func wireSize(n int, masked bool) int {
	head := 2
	switch {
	case n > 0xffff:
		head = 10
	case n > 125:
		head = 4
	}
	if masked {
		head += 4
	}
	return head + n
}
