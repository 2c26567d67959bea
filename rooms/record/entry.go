package record

import (
	"encoding/binary"
	"fmt"

	"github.com/parlor-server/parlor/tick"
)

// Hash is the full state hash of a room after a tick.
type Hash struct{ A, B uint32 }

// Input is one thing that a room used in a tick, such as a join, a leave, a
// command or an event. Only the room knows what its fields mean.
type Input struct {
	Kind    uint8
	Index   uint8
	Player  uint32
	Payload []byte
}

// Close says why a room ended.
type Close struct {
	Reason  string
	Faulted bool
}

// EntryKind tells which field of an [Entry] is set.
type EntryKind uint8

// The entries of a segment. A tick is its inputs, then its EntryTickEnd.
const (
	EntryInput   EntryKind = 1 // Input is set
	EntryTickEnd EntryKind = 2 // Hash is set
	EntryClose   EntryKind = 3 // Close is set; the recording's last entry
)

// Entry is one step of a segment, in the order in which the room took it.
type Entry struct {
	Kind  EntryKind
	Tick  tick.Tick // the tick that the entry belongs to
	Input Input
	Hash  Hash
	Close Close
}

// The first byte of an entry. With its highest bit set it is an input whose
// kind and index are small enough to fit into the byte itself.
const (
	tagTickEnd   = 1
	tagClose     = 2
	tagInput     = 3
	tagSmall     = 0x80
	smallKinds   = 16
	smallIndexes = 8
)

// appendInput codes the player as the difference to the player of the input
// before: rooms go through their players in order.
func appendInput(dst []byte, in Input, before uint32) []byte {
	if in.Kind < smallKinds && in.Index < smallIndexes {
		dst = append(dst, tagSmall|in.Kind<<3|in.Index)
	} else {
		dst = append(dst, tagInput, in.Kind, in.Index)
	}
	step := int32(in.Player - before)
	dst = binary.AppendUvarint(dst, uint64(uint32(step<<1)^uint32(step>>31)))
	dst = binary.AppendUvarint(dst, uint64(len(in.Payload)))
	return append(dst, in.Payload...)
}

func appendTickEnd(dst []byte, h Hash) []byte {
	dst = append(dst, tagTickEnd)
	dst = binary.LittleEndian.AppendUint32(dst, h.A)
	return binary.LittleEndian.AppendUint32(dst, h.B)
}

func appendClose(dst []byte, c Close) []byte {
	faulted := byte(0)
	if c.Faulted {
		faulted = 1
	}
	dst = append(dst, tagClose, faulted)
	dst = binary.AppendUvarint(dst, uint64(len(c.Reason)))
	return append(dst, c.Reason...)
}

// entryReader decodes the entries of one segment. It never panics and takes no
// length on trust.
type entryReader struct {
	block  []byte // the entries block at hand
	off    int
	player uint32
	now    tick.Tick // the tick being read
}

// next decodes the entry at off; more is false at the end of the block.
func (r *entryReader) next() (e Entry, more bool, err error) {
	if r.off == len(r.block) {
		return Entry{}, false, nil
	}
	tag := r.block[r.off]
	r.off++
	e.Tick = r.now
	switch {
	case tag >= tagSmall:
		e.Kind = EntryInput
		e.Input.Kind, e.Input.Index = tag>>3&(smallKinds-1), tag&(smallIndexes-1)
		err = r.input(&e.Input)
	case tag == tagInput:
		e.Kind = EntryInput
		var b []byte
		if b, err = r.take(2, "input"); err == nil {
			e.Input.Kind, e.Input.Index = b[0], b[1]
			err = r.input(&e.Input)
		}
	case tag == tagTickEnd:
		e.Kind = EntryTickEnd
		var b []byte
		if b, err = r.take(8, "tick end"); err == nil {
			e.Hash = Hash{A: binary.LittleEndian.Uint32(b), B: binary.LittleEndian.Uint32(b[4:])}
			r.now++
		}
	case tag == tagClose:
		e.Kind = EntryClose
		err = r.close(&e.Close)
	default:
		err = fmt.Errorf("unknown entry 0x%02x", tag)
	}
	return e, err == nil, err
}

func (r *entryReader) input(in *Input) error {
	code, err := r.uvarint("player")
	if err != nil {
		return err
	}
	if code > 1<<32-1 {
		return fmt.Errorf("player number out of range")
	}
	step := uint32(code)>>1 ^ -(uint32(code) & 1)
	r.player += step
	in.Player = r.player
	in.Payload, err = r.bytes("input")
	return err
}

func (r *entryReader) close(c *Close) error {
	b, err := r.take(1, "close")
	if err != nil {
		return err
	}
	if b[0] > 1 {
		return fmt.Errorf("unknown close flag %d", b[0])
	}
	reason, err := r.bytes("close")
	c.Faulted, c.Reason = b[0] == 1, string(reason)
	return err
}

func (r *entryReader) uvarint(of string) (uint64, error) {
	v, n := binary.Uvarint(r.block[r.off:])
	if n <= 0 {
		return 0, fmt.Errorf("bad number in %s", of)
	}
	r.off += n
	return v, nil
}

func (r *entryReader) bytes(of string) ([]byte, error) {
	n, err := r.uvarint(of)
	if err != nil {
		return nil, err
	}
	return r.take(n, of)
}

func (r *entryReader) take(n uint64, of string) ([]byte, error) {
	if n > uint64(len(r.block)-r.off) {
		return nil, fmt.Errorf("bad length: %s of %d bytes, but %d are left", of, n, len(r.block)-r.off)
	}
	b := r.block[r.off : r.off+int(n) : r.off+int(n)]
	r.off += int(n)
	return b, nil
}
