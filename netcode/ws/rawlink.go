package ws

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// RawLink is a room's way to a client of a RawHandler. Any goroutine may call
// its methods, none of which blocks: what the network does not take waits in a
// bounded buffer, and a client that lets it overflow is closed with SLOW_CLIENT.
type RawLink struct {
	conn    *conn
	cancel  context.CancelFunc // of RawHost.Open
	closing atomic.Bool
	spoken  atomic.Bool  // a message was queued since the last beat
	expires atomic.Int64 // Unix nanoseconds; 0: never
}

// Raw queues a message; it leaves at the next Flush. It is copied.
func (l *RawLink) Raw(message []byte) {
	l.spoken.Store(true)
	l.conn.out.message(message)
}

// Flush hands everything queued to the network in one write.
func (l *RawLink) Flush() { l.conn.out.flush() }

// Pending returns how many bytes the network has not taken yet.
func (l *RawLink) Pending() int { return l.conn.out.pending() }

// Over reports whether the connection is over, or ends.
func (l *RawLink) Over() bool { return l.closing.Load() }

// RemoteAddr is the client's address, for logs.
func (l *RawLink) RemoteAddr() string { return l.conn.remote }

// Close tells the client the code and ends the connection; it does not wait.
// Only the first call counts.
func (l *RawLink) Close(code schema.Code, message string) {
	l.closeAs(rawStatus(code), code, message)
}

// Expire says when the user's right to be here ends. Then the connection is
// closed with TOKEN_EXPIRED and a status that is not final: the client comes
// again, and is refused for good if it has got no new token meanwhile.
func (l *RawLink) Expire(at time.Time) { l.expires.Store(at.UnixNano()) }

func (l *RawLink) closeAs(status int, code schema.Code, message string) {
	if !l.closing.CompareAndSwap(false, true) {
		return
	}
	l.cancel()
	l.conn.close(nil, status, reason(code, message))
	l.conn.endpoint.cfg.Logger.Debug("raw connection closed", "remote", l.conn.remote, "code", code, "reason", message)
}

// fail closes the connection for an error of the room's.
func (l *RawLink) fail(err error) {
	coded := new(schema.Error)
	if !errors.As(err, &coded) {
		coded = schema.Errorf(schema.CodeInternal, "the server failed; its log says why")
		if !l.Over() { // what ends because of a Close is no failure
			l.conn.endpoint.cfg.Logger.Error("a raw connection failed", "remote", l.conn.remote, "error", err)
		}
	}
	l.Close(coded.Code, coded.Message)
}

// rawPeer is the reader's half of a connection.
type rawPeer struct {
	*RawLink
	handler *RawHandler
	opening context.Context
	seat    RawSeat // nil: there is none yet

	filled          time.Time // the reader's: when the allowances were filled
	messages, bytes float64   // the reader's: what it may still receive

	beats *time.Timer  // calls beat; set when the seat is taken
	seen  int64        // beat's: bytes received at the time heard
	heard atomic.Int64 // beat's: when the client was last known to live
}

func newRawPeer(h *RawHandler, c *conn) *rawPeer {
	p := &rawPeer{
		RawLink: &RawLink{conn: c}, handler: h, filled: time.Now(),
		messages: float64(h.raw.MessageRate * messageBurst), bytes: float64(h.raw.ByteRate * byteBurst),
	}
	p.opening, p.cancel = context.WithTimeout(h.opened, h.raw.OpenTimeout)
	return p
}

// open enters the room that the request names.
func (p *rawPeer) open(r *http.Request) {
	defer p.cancel()
	seat, err := p.handler.host.Open(p.opening, r, p.RawLink)
	if err != nil {
		p.fail(err)
		return
	}
	p.seat = seat
	p.heard.Store(time.Now().UnixNano())
	p.beats = time.AfterFunc(time.Hour, p.beat)
	p.beats.Reset(p.handler.raw.PingInterval) // beat needs beats
}

// beat sees, once a PingInterval, to it that both ends know that the other is
// there. The next one is due when it is done.
func (p *rawPeer) beat() {
	if p.Over() {
		return
	}
	now := time.Now()
	if read := p.conn.coder.read.Load(); read != p.seen {
		p.seen = read
		p.heard.Store(now.UnixNano())
	}
	if now.UnixNano()-p.heard.Load() >= int64(p.handler.raw.IdleTimeout) {
		p.Close(schema.CodeIdleTimeout, "nothing was received for too long, not even an answer to a ping")
		return
	}
	if at := p.expires.Load(); at != 0 && now.UnixNano() >= at {
		p.closeAs(passingStatus+int(schema.CodeTokenExpired), schema.CodeTokenExpired, "the token expired; connect again with a new one")
		return
	}
	if keep := p.handler.raw.KeepAlive; keep != nil && !p.spoken.Swap(false) {
		p.conn.out.message(keep)
	}
	p.conn.out.ping()
	p.beats.Reset(p.handler.raw.PingInterval)
}

// ReadLimit implements peer.
func (p *rawPeer) ReadLimit() int { return 0 }

// Receive implements peer.
func (p *rawPeer) Receive(message []byte) error {
	if p.Over() || !p.take(len(message)) {
		return context.Canceled
	}
	err := p.seat.Receive(message)
	if err != nil {
		p.fail(err)
	}
	return err
}

// Touch implements peer.
func (p *rawPeer) Touch() bool { return !p.Over() && p.take(0) }

// take accounts for a message of n bytes. It closes the connection of a client
// that has used up its allowance.
func (p *rawPeer) take(n int) bool {
	cfg, now := &p.handler.raw, time.Now()
	passed := now.Sub(p.filled).Seconds()
	p.filled = now
	p.messages = min(p.messages+passed*float64(cfg.MessageRate), float64(cfg.MessageRate*messageBurst)) - 1
	p.bytes = min(p.bytes+passed*float64(cfg.ByteRate), float64(cfg.ByteRate*byteBurst)) - float64(n)
	if p.messages < 0 || p.bytes < 0 {
		p.Close(schema.CodeRateLimited, "too many messages, or too large ones; connect again in a while")
		return false
	}
	return true
}

// Ended implements peer.
func (p *rawPeer) Ended(schema.Code) {
	p.closing.Store(true)
	p.cancel()
	if p.beats != nil {
		p.beats.Stop()
	}
	if p.seat != nil {
		p.seat.Lost()
	}
}
