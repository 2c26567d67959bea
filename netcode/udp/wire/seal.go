package wire

import (
	"crypto/cipher"
	"encoding/binary"
)

// Sealer seals the data packets that one side of a session sends. One
// goroutine at a time uses it; it allocates nothing.
type Sealer struct {
	aead    cipher.AEAD
	session uint32
	counter uint64 // of the last packet; 2⁶⁴ of them are never sent
	nonce   [12]byte
}

// NewSealer makes the sealer of a session; key is the direction's own.
func NewSealer(key [32]byte, session uint32) *Sealer {
	return &Sealer{aead: newAEAD(key), session: session}
}

// Seal makes a packet of buf, in place, and returns it. buf is HeaderSize free
// bytes and the plaintext, MaxPlain bytes at most, with TagSize bytes of
// capacity behind them.
func (s *Sealer) Seal(buf []byte, kind Kind) []byte {
	s.counter++
	buf[0] = byte(kind)
	binary.LittleEndian.PutUint32(buf[1:], s.session)
	binary.LittleEndian.PutUint64(buf[5:], s.counter)
	binary.LittleEndian.PutUint64(s.nonce[4:], s.counter)
	sealed := s.aead.Seal(buf[HeaderSize:HeaderSize], s.nonce[:], buf[HeaderSize:], buf[:HeaderSize])
	return buf[:HeaderSize+len(sealed)]
}

// Sent returns how many packets were sealed.
func (s *Sealer) Sent() uint64 { return s.counter }
