package parlor_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
)

// rogue is a client that speaks the protocol by hand, well or badly. One
// goroutine owns it.
type rogue struct {
	t     *testing.T
	ws    *websocket.Conn
	tcp   net.Conn
	build *schema.Builder
	seq   uint32

	user   string
	handle uint16 // of the room joined last
	player uint32
	room   string
	token  string // of its seat
	back   bool   // it came back to a seat
}

// rogue connects and says nothing.
func (f *fortress) rogue() *rogue { return f.rogueBuffered(0) }

// rogueBuffered is rogue with a limit on the kernel's receive buffer, so that a
// client that does not read is felt soon.
func (f *fortress) rogueBuffered(receive int) *rogue {
	f.t.Helper()
	r := &rogue{t: f.t, build: schema.NewBuilder()}
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err == nil && receive > 0 {
			err = conn.(*net.TCPConn).SetReadBuffer(receive)
		}
		r.tcp = conn
		return conn, err
	}}
	var err error
	r.ws, _, err = websocket.Dial(patiently(f.t), "ws://"+f.addr+"/ws", &websocket.DialOptions{HTTPClient: &http.Client{Transport: transport}})
	if err != nil {
		f.t.Fatal(err)
	}
	r.ws.SetReadLimit(1 << 20)
	f.t.Cleanup(r.hangUp)
	return r
}

// guest connects and says hello.
func (f *fortress) guest() *rogue {
	f.t.Helper()
	r := f.rogue()
	r.hello("")
	r.welcome()
	return r
}

// hangUp ends the connection without a word.
func (r *rogue) hangUp() { _ = r.ws.CloseNow() }

func message(kind schema.Kind, handle uint16, ack uint32, body []byte) []byte {
	return append(schema.Header{Kind: kind, Handle: handle, Ack: ack}.Append(nil), body...)
}

func (r *rogue) write(kind websocket.MessageType, msg []byte) {
	r.t.Helper()
	if err := r.ws.Write(r.t.Context(), kind, msg); err != nil {
		r.t.Fatalf("sending: %v", err)
	}
}

func (r *rogue) send(kind schema.Kind, handle uint16, body []byte) {
	r.t.Helper()
	r.write(websocket.MessageBinary, message(kind, handle, 0, body))
}

func (r *rogue) hello(token string) {
	r.t.Helper()
	r.send(schema.KindHello, 0, r.build.Hello(schema.HelloInfo{Token: token, Client: "rogue"}))
}

func (r *rogue) welcome() {
	r.t.Helper()
	_, body := r.expect(schema.KindWelcome)
	r.user = string(fb.GetRootAsWelcome(body, 0).User())
}

// join asks for a room and waits until it is in.
func (r *rogue) join(j schema.JoinInfo) {
	r.t.Helper()
	r.send(schema.KindJoin, 0, r.build.Join(j))
	h, body := r.expect(schema.KindJoined)
	m := fb.GetRootAsJoined(body, 0)
	r.handle, r.player, r.back = h.Handle, m.Player(), m.Reconnected()
	r.room, r.token = string(m.Room()), string(m.Token())
}

// joinYard joins the witness's room.
func (r *rogue) joinYard(w *witness) {
	r.t.Helper()
	r.join(schema.JoinInfo{Request: 1, Mode: schema.JoinByID, Room: w.room.ID()})
}

// event sends an event input and returns its number.
func (r *rogue) event(handle uint16, input uint8, payload []byte) uint32 {
	r.t.Helper()
	r.seq++
	r.send(schema.KindEvent, handle, r.build.Event(input, r.seq, payload))
	return r.seq
}

// read returns the next message.
func (r *rogue) read() (schema.Header, []byte, error) {
	ctx, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	_, msg, err := r.ws.Read(ctx)
	if err != nil {
		return schema.Header{}, nil, err
	}
	h, body, err := schema.ParseHeader(msg)
	if err == nil {
		err = schema.Verify(h.Kind, body)
	}
	return h, body, err
}

// next returns the next message that is an answer: neither a Ping nor what a
// room sends by itself.
func (r *rogue) next() (schema.Header, []byte, error) {
	for {
		h, body, err := r.read()
		switch {
		case err != nil:
			return h, body, err
		case h.Kind == schema.KindPing, h.Kind == schema.KindState, h.Kind == schema.KindOwner,
			h.Kind == schema.KindEvents, h.Kind == schema.KindMessage:
		default:
			return h, body, nil
		}
	}
}

// answer is next on a connection that must not end.
func (r *rogue) answer() (schema.Header, []byte) {
	r.t.Helper()
	h, body, err := r.next()
	if err != nil {
		r.t.Fatalf("waiting for an answer: %v", err)
	}
	return h, body
}

func (r *rogue) expect(kind schema.Kind) (schema.Header, []byte) {
	r.t.Helper()
	h, body := r.answer()
	if h.Kind != kind {
		text := ""
		if h.Kind == schema.KindError {
			text = string(fb.GetRootAsError(body, 0).Message())
		}
		r.t.Fatalf("received %v %s, want %v", h.Kind, text, kind)
	}
	return h, body
}

// expectError waits for a refusal of one message; the session goes on.
func (r *rogue) expectError(code schema.Code, request uint32) {
	r.t.Helper()
	_, body := r.expect(schema.KindError)
	e := fb.GetRootAsError(body, 0)
	if got := schema.Code(e.Code()); got != code || e.Request() != request || len(e.Message()) == 0 {
		r.t.Fatalf("refused with %v %q about %d, want %v about %d", got, e.Message(), e.Request(), code, request)
	}
}

func (r *rogue) expectLeft(code schema.Code) {
	r.t.Helper()
	_, body := r.expect(schema.KindLeft)
	if got := schema.Code(fb.GetRootAsLeft(body, 0).Code()); got != code {
		r.t.Fatalf("left with %v, want %v", got, code)
	}
}

// alive checks that the session still answers, in order.
func (r *rogue) alive() {
	r.t.Helper()
	r.send(schema.KindPing, 0, r.build.Ping(77, 0))
	r.expect(schema.KindPong)
}

// expectClose reads to the end: the last message must be Close, and the
// WebSocket's status must carry the same code.
func (r *rogue) expectClose(code schema.Code) {
	r.t.Helper()
	if got := r.closed(); got != code {
		r.t.Fatalf("closed with %v, want %v", got, code)
	}
}

// closed reads to the end and returns the code of it.
func (r *rogue) closed() schema.Code {
	r.t.Helper()
	var last schema.Code
	for {
		h, body, err := r.next()
		if err == nil {
			if last = 0; h.Kind == schema.KindClose {
				last = schema.Code(fb.GetRootAsClose(body, 0).Code())
			}
			continue
		}
		var end websocket.CloseError
		if !errors.As(err, &end) {
			r.t.Fatalf("the connection ended with %v, without a code", err)
		}
		if int(end.Code) != last.CloseStatus() {
			r.t.Fatalf("the WebSocket ended with %v, Close said %v", end, last)
		}
		return last
	}
}

// payload encodes an input.
func payload[M any](t *testing.T, m M) []byte {
	t.Helper()
	record, err := state.RecordOf[M]()
	if err != nil {
		t.Fatal(err)
	}
	return record.Append(nil, &m)
}

func stateTick(body []byte) uint32 { return fb.GetRootAsState(body, 0).Tick() }
