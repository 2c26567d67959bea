package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/schema"
)

// maxMessage bounds what a server can make a client hold: a keyframe of a
// very large room.
const maxMessage = 32 << 20

// webSocket is the Transport over a WebSocket connection.
type webSocket struct {
	conn *websocket.Conn
	buf  []byte // the message of the last Read
}

// dialWebSocket is the Dialer for ws, wss, http and https URLs. A URL without
// a path means the server's own, /ws.
func dialWebSocket(ctx context.Context, rawURL string) (Transport, error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, fmt.Errorf("parse server URL: %w", err)
	}
	switch u.Scheme {
	case "ws", "wss", "http", "https":
	default:
		return nil, fmt.Errorf("server URL %q: want ws:// or wss://", rawURL)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/ws"
	}
	//nolint:bodyclose // Dial closes it.
	conn, _, err := websocket.Dial(ctx, u.String(), nil) // without compression
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", u, err)
	}
	conn.SetReadLimit(maxMessage)
	return &webSocket{conn: conn, buf: make([]byte, 0, 1024)}, nil
}

// Read implements Transport. Its context has no deadline, which costs nothing
// per message: the client's watchdog closes a silent connection instead.
func (w *webSocket) Read() ([]byte, error) {
	kind, r, err := w.conn.Reader(context.Background())
	if err != nil {
		return nil, closeError(err)
	}
	if kind != websocket.MessageBinary {
		return nil, schema.Errorf(schema.CodeBadMessage, "a text message from the server")
	}
	w.buf = w.buf[:0]
	for {
		if len(w.buf) == cap(w.buf) {
			w.buf = append(w.buf, 0)[:len(w.buf)]
		}
		n, err := r.Read(w.buf[len(w.buf):cap(w.buf)])
		w.buf = w.buf[:len(w.buf)+n]
		if err == io.EOF {
			return w.buf, nil
		}
		if err != nil {
			return nil, closeError(err)
		}
	}
}

// Write implements Transport.
func (w *webSocket) Write(msg []byte) error {
	if err := w.conn.Write(context.Background(), websocket.MessageBinary, msg); err != nil {
		return closeError(err)
	}
	return nil
}

// Close implements Transport. It skips WebSocket's closing handshake, which may
// wait for a peer that is gone: Parlor's own Close message says why.
func (w *webSocket) Close() { _ = w.conn.CloseNow() }

// closeError gives the code that the server closed with, if it gave one.
func closeError(err error) error {
	var ce websocket.CloseError
	if errors.As(err, &ce) {
		if code, ok := schema.CodeOfCloseStatus(int(ce.Code)); ok {
			return &schema.Error{Code: code, Message: ce.Reason}
		}
	}
	return err
}
