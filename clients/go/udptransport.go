package client

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/reliable"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

const (
	laneBudget    = 64 << 10               // bytes that the reliable lane sends at once
	receiveWindow = 256                    // segments
	lanePace      = 10 * time.Millisecond  // between updates of a busy lane
	quietAfter    = 500 * time.Millisecond // without a packet the client asks for one,
	quietPace     = 250 * time.Millisecond // again and again,
	rebindAfter   = 2 * time.Second        // and takes a new socket: its own address may have changed
	doubtPace     = 100 * time.Millisecond // between pings to a server that may not know the session
	doubtFor      = wire.RejectPatience    // until it counts as not knowing it
	rejectWindow  = 512                    // packets back that a Reject may answer
	maxReadErrors = 16                     // in a row
)

// Errors that end a connection.
var (
	errSilent  = errors.New("the server is silent")
	errUnknown = errors.New("the server does not know the session any more")
)

// udpTransport is the Transport over UDP: a reliable lane and datagrams on one
// socket, sealed with the session's keys. The goroutine that reads it does the
// work of what comes in, the timer what is due. It is made by a handshake.
type udpTransport struct {
	open  func() (udpSocket, error) // makes a socket to the server
	stats *counters

	// The reader's.
	opener *wire.Opener
	packet [wire.MaxPacket + 1]byte
	rest   []byte // of packet: messages of a datagram that Read has not returned
	inbox  inbox  // messages of the reliable lane that Read has not returned
	over   error  // the server closed the session: after the inbox Read returns this

	heard atomic.Int64 // when the last authentic packet came, Unix nanoseconds

	mu      sync.Mutex // guards what follows
	socket  udpSocket
	session uint32
	timeout time.Duration // of silence
	sealer  *wire.Sealer
	lane    *reliable.Lane // nil: no session yet
	out     [wire.MaxPacket]byte
	timer   *time.Timer
	alarm   func(now time.Time) time.Duration // what the timer does; returns when it is due again
	busy    bool                              // the timer is set for the lane
	doubted time.Time                         // since when the server may not know the session; zero: it does
	asked   time.Time                         // when the last ping was sent
	rebound time.Time                         // when the socket was last replaced
	pings   uint64
	failed  error // why it ended; nil: it has not
}

// newUDPTransport opens the socket.
func newUDPTransport(open func() (udpSocket, error), stats *counters) (*udpTransport, error) {
	socket, err := open()
	if err != nil {
		return nil, err
	}
	return &udpTransport{open: open, stats: stats, socket: socket, rebound: time.Now()}, nil
}

// metered says that the transport counts its bytes itself.
func (t *udpTransport) metered() {}

// begin starts the session that the handshake has made; mu is held.
func (t *udpTransport) begin(session uint32, keys wire.Keys, timeout time.Duration) {
	if timeout <= 0 {
		timeout = minSilence
	}
	t.session, t.timeout = session, timeout
	t.opener, t.sealer = wire.NewOpener(keys.ServerToClient, session), wire.NewSealer(keys.ClientToServer, session)
	t.lane = reliable.New(reliable.Config{
		Conversation: session, Output: t.output, ReceiveWindow: receiveWindow, MaxMessage: maxMessage,
	})
	t.heard.Store(time.Now().UnixNano())
	t.alarm = t.due
	t.timer.Reset(quietAfter)
}

// Read implements Transport.
func (t *udpTransport) Read() ([]byte, error) {
	for {
		if msg := t.inbox.next(); msg != nil {
			return msg, nil
		}
		if len(t.rest) > 0 {
			msg, rest, err := wire.NextMessage(t.rest)
			t.rest = rest
			if err != nil {
				return nil, fmt.Errorf("read a datagram: %w", err)
			}
			return msg, nil
		}
		if t.over != nil {
			return nil, t.over
		}
		n, err := t.receive()
		if err != nil {
			return nil, err
		}
		if err := t.take(t.packet[:n]); err != nil {
			t.fail(err)
			return nil, err
		}
	}
}

// receive reads one packet into t.packet. An error is the connection's end.
func (t *udpTransport) receive() (int, error) {
	for errs := 0; ; {
		t.mu.Lock()
		socket, err := t.socket, t.failed
		t.mu.Unlock()
		if err != nil {
			return 0, err
		}
		n, err := socket.read(t.packet[:])
		if err == nil {
			return n, nil
		}
		t.mu.Lock()
		switch {
		case t.failed != nil:
			err = t.failed
		case errors.Is(err, syscall.ECONNREFUSED):
			t.doubt()
			err = nil
		case t.socket != socket: // it was replaced
			err = nil
		default:
			if errs++; errs < maxReadErrors && !errors.Is(err, net.ErrClosed) {
				err = nil
			}
		}
		t.mu.Unlock()
		if err != nil {
			return 0, fmt.Errorf("read from the server: %w", err)
		}
	}
}

// take handles one packet. What is not authentic is dropped.
func (t *udpTransport) take(packet []byte) error {
	if wire.KindOf(packet) == wire.KindReject {
		t.rejected(packet)
		return nil
	}
	kind, _, plain, err := t.opener.Open(packet)
	if err != nil {
		return nil
	}
	t.heard.Store(time.Now().UnixNano())
	t.stats.bytesIn.Add(uint64(len(packet)))
	switch kind {
	case wire.KindUnreliable:
		t.rest = plain
	case wire.KindReliable:
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.failed != nil {
			return t.failed
		}
		if err := t.lane.Input(plain, t.inbox.put); err != nil {
			return fmt.Errorf("read the reliable lane: %w", err)
		}
		t.hurry()
	case wire.KindControl:
		t.control(plain)
	}
	return nil
}

// control answers a control packet.
func (t *udpTransport) control(plain []byte) {
	m, err := wire.ParseControl(plain)
	if err != nil {
		return // a newer server's
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch m.Type {
	case wire.ControlPing:
		t.sendControl(wire.Control{Type: wire.ControlPong, Data: m.Data})
	case wire.ControlPathChallenge:
		t.sendControl(wire.Control{Type: wire.ControlPathResponse, Data: m.Data})
	case wire.ControlClose:
		t.over = errors.New("the server closed the connection")
		if m.Code != 0 {
			t.over = &schema.Error{Code: schema.Code(m.Code), Message: m.Text}
		}
	}
}

// rejected takes a Reject, which anybody could have sent, for a hint.
func (t *udpTransport) rejected(packet []byte) {
	r, err := wire.ParseReject(packet)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err != nil || r.Code != wire.RejectUnknownSession || t.sealer == nil {
		return
	}
	session, counter := binary.LittleEndian.Uint32(r.Echo[:]), binary.LittleEndian.Uint32(r.Echo[4:])
	if session == t.session && uint32(t.sealer.Sent())-counter < rejectWindow {
		t.doubt()
	}
}

// Write implements Transport.
func (t *udpTransport) Write(msg []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil {
		return t.failed
	}
	if err := t.lane.Send(nil, msg); err != nil {
		return err
	}
	t.lane.Pump(laneBudget)
	t.hurry()
	return nil
}

// Datagram implements DatagramTransport.
func (t *udpTransport) Datagram(msg []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil {
		return t.failed
	}
	plain := wire.AppendMessage(t.out[:wire.HeaderSize], [wire.MessageHead]byte(msg), msg[wire.MessageHead:])
	t.send(t.sealer.Seal(plain, wire.KindUnreliable))
	return nil
}

// DatagramSize implements DatagramTransport.
func (t *udpTransport) DatagramSize() int { return wire.MessageHead + wire.MaxBody }

// output sends segments of the reliable lane; mu is held.
func (t *udpTransport) output(segments []byte) {
	t.send(t.sealer.Seal(append(t.out[:wire.HeaderSize], segments...), wire.KindReliable))
}

// sendControl seals and sends a control packet; mu is held.
func (t *udpTransport) sendControl(m wire.Control) {
	t.send(t.sealer.Seal(wire.AppendControl(t.out[:wire.HeaderSize], m), wire.KindControl))
}

// send sends one packet; mu is held. What the network does not take is lost,
// as it may be anywhere on its way.
func (t *udpTransport) send(packet []byte) {
	t.stats.bytesOut.Add(uint64(len(packet)))
	if err := t.socket.write(packet); errors.Is(err, syscall.ECONNREFUSED) {
		t.doubt()
	}
}

// Close implements Transport. It tells the server, three times, as packets get lost.
func (t *udpTransport) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.failed != nil {
		return
	}
	if t.lane != nil {
		for range 3 {
			t.sendControl(wire.Control{Type: wire.ControlClose})
		}
	}
	t.failLocked(net.ErrClosed)
}

// fail ends the connection.
func (t *udpTransport) fail(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failLocked(err)
}

func (t *udpTransport) failLocked(err error) {
	if t.failed != nil {
		return
	}
	t.failed = err
	if t.timer != nil {
		t.timer.Stop()
	}
	t.socket.close()
}
