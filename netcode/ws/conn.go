package ws

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/schema"
)

const (
	sendBuffer = 64 << 10 // of the socket: what lies there is late already
	firstRead  = 256      // the message buffer's first size
	keepRead   = 8 << 10  // a larger message buffer is not kept
)

// conn is one WebSocket connection. It implements netcode.Transport, whose
// methods any goroutine may call. Its reader goroutine owns it: it alone
// closes the socket and tells the peer that the connection is over.
type conn struct {
	endpoint *endpoint
	ws       *websocket.Conn
	coder    *coderConn
	out      stream
	remote   string
	peer     peer
	buf      []byte // the reader's: the message being read
}

// init is called once, before anything else.
func (c *conn) init(e *endpoint, ws *websocket.Conn, coder *coderConn, remote string) {
	c.endpoint, c.ws, c.coder, c.remote = e, ws, coder, remote
	s := &c.out
	s.sock, s.conn = socket(coder.Conn), coder.Conn
	s.limit, s.stall = e.cfg.MaxPending, e.cfg.StallTimeout
	s.wake, s.done = make(chan struct{}, 1), make(chan struct{})
	s.inline, s.drain = s.writeOnce, s.drainOnce
	s.start = func() { e.running.Go(s.run) }
	if tcp, ok := s.sock.(*net.TCPConn); ok {
		_ = tcp.SetWriteBuffer(sendBuffer)
		if s.conn == s.sock && nonBlocking {
			s.raw, _ = tcp.SyscallConn() // nil on error: the writer goroutine does it
		}
	}
	ws.SetReadLimit(-1) // read keeps the limit and closes with a code that has a name
	coder.out = s
}

// Queue implements netcode.Transport.
func (c *conn) Queue(head [schema.HeaderSize]byte, body []byte) { c.out.append(head, body, false) }

// TryQueue implements netcode.Transport.
func (c *conn) TryQueue(head [schema.HeaderSize]byte, body []byte) bool {
	return c.out.append(head, body, true)
}

// Flush implements netcode.Transport.
func (c *conn) Flush() { c.out.flush() }

// Pending implements netcode.Transport.
func (c *conn) Pending() int { return c.out.pending() }

// RemoteAddr implements netcode.Transport.
func (c *conn) RemoteAddr() string { return c.remote }

// Close implements netcode.Transport. Code 0 is the answer to a client that
// said Close itself.
func (c *conn) Close(code schema.Code, message string) {
	if code == 0 {
		c.close(nil, statusNormal, "")
		return
	}
	head := schema.Header{Kind: schema.KindClose}.Append(nil)
	c.close(append(head, schema.NewBuilder().Close(code, message)...), code.CloseStatus(), reason(code, message))
}

func (c *conn) close(message []byte, status int, reason string) {
	if c.out.finish(message, status, reason) {
		// The reader ends when the client answers, at the latest then.
		_ = c.out.sock.SetReadDeadline(time.Now().Add(c.endpoint.cfg.Linger))
	}
}

// reason is the text of a close frame, cut to the length that one may have.
func reason(code schema.Code, message string) string {
	r := (&schema.Error{Code: code, Message: message}).Error()
	if len(r) <= maxReason {
		return r
	}
	r = r[:maxReason]
	for !utf8.ValidString(r) && len(r) > maxReason-utf8.UTFMax {
		r = r[:len(r)-1]
	}
	return r
}

// run is the reader goroutine, from the handshake to the end.
func (c *conn) run() {
	code := c.receive()
	if own := c.out.ended(); own != 0 {
		code = own
		if tcp, ok := c.out.sock.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // the client reads nothing: free the kernel's buffers now
		}
	}
	_ = c.ws.CloseNow()
	c.out.abort(0)
	close(c.out.done)
	c.peer.Ended(code)
	c.endpoint.remove(c)
}

// receive reads until the connection ends. Its result says why: 0 when the
// client ended or lost it.
func (c *conn) receive() schema.Code {
	ctx := context.Background()
	for {
		kind, r, err := c.ws.Reader(ctx)
		if err == nil {
			err = c.message(kind, r)
		}
		if err == nil {
			continue
		}
		if lost(err) {
			return 0
		}
		c.peer.Close(schema.CodeBadMessage, "not WebSocket as RFC 6455 defines it")
		c.discard()
		return schema.CodeBadMessage
	}
}

// message reads one message into the buffer and hands it to the peer. What
// the peer returns is of no interest: when it is closed, the reader goes on
// until the client has answered the close frame.
func (c *conn) message(kind websocket.MessageType, r io.Reader) error {
	limit := max(c.endpoint.cfg.ReadLimit, c.peer.ReadLimit())
	n := 0
	for {
		if n == len(c.buf) {
			if n > limit {
				c.peer.Close(schema.CodeTooLarge, "a message is longer than this server reads")
				n = 0 // read over the rest
			} else {
				c.grow(limit)
			}
		}
		m, err := r.Read(c.buf[n:])
		n += m
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	switch {
	case n > limit:
		c.peer.Close(schema.CodeTooLarge, "a message is longer than this server reads")
	case kind != websocket.MessageBinary:
		c.peer.Close(schema.CodeBadMessage, "text frames are not part of the protocol")
	default:
		_ = c.peer.Receive(c.buf[:n])
	}
	if len(c.buf) > keepRead {
		c.buf = nil
	}
	return nil
}

// grow doubles the buffer; it is never longer than limit + 1.
func (c *conn) grow(limit int) {
	size := min(max(firstRead, 2*len(c.buf)), limit+1)
	grown := make([]byte, size)
	copy(grown, c.buf)
	c.buf = grown
}

// discard reads over what a client sends after a violation, so that the close
// frame reaches it and no reset, until it hangs up or the time is over.
func (c *conn) discard() {
	c.grow(firstRead)
	for {
		if _, err := c.coder.Read(c.buf); err != nil {
			return
		}
	}
}

// lost reports whether err is the end of the connection and no violation.
func lost(err error) bool {
	if websocket.CloseStatus(err) != -1 || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	var network net.Error
	return errors.As(err, &network) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded)
}
