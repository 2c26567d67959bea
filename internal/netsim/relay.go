package netsim

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// RelayConfig configures a Relay. Listen and To are required; zero values of
// the others stand for the defaults named here.
type RelayConfig struct {
	Listen string // host:port for UDP and TCP; port 0 takes one that is free for both
	To     string // host:port of the server, for UDP and TCP
	Config        // of each client's line, in each direction; TCP loses nothing

	MaxClients int           // UDP addresses, and apart from them TCP connections: 1,024
	Idle       time.Duration // until a silent UDP address is forgotten: 1 min
}

func (c RelayConfig) withDefaults() (RelayConfig, error) {
	if c.Listen == "" || c.To == "" {
		return c, errors.New("failed to relay: Listen and To are required")
	}
	if err := c.Check(); err != nil {
		return c, fmt.Errorf("failed to relay: %w", err)
	}
	if c.MaxClients <= 0 {
		c.MaxClients = 1024
	}
	if c.Idle <= 0 {
		c.Idle = time.Minute
	}
	return c, nil
}

// RelayStats is what a Relay has done.
type RelayStats struct {
	Clients     int    // UDP addresses now
	Connections int    // TCP connections now
	Up, Down    Counts // UDP packets from clients, and to them
	TCPBytes    uint64 // both ways
	Refused     uint64 // packets and connections of clients beyond MaxClients
}

// Relay stands between clients and a server, for UDP and for TCP on one port,
// so that HTTP, WebSocket and UDP of one client meet the same network. Each UDP
// client has a socket of its own towards the server; packets have Shapers of
// their own in each direction. TCP bytes are delayed and paced and keep their
// order.
//
// Goroutines: two accept and read for all, one delivers, one for each UDP
// client, four for each TCP connection. Close ends them all.
type Relay struct {
	cfg   RelayConfig
	start time.Time
	tcp   net.Listener
	udp   *net.UDPConn
	line  *delayLine
	ctx   context.Context
	stop  context.CancelFunc
	wg    sync.WaitGroup

	mu      sync.Mutex // guards all below
	clients map[netip.AddrPort]*udpClient
	streams map[*stream]struct{}
	seeds   uint64        // Shapers made so far
	gate    chan struct{} // closed: the line is whole
	blocked bool
	past    RelayStats // of clients that are gone; its counts of the present are not used
}

// NewRelay opens the sockets and begins to relay. Close ends it.
func NewRelay(cfg RelayConfig) (*Relay, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	if _, err := net.ResolveUDPAddr("udp", cfg.To); err != nil {
		return nil, fmt.Errorf("failed to relay to %s: %w", cfg.To, err)
	}
	tcp, udp, err := listenBoth(cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("failed to relay: %w", err)
	}
	r := &Relay{
		cfg: cfg, start: time.Now(), tcp: tcp, udp: udp, line: newDelayLine(),
		clients: make(map[netip.AddrPort]*udpClient), streams: make(map[*stream]struct{}),
		gate: make(chan struct{}),
	}
	close(r.gate)
	r.ctx, r.stop = context.WithCancel(context.Background())
	r.wg.Go(func() { r.line.run(r.ctx) })
	r.wg.Go(r.readClients)
	r.wg.Go(r.acceptStreams)
	return r, nil
}

// listenBoth opens a TCP and a UDP socket on one port.
func listenBoth(addr string) (net.Listener, *net.UDPConn, error) {
	var failed error
	for range 10 { // a free port of TCP may be taken for UDP
		tcp, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, err
		}
		at := tcp.Addr().(*net.TCPAddr)
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: at.IP, Port: at.Port, Zone: at.Zone})
		if err == nil {
			return tcp, udp, nil
		}
		tcp.Close()
		if failed = err; at.String() == addr {
			break
		}
	}
	return nil, nil, failed
}

// Addr is where clients reach the relay, by UDP and by TCP.
func (r *Relay) Addr() netip.AddrPort { return r.tcp.Addr().(*net.TCPAddr).AddrPort() }

// Block cuts the line: UDP packets are lost, TCP bytes wait.
func (r *Relay) Block() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.blocked {
		r.blocked, r.gate = true, make(chan struct{})
	}
}

// Unblock mends it.
func (r *Relay) Unblock() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.blocked {
		r.blocked = false
		close(r.gate)
	}
}

// whole waits while the line is cut; false: the relay ends.
func (r *Relay) whole() bool {
	r.mu.Lock()
	gate := r.gate
	r.mu.Unlock()
	select {
	case <-gate:
		return true
	case <-r.ctx.Done():
		return false
	}
}

// Rebind gives every UDP client another address towards the server, as a NAT
// does that has forgotten them.
func (r *Relay) Rebind() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.clients {
		up, err := r.dial()
		if err != nil {
			return fmt.Errorf("failed to move a client: %w", err)
		}
		c.up.Close() // its reader goes on with the new one
		c.up = up
	}
	return nil
}

// Stats returns what the relay has done so far.
func (r *Relay) Stats() RelayStats {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.past
	s.Clients, s.Connections = len(r.clients), len(r.streams)
	for _, c := range r.clients {
		s.Up, s.Down = s.Up.Add(c.upward.Counts()), s.Down.Add(c.downward.Counts())
	}
	return s
}

// Close ends the relay with all its connections and goroutines. What is under
// way is lost. Only the first call does anything.
func (r *Relay) Close() error {
	if r.ctx.Err() != nil {
		return nil
	}
	r.stop()
	err := errors.Join(r.tcp.Close(), r.udp.Close())
	r.mu.Lock()
	for _, c := range r.clients {
		c.up.Close()
	}
	for s := range r.streams {
		s.close()
	}
	r.mu.Unlock()
	r.wg.Wait()
	return err
}

// shaper makes the Shaper of one direction; r.mu is held.
func (r *Relay) shaper(cfg Config) *Shaper {
	r.seeds++
	return NewShaper(cfg, r.seeds)
}
