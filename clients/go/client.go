package client

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// ErrClosed is returned by calls on a client that has been closed.
var ErrClosed = errors.New("client is closed")

// Options are the choices of Dial. The zero value is a guest that reconnects.
type Options struct {
	// Token is a signed token. GuestToken, of an earlier Client.GuestToken,
	// makes a guest the same user again. Without either the server may give
	// out a new guest, or refuse.
	Token      string
	GuestToken string
	// Refresh, if set, is asked for a token before each reconnection.
	Refresh func(ctx context.Context) (string, error)
	// Name says in the server's log what connects, such as "mygame/1.2".
	Name string
	// Logger gets what the client does on its own (reconnecting, asking for
	// keyframes). nil: nothing is logged.
	Logger *slog.Logger
	// Reconnect says how a lost connection is dialled again.
	Reconnect Reconnect
	// OnState is told when the connection is lost and when it is back.
	OnState func(State)
	// Schemas remembers the descriptors of rooms, so that they are not sent
	// again. Clients may share one. nil: the client has its own.
	Schemas *Schemas
	// NoFallback makes udp:// URLs fail where UDP is blocked, or the server has
	// none, instead of playing over WebSocket at the same host and port.
	NoFallback bool
	// Grant, if set, is asked for leave to connect over UDP before each
	// connection, instead of the server's /v1/connect: for applications with
	// matchmaking of their own. It must be of the user that Token names, if any.
	Grant func(ctx context.Context) (ConnectGrant, error)
	// PacketConn opens the socket for UDP connections to a server, such as one
	// of a simulated network. nil: the system's.
	PacketConn func(server netip.AddrPort) (net.PacketConn, error)
	// Dialer opens connections. nil: UDP for udp:// and udps:// URLs, WebSocket
	// for others.
	Dialer Dialer
}

// State is whether a client is connected.
type State uint8

// The states.
const (
	Connected State = iota + 1
	Reconnecting
	Closed
)

// String returns the state's name.
func (s State) String() string {
	return [...]string{"unknown", "connected", "reconnecting", "closed"}[min(s, 3)]
}

// Client is a session with a server, in any number of rooms. Its methods may
// be called from any goroutine; the package comment says how it uses its own.
type Client struct {
	url     string
	opts    Options
	log     *slog.Logger
	schemas *Schemas
	start   time.Time // the origin of the clock in Pings

	ctx      context.Context // ends with Close
	cancel   context.CancelFunc
	done     chan struct{} // closed when the client's goroutine has ended
	watchdog *time.Timer

	send  sender
	stats counters

	heard atomic.Int64 // when the last message arrived, nanoseconds since start
	late  []*Room      // the client's goroutine's: rooms whose backlog waits

	blocked time.Time // Dial's, then the client's goroutine's: when UDP was found to be blocked

	mu       sync.Mutex               // guards what follows
	welcome  welcome                  // of the last handshake
	rooms    map[uint16]*Room         // by handle
	calls    map[uint32]*joinCall     // by request number
	records  map[uint16]*RecordRoom   // by handle
	opens    map[uint32]*RecordRoom   // by request number of their Open
	stores   map[*RecordRoom]struct{} // all record rooms that have not ended
	seats    seats                    // presence rooms, boards and documents
	requests uint32                   // the last request number used
	pings    uint32                   // the last ping's number
	pinged   time.Time                // when it was sent
	rtt      time.Duration            // smoothed
	err      error                    // why the client ended
}

// welcome is what the server said about the session.
type welcome struct {
	session, user, guestToken, server string
	pingInterval                      time.Duration
}

// Dial connects to a server, at a ws://, wss://, udp:// or udps:// URL, and says
// hello. The context bounds this call only;
// Close ends the client. Errors wrap a *schema.Error when the server refused.
func Dial(ctx context.Context, url string, opts Options) (*Client, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Schemas == nil {
		opts.Schemas = NewSchemas()
	}
	c := &Client{
		url: url, opts: opts, log: opts.Logger, schemas: opts.Schemas, start: time.Now(),
		done:  make(chan struct{}),
		rooms: make(map[uint16]*Room),
		calls: make(map[uint32]*joinCall),

		records: make(map[uint16]*RecordRoom),
		opens:   make(map[uint32]*RecordRoom),
		stores:  make(map[*RecordRoom]struct{}),
		seats:   newSeats(),
	}
	c.send.builder, c.send.stats = schema.NewBuilder(), &c.stats
	c.welcome.guestToken = opts.GuestToken
	c.ctx, c.cancel = context.WithCancel(context.Background())
	t, err := c.connect(ctx)
	if err != nil {
		c.cancel()
		return nil, fmt.Errorf("connect to %s: %w", url, err)
	}
	c.startWatchdog()
	go c.run(t)
	return c, nil
}

// Close leaves all rooms, ends the session and waits for the client's
// goroutine. It must not be called inside a callback.
func (c *Client) Close() error {
	c.mu.Lock()
	if c.ctx.Err() != nil {
		c.mu.Unlock()
		<-c.done
		return nil
	}
	rooms := maps.Clone(c.rooms)
	c.cancel()
	c.mu.Unlock()
	for handle, room := range rooms {
		room.leaving.Store(true)
		_ = c.send.leave(handle, room.applied.Load())
	}
	_ = c.send.close("client closed")
	patience := time.NewTimer(time.Second) // for the server to end the connection
	defer patience.Stop()
	select {
	case <-c.done:
	case <-patience.C:
		c.send.shut()
		<-c.done
	}
	return nil
}

// Done is closed when the client has ended: by Close, or because the server
// ended the session for good, or because reconnecting gave up.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the client has ended; nil before that, ErrClosed after Close.
func (c *Client) Err() error {
	select {
	case <-c.done:
	default:
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// User is the ID of the user that the server takes this client for.
func (c *Client) User() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.welcome.user
}

// GuestToken makes the next Dial the same guest; empty for users with a token.
func (c *Client) GuestToken() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.welcome.guestToken
}

// RTT is the smoothed round trip time.
func (c *Client) RTT() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.rtt
}

// Authenticate replaces the session's token before the old one expires.
func (c *Client) Authenticate(token string) error {
	c.mu.Lock()
	c.opts.Token = token
	c.mu.Unlock()
	return c.send.auth(token)
}
