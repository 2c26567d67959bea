package journal

import (
	"encoding/binary"
	"hash/crc32"
)

// A segment is its header and batches, each at a multiple of batchAlign:
//
//	magic u32, sum of the rest of the head u32, sum of the body u32, size of the body u32,
//	position u64, synced u64, count u32, kind u8, 3 × 0, body, zeros
//
// All numbers are little endian. The sums are CRC32C begun with the journal's
// seed, so that a batch of another journal does not fit; the position says that
// it belongs where it is.
const (
	batchMagic = 0x424a4c50 // "PLJB"
	headSize   = 40
	batchAlign = 8

	maxBody = 1 << 30
	// MaxRoom is how many bytes a room's name may have.
	MaxRoom = 1 << 10
)

type batchKind uint8

const (
	kindEntries batchKind = 1
	kindMark    batchKind = 2 // what the segment holds so far: see mark.go
	kindTrailer batchKind = 3 // a mark that ends the segment
)

// head is what stands before a batch's body.
type head struct {
	size     uint32   // of the body
	bodySum  uint32   // of the body
	position Position // of the batch
	synced   Position // everything before it was durable when the batch was written
	count    uint32   // entries, or rooms in a mark
	kind     batchKind
}

// end is where the next batch begins.
func (h head) end() Position { return h.position + headSize + Position(padded(int64(h.size))) }

func padded(n int64) int64 { return (n + batchAlign - 1) &^ (batchAlign - 1) }

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// seal fills the head in front of a body that begins at from+headSize and is
// the rest of buf, and pads the body.
func seal(buf []byte, from int, h head, seed uint32) []byte {
	body := buf[from+headSize:]
	b := buf[from : from+headSize]
	binary.LittleEndian.PutUint32(b, batchMagic)
	binary.LittleEndian.PutUint32(b[8:], crc32.Update(seed, castagnoli(), body))
	binary.LittleEndian.PutUint32(b[12:], uint32(len(body)))
	binary.LittleEndian.PutUint64(b[16:], uint64(h.position))
	binary.LittleEndian.PutUint64(b[24:], uint64(h.synced))
	binary.LittleEndian.PutUint32(b[32:], h.count)
	binary.LittleEndian.PutUint32(b[36:], uint32(h.kind))
	binary.LittleEndian.PutUint32(b[4:], crc32.Update(seed, castagnoli(), b[8:]))
	for len(buf)%batchAlign != from%batchAlign {
		buf = append(buf, 0)
	}
	return buf
}

// parseHead reads a head; ok says that it was written as it is.
func parseHead(b []byte, seed uint32) (h head, ok bool) {
	if binary.LittleEndian.Uint32(b) != batchMagic ||
		binary.LittleEndian.Uint32(b[4:]) != crc32.Update(seed, castagnoli(), b[8:headSize]) {
		return head{}, false
	}
	h = head{
		bodySum:  binary.LittleEndian.Uint32(b[8:]),
		size:     binary.LittleEndian.Uint32(b[12:]),
		position: Position(binary.LittleEndian.Uint64(b[16:])),
		synced:   Position(binary.LittleEndian.Uint64(b[24:])),
		count:    binary.LittleEndian.Uint32(b[32:]),
		kind:     batchKind(b[36]),
	}
	return h, h.size <= maxBody && h.kind >= kindEntries && h.kind <= kindTrailer
}

// appendEntry encodes an entry: the room, its numbers, the chain of the room's
// entry before it, the data. It returns the room's chain behind it.
func appendEntry(dst []byte, e Entry, before uint32) ([]byte, uint32) {
	from := len(dst)
	dst = appendText(dst, e.Room)
	dst = binary.AppendUvarint(dst, e.First)
	dst = binary.AppendUvarint(dst, e.Last-e.First)
	dst = binary.LittleEndian.AppendUint32(dst, before)
	dst = binary.AppendUvarint(dst, uint64(len(e.Data)))
	dst = append(dst, e.Data...)
	return dst, link(before, dst[from:])
}

// entrySize is at least what appendEntry adds.
func entrySize(e Entry) int64 {
	return int64(4*binary.MaxVarintLen64 + 4 + len(e.Room) + len(e.Data))
}

// link is the chain value behind an encoded entry. 0 says that nothing came
// before.
func link(before uint32, encoded []byte) uint32 {
	return max(1, crc32.Update(before, castagnoli(), encoded))
}

func appendText(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// bodyReader walks a body whose sum is right; ok turns false when it does not
// make sense all the same.
type bodyReader struct {
	rest []byte
	ok   bool
}

func (r *bodyReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.ok = false
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *bodyReader) uint32() uint32 {
	b := r.bytes(4)
	if !r.ok {
		return 0
	}
	return binary.LittleEndian.Uint32(b)
}

func (r *bodyReader) bytes(n uint64) []byte {
	if !r.ok || n > uint64(len(r.rest)) {
		r.ok = false
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

// room is a name; it aliases the body.
func (r *bodyReader) room() []byte {
	n := r.uvarint()
	if n == 0 || n > MaxRoom {
		r.ok = false
	}
	return r.bytes(n)
}

// readEntry is an entry as it stands in a batch.
type readEntry struct {
	room        []byte
	first, last uint64
	before      uint32 // the chain of the room's entry before it
	after       uint32 // its own
	data        []byte
}

func (r *bodyReader) entry() (e readEntry) {
	encoded := r.rest
	e = r.parts()
	if r.ok {
		e.after = link(e.before, encoded[:len(encoded)-len(r.rest)])
	}
	return e
}

// parts is an entry without its chain.
func (r *bodyReader) parts() (e readEntry) {
	e.room = r.room()
	e.first = r.uvarint()
	more := r.uvarint()
	e.last = e.first + more
	if e.last < e.first {
		r.ok = false
	}
	e.before = r.uint32()
	e.data = r.bytes(r.uvarint())
	return e
}
