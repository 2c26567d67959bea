package wire

import "encoding/binary"

// Layout of Request and Response: kind 1, NoShard 1, version 2, nonce 32,
// token; in a Response cookie 24 and proof 16; zeros up to MaxPacket.
const (
	nonceAt  = 4
	tokenAt  = nonceAt + 32
	cookieAt = tokenAt + TokenSize
	proofAt  = cookieAt + CookieSize
)

// Request asks for a session. It is as long as a packet may be, so that the
// answer is never worth spoofing it.
type Request struct {
	Nonce [32]byte // random, by the client
	Token []byte   // sealed; part of the packet that was parsed
}

// AppendRequest appends a Request packet, always MaxPacket bytes. The token
// must have TokenSize bytes.
func AppendRequest(dst []byte, r Request) []byte {
	start := len(dst)
	dst = appendOpening(dst, KindRequest, r.Nonce, r.Token)
	return append(dst, make([]byte, start+MaxPacket-len(dst))...)
}

func appendOpening(dst []byte, k Kind, nonce [32]byte, token []byte) []byte {
	if len(token) != TokenSize {
		panic("wire: a token of the wrong length")
	}
	dst = append(dst, byte(k), NoShard)
	dst = binary.LittleEndian.AppendUint16(dst, Version)
	dst = append(dst, nonce[:]...)
	return append(dst, token...)
}

// ParseRequest reads a Request packet: ErrTruncated, ErrKind or ErrVersion.
// The token is not checked.
func ParseRequest(packet []byte) (Request, error) {
	if err := checkOpening(packet, KindRequest); err != nil {
		return Request{}, err
	}
	return Request{Nonce: [32]byte(packet[nonceAt:]), Token: packet[tokenAt:cookieAt]}, nil
}

func checkOpening(packet []byte, k Kind) error {
	switch {
	case len(packet) != MaxPacket:
		return ErrTruncated
	case packet[0] != byte(k):
		return ErrKind
	case binary.LittleEndian.Uint16(packet[2:]) != Version:
		return ErrVersion
	}
	return nil
}
