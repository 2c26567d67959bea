package client

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// queueKind says what a record of a queue file is about.
type queueKind uint8

const (
	queueOwner      queueKind = iota + 1 // whose file it is: room, client ID, the number and ID settled before it
	queueWrite                           // a durable write
	queueSent                            // writes up to number may have been sent from here on
	queueReserved                        // IDs up to id may be used by confirmed writes
	queueDone                            // a write is done
	queueRejected                        // a write was refused
	queueUnresolved                      // nobody knows whether a write was done
	queueDropped                         // the application has dealt with a refused or unresolved write
)

// queueRecord is one record of a queue file; its kind says which fields count.
type queueRecord struct {
	kind         queueKind
	number, id   uint64
	epoch        uint64
	room, client string
	w            *write
	err          *RefusedError
}

// frameHeader is the length and the checksum before each record.
const frameHeader = 8

// appendFrame appends the record with its length and checksum.
func (q *queueRecord) appendFrame(dst []byte) []byte {
	start := len(dst)
	dst = append(dst, make([]byte, frameHeader)...)
	dst = q.append(dst)
	payload := dst[start+frameHeader:]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(dst[start+4:], crc32.Checksum(payload, castagnoli))
	return dst
}

// nextFrame splits the first record off; ok is false when it is torn.
func nextFrame(data []byte) (payload, rest []byte, ok bool) {
	if len(data) < frameHeader {
		return nil, nil, false
	}
	size, sum := binary.LittleEndian.Uint32(data), binary.LittleEndian.Uint32(data[4:])
	data = data[frameHeader:]
	if size == 0 || uint64(size) > uint64(len(data)) || crc32.Checksum(data[:size], castagnoli) != sum {
		return nil, nil, false
	}
	return data[:size], data[size:], true
}

// append appends the record's payload: kind, number, id, and what the kind adds.
func (q *queueRecord) append(dst []byte) []byte {
	text := func(s string) { dst = append(binary.AppendUvarint(dst, uint64(len(s))), s...) }
	dst = append(dst, byte(q.kind))
	dst = binary.AppendUvarint(dst, q.number)
	dst = binary.AppendUvarint(dst, q.id)
	switch q.kind {
	case queueOwner:
		text(q.room)
		text(q.client)
	case queueSent:
		dst = binary.AppendUvarint(dst, q.epoch)
	case queueRejected:
		dst = binary.AppendUvarint(dst, uint64(q.err.Code))
		text(q.err.Message)
		text(q.err.Field)
	case queueWrite:
		sent := byte(0)
		if q.w.sent {
			sent = 1
		}
		dst = append(dst, sent)
		dst = binary.AppendUvarint(dst, q.w.epoch)
		dst = binary.AppendUvarint(dst, uint64(q.w.version))
		dst = binary.AppendVarint(dst, q.w.made.UnixMicro())
		text(q.w.name)
		text(string(q.w.args))
	}
	return dst
}

var errQueueRecord = errors.New("it holds a record that this program does not understand")

// parseQueueRecord reads a payload whose checksum is right.
func parseQueueRecord(data []byte) (q queueRecord, err error) {
	in := queueReader{data: data[1:]}
	q.kind = queueKind(data[0])
	q.number, q.id = in.uvarint(), in.uvarint()
	switch q.kind {
	case queueOwner:
		q.room, q.client = in.text(), in.text()
	case queueSent:
		q.epoch = in.uvarint()
	case queueRejected:
		q.err = &RefusedError{Code: schema.Code(in.uvarint()), Message: in.text(), Field: in.text()}
	case queueWrite:
		q.w = &write{number: q.number, id: q.id, sent: in.uvarint() != 0, epoch: in.uvarint(), version: uint32(in.uvarint())}
		q.w.made = time.UnixMicro(in.varint())
		q.w.name, q.w.args = in.text(), []byte(in.text())
	case queueReserved, queueDone, queueUnresolved, queueDropped:
	default:
		return q, errQueueRecord
	}
	if in.bad || len(in.data) > 0 {
		return q, errQueueRecord
	}
	return q, nil
}

// queueReader reads the parts of a payload.
type queueReader struct {
	data []byte
	bad  bool
}

func (r *queueReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	return v & r.took(n)
}

func (r *queueReader) varint() int64 {
	v, n := binary.Varint(r.data)
	return v & int64(r.took(n))
}

// took moves on by n bytes. What it returns masks a number that is not there.
func (r *queueReader) took(n int) uint64 {
	if n <= 0 {
		r.data, r.bad = nil, true
		return 0
	}
	r.data = r.data[n:]
	return ^uint64(0)
}

func (r *queueReader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.data)) {
		r.data, r.bad = nil, true
		return ""
	}
	s := string(r.data[:n])
	r.data = r.data[n:]
	return s
}
