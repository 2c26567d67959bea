package wire

import (
	"encoding/binary"
	"strconv"
)

// Version is the version of the packets, in Request and Response.
const Version = 1

// Kind is the first byte of a packet.
type Kind uint8

// The handshake's packets.
const (
	KindRequest   Kind = 1 // client: a token, padded to MaxPacket
	KindChallenge Kind = 2 // server: a cookie
	KindResponse  Kind = 3 // client: the token and the cookie
	KindAccept    Kind = 4 // server: the session
	KindReject    Kind = 5 // server: why not
)

// Data packets, which a session's keys seal.
const (
	KindReliable   Kind = 16 // KCP segments
	KindUnreliable Kind = 17 // messages, see NextMessage
	KindControl    Kind = 18 // a Control
)

// Sizes in bytes.
const (
	MaxPacket  = 1200                             // UDP payload
	HeaderSize = 1 + 4 + 8                        // kind, session, counter
	TagSize    = 16                               // of ChaCha20-Poly1305
	MaxPlain   = MaxPacket - HeaderSize - TagSize // of a data packet: 1171
	NoShard    = 0xff                             // byte 1 of a packet that belongs to no session yet
)

// String returns the packet's name, such as "Request".
func (k Kind) String() string {
	switch k {
	case KindRequest:
		return "Request"
	case KindChallenge:
		return "Challenge"
	case KindResponse:
		return "Response"
	case KindAccept:
		return "Accept"
	case KindReject:
		return "Reject"
	case KindReliable:
		return "Reliable"
	case KindUnreliable:
		return "Unreliable"
	case KindControl:
		return "Control"
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Data reports whether packets of the kind are sealed with a session's keys.
func (k Kind) Data() bool { return k >= KindReliable && k <= KindControl }

// KindOf returns a packet's kind; 0, which is none, for an empty packet.
func KindOf(packet []byte) Kind {
	if len(packet) == 0 {
		return 0
	}
	return Kind(packet[0])
}

// SessionOf returns the session that a data packet names. ok is false for
// other kinds and for what is too short to be one. Nothing is authenticated.
func SessionOf(packet []byte) (session uint32, ok bool) {
	if len(packet) < HeaderSize+TagSize || !Kind(packet[0]).Data() {
		return 0, false
	}
	return binary.LittleEndian.Uint32(packet[1:]), true
}
