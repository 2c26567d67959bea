package ws

// WebSocket framing (RFC 6455, section 5.2), the part that a server writes.
const (
	finBit         = 0x80
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	maxFrameHeader = 10
	maxReason      = 123 // bytes of text in a close frame

	statusNormal        = 1000
	statusProtocolError = 1002
)
