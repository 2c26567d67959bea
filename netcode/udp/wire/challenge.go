package wire

// challengeSize: kind 1, NoShard 1, echo 8, cookie 24.
const challengeSize = 2 + EchoSize + CookieSize

// EchoSize is how much of a nonce, or of a packet, an answer repeats.
const EchoSize = 8

// Challenge answers a Request without remembering it.
type Challenge struct {
	Echo   [EchoSize]byte // the first bytes of the request's nonce
	Cookie [CookieSize]byte
}

// AppendChallenge appends a Challenge packet, 34 bytes.
func AppendChallenge(dst []byte, c Challenge) []byte {
	dst = append(dst, byte(KindChallenge), NoShard)
	dst = append(dst, c.Echo[:]...)
	return append(dst, c.Cookie[:]...)
}

// ParseChallenge reads a Challenge packet.
func ParseChallenge(packet []byte) (Challenge, error) {
	switch {
	case KindOf(packet) != KindChallenge:
		return Challenge{}, ErrKind
	case len(packet) != challengeSize:
		return Challenge{}, ErrTruncated
	}
	return Challenge{[EchoSize]byte(packet[2:]), [CookieSize]byte(packet[2+EchoSize:])}, nil
}
