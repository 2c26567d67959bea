package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parlor-server/parlor/internal/disk"
)

// windowSize is how much of a segment is read at once.
const windowSize = 1 << 20

// window shows a part of a segment at a time. It is never larger than the
// file, or than windowSize and the largest batch in it.
type window struct {
	file disk.File
	size int64
	buf  []byte
	off  int64 // of buf in the file
}

func newWindow(f disk.File) (*window, error) {
	size, err := f.Size()
	if err != nil {
		return nil, fmt.Errorf("failed to read the size of a segment: %w", err)
	}
	return &window{file: f, size: size}, nil
}

// at returns n bytes at an offset, fewer at the end of the file, valid until
// the next call. A disk that cannot read them is an error: nobody may take that
// for the end of the journal.
func (w *window) at(off int64, n int64) ([]byte, error) {
	if n = min(n, w.size-off); n <= 0 {
		return nil, nil
	}
	if off < w.off || off+n > w.off+int64(len(w.buf)) {
		want := min(w.size-off, max(n, windowSize))
		if int64(cap(w.buf)) < want {
			w.buf = make([]byte, want)
		}
		w.buf, w.off = w.buf[:want], off
		if got, err := w.file.ReadAt(w.buf, off); err != nil && (!errors.Is(err, io.EOF) || got < len(w.buf)) {
			w.buf = w.buf[:0]
			return nil, fmt.Errorf("failed to read %d bytes at %d of a segment: %w", want, off, err)
		}
	}
	return w.buf[off-w.off:][:n], nil
}

// find returns the offset of the next place at or behind off, a multiple of
// batchAlign, that has a batch's magic; or the file's size.
func (w *window) find(off int64) (int64, error) {
	var magic [4]byte
	binary.LittleEndian.PutUint32(magic[:], batchMagic)
	for off < w.size {
		b, err := w.at(off, windowSize)
		if err != nil {
			return 0, err
		}
		i := bytes.Index(b, magic[:])
		switch {
		case i >= 0 && (off+int64(i))%batchAlign == 0:
			return off + int64(i), nil
		case i >= 0:
			off += padded(int64(i))
		default:
			off += max(batchAlign, int64(len(b))-int64(len(b))%batchAlign)
		}
	}
	return w.size, nil
}

// written returns the offset behind the last byte that is not zero, at least
// off.
func (w *window) written(off int64) (int64, error) {
	last := off
	for off < w.size {
		b, err := w.at(off, windowSize)
		if err != nil {
			return 0, err
		}
		if n := len(bytes.TrimRight(b, "\x00")); n > 0 {
			last = off + int64(n)
		}
		off += int64(len(b))
	}
	return last, nil
}
