package client

import (
	"context"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// connect dials, says hello and waits for the welcome. On success the
// connection is the one that sends use.
func (c *Client) connect(ctx context.Context) (Transport, error) {
	t, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, t.Close)
	asked := time.Now()
	w, err := c.handshake(t)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		t.Close()
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, fmt.Errorf("say hello: %w", err)
	}
	c.mu.Lock()
	c.welcome = w
	c.rtt = time.Since(asked) // a first guess; pings refine it
	c.pinged = time.Now()
	c.mu.Unlock()
	c.heard.Store(int64(time.Since(c.start)))
	c.send.use(t)
	return t, nil
}

// handshake sends Hello on a connection that nobody else uses yet, and reads
// the answer.
func (c *Client) handshake(t Transport) (welcome, error) {
	c.mu.Lock()
	hello := schema.HelloInfo{Token: c.opts.Token, Client: clientName(c.opts.Name)}
	if hello.Token == "" {
		hello.Token = c.welcome.guestToken
	}
	known := c.welcome.guestToken
	c.mu.Unlock()
	_, udp := t.(*udpTransport)
	if udp {
		hello.Token = "" // the connect token has said it
	}
	msg := schema.Header{Kind: schema.KindHello}.Append(nil)
	if err := t.Write(append(msg, schema.NewBuilder().Hello(hello)...)); err != nil {
		return welcome{}, err
	}
	for {
		answer, err := t.Read()
		if err != nil {
			return welcome{}, err
		}
		head, body, err := verified(answer)
		if err != nil {
			return welcome{}, err
		}
		switch head.Kind {
		case schema.KindWelcome:
			w, err := readWelcome(body)
			if udp && w.guestToken == "" {
				w.guestToken = known // came with the connect token
			}
			return w, err
		case schema.KindError:
			e := fb.GetRootAsError(body, 0)
			return welcome{}, &schema.Error{Code: schema.Code(e.Code()), Message: string(e.Message())}
		case schema.KindClose:
			e := fb.GetRootAsClose(body, 0)
			return welcome{}, &schema.Error{Code: schema.Code(e.Code()), Message: string(e.Message())}
		}
		if !udp || head.Kind != schema.KindPing { // a datagram may overtake the Welcome
			return welcome{}, schema.Errorf(schema.CodeBadMessage, "%v where a Welcome belongs", head.Kind)
		}
	}
}

func readWelcome(body []byte) (welcome, error) {
	w := fb.GetRootAsWelcome(body, 0)
	if v := w.Protocol(); v != schema.Version {
		return welcome{}, schema.Errorf(schema.CodeBadProtocol, "the server speaks protocol %d, this client %d", v, schema.Version)
	}
	return welcome{
		session: string(w.Session()), user: string(w.User()), guestToken: string(w.GuestToken()),
		server: string(w.Server()), pingInterval: time.Duration(w.PingInterval()) * time.Millisecond,
	}, nil
}

// clientName is what the server logs.
func clientName(name string) string {
	const sdk = "parlor-go/1"
	if name == "" {
		return sdk
	}
	return name + " " + sdk
}

// verified splits a message and checks its body, so that its fields can be read.
func verified(msg []byte) (schema.Header, []byte, error) {
	head, body, err := schema.ParseHeader(msg)
	if err != nil {
		return head, nil, err
	}
	if err := schema.Verify(head.Kind, body); err != nil {
		return head, nil, fmt.Errorf("verify %v: %w", head.Kind, err)
	}
	return head, body, nil
}
