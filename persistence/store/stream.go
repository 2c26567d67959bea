package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// A backup is one stream of blocks: length and CRC32C, 4 bytes each, little
// endian, and as many bytes. A block's checksum is seeded with the one before it,
// so that no block can be missing or stand elsewhere. The blocks' bytes together
// are the magic, the version and then items:
//
//	'R' name, sequence, reason     a room; the reason of its quarantine, or empty
//	'S' space                      what comes is in that space
//	'K' key, sequence, value       a record
//	'E' rooms, records             how many there were; nothing follows
//
// Numbers are uvarints, texts have their length before them.
const (
	backupMagic   = "PARLORBK"
	backupVersion = 1

	itemRoom   = 'R'
	itemSpace  = 'S'
	itemRecord = 'K'
	itemEnd    = 'E'

	blockBytes  = 64 << 10
	blockHeader = 8
)

// ErrBackup is wrapped when a backup is not what Backup wrote.
var ErrBackup = errors.New("the backup is damaged or incomplete")

// blockWriter writes the blocks of a backup. The first error stays.
type blockWriter struct {
	w   io.Writer
	buf []byte // header and what the block has
	sum uint32
	err error
}

func newBlockWriter(w io.Writer) *blockWriter {
	return &blockWriter{w: w, buf: make([]byte, blockHeader, blockHeader+blockBytes)}
}

func (w *blockWriter) bytes(b []byte) {
	w.number(uint64(len(b)))
	w.raw(b)
}

func (w *blockWriter) number(n uint64) {
	var b [binary.MaxVarintLen64]byte
	w.raw(b[:binary.PutUvarint(b[:], n)])
}

func (w *blockWriter) item(kind byte) { w.raw([]byte{kind}) }

func (w *blockWriter) raw(b []byte) {
	for len(b) > 0 && w.err == nil {
		n := min(len(b), cap(w.buf)-len(w.buf))
		w.buf = append(w.buf, b[:n]...)
		b = b[n:]
		if len(w.buf) == cap(w.buf) {
			_ = w.flush() // err keeps it
		}
	}
}

// flush writes the block.
func (w *blockWriter) flush() error {
	if w.err != nil || len(w.buf) == blockHeader {
		return w.err
	}
	w.sum = crc32.Update(w.sum, castagnoli(), w.buf[blockHeader:])
	binary.LittleEndian.PutUint32(w.buf, uint32(len(w.buf)-blockHeader))
	binary.LittleEndian.PutUint32(w.buf[4:], w.sum)
	_, w.err = w.w.Write(w.buf)
	w.buf = w.buf[:blockHeader]
	return w.err
}

// blockReader reads what a blockWriter wrote; it gives out no byte that has not
// been checked.
type blockReader struct {
	r    io.Reader
	buf  []byte
	rest []byte // of buf
	sum  uint32
}

func newBlockReader(r io.Reader) *blockReader {
	return &blockReader{r: bufio.NewReaderSize(r, blockBytes), buf: make([]byte, blockBytes)}
}

// ReadByte is for binary.ReadUvarint.
func (r *blockReader) ReadByte() (byte, error) {
	if err := r.fill(); err != nil {
		return 0, err
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b, nil
}

// fill makes sure that there is something to read; io.EOF is the stream's end.
func (r *blockReader) fill() error {
	if len(r.rest) > 0 {
		return nil
	}
	var header [blockHeader]byte
	if _, err := io.ReadFull(r.r, header[:]); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("%w: it ends within a block", ErrBackup)
		}
		return err
	}
	size := binary.LittleEndian.Uint32(header[:])
	if size == 0 || size > blockBytes {
		return fmt.Errorf("%w: a block of %d bytes", ErrBackup, size)
	}
	if _, err := io.ReadFull(r.r, r.buf[:size]); err != nil {
		return fmt.Errorf("%w: it ends within a block: %w", ErrBackup, err)
	}
	r.sum = crc32.Update(r.sum, castagnoli(), r.buf[:size])
	if r.sum != binary.LittleEndian.Uint32(header[4:]) {
		return fmt.Errorf("%w: a block's checksum is wrong", ErrBackup)
	}
	r.rest = r.buf[:size]
	return nil
}

func (r *blockReader) number() (uint64, error) {
	n, err := binary.ReadUvarint(r)
	return n, unexpected(err)
}

// bytes reads a text of at most limit bytes. It takes no more memory than
// there is text.
func (r *blockReader) bytes(limit int) ([]byte, error) {
	size, err := r.number()
	if err != nil {
		return nil, err
	}
	if size > uint64(limit) {
		return nil, fmt.Errorf("%w: %d bytes where %d are possible", ErrBackup, size, limit)
	}
	b := make([]byte, 0, min(int(size), blockBytes))
	for len(b) < int(size) {
		if err := r.fill(); err != nil {
			return nil, unexpected(err)
		}
		n := min(int(size)-len(b), len(r.rest))
		b = append(b, r.rest[:n]...)
		r.rest = r.rest[n:]
	}
	return b, nil
}

// unexpected words the end of the stream where more has to come.
func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: it ends early", ErrBackup)
	}
	return err
}
