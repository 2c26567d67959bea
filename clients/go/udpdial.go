package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

const (
	handshakeTimeout = 3 * time.Second // without an answer, UDP counts as blocked
	blockedFor       = time.Minute     // how long it then counts so
)

// errBlocked says that nothing answers over UDP.
var errBlocked = errors.New("no answer over UDP within 3 s")

// dial opens a connection of the kind that the URL names.
func (c *Client) dial(ctx context.Context) (Transport, error) {
	if c.opts.Dialer != nil {
		return c.opts.Dialer(ctx, c.url)
	}
	u, err := url.Parse(c.url)
	if err != nil {
		return nil, fmt.Errorf("parse server URL: %w", err)
	}
	if u.Scheme != "udp" && u.Scheme != "udps" {
		return dialWebSocket(ctx, c.url)
	}
	if u.Port() == "" {
		return nil, fmt.Errorf("server URL %q: name the port, as in %s://%s:7777", c.url, u.Scheme, u.Host)
	}
	if c.opts.NoFallback || time.Since(c.blocked) > blockedFor {
		t, err := c.dialUDP(ctx, u)
		if err == nil {
			return t, nil
		}
		if c.opts.NoFallback || !errors.Is(err, errBlocked) && !errors.Is(err, errUDPOff) {
			return nil, err
		}
		c.blocked = time.Now()
		c.log.Warn("playing over WebSocket instead of UDP", "url", c.url, "error", err)
	}
	instead := url.URL{Scheme: "ws", Host: u.Host}
	if u.Scheme == "udps" {
		instead.Scheme = "wss"
	}
	return dialWebSocket(ctx, instead.String())
}

// dialUDP gets leave to connect, and connects with it.
func (c *Client) dialUDP(ctx context.Context, u *url.URL) (*udpTransport, error) {
	grant, err := c.grant(ctx, u)
	if err != nil {
		return nil, err
	}
	server, err := serverAddress(ctx, u, grant)
	if err != nil {
		return nil, err
	}
	open := func() (udpSocket, error) { return openSocket(server, c.opts.PacketConn) }
	t, err := newUDPTransport(open, &c.stats)
	if err != nil {
		return nil, err
	}
	if err := t.handshake(ctx, grant); err != nil {
		return nil, fmt.Errorf("shake hands with %v: %w", server, err)
	}
	return t, nil
}

// grant asks the application, or else the server, for leave to connect.
func (c *Client) grant(ctx context.Context, u *url.URL) (ConnectGrant, error) {
	if c.opts.Grant != nil {
		return c.opts.Grant(ctx)
	}
	c.mu.Lock()
	token := c.opts.Token
	if token == "" {
		token = c.welcome.guestToken
	}
	c.mu.Unlock()
	answer, err := askGrant(ctx, u, token)
	if err != nil {
		return ConnectGrant{}, err
	}
	if answer.guestToken != "" {
		c.mu.Lock()
		c.welcome.guestToken = answer.guestToken
		c.mu.Unlock()
	}
	return answer.ConnectGrant, nil
}

// handshake makes the session. The transport is closed when it fails.
func (t *udpTransport) handshake(ctx context.Context, grant ConnectGrant) error {
	h, err := wire.NewClientHandshake(grant.Token, grant.Key)
	if err != nil {
		t.fail(err)
		return err
	}
	began := time.Now()
	t.mu.Lock()
	t.alarm = func(time.Time) time.Duration {
		if time.Since(began) >= handshakeTimeout {
			t.failLocked(errBlocked)
		} else if packet := h.Packet(); packet != nil {
			t.send(packet)
		} else if err := h.Err(); err != nil {
			t.failLocked(rejection(err))
		}
		return wire.ResendInterval
	}
	t.timer = time.AfterFunc(0, t.wake)
	t.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { t.fail(ctx.Err()) })
	defer stop()
	for {
		n, err := t.receive()
		if err != nil {
			return err
		}
		t.mu.Lock()
		done, err := h.Receive(t.packet[:n])
		switch {
		case err != nil:
			t.failLocked(rejection(err))
		case done:
			t.begin(h.Session())
		case h.Changed():
			t.send(h.Packet())
		}
		t.mu.Unlock()
		if err == nil && done {
			return nil
		}
	}
}

// rejection is what a handshake's end means to the rest of the client.
func rejection(err error) error {
	var r *wire.RejectedError
	if !errors.As(err, &r) {
		return err
	}
	switch r.Code {
	case wire.RejectVersion:
		return fmt.Errorf("%w: %w", errUDPOff, err)
	case wire.RejectFull, wire.RejectGoingAway:
		return &schema.Error{Code: schema.CodeGoingAway, Message: r.Error()}
	}
	return err // a new token may do better
}
