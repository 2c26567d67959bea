package client

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/parlor-server/parlor/internal/disk"
)

// queueFile keeps a room's durable writes on disk: records appended one after
// the other, each with its length and a checksum. What a crash has left of the
// last one is dropped. When most records are about writes that are done, the
// file is written anew beside the old one and takes its place.
//
// RecordRoom.order guards it. Its writes are few and small; the limit on how
// many wait is RecordRoom's.
type queueFile struct {
	files   disk.FS
	path    string
	lock    io.Closer
	file    disk.File
	size    int64
	records int   // in the file
	err     error // of a failed write, after which nothing is known of the file
}

// kept is what a queue file says.
type kept struct {
	client                              string
	number, last, settled, reserved     uint64
	pending, rejectedWrites, unresolved []*write
	refusals                            map[uint64]*RefusedError // by number
}

// ErrQueueLocked is returned by OpenRecords when another process, or another
// room of this one, has the queue file open.
var ErrQueueLocked = errors.New("the queue file is in use")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// openQueue opens or makes the queue file of a room, and reads it.
func openQueue(files disk.FS, path, room string) (*queueFile, *kept, error) {
	f := &queueFile{files: files, path: path}
	if files == nil {
		f.files = disk.OS()
		lock, err := lockFile(path + ".lock")
		if err != nil {
			return nil, nil, fmt.Errorf("lock queue file %s: %w", path, err)
		}
		f.lock = lock
	}
	k, err := f.load(room)
	if err != nil {
		f.close()
		return nil, nil, fmt.Errorf("read queue file %s: %w", path, err)
	}
	return f, k, nil
}

func (f *queueFile) close() {
	if f.file != nil {
		_ = f.file.Close()
	}
	if f.lock != nil {
		_ = f.lock.Close()
	}
	if f.err == nil {
		f.err = os.ErrClosed
	}
}

// load reads the file, drops a torn tail, and makes the file if there is none.
func (f *queueFile) load(room string) (*kept, error) {
	_ = f.files.Remove(f.path + ".new") // left by a crash
	file, err := f.files.OpenFile(f.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f.file = file
	size, err := file.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if _, err := file.ReadAt(data, 0); err != nil && !(errors.Is(err, io.EOF) && size >= 0) {
		return nil, err
	}
	k, whole, records, err := readQueue(data, room)
	if err != nil {
		return nil, err
	}
	f.size, f.records = whole, records
	if records == 0 && size > 0 { // it is made at once or not at all
		return nil, errors.New("it is no queue file, or damaged at its beginning")
	}
	if records == 0 {
		k.client = NewID()
		if err := f.rewrite([]queueRecord{{kind: queueOwner, room: room, client: k.client}}); err != nil {
			return nil, err
		}
		return k, nil
	}
	if whole < size {
		if err := file.Truncate(whole); err != nil {
			return nil, err
		}
	}
	// What a process that was killed has left is read, but may not be on the disk
	// yet: neither its last write, nor that the file took another one's place.
	if err := file.Sync(); err != nil {
		return nil, err
	}
	return k, f.files.SyncDir(filepath.Dir(f.path))
}

// readQueue reads records up to the first that is torn.
func readQueue(data []byte, room string) (k *kept, whole int64, records int, err error) {
	k = &kept{refusals: make(map[uint64]*RefusedError)}
	rest := data
	for {
		payload, after, ok := nextFrame(rest)
		if !ok {
			return k, whole, records, nil
		}
		record, err := parseQueueRecord(payload)
		if err != nil {
			return nil, 0, 0, err
		}
		if records == 0 && record.kind != queueOwner {
			return nil, 0, 0, errors.New("it is no queue file")
		}
		if record.kind == queueOwner && record.room != room {
			return nil, 0, 0, fmt.Errorf("it belongs to the room %s, not to %s", record.room, room)
		}
		k.apply(record)
		records++
		rest = after
		whole = int64(len(data) - len(rest))
	}
}

// apply does what one record says.
func (k *kept) apply(q queueRecord) {
	byNumber := func(w *write) bool { return w.number == q.number }
	move := func(to *[]*write) {
		if i := slices.IndexFunc(k.pending, byNumber); i >= 0 {
			if to != nil {
				*to = append(*to, k.pending[i])
			}
			k.pending = slices.Delete(k.pending, i, i+1)
		}
	}
	switch q.kind {
	case queueOwner:
		k.client, k.number, k.settled, k.last = q.client, q.number, q.id, q.id
	case queueWrite:
		k.number, k.last = max(k.number, q.number), max(k.last, q.id)
		k.pending = append(k.pending, q.w)
	case queueSent:
		for _, w := range k.pending {
			if w.number <= q.number && !w.sent {
				w.sent, w.epoch = true, q.epoch
			}
		}
	case queueReserved:
		k.reserved, k.last = max(k.reserved, q.id), max(k.last, q.id)
	case queueDone:
		k.settled = max(k.settled, q.id)
		move(nil)
	case queueRejected:
		k.settled = max(k.settled, q.id)
		k.refusals[q.number] = q.err
		move(&k.rejectedWrites)
	case queueUnresolved:
		k.settled = max(k.settled, q.id)
		move(&k.unresolved)
	case queueDropped:
		k.rejectedWrites = slices.DeleteFunc(k.rejectedWrites, byNumber)
		k.unresolved = slices.DeleteFunc(k.unresolved, byNumber)
	}
}

// append adds records; with sync they are durable when it returns. Of those
// that a full disk does not take nothing stays, and later ones may succeed.
func (f *queueFile) append(sync bool, records ...queueRecord) error {
	if f.err != nil {
		return f.err
	}
	var data []byte
	for _, q := range records {
		data = q.appendFrame(data)
	}
	if _, err := f.file.WriteAt(data, f.size); err != nil {
		if cut := f.file.Truncate(f.size); cut != nil {
			return f.fail(errors.Join(err, cut))
		}
		return fmt.Errorf("write to the queue file %s: %w", f.path, err)
	}
	if sync {
		if err := f.file.Sync(); err != nil {
			return f.fail(err)
		}
	}
	f.size += int64(len(data))
	f.records += len(records)
	return nil
}

// fail notes that nothing is known of the file any more: after a failed sync a
// second one may succeed although the data is lost.
func (f *queueFile) fail(err error) error {
	f.err = fmt.Errorf("the queue file %s cannot be written, restart the program to use what it holds: %w", f.path, err)
	return f.err
}

// minWaste is the size from which it is worth while to write the file anew.
const minWaste = 64 << 10

// wasteful reports whether the file holds much more than the writes that count.
func (f *queueFile) wasteful(writes int) bool {
	return f.err == nil && f.size > minWaste && f.records > 4*(writes+16)
}

// rewrite replaces the file's content, at once or not at all. While the new one
// is not whole and safe the old one stays in use.
func (f *queueFile) rewrite(records []queueRecord) error {
	if f.err != nil {
		return f.err
	}
	var data []byte
	for _, q := range records {
		data = q.appendFrame(data)
	}
	next, err := f.files.OpenFile(f.path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err == nil {
		if _, err = next.WriteAt(data, 0); err == nil {
			err = next.Sync()
		}
		if err != nil {
			_ = next.Close()
			_ = f.files.Remove(f.path + ".new")
		}
	}
	if err != nil {
		return fmt.Errorf("write the queue file %s anew: %w", f.path, err)
	}
	_ = f.file.Close() // some systems do not replace an open file
	if err = f.files.Rename(f.path+".new", f.path); err == nil {
		err = f.files.SyncDir(filepath.Dir(f.path))
	}
	if err != nil {
		_ = next.Close()
		return f.fail(err)
	}
	f.file, f.size, f.records = next, int64(len(data)), len(records)
	return nil
}

// records are what a queue file must hold for this log.
func (l *writeLog) records(room string) []queueRecord {
	list := []queueRecord{{kind: queueOwner, room: room, client: l.client, number: l.number, id: l.settled}}
	if l.reserved > 0 {
		list = append(list, queueRecord{kind: queueReserved, id: l.reserved})
	}
	put := func(w *write, id uint64) {
		list = append(list, queueRecord{kind: queueWrite, w: w, number: w.number, id: id})
	}
	for _, k := range l.rejected {
		put(k.w, 0) // its ID may be another client ID's
		list = append(list, queueRecord{kind: queueRejected, number: k.w.number, err: k.Err})
	}
	for _, w := range l.unresolved {
		put(w, 0)
		list = append(list, queueRecord{kind: queueUnresolved, number: w.number})
	}
	for _, w := range l.pending {
		if w.mode == durable {
			put(w, w.id)
		}
	}
	return list
}

// restore takes on what a queue file holds.
func (l *writeLog) restore(k *kept) {
	l.client, l.number, l.settled, l.reserved = k.client, k.number, k.settled, k.reserved
	l.last = k.last
	l.pending, l.unresolved, l.durables = k.pending, k.unresolved, len(k.pending)
	for _, w := range k.pending {
		w.mode, w.pending = durable, newPending()
	}
	for _, w := range k.rejectedWrites {
		l.rejected = append(l.rejected, Rejection{w: w, Err: k.refusals[w.number]})
	}
}
