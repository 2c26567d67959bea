package ws

import (
	"context"
	"net/http"
	"sync"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/schema"
)

// shuttingDown is what clients are told when the endpoint closes.
const shuttingDown = "the server is shutting down"

// peer is what a connection carries: a session, or a seat of a raw endpoint.
// All but Close are called by the connection's reader.
type peer interface {
	// Receive takes a message, which is good during the call.
	Receive(message []byte) error
	// ReadLimit is the longest message that may come now, if longer than Config's.
	ReadLimit() int
	// Touch accounts for a control frame; it reports whether to answer a ping.
	Touch() bool
	// Close ends the connection; any goroutine may call it.
	Close(code schema.Code, message string)
	// Ended says that the connection is over, and why; 0: the client ended or lost it.
	Ended(code schema.Code)
}

// endpoint accepts connections and owns their goroutines: a reader each, and a
// writer each once it is needed.
type endpoint struct {
	cfg     Config
	accept  websocket.AcceptOptions
	running sync.WaitGroup // readers and writers

	mu     sync.Mutex // guards all below
	closed bool
	conns  map[*conn]struct{}
}

func (e *endpoint) init(cfg Config) {
	e.cfg, e.conns = cfg, make(map[*conn]struct{})
	e.accept = websocket.AcceptOptions{
		OriginPatterns:  cfg.Origins,
		CompressionMode: websocket.CompressionDisabled,
	}
}

// serve upgrades the request and starts the connection's reader, which begins
// with what attach returns, if that is not nil. serve returns at once: a
// connection does not keep net/http's goroutine.
func (e *endpoint) serve(w http.ResponseWriter, r *http.Request, attach func(*conn) (p peer, begin func())) {
	if !e.begin() {
		unavailable(w)
		return
	}
	started := false
	defer func() {
		if !started {
			e.running.Done()
		}
	}()
	hj := &hijacker{ResponseWriter: w}
	opts := e.accept
	c := &conn{}
	opts.OnPingReceived = func(_ context.Context, _ []byte) bool { return c.peer.Touch() }
	opts.OnPongReceived = func(_ context.Context, _ []byte) { c.peer.Touch() }
	ws, err := websocket.Accept(hj, r, &opts)
	if err != nil {
		e.cfg.Logger.Debug("websocket refused", "remote", e.cfg.RemoteAddr(r), "error", err)
		return
	}
	c.init(e, ws, hj.taken, e.cfg.RemoteAddr(r))
	var begin func()
	c.peer, begin = attach(c)
	e.add(c)
	started = true
	go func() {
		defer e.running.Done()
		if begin != nil {
			begin()
		}
		c.run()
	}()
}

// unavailable refuses a connection to an endpoint that closes.
func unavailable(w http.ResponseWriter) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, shuttingDown, http.StatusServiceUnavailable)
}

// begin counts a connection in, unless the endpoint is closed.
func (e *endpoint) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	e.running.Add(1)
	return true
}

func (e *endpoint) add(c *conn) {
	e.mu.Lock()
	e.conns[c] = struct{}{}
	closed := e.closed
	e.mu.Unlock()
	if closed {
		c.peer.Close(schema.CodeGoingAway, shuttingDown)
	}
}

func (e *endpoint) remove(c *conn) {
	e.mu.Lock()
	delete(e.conns, c)
	e.mu.Unlock()
}

// Connections is how many there are.
func (e *endpoint) Connections() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.conns)
}

// Close refuses new connections, closes all others with GOING_AWAY and waits
// until their goroutines have ended, which takes Config.Linger at most.
func (e *endpoint) Close() error {
	e.mu.Lock()
	e.closed = true
	conns := make([]*conn, 0, len(e.conns))
	for c := range e.conns {
		conns = append(conns, c)
	}
	e.mu.Unlock()
	for _, c := range conns {
		c.peer.Close(schema.CodeGoingAway, shuttingDown)
	}
	e.running.Wait()
	return nil
}
