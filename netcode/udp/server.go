package udp

import (
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

const (
	// answersPerSecond is how many first packets, repeated ones and such a
	// shard answers. A flood beyond it is read, looked at and dropped.
	answersPerSecond = 8192
	// rejectsPerSecond is how many data packets of unknown sessions it answers.
	rejectsPerSecond = 1024
	// endersLimit and asideLimit bound the goroutines that end sessions, and
	// those that wait for the keys of users' tokens.
	endersLimit = 8
	asideLimit  = 32
)

// Server is the UDP endpoint of a netcode.Server. Its methods may be called by
// any goroutine.
type Server struct {
	cfg       Config
	stats     Stats
	addresses []string
	shards    []*shard
	started   time.Time
	issued    time.Time     // the earliest that a token may have been issued
	clock     atomic.Int64  // time since started as of the newest batch or sweep
	cookies   *wire.Cookies // one for all shards: a client may come to any
	used      *usedTokens
	bytes     rate // of each session
	answers   rate // of each shard
	rejects   rate // of each shard

	leaving atomic.Bool    // set by Close; no session begins after a shard's lock was taken since
	live    sync.WaitGroup // sessions
	done    chan struct{}  // closed when the shards are to end
	running sync.WaitGroup // readers and sweeps
	aside   crew           // calls of Session.Receive that may wait
	enders  crew           // calls of Session.Ended
	stuck   sync.WaitGroup // those that wait for joins
}

// Listen opens the sockets and serves them until Close.
func Listen(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := newServer(cfg)
	var sockets []socket
	steered := false
	if cfg.Conn != nil {
		sockets = append(sockets, packetSocket(cfg.Conn))
	} else if sockets, steered, err = openSockets(cfg.Addr, cfg.Shards, cfg.Portable); err != nil {
		return nil, err
	}
	s.serve(sockets)
	cfg.Logger.Debug("UDP sockets open", "addr", s.Addr(), "sockets", len(sockets), "steered", steered,
		"receiveBuffer", s.stats.Sockets().ReceiveBuffer)
	return s, nil
}

func newServer(cfg Config) *Server {
	now := time.Now()
	return &Server{
		cfg: cfg, addresses: cfg.Addresses,
		started: now, issued: now.Truncate(time.Millisecond),
		cookies: wire.NewCookies(),
		used:    newUsedTokens(max(4*cfg.MaxSessions, 1024)),
		bytes:   perSecond(cfg.ByteRate, cfg.ByteBurst),
		answers: perSecond(answersPerSecond, answersPerSecond/4),
		rejects: perSecond(rejectsPerSecond, rejectsPerSecond/4),
		done:    make(chan struct{}),
		aside:   crew{size: asideLimit},
		enders:  crew{size: endersLimit},
	}
}

// serve starts one shard for each socket.
func (s *Server) serve(sockets []socket) {
	if len(s.addresses) == 0 {
		s.addresses = []string{sockets[0].localAddr().String()}
	}
	s.stats.sockets = sockets
	for i, sock := range sockets {
		s.shards = append(s.shards, newShard(s, uint8(i), sock))
	}
	for _, sh := range s.shards {
		s.running.Go(sh.read)
		s.running.Go(sh.sweepLoop)
	}
}

// Addr is the address that the sockets listen on.
func (s *Server) Addr() netip.AddrPort { return s.shards[0].socket.localAddr() }

// Stats returns the live counters.
func (s *Server) Stats() *Stats { return &s.stats }

// Flush sends what sessions have been given since the last time. The scheduler
// calls it after each batch of room ticks, so that one system call sends the
// packets of many rooms. HOT
func (s *Server) Flush() {
	for _, sh := range s.shards {
		sh.out.flush()
	}
}

// Close closes all sessions with GOING_AWAY, takes no new ones, and returns
// when all have ended and the sockets are closed. Clients are told so for up
// to drainTime.
func (s *Server) Close() error {
	if s.leaving.Swap(true) {
		s.running.Wait()
		return nil
	}
	for _, sh := range s.shards {
		sh.closeSessions(schema.CodeGoingAway, "the server is shutting down")
	}
	s.live.Wait()
	close(s.done)
	var err error
	for _, sh := range s.shards {
		sh.out.flush()
		if e := sh.socket.close(); err == nil {
			err = e
		}
	}
	s.running.Wait()
	s.aside.wait()
	s.enders.wait()
	s.stuck.Wait()
	return err
}

// tick sets the clock and returns it.
func (s *Server) tick() time.Duration {
	now := time.Since(s.started)
	s.clock.Store(int64(now))
	return now
}

// now is the clock as of the newest batch or sweep, for all that need not be
// exact to a few milliseconds.
func (s *Server) now() time.Duration { return time.Duration(s.clock.Load()) }
