package parlor

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/netcode/udp/reliable"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// rogue is a client over UDP that has a token like everybody and does with its
// session what it likes. One goroutine runs it by spend.
type rogue struct {
	t     *testing.T
	conn  *netsim.PacketConn
	build *schema.Builder

	shake  *wire.ClientHandshake
	resend time.Time
	id     uint32
	sealer *wire.Sealer
	opener *wire.Opener
	lane   *reliable.Lane

	deaf      bool   // it reads nothing and acknowledges nothing
	newest    uint32 // tick of a State
	keyframes int
	came      map[schema.Kind]int // on the reliable lane
	closed    []schema.Code
}

var lineServer = netip.MustParseAddrPort(lineAddress)

// rogue makes a rogue with an address of its own.
func (l *lineNet) rogue(n int) *rogue {
	l.t.Helper()
	conn, err := l.network.Listen(fmt.Sprintf("10.0.2.%d:6000", n))
	if err != nil {
		l.t.Fatal(err)
	}
	grant, err := l.server.udp.Load().Grant(udp.GrantRequest{User: auth.User{ID: fmt.Sprint("rogue", n)}})
	if err != nil {
		l.t.Fatal(err)
	}
	shake, err := wire.NewClientHandshake(grant.Token, grant.Key)
	if err != nil {
		l.t.Fatal(err)
	}
	return &rogue{t: l.t, conn: conn, build: schema.NewBuilder(), shake: shake, came: make(map[schema.Kind]int)}
}

// spend runs the rogue for a while.
func (r *rogue) spend(d time.Duration) {
	buf := make([]byte, 2000)
	for end := time.Now().Add(d); time.Now().Before(end); {
		if r.lane == nil {
			if now := time.Now(); r.shake.Changed() || !now.Before(r.resend) {
				r.resend = now.Add(wire.ResendInterval)
				r.write(r.shake.Packet())
			}
		} else if !r.deaf && r.lane.Busy() {
			r.lane.Update()
			r.lane.Pump(1 << 20)
		}
		_ = r.conn.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		if n, _, err := r.conn.ReadFrom(buf); err == nil {
			r.take(buf[:n])
		}
	}
}

func (r *rogue) take(p []byte) {
	if r.lane == nil {
		if done, _ := r.shake.Receive(p); done {
			id, keys, _ := r.shake.Session()
			r.id, r.sealer, r.opener = id, wire.NewSealer(keys.ClientToServer, id), wire.NewOpener(keys.ServerToClient, id)
			r.lane = reliable.New(reliable.Config{Conversation: id, Output: func(s []byte) { r.write(r.seal(wire.KindReliable, s)) }})
		}
		return
	}
	kind, _, plain, err := r.opener.Open(p)
	switch {
	case err != nil:
	case kind == wire.KindControl:
		if m, err := wire.ParseControl(plain); err == nil && m.Type == wire.ControlClose {
			r.closed = append(r.closed, schema.Code(m.Code))
		}
	case r.deaf:
	case kind == wire.KindUnreliable:
		for len(plain) > 0 {
			m, rest, err := wire.NextMessage(plain)
			if err != nil {
				r.t.Fatal(err)
			}
			r.message(m)
			plain = rest
		}
	default:
		if err := r.lane.Input(plain, func(m []byte) error {
			r.came[schema.Kind(m[0])]++
			r.message(m)
			return nil
		}); err != nil {
			r.t.Fatal(err)
		}
	}
}

func (r *rogue) message(m []byte) {
	if h, body, err := schema.ParseHeader(m); err == nil && h.Kind == schema.KindState {
		r.newest = max(r.newest, fb.GetRootAsState(body, 0).Tick())
		if h.Flags&schema.FlagKeyframe != 0 {
			r.keyframes++
		}
	}
}

func (r *rogue) write(p []byte) {
	if p == nil {
		return
	}
	if _, err := r.conn.WriteToUDPAddrPort(p, lineServer); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rogue) seal(kind wire.Kind, plain []byte) []byte {
	buf := make([]byte, wire.HeaderSize, wire.MaxPacket)
	return r.sealer.Seal(append(buf, plain...), kind)
}

// say sends a message on the reliable lane.
func (r *rogue) say(kind schema.Kind, handle uint16, ack uint32, body []byte) {
	if err := r.lane.Send(schema.Header{Kind: kind, Handle: handle, Ack: ack}.Append(nil), body); err != nil {
		r.t.Fatal(err)
	}
	r.lane.Pump(1 << 20)
}

// drop sends a message as a datagram.
func (r *rogue) drop(kind schema.Kind, handle uint16, ack uint32, body []byte) {
	head := schema.Header{Kind: kind, Handle: handle, Ack: ack}.Append(nil)
	r.write(r.seal(wire.KindUnreliable, wire.AppendMessage(nil, [wire.MessageHead]byte(head), body)))
}

// enter brings the rogue into the line's room, whose handle is 1.
func (r *rogue) enter() {
	r.t.Helper()
	r.spend(200 * time.Millisecond)
	if r.lane == nil {
		r.t.Fatal("no session")
	}
	r.say(schema.KindHello, 0, 0, r.build.Hello(schema.HelloInfo{}))
	r.say(schema.KindJoin, 0, 0, r.build.Join(schema.JoinInfo{Request: 1, Mode: schema.JoinOrCreate, Kind: "line"}))
	r.spend(500 * time.Millisecond)
	if r.came[schema.KindJoined] != 1 || r.keyframes == 0 {
		r.t.Fatalf("not in the room: %v, %d keyframes, closed %v", r.came, r.keyframes, r.closed)
	}
}
