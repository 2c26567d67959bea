package wire

import "encoding/binary"

// Sizes of the messages in an unreliable packet.
const (
	MessageHead = 8                                    // a message's own header
	MessageCost = 2                                    // its length, in the packet
	MaxBody     = MaxPlain - MessageCost - MessageHead // of a message that goes alone: 1161
)

// AppendMessage appends one message, header and body, to the plaintext of an
// unreliable packet. The caller sees to it that it fits: MessageCost +
// MessageHead + len(body) bytes.
func AppendMessage(plain []byte, head [MessageHead]byte, body []byte) []byte {
	plain = binary.LittleEndian.AppendUint16(plain, uint16(MessageHead+len(body)))
	plain = append(plain, head[:]...)
	return append(plain, body...)
}

// NextMessage takes the first message off the plaintext of an unreliable
// packet, which is not empty: ErrMessage if it is broken.
func NextMessage(plain []byte) (message, rest []byte, err error) {
	if len(plain) < MessageCost+MessageHead {
		return nil, nil, ErrMessage
	}
	n := int(binary.LittleEndian.Uint16(plain))
	if n < MessageHead || n > len(plain)-MessageCost {
		return nil, nil, ErrMessage
	}
	plain = plain[MessageCost:]
	return plain[:n:n], plain[n:], nil
}
