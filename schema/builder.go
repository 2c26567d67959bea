package schema

import flatbuffers "github.com/google/flatbuffers/go"

// Builder makes message bodies in a buffer that it keeps: the bytes it returns
// are valid until its next call. It belongs to one goroutine. Once the buffer
// has grown to the largest message, building allocates nothing.
type Builder struct {
	fb      flatbuffers.Builder
	offsets []flatbuffers.UOffsetT // children of the vector under construction
}

// NewBuilder returns an empty builder.
func NewBuilder() *Builder {
	b := new(Builder)
	b.fb.Bytes = make([]byte, 256)
	b.fb.Reset()
	return b
}
