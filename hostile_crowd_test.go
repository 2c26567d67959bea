package parlor_test

import (
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// frame is a masked WebSocket frame as clients send it, with a mask of zeros.
func frame(head byte, payload []byte) []byte {
	f := []byte{head}
	switch n := len(payload); {
	case n < 126:
		f = append(f, 0x80|byte(n))
	case n <= 0xffff:
		f = binary.BigEndian.AppendUint16(append(f, 0x80|126), uint16(n))
	default:
		f = binary.BigEndian.AppendUint64(append(f, 0x80|127), uint64(n))
	}
	return append(append(f, 0, 0, 0, 0), payload...)
}

const binaryFrame = 0x82

// pour writes bytes to the socket, again and again, until there are total of
// them or the server hangs up.
func (r *rogue) pour(bytes []byte, total int) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for sent := 0; sent < total; sent += len(bytes) {
			if _, err := r.tcp.Write(bytes); err != nil {
				return
			}
		}
	}()
	return done
}

// TestFlood sends without a pause: a hundred times what is allowed and more.
// The sender is told once, then closed.
func TestFlood(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	b := schema.NewBuilder()
	command := message(schema.KindCommand, 1, 0, b.Command(1, inStride, payload(t, stride{X: 1})))
	event := message(schema.KindEvent, 1, 0, b.Event(inAim, 1, payload(t, aim{})))
	join := message(schema.KindJoin, 0, 0, b.Join(schema.JoinInfo{Kind: "palace"}))
	const rate = 512 // messages a second that are allowed
	for _, test := range []struct {
		what    string
		message []byte
		count   int
	}{
		{"commands", frame(binaryFrame, command), 100 * rate},
		{"events", frame(binaryFrame, event), 100 * rate},
		{"joins", frame(binaryFrame, join), 100 * rate},
		{"pings of WebSocket", frame(0x89, nil), 100 * rate},
		{"large messages", frame(binaryFrame, append(command[:8:8], make([]byte, 60<<10)...)), 100},
	} {
		t.Run(test.what, func(t *testing.T) {
			f.t, w.t = t, t
			r := f.guest()
			r.joinYard(w)
			many := make([]byte, 0, 64<<10)
			for len(many)+len(test.message) <= max(32<<10, len(test.message)) {
				many = append(many, test.message...)
			}
			done := r.pour(many, test.count*len(test.message))
			code := r.closed()
			r.hangUp()
			<-done
			want := schema.CodeRateLimited
			if test.what == "large messages" {
				want = schema.CodeBadMessage // the first of them ends it
			}
			if code != want {
				t.Errorf("closed with %v, want %v", code, want)
			}
			w.unharmed()
		})
	}
}

// TestFloodIsTold checks that a client hears of its first ignored message, and
// that one that stops in time is not closed.
func TestFloodIsTold(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	r := f.guest()
	r.joinYard(w)
	many := make([]byte, 0, 64<<10)
	pong := frame(binaryFrame, message(schema.KindPong, 0, 0, r.build.Pong(schema.PongInfo{})))
	for range 1500 {
		many = append(many, pong...)
	}
	<-r.pour(many, len(many))
	r.expectError(schema.CodeRateLimited, 0)
	w.unharmed()
	answered := make(chan error, 1)
	go func() { answered <- r.untilPong() }()
	late := time.After(patience)
	for {
		select {
		case err := <-answered:
			if err != nil {
				t.Errorf("the session was closed: %v", err)
			}
			return
		case <-w.frames: // pings are ignored until the allowance has grown
			r.send(schema.KindPing, 0, r.build.Ping(77, 0))
		case <-late:
			t.Fatal("nothing is taken any more")
		}
	}
}

// untilPong reads on to a Pong. It may run beside a sender.
func (r *rogue) untilPong() error {
	for {
		if h, _, err := r.next(); err != nil || h.Kind == schema.KindPong {
			return err
		}
	}
}

// TestNeverReading does not read what the room sends: the client is dropped
// when its queue is full.
func TestNeverReading(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	shouts := make(chan struct{}, 1000)
	w.room.OnMessage(func(client.Message) { shouts <- struct{}{} })
	r := f.rogueBuffered(4 << 10)
	r.hello("")
	r.welcome()
	r.joinYard(w)
	dropped := func() bool {
		return f.metric(`parlor_sessions_closed_total{code="SLOW_CLIENT"}`) == "1"
	}
	loud := f.guest()
	loud.joinYard(w)
	go func() { // somebody reads what the loud one gets
		for {
			if _, _, err := loud.read(); err != nil {
				return
			}
		}
	}()
	for n := 0; !dropped(); n++ {
		if n == 100 {
			t.Fatal("5 MB wait for a client that never reads")
		}
		loud.event(loud.handle, inShout, payload(t, shout{Bytes: 50_000}))
		select {
		case <-shouts:
		case <-patiently(t).Done():
			t.Fatal("the witness hears nothing")
		}
	}
	w.unharmed()
}

// TestThousandJoins lets a thousand sessions join a room of 64 at once.
func TestThousandJoins(t *testing.T) {
	t.Parallel()
	crowd := 1000
	if testing.Short() {
		crowd = 200
	}
	f := build(t, nil)
	w := f.witness(client.Options{})
	rogues := make([]*rogue, crowd)
	var dialling sync.WaitGroup
	var next atomic.Int32
	for range 32 {
		dialling.Go(func() {
			for i := int(next.Add(1)) - 1; i < crowd; i = int(next.Add(1)) - 1 {
				rogues[i] = f.guest()
			}
		})
	}
	dialling.Wait()
	var joining sync.WaitGroup
	var in, full atomic.Int32
	ready := make(chan struct{})
	for _, r := range rogues {
		joining.Go(func() {
			<-ready
			switch code := r.tryJoin(schema.JoinInfo{Request: 5, Mode: schema.JoinByID, Room: w.room.ID()}); code {
			case 0:
				in.Add(1)
			case schema.CodeRoomFull:
				full.Add(1)
			default:
				t.Errorf("a join was answered with %v", code)
			}
		})
	}
	close(ready)
	joining.Wait()
	if in.Load() != yardSeats-1 || in.Load()+full.Load() != int32(crowd) {
		t.Errorf("%d are in, %d were told that the room is full; want %d and %d", in.Load(), full.Load(), yardSeats-1, crowd-yardSeats+1)
	}
	w.unharmed()
	w.seen("all of them", func(players *client.TableView[inmate]) bool { return players.Len() == yardSeats })
	for _, r := range rogues {
		if r.handle != 0 { // one leaves, one more comes in
			r.send(schema.KindLeave, r.handle, r.build.Leave())
			r.expectLeft(schema.CodeLeft)
			break
		}
	}
	eventually(t, "the seat to be free", func() bool {
		return rogues[0].tryJoin(schema.JoinInfo{Request: 6, Mode: schema.JoinByID, Room: w.room.ID()}) == 0
	})
	w.unharmed()
}

// tryJoin joins and returns why that was refused, 0 if it was not. Any
// goroutine may call it, one at a time.
func (r *rogue) tryJoin(j schema.JoinInfo) schema.Code {
	if err := r.ws.Write(r.t.Context(), websocket.MessageBinary, message(schema.KindJoin, 0, 0, r.build.Join(j))); err != nil {
		r.t.Error(err)
		return schema.CodeInternal
	}
	for {
		h, body, err := r.next()
		switch {
		case err != nil:
			r.t.Error(err)
			return schema.CodeInternal
		case h.Kind == schema.KindError:
			return schema.Code(fb.GetRootAsError(body, 0).Code())
		case h.Kind == schema.KindJoined:
			r.handle = h.Handle
			return 0
		}
	}
}

// TestHangUps cuts connections at every stage, within frames too.
func TestHangUps(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	hello := frame(binaryFrame, message(schema.KindHello, 0, 0, schema.NewBuilder().Hello(schema.HelloInfo{})))
	for _, cut := range []int{0, 1, 2, 6, 7, 14, 20, len(hello)} {
		r := f.rogue()
		if _, err := r.tcp.Write(hello[:cut]); err != nil {
			t.Fatal(err)
		}
		reset(r.tcp)
	}
	var r *rogue
	for range 20 {
		r = f.guest()
		r.joinYard(w)
		reset(r.tcp)
	}
	eventually(t, "the sessions to end", func() bool { return f.metric("parlor_sessions") == "1" })
	w.unharmed()
}

// reset ends a TCP connection by a reset.
func reset(c net.Conn) {
	_ = c.(*net.TCPConn).SetLinger(0)
	_ = c.Close()
}
