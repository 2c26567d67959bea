package wire

import (
	"crypto/cipher"
	"encoding/binary"
)

// Opener opens the data packets that one side of a session receives, each
// once. One goroutine at a time uses it; it allocates nothing.
type Opener struct {
	aead    cipher.AEAD
	session uint32
	window  window
	nonce   [12]byte
}

// NewOpener makes the opener of a session; key is the direction's own.
func NewOpener(key [32]byte, session uint32) *Opener {
	return &Opener{aead: newAEAD(key), session: session}
}

// Open checks and decrypts a packet in place: what is free comes first, then
// the replay window, then the cipher; only a packet that passes all is marked
// as received. plain is part of packet, which is spoilt when it was forged.
// Errors are ErrTruncated, ErrKind, ErrReplayed and ErrForged.
func (o *Opener) Open(packet []byte) (kind Kind, counter uint64, plain []byte, err error) {
	if len(packet) < HeaderSize+TagSize || len(packet) > MaxPacket {
		return 0, 0, nil, ErrTruncated
	}
	kind = Kind(packet[0])
	if !kind.Data() {
		return 0, 0, nil, ErrKind
	}
	if binary.LittleEndian.Uint32(packet[1:]) != o.session {
		return 0, 0, nil, ErrForged
	}
	counter = binary.LittleEndian.Uint64(packet[5:])
	if o.window.seen(counter) {
		return 0, 0, nil, ErrReplayed
	}
	binary.LittleEndian.PutUint64(o.nonce[4:], counter)
	plain, err = o.aead.Open(packet[HeaderSize:HeaderSize], o.nonce[:], packet[HeaderSize:], packet[:HeaderSize])
	if err != nil {
		return 0, 0, nil, ErrForged
	}
	o.window.mark(counter)
	return kind, counter, plain, nil
}

// Newest returns the highest counter of an authentic packet, 0 before the first.
func (o *Opener) Newest() uint64 { return o.window.newest }
