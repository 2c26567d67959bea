package journal

import "encoding/binary"

// A mark names every room that has entries in the segment so far, with the
// last sequence, the chain and how many entries there are. It accounts for
// damage before it: rooms that it does not name were not hurt, those that it
// names were hurt if their entries do not add up. The trailer that ends a
// segment, and what Close leaves, are marks.

// markBytes is after how many bytes a mark is due: often enough that damage is
// rarely behind the last, and so seldom that marks are a sixteenth of what is
// written however many rooms there are.
func (j *Journal) markBytes() int64 {
	return max(j.o.SegmentBytes/64, 16*j.markSize)
}

// appendMark encodes a mark.
func (j *Journal) appendMark(kind batchKind) {
	from := len(j.buf)
	j.buf = append(j.buf, make([]byte, headSize)...)
	for _, r := range j.touched {
		j.buf = appendText(j.buf, r.name)
		j.buf = binary.AppendUvarint(j.buf, r.last)
		j.buf = binary.LittleEndian.AppendUint32(j.buf, r.chain)
		j.buf = binary.AppendUvarint(j.buf, uint64(r.count))
	}
	j.markSize = int64(len(j.buf) - from)
	j.seal(from, kind, len(j.touched))
	j.sinceMark = 0
}

// markedRoom is what a mark says of a room.
type markedRoom struct {
	room  []byte
	last  uint64
	chain uint32
	count uint64
}

func (r *bodyReader) marked() (m markedRoom) {
	m.room = r.room()
	m.last = r.uvarint()
	m.chain = r.uint32()
	m.count = r.uvarint()
	return m
}
