package wire

import (
	"encoding/binary"
	"time"
)

// Layout of an Accept: kind 1, session 4, echo 8, server random 32, sealed 2+16.
const (
	acceptEchoAt   = 5
	acceptRandomAt = acceptEchoAt + EchoSize
	acceptSealedAt = acceptRandomAt + 32
	acceptSize     = acceptSealedAt + 2 + TagSize
)

// Accept answers a Response: a session was made. Its bytes are the same each
// time that it is sent, because they are sealed with counter 0.
type Accept struct {
	Session uint32
	Echo    [EchoSize]byte // the first bytes of the client's nonce
	Random  [32]byte       // the server's, of which the keys are made
	Timeout time.Duration  // in whole seconds
}

// AppendAccept appends an Accept packet, 63 bytes. keys are those of the new
// session.
func AppendAccept(dst []byte, a Accept, keys Keys) []byte {
	start := len(dst)
	dst = append(dst, byte(KindAccept))
	dst = binary.LittleEndian.AppendUint32(dst, a.Session)
	dst = append(dst, a.Echo[:]...)
	dst = append(dst, a.Random[:]...)
	var nonce [12]byte
	timeout := binary.LittleEndian.AppendUint16(nil, uint16(a.Timeout/time.Second))
	return newAEAD(keys.ServerToClient).Seal(dst, nonce[:], timeout, dst[start:])
}

// ParseAccept reads and authenticates an Accept packet, for the client that has
// sent nonce with a token of this key: ErrTruncated, ErrKind or ErrForged.
func ParseAccept(packet []byte, tokenKey, nonce [32]byte) (Accept, Keys, error) {
	switch {
	case KindOf(packet) != KindAccept:
		return Accept{}, Keys{}, ErrKind
	case len(packet) != acceptSize:
		return Accept{}, Keys{}, ErrTruncated
	}
	a := Accept{
		Session: binary.LittleEndian.Uint32(packet[1:]),
		Echo:    [EchoSize]byte(packet[acceptEchoAt:]),
		Random:  [32]byte(packet[acceptRandomAt:]),
	}
	if a.Echo != [EchoSize]byte(nonce[:]) {
		return Accept{}, Keys{}, ErrForged
	}
	keys := DeriveKeys(tokenKey, nonce, a.Random)
	var zero [12]byte
	plain, err := newAEAD(keys.ServerToClient).Open(nil, zero[:], packet[acceptSealedAt:], packet[:acceptSealedAt])
	if err != nil {
		return Accept{}, Keys{}, ErrForged
	}
	a.Timeout = time.Duration(binary.LittleEndian.Uint16(plain)) * time.Second
	return a, keys, nil
}
