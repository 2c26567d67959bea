package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"
)

// restoringName is what the B+tree file is called until it is whole.
const restoringName = treeName + ".restoring"

// Restore makes a data folder of what Backup wrote. The folder must be empty or
// missing: else the error is ErrNotEmpty. Every room gets a new epoch, and its
// change log begins anew. The folder can be opened once Restore has returned
// nil; after an error it is empty again.
func Restore(dir string, r io.Reader) (err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("failed to make the data folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := checkEmpty(dir); err != nil {
		return fmt.Errorf("failed to restore into %s: %w; give an empty folder", dir, err)
	}
	path := filepath.Join(dir, restoringName)
	err = restoreTree(path, r)
	if err == nil {
		err = os.Rename(path, filepath.Join(dir, treeName))
	}
	if err == nil {
		err = writeFormat(dir)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("failed to restore into %s: %w", dir, err), os.RemoveAll(path))
	}
	return nil
}

// restoreTree makes a B+tree file of a backup, and makes it durable.
func restoreTree(path string, r io.Reader) error {
	db, err := openTree(path, false)
	if err != nil {
		return err
	}
	db.NoSync = true // nothing of it counts before it is whole
	in := restore{db: db, in: newBlockReader(r)}
	err = guard(nil, in.read)
	if in.tx != nil {
		err = errors.Join(err, in.tx.Rollback())
	}
	if err == nil {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

// restoreBytes is how much one transaction of a restore takes.
const restoreBytes = 16 << 20

// restore is one that is being read.
type restore struct {
	db    *bbolt.DB
	in    *blockReader
	tx    *bbolt.Tx
	bytes int // in tx

	name           string // of the room, or ""
	state          roomState
	space          Space
	sums           recordSums
	records        *bbolt.Bucket // of space in tx; nil: look it up
	rooms, written uint64
}

func (r *restore) read() error {
	magic := make([]byte, len(backupMagic))
	for i := range magic {
		b, err := r.in.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		magic[i] = b
	}
	version, err := r.in.number()
	switch {
	case string(magic) != backupMagic:
		return fmt.Errorf("%w: it does not begin as one", ErrBackup)
	case err != nil:
		return err
	case version > backupVersion:
		return fmt.Errorf("%w: the backup has version %d, this program reads up to %d", ErrNewerFormat, version, backupVersion)
	}
	if err := r.begin(); err != nil {
		return err
	}
	if err := makeBuckets(r.tx); err != nil {
		return err
	}
	for {
		kind, err := r.in.ReadByte()
		if err != nil {
			return unexpected(err)
		}
		if kind == itemEnd {
			return r.end()
		}
		if err := r.item(kind); err != nil {
			return err
		}
	}
}

func (r *restore) item(kind byte) error {
	switch kind {
	case itemRoom:
		return r.room()
	case itemSpace:
		space, err := r.in.number()
		if err == nil && (space > uint64(^Space(0)) || r.name == "") {
			err = fmt.Errorf("%w: space %d of room %q", ErrBackup, space, r.name)
		}
		r.space, r.records = Space(space), nil
		r.sums = sumsOf(r.name, r.space)
		return err
	case itemRecord:
		return r.record()
	}
	return fmt.Errorf("%w: an item of kind %d", ErrBackup, kind)
}

func (r *restore) room() error {
	if err := r.endRoom(); err != nil {
		return err
	}
	name, err := r.in.bytes(MaxNameBytes)
	if err != nil {
		return err
	}
	seq, err := r.in.number()
	if err != nil {
		return err
	}
	reason, err := r.in.bytes(blockBytes)
	if err != nil {
		return err
	}
	if len(name) == 0 || roomBucket(r.tx, string(name)) != nil {
		return fmt.Errorf("%w: a second room %q", ErrBackup, name)
	}
	r.rooms++
	r.name = string(name)
	r.state = roomState{exists: true, epoch: newEpoch(), seq: seq, floor: seq + 1}
	if len(reason) > 0 {
		r.state.reason = "it was in quarantine when the backup was made: " + string(reason)
	}
	_, err = r.tx.Bucket(roomsBucket()).CreateBucket(name)
	return err
}

// endRoom writes the state of the room that is complete.
func (r *restore) endRoom() error {
	if r.name == "" {
		return nil
	}
	err := roomBucket(r.tx, r.name).Put(stateKey(), r.state.encode())
	r.name, r.records = "", nil
	return err
}

func (r *restore) record() error {
	key, err := r.in.bytes(MaxKeyBytes)
	if err != nil {
		return err
	}
	seq, err := r.in.number()
	if err != nil {
		return err
	}
	value, err := r.in.bytes(MaxValueBytes)
	if err != nil {
		return err
	}
	if r.name == "" || seq > r.state.seq {
		return fmt.Errorf("%w: a record of transaction %d in room %q, which is at %d", ErrBackup, seq, r.name, r.state.seq)
	}
	if r.bytes > restoreBytes {
		if err := r.commit(); err != nil {
			return err
		}
	}
	if r.records == nil {
		if r.records, err = roomBucket(r.tx, r.name).CreateBucketIfNotExists(spaceBucket(r.space)); err != nil {
			return err
		}
		r.records.FillPercent = logFill // they come in order
	}
	if r.space >= FirstLogged {
		r.state.bytes += int64(len(key) + len(value))
	}
	r.written++
	r.bytes += len(key) + len(value)
	return r.records.Put(key, r.sums.seal(nil, string(key), seq, false, value))
}

func (r *restore) begin() (err error) {
	r.bytes, r.records = 0, nil
	r.tx, err = r.db.Begin(true)
	return err
}

func (r *restore) commit() error {
	tx := r.tx
	r.tx = nil
	if err := tx.Commit(); err != nil {
		return err
	}
	return r.begin()
}

// end checks that nothing is missing.
func (r *restore) end() error {
	if err := r.endRoom(); err != nil {
		return err
	}
	rooms, err := r.in.number()
	if err != nil {
		return err
	}
	records, err := r.in.number()
	if err != nil {
		return err
	}
	if rooms != r.rooms || records != r.written {
		return fmt.Errorf("%w: %d rooms and %d records instead of %d and %d", ErrBackup, r.rooms, r.written, rooms, records)
	}
	if _, err := r.in.ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: something follows its end", ErrBackup)
	}
	if err := putPosition(r.tx, 0); err != nil {
		return err
	}
	tx := r.tx
	r.tx = nil
	return tx.Commit()
}
