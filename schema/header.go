package schema

import (
	"encoding/binary"
	"errors"
)

// HeaderSize is the size in bytes of every message's header.
const HeaderSize = 8

// Flags of State messages.
const (
	FlagKeyframe uint8 = 1 // the payload starts from an empty world
	FlagLossy    uint8 = 2 // starts from a base that the client holds; all tables but reliable ones
	FlagReliable uint8 = 4 // reliable tables only; follows the last frame of this kind, or the keyframe
)

// ErrShortHeader is returned for a message that is shorter than its header.
var ErrShortHeader = errors.New("message is shorter than its header")

// Header is in front of every message, little endian on the wire.
type Header struct {
	Kind   Kind
	Flags  uint8
	Handle uint16 // the session's number for a room; 0: the session itself
	// Ack is, from the client, the tick of the last State that it has applied
	// in that room; from the server, the highest tick named by a command that
	// the room has consumed for this player. 0: none.
	Ack uint32
}

// Append appends the header's wire form to dst.
func (h Header) Append(dst []byte) []byte {
	dst = append(dst, byte(h.Kind), h.Flags)
	dst = binary.LittleEndian.AppendUint16(dst, h.Handle)
	return binary.LittleEndian.AppendUint32(dst, h.Ack)
}

// ParseHeader splits a message. The body shares b's memory and is not verified.
func ParseHeader(b []byte) (h Header, body []byte, err error) {
	if len(b) < HeaderSize {
		return Header{}, nil, ErrShortHeader
	}
	h.Kind, h.Flags = Kind(b[0]), b[1]
	h.Handle = binary.LittleEndian.Uint16(b[2:])
	h.Ack = binary.LittleEndian.Uint32(b[4:])
	return h, b[HeaderSize:], nil
}
