package wire

import (
	"crypto/hmac"
	"crypto/sha256"
)

const (
	proofSize  = 16
	proofLabel = "parlor udp 1 proof"
)

// Response repeats the Request with the cookie, and proves that the client has
// the token's key. So whoever overhears a token cannot use it up.
type Response struct {
	Nonce  [32]byte
	Token  []byte // sealed; part of the packet that was parsed
	Cookie [CookieSize]byte

	proved []byte // what the proof is about, and the proof, in the packet
	proof  []byte
}

// AppendResponse appends a Response packet, always MaxPacket bytes. The token
// must have TokenSize bytes; tokenKey is the key that came beside it.
func AppendResponse(dst []byte, r Response, tokenKey [32]byte) []byte {
	start := len(dst)
	dst = appendOpening(dst, KindResponse, r.Nonce, r.Token)
	dst = append(dst, r.Cookie[:]...)
	proof := prove(dst[start:], tokenKey)
	dst = append(dst, proof[:]...)
	return append(dst, make([]byte, start+MaxPacket-len(dst))...)
}

// ParseResponse reads a Response packet: ErrTruncated, ErrKind or ErrVersion.
// Neither token nor cookie nor proof are checked. What it returns refers to
// the packet.
func ParseResponse(packet []byte) (Response, error) {
	if err := checkOpening(packet, KindResponse); err != nil {
		return Response{}, err
	}
	return Response{
		Nonce:  [32]byte(packet[nonceAt:]),
		Token:  packet[tokenAt:cookieAt],
		Cookie: [CookieSize]byte(packet[cookieAt:]),
		proved: packet[:proofAt],
		proof:  packet[proofAt : proofAt+proofSize],
	}, nil
}

// CheckProof returns ErrForged unless the sender has the token's key, which the
// server knows from the opened token. Call it before a session is made.
func (r Response) CheckProof(tokenKey [32]byte) error {
	want := prove(r.proved, tokenKey)
	if !hmac.Equal(want[:], r.proof) {
		return ErrForged
	}
	return nil
}

func prove(packet []byte, tokenKey [32]byte) (proof [proofSize]byte) {
	h := hmac.New(sha256.New, tokenKey[:])
	h.Write([]byte(proofLabel))
	h.Write(packet)
	copy(proof[:], h.Sum(nil))
	return proof
}
