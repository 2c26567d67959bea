package udp

import (
	"net/netip"
	"sync"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/udp/reliable"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// packetOverhead is what the network adds to a UDP payload: it counts in the
// byte budget.
const packetOverhead = 28

// conn is one client's session on this transport. It implements
// netcode.DatagramTransport, whose methods any goroutine may call. Its
// receiving side is guarded by its shard's mu, its sending side by its own.
// What every packet touches lies together.
type conn struct {
	shard   *shard
	id      uint32        // never changes, as the next ones
	timeout time.Duration // without an authentic packet

	// Guarded by shard.mu.
	session *netcode.Session // nil: the client has not spoken yet
	opener  wire.Opener
	heard   time.Duration // when the last authentic packet came
	waiting *waiting      // messages behind one that may take a while; nil: none
	greeted bool          // the session has taken its Hello

	// addr is where the client is. It is written under shard.mu and mu, and read
	// under either.
	addr netip.AddrPort

	mu     sync.Mutex // guards the sending side: all up to closing
	phase  phase
	behind bool   // bytes of an earlier flush are still queued in the lane
	fresh  bool   // the lane was given something since the last flush
	listed bool   // on the shard's agenda
	plain  []byte // an unreliable packet that is being filled; nil: none. The outbox's buffer
	budget pace   // in bytes
	sealer wire.Sealer
	lane   *reliable.Lane // nil: not used yet, or over
	closing

	// Guarded by shard.mu.
	place   int         // in shard.order
	path    *candidate  // another address that is being tried; nil: none
	trying  bool        // in shard.moving
	over    bool        // end was called
	endCode schema.Code // what end was called with

	user   auth.User // of the token; never changes, as the ticket
	ticket string
}

func newConn(sh *shard, id uint32, keys wire.Keys, token *wire.Token, addr netip.AddrPort) *conn {
	return &conn{
		shard: sh, id: id, timeout: token.Timeout, ticket: token.Ticket, addr: addr, heard: sh.now,
		user:   auth.User{ID: token.User, Name: token.Name, Guest: token.Guest, Expires: token.UserExpires},
		opener: *wire.NewOpener(keys.ClientToServer, id),
		sealer: *wire.NewSealer(keys.ServerToClient, id),
	}
}

// Queue implements netcode.Transport. Pings and Pongs measure the network and
// are worth nothing late, so they go as datagrams.
func (c *conn) Queue(head [schema.HeaderSize]byte, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open {
		return
	}
	if kind := schema.Kind(head[0]); kind == schema.KindPing || kind == schema.KindPong {
		c.datagram(head, body)
		return
	}
	c.queue(&head, body)
}

// TryQueue implements netcode.Transport.
func (c *conn) TryQueue(head [schema.HeaderSize]byte, body []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.phase != open || c.behind {
		return false
	}
	c.queue(&head, body)
	return true
}

// queue puts a message into the reliable lane; c.mu is held.
func (c *conn) queue(head *[schema.HeaderSize]byte, body []byte) {
	c.fresh = true
	if err := c.openLane().Send(head[:], body); err != nil {
		c.fail(schema.CodeSlowClient, "the client does not take what it is sent")
	}
}

// Datagram implements netcode.DatagramTransport. HOT
func (c *conn) Datagram(head [schema.HeaderSize]byte, body []byte) bool {
	c.mu.Lock()
	ok := c.phase == open && c.datagram(head, body)
	c.mu.Unlock()
	return ok
}

// DatagramSize implements netcode.DatagramTransport.
func (c *conn) DatagramSize() int { return wire.MaxBody }

// datagram puts a message into the packet that is being filled, or into the
// next one if it does not fit; c.mu is held.
func (c *conn) datagram(head [schema.HeaderSize]byte, body []byte) bool {
	size := wire.MessageCost + wire.MessageHead + len(body)
	s := c.shard.server
	if size > wire.MaxPlain || c.budget.left(s.now(), s.bytes) < len(c.plain)+size {
		s.stats.DatagramsRefused.Add(1)
		return false
	}
	if len(c.plain)+size > wire.HeaderSize+wire.MaxPlain {
		c.sendPlain()
	}
	if c.plain == nil {
		c.plain = c.shard.out.reserve()[:wire.HeaderSize]
	}
	c.plain = wire.AppendMessage(c.plain, head, body)
	return true
}

// sendPlain sends the packet that was filled; c.mu is held.
func (c *conn) sendPlain() {
	if c.plain != nil {
		packet := c.plain
		c.plain = nil
		c.send(wire.KindUnreliable, packet, c.addr)
	}
}

// Flush implements netcode.Transport: packets are sealed and put into the
// shard's outbox. What the lane was given before and could not send is on the
// agenda, so that a flush need not look at it. HOT
func (c *conn) Flush() {
	c.mu.Lock()
	if c.phase == open {
		c.sendPlain()
		if c.fresh {
			c.pump()
		}
	}
	c.mu.Unlock()
}

// pump sends of the reliable lane what window and budget allow, and sees to it
// that the rest is not forgotten; c.mu is held.
func (c *conn) pump() {
	c.fresh = false
	if c.lane == nil {
		return
	}
	if c.lane.Pending() > 0 {
		if left := c.left(); left > 0 { // otherwise it would still send again what was lost
			c.lane.Pump(left) // output counts what it spends
		}
		c.behind = c.lane.Pending() > 0
	}
	if c.lane.Busy() {
		c.list()
	}
}

// left is how many bytes the session may be sent now; less than zero after
// acknowledgements and what was sent again. c.mu is held.
func (c *conn) left() int {
	s := c.shard.server
	return c.budget.left(s.now(), s.bytes)
}

// list puts the session on the agenda of the next sweep; c.mu is held.
func (c *conn) list() {
	if !c.listed {
		c.listed = true
		c.shard.agenda.add(c)
	}
}

// openLane returns the reliable lane; c.mu is held.
func (c *conn) openLane() *reliable.Lane {
	if c.lane == nil {
		c.lane = reliable.New(reliable.Config{
			Conversation: c.id,
			Output:       c.output,
			MaxPending:   c.shard.server.cfg.MaxPending,
			MaxMessage:   c.shard.server.cfg.ReadLimit,
		})
	}
	return c.lane
}

// output sends a packet of KCP segments; c.mu is held.
func (c *conn) output(segments []byte) {
	buf := c.shard.out.reserve()[:wire.HeaderSize]
	c.send(wire.KindReliable, append(buf, segments...), c.addr)
}

// control sends a control packet; c.mu is held.
func (c *conn) control(m wire.Control, to netip.AddrPort) {
	buf := c.shard.out.reserve()[:wire.HeaderSize]
	c.send(wire.KindControl, wire.AppendControl(buf, m), to)
}

// send seals a packet, which is in a reserved buffer behind free bytes for its
// header, and puts it into the outbox; c.mu is held. HOT
func (c *conn) send(kind wire.Kind, buf []byte, to netip.AddrPort) {
	packet := c.sealer.Seal(buf, kind)
	s := c.shard.server
	c.budget.spend(s.now(), len(packet)+packetOverhead, s.bytes)
	c.shard.out.commit(to, packet)
}

// Pending implements netcode.Transport.
func (c *conn) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lane == nil {
		return 0
	}
	return c.lane.Pending()
}

// RemoteAddr implements netcode.Transport.
func (c *conn) RemoteAddr() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addr.String()
}
