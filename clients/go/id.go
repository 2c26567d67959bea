package client

import (
	"crypto/rand"
	"encoding/binary"
	"time"
)

// NewID makes a key for a new record: a ULID, 26 letters and digits that sort
// by the time of their making and collide with no other. So a record that is
// shown before the server has confirmed it keeps its key (R2.1).
func NewID() string {
	const digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(time.Now().UnixMilli())<<16)
	_, _ = rand.Read(b[6:]) // never fails
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	var text [26]byte
	for i := range text {
		text[25-i] = digits[low&31]
		low = low>>5 | high<<59
		high >>= 5
	}
	return string(text[:])
}
