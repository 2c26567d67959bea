package netcode

import (
	"sync/atomic"

	"github.com/parlor-server/parlor/schema"
)

// maxCode bounds the table of closes by code; higher ones count as INTERNAL.
const maxCode = 80

// Stats counts what all sessions of a Server did. Any goroutine may read it
// at any time.
type Stats struct {
	Sessions      atomic.Int64  // open now
	Opened        atomic.Uint64 // ever
	Links         atomic.Int64  // memberships now
	_             [40]byte      // readers' and room loops' counters on cache lines of their own
	MessagesIn    atomic.Uint64
	BytesIn       atomic.Uint64
	RateLimited   atomic.Uint64 // messages ignored
	_             [40]byte
	MessagesOut   atomic.Uint64
	BytesOut      atomic.Uint64 // message headers included, the transport's framing not
	FramesDropped atomic.Uint64 // state frames refused because earlier bytes were unsent
	_             [40]byte
	closes        [maxCode]atomic.Uint64
}

// Closes returns how many sessions ended with code. Code 0 counts those that
// the client ended or lost.
func (s *Stats) Closes(code schema.Code) uint64 { return s.closes[closeIndex(code)].Load() }

// EachClose calls f for every code that ended a session.
func (s *Stats) EachClose(f func(code schema.Code, count uint64)) {
	for i := range s.closes {
		if n := s.closes[i].Load(); n > 0 {
			f(schema.Code(i), n)
		}
	}
}

func closeIndex(code schema.Code) int {
	if code >= maxCode {
		return int(schema.CodeInternal)
	}
	return int(code)
}
