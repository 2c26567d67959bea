package udp

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// shard is one socket with the sessions that were begun on it. Its reader and
// its sweep take turns under mu; others reach its sessions' sending sides, its
// agenda, its outbox and its ring, which have locks of their own.
type shard struct {
	server *Server
	index  uint8 // in the session IDs and in byte 1 of their packets
	socket socket
	out    *outbox
	ring   *forwardRing  // packets that came to other shards
	agenda agenda        // sessions that need the next sweep
	woken  chan struct{} // has a token when the first session has come

	mu        sync.Mutex // guards all below, and the receiving sides of conns
	now       time.Duration
	wall      time.Time
	conns     map[uint32]*conn
	warmed    [socketBatch]*conn // scratch of warm, empty between its calls
	touched   uint32             // keeps the compiler from leaving out what warm reads
	order     []*conn            // the same, for the sweep to go through in parts
	watched   int                // how far it is
	moving    []*conn            // sessions that a new address is being tried for
	gone      farewells
	answers   pace
	rejects   pace
	receiving *conn                      // whose reliable packet is being read
	deliver   func(message []byte) error // hands receiving a message; one for all sessions
}

func newShard(s *Server, index uint8, sock socket) *shard {
	sh := &shard{
		server: s, index: index, socket: sock,
		out: newOutbox(sock), ring: newForwardRing(), woken: make(chan struct{}, 1),
		conns: make(map[uint32]*conn),
	}
	sh.out.sent = s.stats.sent
	sh.deliver = func(message []byte) error { return sh.receiving.reliableMessage(message) }
	return sh
}

// read is the reader goroutine.
func (sh *shard) read() {
	batch := make([]datagram, socketBatch)
	for {
		n, err := sh.socket.read(batch)
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				sh.server.cfg.Logger.Error("UDP socket failed, its sessions will time out; restart the server", "shard", sh.index, "error", err)
			}
			return
		}
		sh.receive(batch[:n])
	}
}

// receive handles what the socket brought. HOT
func (sh *shard) receive(batch []datagram) {
	size := 0
	for i := range batch {
		size += len(batch[i].data)
	}
	stats := &sh.server.stats
	stats.PacketsIn.Add(uint64(len(batch)))
	stats.BytesIn.Add(uint64(size))
	sh.handle(batch)
	sh.out.flush()
}

// handle handles packets, whichever way they came.
func (sh *shard) handle(batch []datagram) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.wall = time.Now()
	sh.now = sh.wall.Sub(sh.server.started)
	sh.server.clock.Store(int64(sh.now))
	sh.warm(batch)
	for i := range batch {
		sh.packet(batch[i].data, batch[i].addr)
	}
}

// warm touches what a batch's sessions need. Thousands of them do not fit the
// processor's cache: here their memory comes all at once, while packet by
// packet each would wait for its own. HOT
func (sh *shard) warm(batch []datagram) {
	n := 0
	for i := range batch {
		id, ok := wire.SessionOf(batch[i].data)
		if c := sh.conns[id]; ok && c != nil && c.session != nil && c.waiting == nil && n < len(sh.warmed) {
			sh.warmed[n] = c
			n++
		}
	}
	for _, c := range sh.warmed[:n] {
		sh.touched += uint32(c.opener.Newest()) + uint32(c.heard) + c.session.Warm()
	}
	clear(sh.warmed[:n])
}

// packet handles one packet, which it may spoil. sh.mu is held. HOT
func (sh *shard) packet(p []byte, from netip.AddrPort) {
	switch wire.KindOf(p) {
	case wire.KindReliable, wire.KindUnreliable, wire.KindControl:
		sh.data(p, from)
	case wire.KindRequest:
		sh.request(p, from)
	case wire.KindResponse:
		sh.response(p, from)
	default:
		sh.server.stats.refuse(RefusedMalformed)
	}
}

// data handles a packet of a session, or hands it to the shard whose it is.
func (sh *shard) data(p []byte, from netip.AddrPort) {
	stats := &sh.server.stats
	id, ok := wire.SessionOf(p)
	if !ok {
		stats.refuse(RefusedMalformed)
		return
	}
	if owner := int(uint8(id)); owner != int(sh.index) && owner < len(sh.server.shards) {
		stats.Forwarded.Add(1)
		if !sh.server.shards[owner].ring.push(p, from) {
			stats.Overflowed.Add(1)
		}
		return
	}
	c := sh.conns[id]
	if c == nil && sh.gone.has(id, sh.now) {
		return
	}
	if c == nil {
		stats.refuse(RefusedUnknown)
		if sh.rejects.take(sh.now, sh.server.rejects) {
			sh.reject(p, from, wire.RejectUnknownSession)
		}
		return
	}
	c.receive(p, from)
}

// reject sends a Reject, which is shorter than the packet that it answers.
func (sh *shard) reject(p []byte, to netip.AddrPort, code wire.RejectCode) {
	echo, ok := wire.EchoOf(p)
	if !ok {
		return
	}
	sh.server.stats.RejectsSent.Add(1)
	sh.answer(wire.AppendReject(sh.out.reserve(), wire.Reject{Code: code, Echo: echo}), to)
}

// answer sends a packet that is of no session; it was written into a reserved
// buffer.
func (sh *shard) answer(p []byte, to netip.AddrPort) {
	sh.out.commit(to, p)
}

// enroll begins a session. sh.mu is held.
func (sh *shard) enroll(c *conn) {
	c.place = len(sh.order)
	sh.order = append(sh.order, c)
	sh.conns[c.id] = c
	select {
	case sh.woken <- struct{}{}:
	default:
	}
}

// strike takes a session out. sh.mu is held.
func (sh *shard) strike(c *conn) {
	delete(sh.conns, c.id)
	last := len(sh.order) - 1
	moved := sh.order[last]
	sh.order[c.place], moved.place = moved, c.place
	sh.order[last] = nil
	sh.order = sh.order[:last]
}

// closeSessions closes all of the shard's sessions.
func (sh *shard) closeSessions(code schema.Code, message string) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	for _, c := range append([]*conn(nil), sh.order...) {
		if c.session == nil {
			c.end(0)
		} else {
			c.session.Close(code, message)
		}
	}
}
