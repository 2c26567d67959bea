package netcode

import (
	"context"
	"crypto/rand"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
)

// Server owns the sessions of all transports and the one goroutine that
// watches their time-outs. Its methods may be called by any goroutine.
type Server struct {
	cfg      Config
	rates    rates
	stats    Stats
	started  time.Time
	coarse   atomic.Int64 // time since started as of the last sweep
	builders sync.Pool    // *schema.Builder
	ctx      context.Context
	cancel   context.CancelFunc
	swept    chan struct{}  // closed when the sweep has ended
	running  sync.WaitGroup // sessions

	mu      sync.Mutex // guards all below
	leaving bool
	byID    map[string]*Session
}

// NewServer returns a server and starts its sweep; Close ends it.
func NewServer(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg: cfg,
		rates: rates{
			messages: int64(cfg.MessageRate), messageBurst: int64(cfg.MessageBurst),
			bytes: int64(cfg.ByteRate), bytesBurst: int64(cfg.ByteBurst),
			records: int64(cfg.RecordRate), recordBurst: int64(cfg.RecordBurst),
		},
		started:  time.Now(),
		builders: sync.Pool{New: func() any { return schema.NewBuilder() }},
		swept:    make(chan struct{}),
		byID:     make(map[string]*Session),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	go s.sweep()
	return s, nil
}

// Open begins a session over t, which must call its Receive and, last, its
// Ended. When the server is going away the session is closed already.
func (s *Server) Open(t Transport) *Session { return s.OpenAs(t, auth.User{}, "") }

// OpenAs is Open for a client that has proved before who it is: with a connect
// token. Its Hello needs no token, and a Join with an empty ticket takes the
// given one.
func (s *Server) OpenAs(t Transport, user auth.User, ticket string) *Session {
	now := s.now()
	c := &Session{id: rand.Text(), server: s, transport: t, opened: now, limits: newLimiter(now, &s.rates), ticket: ticket}
	c.datagrams, _ = t.(DatagramTransport)
	if user.ID != "" {
		c.become(user)
	}
	c.ctx, c.cancel = context.WithCancel(s.ctx)
	c.heard.Store(int64(now))
	s.running.Add(1)
	s.stats.Sessions.Add(1)
	s.stats.Opened.Add(1)
	s.mu.Lock()
	leaving := s.leaving
	s.byID[c.id] = c
	s.mu.Unlock()
	if leaving {
		c.Close(schema.CodeGoingAway, goingAway)
	}
	return c
}

const goingAway = "the server is shutting down"

// GoingAway reports whether GoAway was called.
func (s *Server) GoingAway() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.leaving
}

// GoAway closes all sessions, and every later one, with GOING_AWAY. It does
// not wait.
func (s *Server) GoAway() {
	s.mu.Lock()
	s.leaving = true
	s.mu.Unlock()
	for _, c := range s.all(nil) {
		c.Close(schema.CodeGoingAway, goingAway)
	}
}

// Close is GoAway; it returns when all sessions have ended and given up their
// seats.
func (s *Server) Close() error {
	s.GoAway()
	s.running.Wait()
	s.cancel()
	<-s.swept
	return nil
}

// Stats returns the live counters.
func (s *Server) Stats() *Stats { return &s.stats }

// Kick closes the session with the given ID. It reports whether there is one.
func (s *Server) Kick(sessionID string, code schema.Code, message string) bool {
	s.mu.Lock()
	c := s.byID[sessionID]
	s.mu.Unlock()
	if c == nil {
		return false
	}
	c.Close(code, message)
	return true
}

// KickUser closes all sessions of a user and returns how many there were.
func (s *Server) KickUser(userID string, code schema.Code, message string) int {
	n := 0
	for _, c := range s.all(nil) {
		if c.User().ID == userID {
			c.Close(code, message)
			n++
		}
	}
	return n
}

// Sessions returns the sessions that are open now, in no order.
func (s *Server) Sessions() []*Session { return s.all(nil) }

// all appends the sessions to dst.
func (s *Server) all(dst []*Session) []*Session {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.byID {
		dst = append(dst, c)
	}
	return dst
}

func (s *Server) remove(c *Session, code schema.Code) {
	s.mu.Lock()
	delete(s.byID, c.id)
	s.mu.Unlock()
	s.stats.Sessions.Add(-1)
	s.stats.closes[closeIndex(code)].Add(1)
	s.running.Done()
}

// now is the coarse clock: the time since the start, exact to a sweep.
func (s *Server) now() time.Duration { return time.Duration(s.coarse.Load()) }

func (s *Server) builder() *schema.Builder { return s.builders.Get().(*schema.Builder) }
