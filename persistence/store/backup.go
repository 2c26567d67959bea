package store

import (
	"bytes"
	"fmt"
	"io"

	"go.etcd.io/bbolt"
)

// Backup writes all rooms as of one moment to w, while commits go on; Restore
// reads it. It begins with a checkpoint and then reads the B+tree, whose file
// grows meanwhile if much is committed, since pages that are read cannot be used
// again. Of a room in quarantine it keeps the reason only. A *DamageError puts
// the room in quarantine and ends the backup: make another one.
func (s *Store) Backup(w io.Writer) error {
	var tx *bbolt.Tx
	if err := s.checkpoints.ask(&tx); err != nil {
		return fmt.Errorf("failed to back up: %w", err)
	}
	b := backup{out: newBlockWriter(w)}
	err := guard(nil, func() error {
		defer tx.Rollback()
		return b.write(tx)
	})
	if err != nil {
		if s.Err() == nil && b.room != "" {
			if r, open := s.Room(b.room); open == nil {
				_ = r.quarantine(err)
			}
		}
		return fmt.Errorf("failed to back up: %w", err)
	}
	return nil
}

// backup is one that is being written.
type backup struct {
	out            *blockWriter
	room           string // being read
	rooms, records uint64
}

func (b *backup) write(tx *bbolt.Tx) error {
	b.out.raw([]byte(backupMagic))
	b.out.number(backupVersion)
	rooms := tx.Bucket(roomsBucket())
	if rooms == nil {
		return b.end()
	}
	err := rooms.ForEachBucket(func(name []byte) error {
		b.room = string(name)
		return b.writeRoom(rooms.Bucket(name))
	})
	if err != nil {
		return err
	}
	b.room = ""
	return b.end()
}

func (b *backup) end() error {
	b.out.item(itemEnd)
	b.out.number(b.rooms)
	b.out.number(b.records)
	return b.out.flush()
}

func (b *backup) writeRoom(room *bbolt.Bucket) error {
	state, err := decodeState(room.Get(stateKey()))
	if err != nil {
		return &DamageError{b.room, 0, stateKey(), err.Error()}
	}
	if !state.exists && state.reason == "" {
		return nil
	}
	b.rooms++
	b.out.item(itemRoom)
	b.out.bytes([]byte(b.room))
	b.out.number(state.seq)
	b.out.bytes([]byte(state.reason))
	if state.reason != "" {
		return b.out.err
	}
	return room.ForEachBucket(func(name []byte) error {
		if space, ok := spaceOf(name); ok {
			return b.writeSpace(space, room.Bucket(name))
		}
		return nil
	})
}

func (b *backup) writeSpace(space Space, records *bbolt.Bucket) error {
	b.out.item(itemSpace)
	b.out.number(uint64(space))
	sums := sumsOf(b.room, space)
	return records.ForEach(func(key, stored []byte) error {
		value, seq, removed, ok := sums.open(key, stored)
		if !ok {
			return &DamageError{b.room, space, bytes.Clone(key), "the record's checksum is wrong"}
		}
		if removed {
			return nil
		}
		b.records++
		b.out.item(itemRecord)
		b.out.bytes(key)
		b.out.number(seq)
		b.out.bytes(value)
		return b.out.err
	})
}
