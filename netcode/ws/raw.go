package ws

import (
	"context"
	"net/http"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// RawConfig configures a RawHandler. Zero values stand for the defaults named
// here. In Config, ReadLimit's is 8 MiB and MaxPending's is 1 MiB.
type RawConfig struct {
	Config
	OpenTimeout  time.Duration // for RawHost.Open: 30 s
	PingInterval time.Duration // between a WebSocket ping and the next: 10 s
	IdleTimeout  time.Duration // without a byte from the client, the answers to pings included: 45 s

	// KeepAlive is a message that a client gets when it had none for a
	// PingInterval; nil: none. Pages cannot see pings.
	KeepAlive []byte

	MessageRate int // inbound messages a second of one client: 1,000; ten times as many at once
	ByteRate    int // inbound bytes a second of one client: 4 MiB; eight times as many at once
}

const (
	messageBurst = 10 // seconds
	byteBurst    = 8  // seconds
)

func (c RawConfig) withDefaults() RawConfig {
	if c.ReadLimit == 0 {
		c.ReadLimit = 8 << 20
	}
	if c.MaxPending == 0 {
		c.MaxPending = 1 << 20
	}
	if c.OpenTimeout == 0 {
		c.OpenTimeout = 30 * time.Second
	}
	if c.PingInterval == 0 {
		c.PingInterval = 10 * time.Second
	}
	if c.IdleTimeout == 0 {
		c.IdleTimeout = 45 * time.Second
	}
	if c.MessageRate == 0 {
		c.MessageRate = 1000
	}
	if c.ByteRate == 0 {
		c.ByteRate = 4 << 20
	}
	c.Config = c.Config.withDefaults()
	return c
}

// RawHost is what a RawHandler needs of the rooms behind it.
type RawHost interface {
	// Open finds out from the request which room is meant and who asks, and
	// enters it: the room may write to link from then on. It may wait until ctx
	// ends, which it does when the connection is closed. With an error the
	// connection is closed with the code of a *schema.Error, or with INTERNAL.
	Open(ctx context.Context, r *http.Request, link *RawLink) (RawSeat, error)
}

// RawSeat is one client's way into one room. The connection's reader calls its
// methods, one at a time.
type RawSeat interface {
	// Receive takes a message, which is good during the call. An error ends the
	// connection as one of RawHost.Open does.
	Receive(message []byte) error
	// Lost says that the connection is over. It is called once, last.
	Lost()
}

// RawHandler is the http.Handler of a WebSocket endpoint for clients that are
// not ours and know no sessions: each binary message goes to the room as it is,
// and what the room writes goes to the client as it is.
//
// A client that breaks a limit is closed, never thinned out. The close status
// is the code's, see schema.Code.CloseStatus, from 4400 to 4499 if connecting
// again is of no use.
type RawHandler struct {
	endpoint
	host   RawHost
	raw    RawConfig
	opened context.Context // ends when Close begins
	end    context.CancelFunc
}

// NewRawHandler returns a handler whose connections enter rooms of host.
func NewRawHandler(host RawHost, cfg RawConfig) *RawHandler {
	h := &RawHandler{host: host, raw: cfg.withDefaults()}
	h.opened, h.end = context.WithCancel(context.Background())
	h.init(h.raw.Config)
	return h
}

// ServeHTTP upgrades the request and opens the room. It returns at once.
func (h *RawHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.serve(w, r, func(c *conn) (peer, func()) {
		p := newRawPeer(h, c)
		return p, func() { p.open(r) }
	})
}

// Close refuses new connections, closes all others with GOING_AWAY and waits
// until their goroutines have ended, which takes Config.Linger at most, and
// RawHost.Open to see the end of its context.
func (h *RawHandler) Close() error {
	h.end()
	return h.endpoint.Close()
}

// rawStatus is the close status for a code. What ends a membership of a
// session ends the connection here, and some of that is final too.
func rawStatus(code schema.Code) int {
	switch code {
	case 0:
		return statusNormal
	case schema.CodeNoSuchKind, schema.CodeNoSuchRoom, schema.CodeBadOptions, schema.CodeRefused,
		schema.CodeBadToken, schema.CodeBadInput, schema.CodeRoomTooLarge, schema.CodeValidation:
		return finalStatus + int(code)
	}
	return code.CloseStatus()
}

// Bases of schema.Code.CloseStatus, for where a raw connection differs.
const (
	passingStatus = 4000
	finalStatus   = 4400
)
