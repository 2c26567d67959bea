package ws

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"sync/atomic"
)

const (
	readBuffer    = 1 << 10 // holds several inputs; longer messages are read past it
	controlBuffer = 256     // coder writes control frames only: at most 127 bytes
)

// hijacker is the http.ResponseWriter that coder/websocket accepts. It keeps
// the connection that coder takes over and gives coder one whose writes join
// the stream.
type hijacker struct {
	http.ResponseWriter
	taken *coderConn
}

// Hijack implements http.Hijacker.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	// Bytes that followed the request must not be lost with net/http's reader,
	// which is four times as large as a player's connection needs.
	early, _ := rw.Reader.Peek(rw.Reader.Buffered())
	h.taken = &coderConn{Conn: conn, early: early}
	return h.taken, bufio.NewReadWriter(bufio.NewReaderSize(h.taken, readBuffer),
		bufio.NewWriterSize(h.taken, controlBuffer)), nil
}

// coderConn is the net.Conn that coder/websocket reads from and writes its
// control frames to.
type coderConn struct {
	net.Conn
	early []byte       // read before the connection was taken over; only the reader touches it
	out   *stream      // set before coder reads or writes
	read  atomic.Int64 // bytes, for who watches for signs of life
}

// Read implements net.Conn.
func (c *coderConn) Read(p []byte) (int, error) {
	if len(c.early) > 0 {
		n := copy(p, c.early)
		if c.early = c.early[n:]; len(c.early) == 0 {
			c.early = nil
		}
		return n, nil
	}
	n, err := c.Conn.Read(p)
	c.read.Add(int64(n))
	return n, err
}

// Write implements net.Conn. It neither blocks nor fails: a connection that
// broke is noticed by its reader.
func (c *coderConn) Write(p []byte) (int, error) {
	c.out.control(p)
	return len(p), nil
}

// Close implements net.Conn. It closes the socket under TLS directly, because
// tls.Conn.Close waits for a writer that may be stuck.
func (c *coderConn) Close() error { return socket(c.Conn).Close() }

// socket returns the connection under TLS, or c.
func socket(c net.Conn) net.Conn {
	if t, ok := c.(*tls.Conn); ok {
		return t.NetConn()
	}
	return c
}
