package recordstest

import (
	"slices"
	"strings"

	"github.com/parlor-server/parlor/persistence/records"
)

// Store is what a room has made durable, in memory: a records.Loader. The zero
// Store is empty.
type Store struct {
	seq    uint64
	spaces map[uint32]map[string]entry
}

type entry struct {
	value []byte
	seq   uint64
}

// Put makes an outbox's writes durable.
func (s *Store) Put(puts []records.Put) {
	for _, p := range puts {
		s.seq = p.Seq
		if s.spaces == nil {
			s.spaces = make(map[uint32]map[string]entry)
		}
		if s.spaces[p.Space] == nil {
			s.spaces[p.Space] = make(map[string]entry)
		}
		if p.Delete {
			delete(s.spaces[p.Space], string(p.Key))
		} else {
			s.spaces[p.Space][string(p.Key)] = entry{slices.Clone(p.Value), p.Seq}
		}
	}
}

// Seq is the sequence number of the last transaction.
func (s *Store) Seq() uint64 { return s.seq }

// Clone returns a copy that stays as it is.
func (s *Store) Clone() *Store {
	c := &Store{seq: s.seq, spaces: make(map[uint32]map[string]entry)}
	for space, entries := range s.spaces {
		c.spaces[space] = make(map[string]entry, len(entries))
		for key, e := range entries {
			c.spaces[space][key] = e
		}
	}
	return c
}

// Each gives what is in a space, in the order of the keys.
func (s *Store) Each(space uint32, f func(key, value []byte, seq uint64) error) error {
	keys := make([]string, 0, len(s.spaces[space]))
	for key := range s.spaces[space] {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, strings.Compare)
	for _, key := range keys {
		e := s.spaces[space][key]
		if err := f([]byte(key), slices.Clone(e.value), e.seq); err != nil {
			return err
		}
	}
	return nil
}
