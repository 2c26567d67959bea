package wire

import (
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// ControlType is the first byte of a control packet's plaintext.
type ControlType uint8

// What control packets say.
const (
	ControlPing          ControlType = 1 // answer with a Pong of the same data
	ControlPong          ControlType = 2
	ControlPathChallenge ControlType = 3 // answer from the same address with a PathResponse of the same data
	ControlPathResponse  ControlType = 4
	ControlClose         ControlType = 5 // the session is over
)

// MaxCloseText is how many bytes of text a Close carries; more are cut off.
const MaxCloseText = 256

// Control is the plaintext of a control packet.
type Control struct {
	Type ControlType
	Data [8]byte // of all but Close
	Code uint16  // of Close: a schema.Code
	Text string  // of Close: for humans
}

// AppendControl appends the plaintext of a control packet.
func AppendControl(dst []byte, c Control) []byte {
	dst = append(dst, byte(c.Type))
	if c.Type != ControlClose {
		return append(dst, c.Data[:]...)
	}
	dst = binary.LittleEndian.AppendUint16(dst, c.Code)
	text := strings.ToValidUTF8(c.Text, "?")
	end := min(len(text), MaxCloseText)
	for end < len(text) && end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return append(dst, text[:end]...)
}

// ParseControl reads the plaintext of a control packet: ErrControl if it is
// broken or of a type that this version does not know.
func ParseControl(plain []byte) (Control, error) {
	if len(plain) == 0 {
		return Control{}, ErrControl
	}
	c := Control{Type: ControlType(plain[0])}
	switch c.Type {
	case ControlPing, ControlPong, ControlPathChallenge, ControlPathResponse:
		if len(plain) != 1+len(c.Data) {
			return Control{}, ErrControl
		}
		c.Data = [8]byte(plain[1:])
	case ControlClose:
		if len(plain) < 3 || len(plain) > 3+MaxCloseText || !utf8.Valid(plain[3:]) {
			return Control{}, ErrControl
		}
		c.Code = binary.LittleEndian.Uint16(plain[1:])
		c.Text = string(plain[3:])
	default:
		return Control{}, ErrControl
	}
	return c, nil
}
