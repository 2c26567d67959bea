package netsim

import (
	"fmt"
	"net/netip"
	"sync"
	"time"
)

const (
	maxUnderWay = 1 << 16 // packets of a Network or Relay; more are dropped
	maxFlows    = 1 << 16 // pairs of addresses with a Shaper of their own
	maxWaiting  = 2048    // packets that wait to be read from a PacketConn, as in a socket's buffer
	maxPacket   = 65507   // bytes, as of UDP
	overhead    = 28      // of an IPv4 and a UDP header, for the rate
)

// Network is a network in memory. Each pair of addresses is a line of its own
// in each direction, with Shapers of the same Config. Any goroutine may call its
// methods. It has no goroutine; packets under way are timers, so that it works
// in the virtual time of testing/synctest, and nothing needs to be closed.
type Network struct {
	start time.Time

	mu       sync.Mutex // guards all below
	cfg      Config
	conns    map[netip.AddrPort]*PacketConn
	flows    map[flow]*Shaper
	underWay deliveries
	order    uint64
	nextPort uint16
	watch    func(from, to netip.AddrPort, packet []byte)
	plan     []time.Duration // reused
}

// flow is one direction between two addresses.
type flow struct{ from, to netip.AddrPort }

// NewNetwork makes a Network. It panics when Config.Check finds something.
func NewNetwork(cfg Config) *Network {
	if err := cfg.Check(); err != nil {
		panic("netsim: " + err.Error())
	}
	return &Network{
		start: time.Now(), cfg: cfg, nextPort: 40000,
		conns: make(map[netip.AddrPort]*PacketConn), flows: make(map[flow]*Shaper),
	}
}

// Listen opens a connection at an address such as 10.0.0.1:7777. Port 0 takes a
// free one.
func (n *Network) Listen(addr string) (*PacketConn, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, fmt.Errorf("failed to listen in the simulated network: %w", err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	c := newPacketConn(n)
	if err := n.bind(c, at); err != nil {
		return nil, err
	}
	return c, nil
}

// Reshape gives all lines another Config from now on; packets under way are not
// changed.
func (n *Network) Reshape(cfg Config) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.cfg = cfg
	clear(n.flows)
	return nil
}

// Watch has fn see every packet that is sent, before the line decides about it.
// fn must not call the Network and may keep only copies.
func (n *Network) Watch(fn func(from, to netip.AddrPort, packet []byte)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.watch = fn
}

// Inject sends a packet that says it comes from an address, as a forger does.
func (n *Network) Inject(from, to netip.AddrPort, packet []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.send(from, to, packet)
}

// Counts returns what has become of all packets since the last Reshape.
func (n *Network) Counts() Counts {
	n.mu.Lock()
	defer n.mu.Unlock()
	var sum Counts
	for _, s := range n.flows {
		sum = sum.Add(s.Counts())
	}
	return sum
}

// bind gives c an address; n.mu is held.
func (n *Network) bind(c *PacketConn, at netip.AddrPort) error {
	for at.Port() == 0 {
		n.nextPort = max(n.nextPort+1, 1024)
		if free := netip.AddrPortFrom(at.Addr(), n.nextPort); n.conns[free] == nil {
			at = free
		}
	}
	if n.conns[at] != nil {
		return fmt.Errorf("failed to listen in the simulated network: %v is taken", at)
	}
	delete(n.conns, c.addr)
	c.addr = at
	n.conns[at] = c
	return nil
}

// send puts a packet under way; n.mu is held.
func (n *Network) send(from, to netip.AddrPort, packet []byte) {
	if n.watch != nil {
		n.watch(from, to, packet)
	}
	key := flow{from, to}
	shaper := n.flows[key]
	if shaper == nil {
		if len(n.flows) >= maxFlows {
			return
		}
		shaper = NewShaper(n.cfg, uint64(len(n.flows)))
		n.flows[key] = shaper
	}
	now := time.Since(n.start)
	n.plan = shaper.Plan(len(packet)+overhead, now, n.plan[:0])
	for _, delay := range n.plan {
		if len(n.underWay) >= maxUnderWay {
			return
		}
		data := append([]byte(nil), packet...)
		n.order++
		n.underWay.add(delivery{
			at: now + delay, order: n.order, data: data,
			hand: func(packet []byte) { n.arrive(from, to, packet) },
		})
		if delay == 0 {
			n.deliver(now)
		} else {
			time.AfterFunc(delay, n.tick)
		}
	}
}

func (n *Network) tick() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deliver(time.Since(n.start))
}

// deliver hands over what has arrived; n.mu is held.
func (n *Network) deliver(now time.Duration) {
	for {
		d, ok := n.underWay.due(now)
		if !ok {
			return
		}
		d.hand(d.data)
	}
}

// arrive gives a packet to whoever has the address now; n.mu is held.
func (n *Network) arrive(from, to netip.AddrPort, packet []byte) {
	if c := n.conns[to]; c != nil && !c.blocked {
		c.queue(received{packet, from})
	}
}
