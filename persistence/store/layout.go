package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/parlor-server/parlor/persistence/journal"
)

// The B+tree file:
//
//	"store"                     bucket
//	  "position"                journal position of the last whole checkpoint, 8 bytes
//	  "unaccounted"             why rooms that nothing is known of are refused, if so
//	"rooms"                     bucket
//	  NAME                      bucket of a room
//	    "state"                 see roomState
//	    "log"                   bucket: sequence, space, key → flags, checksum
//	    's' SPACE               bucket: key → checksum, sequence and flag, value
//
// Numbers are big endian. A removed record of a logged space stays as a
// tombstone, without value, until the change log is pruned past it.

func storeBucket() []byte    { return []byte("store") }
func roomsBucket() []byte    { return []byte("rooms") }
func positionKey() []byte    { return []byte("position") }
func unaccountedKey() []byte { return []byte("unaccounted") }
func stateKey() []byte       { return []byte("state") }
func logBucket() []byte      { return []byte("log") }

// Fill percents: the change log grows at its end; in spaces keys come anywhere,
// and whoever loads many brings them in order.
const (
	logFill   = 0.95
	spaceFill = 0.8
)

const spacePrefix = 's'

func spaceBucket(space Space) []byte {
	return binary.BigEndian.AppendUint32([]byte{spacePrefix}, uint32(space))
}

// spaceOf is the space of a bucket's name.
func spaceOf(name []byte) (Space, bool) {
	if len(name) != 5 || name[0] != spacePrefix {
		return 0, false
	}
	return Space(binary.BigEndian.Uint32(name[1:])), true
}

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// recordSums checks the records of one space of one room: the checksum is also
// over where a record belongs.
type recordSums struct {
	table *crc32.Table
	seed  uint32
}

func sumsOf(room string, space Space) recordSums {
	t := castagnoli()
	seed := crc32.Update(0, t, []byte(room))
	return recordSums{t, crc32.Update(seed, t, spaceBucket(space))}
}

func (s recordSums) of(key, sealed []byte) uint32 {
	return crc32.Update(crc32.Update(s.seed, s.table, key), s.table, sealed)
}

const (
	recordHeader = 4 + 8 // checksum; sequence shifted by one, and whether it is a tombstone
	logKeyHeader = 8 + 4 // sequence and space
	logValue     = 1 + 4 // whether the key was removed; checksum
)

// seal appends a record as it is stored.
func (s recordSums) seal(dst []byte, key string, seq uint64, removed bool, value []byte) []byte {
	start := len(dst)
	mark := seq << 1
	if removed {
		mark |= 1
	}
	dst = append(dst, 0, 0, 0, 0)
	dst = binary.BigEndian.AppendUint64(dst, mark)
	dst = append(dst, value...)
	sum := crc32.Update(s.seed, s.table, []byte(key))
	binary.BigEndian.PutUint32(dst[start:], crc32.Update(sum, s.table, dst[start+4:]))
	return dst
}

// open takes a stored record apart; ok is false if it is not what was written.
func (s recordSums) open(key, record []byte) (value []byte, seq uint64, removed, ok bool) {
	if len(record) < recordHeader || binary.BigEndian.Uint32(record) != s.of(key, record[4:]) {
		return nil, 0, false, false
	}
	mark := binary.BigEndian.Uint64(record[4:])
	return record[recordHeader:len(record):len(record)], mark >> 1, mark&1 != 0, true
}

func appendLogKey(dst []byte, seq uint64, space Space, key string) []byte {
	dst = binary.BigEndian.AppendUint64(dst, seq)
	dst = binary.BigEndian.AppendUint32(dst, uint32(space))
	return append(dst, key...)
}

func appendLogValue(dst, logKey []byte, removed bool) []byte {
	start := len(dst)
	dst = append(dst, 0)
	if removed {
		dst[start] = 1
	}
	return binary.BigEndian.AppendUint32(dst, crc32.Update(crc32.Checksum(logKey, castagnoli()), castagnoli(), dst[start:]))
}

// readLog takes an entry of the change log apart.
func readLog(key, value []byte) (seq uint64, space Space, recordKey []byte, removed bool, ok bool) {
	if len(key) < logKeyHeader || len(value) != logValue {
		return 0, 0, nil, false, false
	}
	sum := crc32.Update(crc32.Checksum(key, castagnoli()), castagnoli(), value[:1])
	if sum != binary.BigEndian.Uint32(value[1:]) {
		return 0, 0, nil, false, false
	}
	return binary.BigEndian.Uint64(key), Space(binary.BigEndian.Uint32(key[8:])), key[logKeyHeader:], value[0] != 0, true
}

// roomState is what is stored of a room beside its records.
type roomState struct {
	exists bool   // false of a dropped room, whose name, epoch and sequence stay
	epoch  uint64 // drawn when the room was made
	seq    uint64 // the high-water mark
	floor  uint64 // the first sequence that the change log has everything of; entries before it are being pruned
	bytes  int64  // of keys and values in the logged spaces
	reason string // of the quarantine, or ""
	marks  []mark // ascending
}

// mark says that a room had reached a sequence at a time, Unix microseconds.
type mark struct {
	time int64
	seq  uint64
}

const stateVersion = 1

func (s *roomState) encode() []byte {
	b := []byte{0, 0, 0, 0, stateVersion, 0}
	if s.exists {
		b[5] = 1
	}
	for _, n := range []uint64{s.epoch, s.seq, s.floor, uint64(s.bytes)} {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	b = binary.AppendUvarint(b, uint64(len(s.reason)))
	b = append(b, s.reason...)
	b = binary.AppendUvarint(b, uint64(len(s.marks)))
	for _, m := range s.marks {
		b = binary.BigEndian.AppendUint64(b, uint64(m.time))
		b = binary.BigEndian.AppendUint64(b, m.seq)
	}
	binary.BigEndian.PutUint32(b, crc32.Checksum(b[4:], castagnoli()))
	return b
}

var errState = errors.New("the room's state is damaged")

func decodeState(b []byte) (roomState, error) {
	const fixed = 4 + 2 + 4*8
	if len(b) < fixed || crc32.Checksum(b[4:], castagnoli()) != binary.BigEndian.Uint32(b) {
		return roomState{}, errState
	}
	if b[4] != stateVersion {
		return roomState{}, fmt.Errorf("%w: it has version %d", errState, b[4])
	}
	s := roomState{exists: b[5] != 0}
	var bytes uint64
	for i, n := range []*uint64{&s.epoch, &s.seq, &s.floor, &bytes} {
		*n = binary.BigEndian.Uint64(b[6+8*i:])
	}
	s.bytes = int64(bytes)
	reason, rest, ok := cutBytes(b[fixed:])
	count, n := binary.Uvarint(rest)
	if !ok || n <= 0 || count*16 != uint64(len(rest)-n) {
		return roomState{}, errState
	}
	s.reason = string(reason)
	for rest = rest[n:]; len(rest) > 0; rest = rest[16:] {
		s.marks = append(s.marks, mark{int64(binary.BigEndian.Uint64(rest)), binary.BigEndian.Uint64(rest[8:])})
	}
	return s, nil
}

// treeMap is how much address space is reserved for the B+tree file: while it
// grows within that, it is not mapped anew, for which writers would have to wait
// for all readers, and new readers for them.
const treeMap = 64 << 30

// openTree opens the B+tree file. The list of free pages is stored with each
// transaction: it is small beside the pages that a checkpoint writes, and without
// it opening has to read the whole tree.
func openTree(path string, readOnly bool) (*bbolt.DB, error) {
	o := &bbolt.Options{
		Timeout:      lockPatience,
		FreelistType: bbolt.FreelistMapType,
		ReadOnly:     readOnly,
		NoStatistics: true,
	}
	if reserve := int64(treeMap); !readOnly && reserve <= math.MaxInt {
		o.InitialMmapSize = int(reserve)
	}
	var db *bbolt.DB
	err := guard(nil, func() (err error) {
		db, err = bbolt.Open(path, 0o600, o)
		return err
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, path)
	}
	if err != nil {
		return nil, fmt.Errorf("failed to open %s: %w", path, err)
	}
	db.AllocSize = treeGrowth
	return db, nil
}

// treeGrowth is by how much the B+tree file grows at once.
const treeGrowth = 32 << 20

// position reads the journal position of the last whole checkpoint.
func position(tx *bbolt.Tx) journal.Position {
	b := tx.Bucket(storeBucket())
	if b == nil {
		return 0
	}
	if v := b.Get(positionKey()); len(v) == 8 {
		return journal.Position(binary.BigEndian.Uint64(v))
	}
	return 0
}

func putPosition(tx *bbolt.Tx, p journal.Position) error {
	return tx.Bucket(storeBucket()).Put(positionKey(), binary.BigEndian.AppendUint64(nil, uint64(p)))
}

// roomBucket returns a room's bucket, or nil.
func roomBucket(tx *bbolt.Tx, name string) *bbolt.Bucket {
	rooms := tx.Bucket(roomsBucket())
	if rooms == nil { // nothing was ever written
		return nil
	}
	return rooms.Bucket([]byte(name))
}
