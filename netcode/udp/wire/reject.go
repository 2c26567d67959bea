package wire

import "strconv"

// Layout of a Reject: kind 1, NoShard 1, code 1, echo 8.
const rejectSize = 3 + EchoSize

// RejectCode says why a packet was refused. Numbers never change their meaning.
type RejectCode uint8

// Why a packet was refused.
const (
	RejectExpired        RejectCode = 1 // the token
	RejectFull           RejectCode = 2 // the server has all the sessions it may have
	RejectGoingAway      RejectCode = 3 // the server is shutting down
	RejectVersion        RejectCode = 4 // the server speaks another version
	RejectUsed           RejectCode = 5 // the token has made a session already
	RejectUnknownSession RejectCode = 6 // a data packet of a session that the server does not have
)

// String returns what the code means.
func (c RejectCode) String() string {
	switch c {
	case RejectExpired:
		return "the token has expired"
	case RejectFull:
		return "the server is full"
	case RejectGoingAway:
		return "the server is shutting down"
	case RejectVersion:
		return "the server speaks another version"
	case RejectUsed:
		return "the token was used before"
	case RejectUnknownSession:
		return "the server does not know the session"
	}
	return "reject code " + strconv.Itoa(int(c))
}

// Reject refuses a packet. It is not authenticated: a hint, that the sender of
// the packet believes when nothing authentic comes within RejectPatience.
type Reject struct {
	Code RejectCode
	Echo [EchoSize]byte // of the nonce, or bytes 1 to 8 of a data packet
}

// AppendReject appends a Reject packet, 11 bytes: shorter than any packet that
// it can answer.
func AppendReject(dst []byte, r Reject) []byte {
	dst = append(dst, byte(KindReject), NoShard, byte(r.Code))
	return append(dst, r.Echo[:]...)
}

// ParseReject reads a Reject packet.
func ParseReject(packet []byte) (Reject, error) {
	switch {
	case KindOf(packet) != KindReject:
		return Reject{}, ErrKind
	case len(packet) != rejectSize:
		return Reject{}, ErrTruncated
	}
	return Reject{RejectCode(packet[2]), [EchoSize]byte(packet[3:])}, nil
}

// EchoOf returns what a Reject of the packet repeats; ok is false for packets
// that are not answered.
func EchoOf(packet []byte) (echo [EchoSize]byte, ok bool) {
	switch k := KindOf(packet); {
	case (k == KindRequest || k == KindResponse) && len(packet) == MaxPacket:
		return [EchoSize]byte(packet[nonceAt:]), true
	case k.Data() && len(packet) >= HeaderSize+TagSize:
		return [EchoSize]byte(packet[1:]), true
	}
	return echo, false
}
