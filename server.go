package parlor

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/auth"
	canvashost "github.com/parlor-server/parlor/canvas/host"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/netcode/ws"
	"github.com/parlor-server/parlor/persistence/host"
	"github.com/parlor-server/parlor/persistence/store"
	presencehost "github.com/parlor-server/parlor/presence/host"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/tick"
)

// Server runs the rooms of some games and connects players to them. All of its
// methods may be called from any goroutine.
type Server struct {
	cfg       Config
	dev       bool
	auth      *auth.Authenticator
	scheduler *tick.Scheduler
	recorder  *record.Recorder // nil: nothing is recorded
	registry  *rooms.Registry
	store     *store.Store       // of record and canvas rooms; nil: there are none
	records   *host.Host         // nil: there are no record rooms
	presence  *presencehost.Host // nil: there are no presence rooms
	canvas    *canvashost.Host   // nil: there are no Yjs rooms and boards
	sessions  *netcode.Server
	sockets   *ws.Handler
	yjs       *yjsEndpoint // nil: there are no rooms that stock Yjs clients may enter
	keys      *wire.KeyRing
	udp       atomic.Pointer[udp.Server] // nil: not listening
	metrics   *metrics
	limiter   *limiter // of calls that open rooms
	connects  *limiter // of connect tokens
	pages     *pages
	handler   http.Handler
	admin     http.Handler

	draining   atomic.Bool
	drain      chan struct{} // closed by the operators' drain call; Run ends
	drainOnce  sync.Once
	closing    context.Context // ends when Close begins
	beginClose context.CancelFunc
	closeOnce  sync.Once
	closeErr   error

	mu        sync.Mutex // guards listeners
	listeners listeners
}

// New makes a Server and starts its loops; Close, or Run, ends them. It refuses
// a Config that cannot work or that would leave players unprotected; the error
// says what to do.
func New(cfg Config) (*Server, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("parlor: %w", err)
	}
	s := &Server{cfg: cfg, dev: cfg.Development(), metrics: newMetrics(), limiter: newLimiter(callRate, callBurst), connects: newLimiter(connectRate, connectBurst), drain: make(chan struct{})}
	s.closing, s.beginClose = context.WithCancel(context.Background())
	if err := s.build(); err != nil {
		_ = s.Close() // the first error says more
		return nil, fmt.Errorf("parlor: %w", err)
	}
	return s, nil
}

// build wires the parts, from the inside to the outside.
func (s *Server) build() (err error) {
	if err = s.openStore(); err != nil {
		return err
	}
	if err = s.openRecords(); err != nil {
		return err
	}
	if err = s.openCanvas(); err != nil {
		return err
	}
	if s.auth, err = auth.NewAuthenticator(s.cfg.Auth); err != nil {
		return fmt.Errorf("failed to set up authentication: %w", err)
	}
	if s.keys, err = newKeyRing(s.cfg.UDPKeys); err != nil {
		return err
	}
	if s.recorder, err = openRecorder(s.cfg); err != nil {
		return err
	}
	s.scheduler = tick.NewScheduler(tick.SchedulerConfig{
		Loops: s.cfg.Loops, Logger: s.cfg.Logger, AfterBatch: s.flushUDP,
	})
	s.registry, err = rooms.NewRegistry(rooms.Config{
		Kinds: s.cfg.Rooms, Scheduler: s.scheduler, Recorder: s.recorder, Logger: s.cfg.Logger,
		OnTick: s.metrics.observeTick, MayOpen: s.mayOpen, Records: s.gameRecords(),
	})
	if err != nil {
		return fmt.Errorf("failed to open the rooms: %w", err)
	}
	if err = s.openPresence(); err != nil {
		return err
	}
	s.sessions, err = netcode.NewServer(netcode.Config{
		Auth: s.auth, Host: gameHost{s.registry}, Open: s.newOpenHost(), Logger: s.cfg.Logger, Version: Version(), Development: s.dev,
		RecordRate: s.cfg.MutationRate, ByteRate: s.cfg.MutationRate * bytesPerMutation,
	})
	if err != nil {
		return fmt.Errorf("failed to set up sessions: %w", err)
	}
	s.sockets = ws.NewHandler(s.sessions, ws.Config{
		Origins: s.cfg.Origins, Logger: s.cfg.Logger, RemoteAddr: s.remoteAddr,
	})
	if err = s.openYjs(); err != nil {
		return err
	}
	if s.handler, err = s.newHandler(); err != nil {
		return err
	}
	s.admin = s.newAdminHandler()
	return nil
}

func openRecorder(cfg Config) (*record.Recorder, error) {
	if cfg.Record == off {
		return nil, nil
	}
	mode, err := record.ParseMode(cfg.Record)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(cfg.Data, 0o750); err != nil {
		return nil, fmt.Errorf("failed to create the data folder: %w", err)
	}
	r, err := record.New(filepath.Join(cfg.Data, "recordings"), record.Options{
		Mode: mode, MaxBytes: cfg.RecordLimit, MaxAge: cfg.RecordKeep, Logger: cfg.Logger,
	})
	if err != nil {
		return nil, fmt.Errorf("failed to open the recordings: %w", err)
	}
	return r, nil
}

// Handler serves players: WebSocket, HTTP calls and pages. Mount it at / of a
// server of your own if you do not call Run; that server's address and TLS are
// then yours to protect.
func (s *Server) Handler() http.Handler { return s.handler }

// AdminHandler serves operators: metrics, profiles, rooms, drain.
func (s *Server) AdminHandler() http.Handler { return s.admin }

// Development tells whether the server is in development mode.
func (s *Server) Development() bool { return s.dev }

func (s *Server) newHandler() (http.Handler, error) {
	kinds := make([]string, len(s.cfg.Rooms))
	for i, kind := range s.cfg.Rooms {
		kinds[i] = kind.Name()
	}
	var err error
	if s.pages, err = newPages(s.cfg.Web, kinds); err != nil {
		return nil, fmt.Errorf("failed to make the list of games: %w", err)
	}
	mux := http.NewServeMux()
	mux.Handle("/ws", s.sockets)
	if s.yjs != nil {
		mux.Handle(yjsPath, s.yjs.sockets)
	}
	mux.Handle("/v1/", origins(s.cfg.Origins).cors(s.newAPI()))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, status{"ok"}) })
	mux.HandleFunc("GET /readyz", s.serveReady)
	mux.Handle("/", s.pages)
	if s.dev {
		return onlyLocal(mux), nil
	}
	return mux, nil
}

type status struct {
	Status string `json:"status"`
}

func (s *Server) serveReady(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		writeJSON(w, http.StatusServiceUnavailable, status{"draining"})
		return
	}
	writeJSON(w, http.StatusOK, status{"ready"})
}

// remoteAddr is the client's address, for logs and for games.
func (s *Server) remoteAddr(r *http.Request) string {
	if s.cfg.BehindProxy {
		return forwardedAddr(r)
	}
	return r.RemoteAddr
}

// httpServer serves h with limits that a slow or silent client runs into.
func (s *Server) httpServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          httpErrorLog(s.cfg.Logger),
	}
}

// mayOpen limits the rooms that one address opens by joining: each lives on for
// a while after its player has gone. On a developer's own machine bots open as
// many as they like.
func (s *Server) mayOpen(remote string) bool {
	return s.dev || s.limiter.take(remote, time.Now())
}
