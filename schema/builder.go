package schema

import (
	"encoding/binary"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Builder makes message bodies in buffers that it keeps: the bytes it returns
// are valid until its next call. It belongs to one goroutine. Once its buffers
// have grown to the largest message, building allocates nothing.
type Builder struct {
	fb    flatbuffers.Builder
	frame []byte // bodies that are laid out by hand
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder {
	b := new(Builder)
	b.fb.Bytes = make([]byte, 256)
	b.fb.Reset()
	return b
}

func (b *Builder) begin() *flatbuffers.Builder {
	b.fb.Reset()
	return &b.fb
}

func (b *Builder) finish(root flatbuffers.UOffsetT) []byte {
	b.fb.Finish(root)
	return b.fb.FinishedBytes()
}

// text stores a string; an empty one is left out of its table.
func (b *Builder) text(s string) flatbuffers.UOffsetT {
	if s == "" {
		return 0
	}
	return b.fb.CreateString(s)
}

// bytes stores a vector; an empty one is left out of its table.
func (b *Builder) bytes(p []byte) flatbuffers.UOffsetT {
	if len(p) == 0 {
		return 0
	}
	return b.fb.CreateByteVector(p)
}

// tickPayload lays out a table whose field 0 is a tick and whose field 1 is a
// payload, and nothing else: State (of age 1), Owner and Events. They are most
// of the traffic; this is their smallest valid form, 28 bytes and the payload
// without padding.
func (b *Builder) tickPayload(tick uint32, payload []byte) []byte {
	const table = 12
	f := append(b.frame[:0],
		table, 0, 0, 0, // root
		8, 0, 12, 0, 8, 0, 4, 0, // vtable: its size, the table's size, tick, payload
		8, 0, 0, 0) // table: back to its vtable
	f = binary.LittleEndian.AppendUint32(f, 8) // payload: from here to the vector
	f = binary.LittleEndian.AppendUint32(f, tick)
	b.frame = appendVector(f, payload)
	return b.frame
}

// stateWithAge is tickPayload with State.age.
func (b *Builder) stateWithAge(tick, age uint32, payload []byte) []byte {
	const table = 16
	f := append(b.frame[:0],
		table, 0, 0, 0, // root
		0, 0, // aligns the table
		10, 0, 16, 0, 8, 0, 4, 0, 12, 0, // vtable: its size, the table's size, tick, payload, age
		10, 0, 0, 0) // table: back to its vtable
	f = binary.LittleEndian.AppendUint32(f, 12) // payload: from here to the vector
	f = binary.LittleEndian.AppendUint32(f, tick)
	f = binary.LittleEndian.AppendUint32(f, age)
	b.frame = appendVector(f, payload)
	return b.frame
}

func appendVector(f, payload []byte) []byte {
	f = binary.LittleEndian.AppendUint32(f, uint32(len(payload)))
	return append(f, payload...)
}
