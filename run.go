package parlor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	"github.com/parlor-server/parlor/persistence/store"
)

// listeners are where a Server that runs by itself can be reached.
type listeners struct {
	players net.Listener
	admin   net.Listener // nil: off
}

// Listen takes the addresses, so that URL and AdminURL are known. Run does it
// too; calling Listen first tells apart what cannot start from what ended.
func (s *Server) Listen() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners.players != nil {
		return nil
	}
	players, err := s.listenPlayers()
	if err != nil {
		return err
	}
	var admin net.Listener
	if s.cfg.AdminAddr != off {
		loopback, _ := isLoopback(s.cfg.AdminAddr) // New has checked the address
		admin, err = s.listen(s.cfg.AdminAddr, s.cfg.TLSCert != "" && !loopback)
		if err != nil {
			_ = players.Close() // Close ends UDP
			return fmt.Errorf("parlor: failed to listen for operators: %w (choose another address with --admin, or --admin off)", err)
		}
	}
	s.listeners = listeners{players, admin}
	return nil
}

// freePorts is how many free TCP ports are tried until one is free for UDP too.
const freePorts = 10

// listenPlayers takes the port over TCP and UDP.
func (s *Server) listenPlayers() (net.Listener, error) {
	_, port, _ := net.SplitHostPort(s.cfg.Addr) // New has checked the address
	for attempt := 1; ; attempt++ {
		l, err := s.listen(s.cfg.Addr, s.cfg.TLSCert != "")
		if err != nil {
			return nil, fmt.Errorf("parlor: failed to listen for players: %w (choose another address with --addr)", err)
		}
		if err = s.listenUDP(s.udpListenAddr(l)); err == nil {
			return l, nil
		}
		_ = l.Close()
		if port != "0" || !errors.Is(err, syscall.EADDRINUSE) || attempt == freePorts {
			return nil, err
		}
	}
}

// udpListenAddr is the port that TCP got, if it was to be any free one for both.
func (s *Server) udpListenAddr(players net.Listener) string {
	if !s.cfg.sameUDP() {
		return s.cfg.UDPAddr
	}
	host, _, err := net.SplitHostPort(s.cfg.Addr)
	tcp, ok := players.Addr().(*net.TCPAddr)
	if err != nil || !ok {
		return s.cfg.UDPAddr
	}
	return net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

func (s *Server) listen(addr string, secure bool) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program already listens on %s: %w", addr, err)
	}
	if err != nil || !secure {
		return l, err
	}
	cert, err := newCertificate(s.cfg.TLSCert, s.cfg.TLSKey)
	if err != nil {
		_ = l.Close()
		return nil, err
	}
	// No HTTP/2: a WebSocket begins as an HTTP/1.1 request.
	return tls.NewListener(l, &tls.Config{
		MinVersion: tls.VersionTLS12, GetCertificate: cert.get, NextProtos: []string{"http/1.1"},
	}), nil
}

// URL is where a browser finds the server once it listens, such as
// http://127.0.0.1:7777/; before that it is "".
func (s *Server) URL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return urlOf(s.listeners.players, s.cfg.TLSCert != "")
}

// AdminURL is URL for operators; "" when the admin listener is off.
func (s *Server) AdminURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	loopback, _ := isLoopback(s.cfg.AdminAddr) // "off" has no listener
	return urlOf(s.listeners.admin, s.cfg.TLSCert != "" && !loopback)
}

func urlOf(l net.Listener, secure bool) string {
	if l == nil {
		return ""
	}
	scheme := "http"
	if secure {
		scheme = "https"
	}
	return scheme + "://" + l.Addr().String() + "/"
}

// Run listens and serves until ctx ends or an operator asks for a drain. Then
// it drains for at most Config.DrainTimeout and closes the Server. It returns
// nil after an orderly end.
func (s *Server) Run(ctx context.Context) error {
	if err := s.Listen(); err != nil {
		return errors.Join(err, s.Close())
	}
	s.mu.Lock()
	l := s.listeners
	s.mu.Unlock()

	players, admin := s.httpServer(s.handler), s.httpServer(s.admin)
	ended := make(chan error, 2)
	go func() { ended <- serve(players, l.players) }()
	if l.admin != nil {
		go func() { ended <- serve(admin, l.admin) }()
	}
	s.logStart()

	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
	case <-s.drain:
	}
	if err == nil {
		s.runDrain()
	}
	err = errors.Join(err, s.Close())
	// What is still open are plain HTTP calls; sessions have ended.
	patience, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	for _, server := range []*http.Server{players, admin} {
		if server.Shutdown(patience) != nil {
			_ = server.Close()
		}
	}
	s.cfg.Logger.Info("the server has ended")
	return err
}

// serve returns only errors: nil means that the server was shut down.
func serve(server *http.Server, l net.Listener) error {
	err := server.Serve(l)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("parlor: failed to serve %s: %w", l.Addr(), err)
}

func (s *Server) logStart() {
	kinds := make([]string, len(s.cfg.Rooms))
	for i, kind := range s.cfg.Rooms {
		kinds[i] = kind.Name()
	}
	s.cfg.Logger.Info("the server is running", "url", s.URL(), "udp", s.UDPAddr(), "admin", s.AdminURL(), "games", kinds,
		"loops", s.cfg.Loops, "version", Version())
	if s.dev {
		s.cfg.Logger.Warn("development mode: without a key everyone is a guest; only this machine can connect; the admin listener needs no token")
	}
}

func (s *Server) runDrain() {
	stats := s.registry.Stats()
	s.cfg.Logger.Info("draining: no new rooms, running rooms play on until they are empty or time is up",
		"rooms", stats.Rooms.Load(), "players", stats.Players.Load(), "timeout", s.cfg.DrainTimeout.String())
	ctx, cancel := context.WithTimeout(context.Background(), s.cfg.DrainTimeout)
	defer cancel()
	if err := s.Drain(ctx); err != nil {
		s.cfg.Logger.Warn("time to drain is up", "rooms", stats.Rooms.Load(), "players", stats.Players.Load())
	}
}

// Drain makes the server not ready and refuses new rooms and players, while
// running rooms play on. It returns nil when all rooms are empty, or an error
// when ctx ends first or somebody calls Close. Close comes next.
func (s *Server) Drain(ctx context.Context) error {
	s.draining.Store(true)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.closing, cancel)()
	if err := s.registry.Drain(ctx); err != nil {
		return fmt.Errorf("parlor: failed to drain: %w", err)
	}
	return nil
}

// closeTimeout is how long rooms may take to end, of which each needs one tick.
const closeTimeout = 5 * time.Second

// Close ends everything at once: clients get GOING_AWAY, rooms are disposed of,
// recordings and records are written to their end. Later calls do nothing.
func (s *Server) Close() error {
	s.closeOnce.Do(func() { s.closeErr = s.close() })
	return s.closeErr
}

// close ends what New has begun, from the outside to the inside. Parts may be
// nil when New failed half-way.
func (s *Server) close() error {
	s.draining.Store(true)
	s.beginClose()
	var errs []error
	if s.sessions != nil {
		errs = append(errs, s.sessions.Close())
	}
	if s.sockets != nil {
		errs = append(errs, s.sockets.Close())
	}
	if s.yjs != nil {
		errs = append(errs, s.yjs.sockets.Close())
	}
	if u := s.udp.Load(); u != nil {
		errs = append(errs, u.Close())
	}
	if s.registry != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, s.registry.Close(ctx))
	}
	if s.presence != nil {
		s.presence.Close()
	}
	if s.scheduler != nil {
		s.scheduler.Close()
	}
	if s.records != nil { // last: games write until they have ended
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, s.records.Close(ctx))
	}
	if s.canvas != nil {
		ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		errs = append(errs, s.canvas.Close(ctx))
	}
	if s.store != nil {
		if err := s.store.Close(); !errors.Is(err, store.ErrClosed) {
			errs = append(errs, err)
		}
	}
	errs = append(errs, s.recorder.Close())
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range []net.Listener{s.listeners.players, s.listeners.admin} {
		if l != nil {
			_ = l.Close() // Run's servers may have closed it
		}
	}
	return errors.Join(errs...)
}

// httpErrorLog hands what net/http says to our log, where it is seldom of interest.
func httpErrorLog(logger *slog.Logger) *log.Logger {
	return slog.NewLogLogger(logger.Handler(), slog.LevelDebug)
}
