package record

import (
	"encoding/binary"
	"hash/crc32"
)

// A segment file is the preamble and then blocks: a header, a snapshot, any
// number of entry blocks, an end mark.
const (
	preamble  = "PARLREC\x01" // the last byte is the format's version
	blockHead = 16

	// maxBlock bounds the payload of a block, and so the size of a snapshot.
	maxBlock = 256 << 20
)

type blockKind uint8

const (
	blockHeader   blockKind = 1
	blockSnapshot blockKind = 2
	blockEntries  blockKind = 3
	blockEnd      blockKind = 4
)

func (k blockKind) String() string {
	switch k {
	case blockHeader:
		return "header"
	case blockSnapshot:
		return "snapshot"
	case blockEntries:
		return "entries"
	case blockEnd:
		return "end mark"
	}
	return "unknown"
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// firstSum is the checksum before the first block.
func firstSum() uint32 { return crc32.Checksum([]byte(preamble), castagnoli()) }

// sealBlock fills the head in the first blockHead bytes of block, whose payload
// is already behind it, and returns the checksum of the file so far. Every
// block's checksum continues the one before, so that a block that is missing,
// doubled or from another file does not fit.
func sealBlock(block []byte, kind blockKind, sum uint32) uint32 {
	head := block[:blockHead]
	binary.LittleEndian.PutUint32(head, uint32(kind))
	binary.LittleEndian.PutUint32(head[4:], uint32(len(block)-blockHead))
	sum = crc32.Update(sum, castagnoli(), head[:8])
	sum = crc32.Update(sum, castagnoli(), block[blockHead:])
	binary.LittleEndian.PutUint32(head[8:], sum)
	binary.LittleEndian.PutUint32(head[12:], crc32.Checksum(head[:12], castagnoli()))
	return sum
}

// endMark is the payload of the last block.
type endMark struct {
	end   End
	ticks uint32
}

const endMarkSize = 5

func (m endMark) append(dst []byte) []byte {
	return binary.LittleEndian.AppendUint32(append(dst, byte(m.end)), m.ticks)
}

func parseEndMark(b []byte) (m endMark, ok bool) {
	if len(b) != endMarkSize {
		return endMark{}, false
	}
	m = endMark{end: End(b[0]), ticks: binary.LittleEndian.Uint32(b[1:])}
	return m, m.end >= EndContinues && m.end <= EndGap
}

// blockReader walks the blocks of a file in memory.
type blockReader struct {
	data []byte
	off  int // of the next block
	sum  uint32
}

// fault is damage before the file's name is known.
type fault struct {
	off  int
	what string
	cut  bool // the file just ends, or only zeros follow: as a crash leaves it
}

// start checks the preamble.
func (r *blockReader) start() *fault {
	const version = len(preamble) - 1
	n := min(len(r.data), len(preamble))
	for i := range n {
		if r.data[i] == preamble[i] {
			continue
		}
		if i == version {
			return &fault{off: i, what: "the format's version is not known to this program"}
		}
		return &fault{off: i, what: "not a recording"}
	}
	if n < len(preamble) {
		return &fault{off: n, what: "cut off in the preamble", cut: true}
	}
	r.off, r.sum = n, firstSum()
	return nil
}

// next returns the next block's kind and payload. The payload aliases the data.
func (r *blockReader) next() (kind blockKind, payload []byte, f *fault) {
	rest := r.data[r.off:]
	if allZero(rest) {
		return 0, nil, &fault{off: r.off, what: "cut off: no end mark", cut: true}
	}
	if len(rest) < blockHead {
		return 0, nil, &fault{off: r.off, what: "cut off in the head of a block", cut: true}
	}
	head := rest[:blockHead]
	if binary.LittleEndian.Uint32(head[12:]) != crc32.Checksum(head[:12], castagnoli()) {
		return 0, nil, &fault{off: r.off, what: "the head of the block is damaged: its checksum differs"}
	}
	code, size := binary.LittleEndian.Uint32(head), binary.LittleEndian.Uint32(head[4:])
	if code < uint32(blockHeader) || code > uint32(blockEnd) {
		return 0, nil, &fault{off: r.off, what: "a block of an unknown kind"}
	}
	kind = blockKind(code)
	if size > maxBlock {
		return 0, nil, &fault{off: r.off + 4, what: "bad length: more than a block may hold"}
	}
	if uint64(len(rest)-blockHead) < uint64(size) {
		return 0, nil, &fault{off: len(r.data), what: "cut off in a block: " + kind.String(), cut: true}
	}
	payload = rest[blockHead : blockHead+int(size)]
	sum := crc32.Update(r.sum, castagnoli(), head[:8])
	sum = crc32.Update(sum, castagnoli(), payload)
	if sum != binary.LittleEndian.Uint32(head[8:]) {
		return 0, nil, &fault{off: r.off, what: "bad checksum of the block: " + kind.String()}
	}
	r.off += blockHead + int(size)
	r.sum = sum
	return kind, payload, nil
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
