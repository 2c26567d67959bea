package netsim

import (
	"net"
	"net/netip"
	"time"
)

// largestRelayed is a packet that fits in a read; larger ones are lost, as on
// many a real line.
const largestRelayed = 2048

// udpClient is a client's address, as the relay sees it.
type udpClient struct {
	addr             netip.AddrPort
	toServer, toHere func(packet []byte)

	up               *net.UDPConn  // guarded by Relay.mu; towards the server
	upward, downward *Shaper       // guarded by Relay.mu
	last             time.Duration // guarded by Relay.mu; when it was last heard of
	plan             []time.Duration
}

// readClients takes what clients send.
func (r *Relay) readClients() {
	buf := make([]byte, largestRelayed+1)
	for {
		n, from, err := r.udp.ReadFromUDPAddrPort(buf)
		switch {
		case r.ctx.Err() != nil:
			return
		case err != nil:
			continue // an ICMP answer to an earlier packet
		}
		r.mu.Lock()
		if c := r.client(from); c != nil {
			c.last = time.Since(r.start)
			r.forward(c, c.upward, c.toServer, buf[:n])
		}
		r.mu.Unlock()
	}
}

// client finds or makes the client of an address; r.mu is held. nil: there are
// too many.
func (r *Relay) client(addr netip.AddrPort) *udpClient {
	if c := r.clients[addr]; c != nil {
		return c
	}
	if len(r.clients) >= r.cfg.MaxClients || r.ctx.Err() != nil {
		r.past.Refused++
		return nil
	}
	up, err := r.dial()
	if err != nil {
		r.past.Refused++
		return nil
	}
	c := &udpClient{addr: addr, up: up, upward: r.shaper(r.cfg.Config), downward: r.shaper(r.cfg.Config)}
	c.toServer = func(packet []byte) {
		r.mu.Lock()
		up, blocked := c.up, r.blocked
		r.mu.Unlock()
		if !blocked {
			_, _ = up.Write(packet) // what fails is lost
		}
	}
	c.toHere = func(packet []byte) {
		r.mu.Lock()
		blocked := r.blocked
		r.mu.Unlock()
		if !blocked {
			_, _ = r.udp.WriteToUDPAddrPort(packet, addr)
		}
	}
	r.clients[addr] = c
	r.wg.Go(func() { r.readServer(c) })
	return c
}

func (r *Relay) dial() (*net.UDPConn, error) {
	to, err := net.ResolveUDPAddr("udp", r.cfg.To)
	if err != nil {
		return nil, err
	}
	return net.DialUDP("udp", nil, to)
}

// readServer takes what the server sends to one client, until the client is
// forgotten.
func (r *Relay) readServer(c *udpClient) {
	buf := make([]byte, largestRelayed+1)
	for {
		r.mu.Lock()
		up := c.up
		r.mu.Unlock()
		_ = up.SetReadDeadline(time.Now().Add(r.cfg.Idle))
		n, err := up.Read(buf)
		r.mu.Lock()
		switch {
		case r.ctx.Err() != nil || r.idle(c):
			r.forget(c)
			r.mu.Unlock()
			return
		case err == nil:
			r.forward(c, c.downward, c.toHere, buf[:n])
		}
		r.mu.Unlock()
	}
}

// idle reports whether a client has been silent; r.mu is held.
func (r *Relay) idle(c *udpClient) bool { return time.Since(r.start)-c.last >= r.cfg.Idle }

// forget closes a client; r.mu is held.
func (r *Relay) forget(c *udpClient) {
	c.up.Close()
	delete(r.clients, c.addr)
	r.past.Up, r.past.Down = r.past.Up.Add(c.upward.Counts()), r.past.Down.Add(c.downward.Counts())
}

// forward puts a packet on the line; r.mu is held.
func (r *Relay) forward(c *udpClient, shaper *Shaper, hand func([]byte), packet []byte) {
	if r.blocked || len(packet) > largestRelayed {
		return
	}
	now := time.Since(r.start)
	c.plan = shaper.Plan(len(packet)+overhead, now, c.plan[:0])
	for _, delay := range c.plan {
		r.line.add(delay, hand, packet)
	}
}
