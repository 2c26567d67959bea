package netcode

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
)

// errClosed is returned by Receive once the session is closed.
var errClosed = errors.New("session is closed")

// Session is one client's connection: first it waits for Hello, then it is
// welcomed, then closed. The transport's reader goroutine owns it and calls
// Receive and Ended; the other methods may be called by any goroutine. Room
// loops reach the client through the session's links.
type Session struct {
	// What every message needs lies together: thousands of sessions do not fit
	// the processor's cache.
	server    *Server
	closing   atomic.Uint32 // 0: open, otherwise the code + 1
	welcomed  atomic.Bool
	pingDue   atomic.Bool  // the next flush carries a Ping
	heard     atomic.Int64 // when the last message came, coarse
	limits    limiter      // the reader's
	recent    *Link        // the reader's: of the last message that named one; nil: none
	short     shortPayload // the reader's
	transport Transport
	datagrams DatagramTransport // transport, if it has an unreliable lane

	id       string
	ctx      context.Context // ends when the session is closed
	cancel   context.CancelFunc
	ticket   string        // of the connect token; empty: none
	opened   time.Duration // coarse
	nextPing time.Duration // the sweep's
	user     atomic.Pointer[auth.User]
	expires  atomic.Int64            // when the token does, Unix nanoseconds; 0: never
	rtt      atomic.Int64            // smoothed round trip in nanoseconds; 0: unknown
	links    atomic.Pointer[[]*Link] // replaced as a whole, under mu

	commands *schema.CommandReader // the reader's; nil: no command has been lost yet
	joins    sync.WaitGroup        // join goroutines; only the reader adds

	mu         sync.Mutex // guards all below, and writes to links
	pending    int        // joins under way
	lastHandle uint16
	pingID     uint32
	pingAt     time.Time // when Ping pingID left; zero: it was answered
}

// ID names the session; it is unguessable.
func (s *Session) ID() string { return s.id }

// User is who the session speaks for; zero before Hello.
func (s *Session) User() auth.User {
	if u := s.user.Load(); u != nil {
		return *u
	}
	return auth.User{}
}

// RemoteAddr is the client's address.
func (s *Session) RemoteAddr() string { return s.transport.RemoteAddr() }

// RTT is the smoothed time from a Ping to its Pong; 0 before the first.
func (s *Session) RTT() time.Duration { return time.Duration(s.rtt.Load()) }

// Rooms is the number of rooms that the session is in.
func (s *Session) Rooms() int { return len(s.table()) }

// Close tells the client the code and ends the connection; it does not wait.
// Seats are given up when the transport says that the connection is over. Only
// the first call counts.
func (s *Session) Close(code schema.Code, message string) {
	if !s.closing.CompareAndSwap(0, uint32(code)+1) {
		return
	}
	s.cancel()
	s.transport.Close(code, message)
	s.server.cfg.Logger.Debug("session closed", "session", s.id, "code", code, "reason", message)
}

// Ended says that the connection is over. The transport's reader calls it
// once, after its last Receive; code is the transport's reason and counts if
// the session was not closed before. It waits for joins under way.
func (s *Session) Ended(code schema.Code) {
	s.closing.CompareAndSwap(0, uint32(code)+1)
	s.cancel()
	s.joins.Wait()
	for _, l := range s.table() {
		l.lost()
	}
	s.server.remove(s, schema.Code(s.closing.Load()-1))
}

// Touch accounts for a message of the transport itself, such as a WebSocket
// ping: it shows that the client lives and falls under the rate limit. Only
// the reader calls it. It reports whether to answer.
func (s *Session) Touch() bool {
	if s.closing.Load() != 0 {
		return false
	}
	now := s.server.now()
	s.heard.Store(int64(now))
	switch s.limits.take(now, 0, false, &s.server.rates) {
	case pass:
		return true
	case flood:
		s.server.stats.RateLimited.Add(1)
		s.Close(schema.CodeRateLimited, flooded)
	default:
		s.server.stats.RateLimited.Add(1)
	}
	return false
}

const flooded = "far more messages than allowed"

// table returns the links as they are now; nobody changes the slice.
func (s *Session) table() []*Link {
	if t := s.links.Load(); t != nil {
		return *t
	}
	return nil
}

// link returns the membership with the handle, nil if there is none.
func (s *Session) link(handle uint16) *Link {
	for _, l := range s.table() {
		if l.handle == handle {
			return l
		}
	}
	return nil
}

// named is link for the reader, whose messages mostly name the same one.
func (s *Session) named(handle uint16) *Link {
	if l := s.recent; l != nil && l.handle == handle && !l.over.Load() {
		return l
	}
	s.recent = s.link(handle)
	return s.recent
}

// send sends a message of the session's own.
func (s *Session) send(kind schema.Kind, handle uint16, body []byte) {
	s.queue(schema.Header{Kind: kind, Handle: handle}, body)
	s.transport.Flush()
}

func (s *Session) queue(head schema.Header, body []byte) {
	s.transport.Queue(wire(head), body)
	s.counted(len(body))
}

func (s *Session) counted(body int) {
	s.server.stats.MessagesOut.Add(1)
	s.server.stats.BytesOut.Add(uint64(schema.HeaderSize + body))
}

func wire(head schema.Header) (w [schema.HeaderSize]byte) {
	head.Append(w[:0])
	return w
}

// refuse answers one message with an Error.
func (s *Session) refuse(handle uint16, request uint32, err error) {
	coded := s.coded(err)
	b := s.server.builder()
	s.send(schema.KindError, handle, b.Error(&schema.Error{Code: coded.Code, Request: request, Message: coded.Message}))
	s.server.builders.Put(b)
}

// coded is what the client learns of an error.
func (s *Session) coded(err error) *schema.Error {
	var coded *schema.Error
	if !errors.As(err, &coded) {
		s.server.cfg.Logger.Error("request failed", "session", s.id, "error", err)
		coded = &schema.Error{Code: schema.CodeInternal, Message: "the server could not do it"}
	}
	return coded
}
