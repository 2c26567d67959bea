package client

import (
	"sync"

	"github.com/parlor-server/parlor/schema"
)

// Schemas remembers room descriptors by kind, so that a server sends each one
// once. It may be shared by clients of one server and used from any goroutine.
type Schemas struct {
	mu     sync.Mutex                // guards what follows
	latest map[string]uint64         // hash by kind
	byHash map[uint64]*schema.Schema // never changed once stored
}

// NewSchemas returns an empty memory.
func NewSchemas() *Schemas {
	return &Schemas{latest: make(map[string]uint64), byHash: make(map[uint64]*schema.Schema)}
}

// hash is that of the descriptor last seen for kind, 0 for none.
func (s *Schemas) hash(kind string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.latest[kind]
}

// find returns the descriptor with hash, nil when it is not known.
func (s *Schemas) find(hash uint64) *schema.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byHash[hash]
}

// store keeps d, and returns the one to use: the first with this hash.
func (s *Schemas) store(kind string, hash uint64, d *schema.Schema) *schema.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known := s.byHash[hash]; known != nil {
		d = known
	}
	s.latest[kind], s.byHash[hash] = hash, d
	return d
}
