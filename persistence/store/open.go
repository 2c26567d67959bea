package store

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"go.etcd.io/bbolt"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/persistence/journal"
)

// Open opens the data folder dir, which it makes if there is none, recovers what
// was committed, and starts the committer and the checkpointer, which Close
// ends. Errors: ErrLocked, ErrNewerFormat, ErrNotEmpty, or what the disk says.
// Rooms that cannot be proven whole are no error: see RoomInfo.Quarantined.
func Open(dir string, o Options) (*Store, error) {
	s := &Store{o: o.withDefaults(), dir: dir, rooms: make(map[string]*Room), failedOnce: make(chan struct{})}
	s.log = s.o.Logger
	s.queue = newQueue(s.o.QueueBytes)
	s.checkpoints = checkpointer{s: s, wake: make(chan struct{}, 1), chunk: [phases]int{firstChunk, firstChunk}}
	var err error
	if s.lock, err = openFolder(dir); err != nil {
		return nil, err
	}
	if err := s.recover(); err != nil {
		return nil, errors.Join(err, s.closeFiles())
	}
	c := &committer{
		queue: s.queue, journal: s.journal, fault: s.o.Fault, position: s.journal.End(),
		failed: s.hasFailed, fail: s.fail, appended: s.checkpoints.appended,
	}
	s.workers.Go(c.run)
	s.workers.Go(s.checkpoints.run)
	return s, nil
}

// closeFiles closes what an Open that failed has opened.
func (s *Store) closeFiles() error {
	var errs []error
	if s.journal != nil {
		errs = append(errs, s.journal.Close())
	}
	if s.tree != nil {
		errs = append(errs, s.tree.Close())
	}
	return errors.Join(append(errs, s.lock.Close())...)
}

// recover reads the rooms' states and replays what the journal has beyond them.
func (s *Store) recover() error {
	path := filepath.Join(s.dir, treeName)
	if err := s.openTree(path); err != nil {
		return err
	}
	var from journal.Position
	err := guard(nil, func() (err error) { from, err = s.readStates(); return err })
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", path, err)
	}
	broken := make(map[string]string)
	var replayed int64
	replay := func(_ journal.Position, e journal.Entry) error {
		replayed += int64(len(e.Data))
		if broken[e.Room] == "" {
			if err := s.replay(e); err != nil {
				broken[e.Room] = err.Error()
			}
		}
		return nil
	}
	var report journal.Report
	s.journal, report, err = journal.Open(filepath.Join(s.dir, journalName), journal.Options{
		FS: s.o.FS, SegmentBytes: s.o.SegmentBytes, Logger: s.log, Fault: s.o.Fault,
	}, from, replay)
	if err != nil {
		return fmt.Errorf("failed to open the journal: %w", err)
	}
	s.checkpoints.appended(replayed)
	return s.condemn(&report, broken)
}

// openTree opens the B+tree file, which it makes if there is none.
func (s *Store) openTree(path string) error {
	_, missing := os.Stat(path)
	var err error
	if s.tree, err = openTree(path, false); err != nil || missing == nil {
		return err
	}
	return disk.OS().SyncDir(s.dir)
}

// makeBuckets makes those of a new B+tree file.
func makeBuckets(tx *bbolt.Tx) error {
	for _, name := range [][]byte{storeBucket(), roomsBucket()} {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return err
		}
	}
	return nil
}

// readStates makes the rooms that the B+tree has.
func (s *Store) readStates() (from journal.Position, err error) {
	err = s.tree.View(func(tx *bbolt.Tx) error {
		from = position(tx)
		rooms := tx.Bucket(roomsBucket())
		if rooms == nil {
			return nil
		}
		s.unaccounted = string(tx.Bucket(storeBucket()).Get(unaccountedKey()))
		return rooms.ForEachBucket(func(name []byte) error {
			state, err := decodeState(rooms.Bucket(name).Get(stateKey()))
			if err != nil {
				state = roomState{floor: math.MaxUint64, reason: err.Error()}
			}
			s.rooms[string(name)] = newRoom(s, string(name), state)
			return nil
		})
	})
	return from, err
}

// replay takes an entry of the journal into its room's memtable. The error is
// about that room.
func (s *Store) replay(e journal.Entry) error {
	kind, epoch, data, err := readEntryHeader(e.Data)
	if err != nil {
		return err
	}
	r := s.rooms[e.Room]
	if r == nil {
		r = newRoom(s, e.Room, roomState{epoch: epoch, floor: 1})
		s.rooms[e.Room] = r
	}
	if r.state.reason != "" && kind != entryDrop || e.Last <= r.state.seq {
		return nil // the checkpoint has it
	}
	if kind == entryDrop {
		r.state = roomState{epoch: epoch, seq: e.Last, floor: e.Last + 1}
		r.active = &memtable{wiped: true, wipedAt: e.Last}
		return nil
	}
	if !r.state.exists && r.active == nil {
		r.state.epoch = epoch
	}
	switch {
	case e.First != r.state.seq+1:
		return fmt.Errorf("transactions %d to %d are missing in the journal", r.state.seq+1, e.First-1)
	case epoch != r.state.epoch:
		return fmt.Errorf("transaction %d is of another epoch of the room", e.First)
	}
	if r.active == nil {
		r.active = new(memtable)
	}
	if err := readOps(data, e.First, e.Last, func(foundOp) {}); err != nil {
		return err
	}
	r.active.add(bytes.Clone(e.Data), e.First, e.Last)
	r.state.seq, r.state.exists = e.Last, true
	return nil
}

// condemn puts rooms that cannot be proven whole in quarantine, durably: the
// journal that says so is cut some day. The others' memtables are what the next
// checkpoint writes.
func (s *Store) condemn(report *journal.Report, broken map[string]string) error {
	for name := range report.Broken {
		if s.rooms[name] == nil {
			s.rooms[name] = newRoom(s, name, roomState{epoch: newEpoch(), floor: 1})
		}
	}
	var condemned []*Room
	for name, r := range s.rooms {
		reason := report.Reason(name)
		if reason == "" {
			reason = broken[name]
		}
		if reason != "" && r.state.reason == "" {
			s.log.Error("a room cannot be proven whole and is not served", "room", name, "reason", reason)
			r.state.reason = reason
			r.active = nil
			condemned = append(condemned, r)
		}
		if r.active != nil {
			s.dirty = append(s.dirty, r)
		}
	}
	if len(condemned) == 0 && report.Unaccounted == "" {
		return nil
	}
	return s.putCondemned(condemned, report)
}

func (s *Store) putCondemned(condemned []*Room, report *journal.Report) error {
	if report.Unaccounted != "" {
		s.unaccounted = report.Unaccounted
	}
	return s.tree.Update(func(tx *bbolt.Tx) error {
		if err := makeBuckets(tx); err != nil {
			return err
		}
		for _, r := range condemned {
			b, err := tx.Bucket(roomsBucket()).CreateBucketIfNotExists([]byte(r.name))
			if err != nil {
				return err
			}
			if err := b.Put(stateKey(), r.state.encode()); err != nil {
				return err
			}
		}
		return tx.Bucket(storeBucket()).Put(unaccountedKey(), []byte(s.unaccounted))
	})
}
