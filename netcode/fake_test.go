package netcode

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// sentMessage is what a session handed to its transport.
type sentMessage struct {
	head schema.Header
	body []byte
}

// fakeTransport keeps what is sent and refuses frames on demand.
type fakeTransport struct {
	mu      sync.Mutex // guards all below
	sent    []sentMessage
	flushes int
	full    bool // TryQueue refuses
	mute    bool // nothing is kept: for measurements
	closed  schema.Code
	closes  int
}

func (f *fakeTransport) Queue(head [8]byte, body []byte) {
	if f.mute {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	h, _, _ := schema.ParseHeader(head[:])
	f.sent = append(f.sent, sentMessage{h, append([]byte(nil), body...)})
}

func (f *fakeTransport) TryQueue(head [8]byte, body []byte) bool {
	f.mu.Lock()
	full := f.full
	f.mu.Unlock()
	if !full {
		f.Queue(head, body)
	}
	return !full
}

func (f *fakeTransport) Flush() {
	f.mu.Lock()
	f.flushes++
	f.mu.Unlock()
}

func (f *fakeTransport) Pending() int { return 0 }

func (f *fakeTransport) Close(code schema.Code, _ string) {
	f.mu.Lock()
	f.closed = code
	f.closes++
	f.mu.Unlock()
}

func (f *fakeTransport) RemoteAddr() string { return "192.0.2.1:1" }

// take returns what was sent since the last call.
func (f *fakeTransport) take() []sentMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	sent := f.sent
	f.sent = nil
	return sent
}

// writes returns the number of flushes since the last call.
func (f *fakeTransport) writes() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := f.flushes
	f.flushes = 0
	return n
}

func (f *fakeTransport) closedWith() (schema.Code, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closed, f.closes > 0
}

// fakeSeat counts what it is told.
type fakeSeat struct {
	mu       sync.Mutex // guards all below
	link     *Link
	commands []uint32
	events   int
	saw      [][2]uint32
	left     int
	lost     int
	refuse   error // of Enter, Command and Event
}

func (s *fakeSeat) Enter(l *Link) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.link = l
	return s.refuse
}

func (s *fakeSeat) Command(tick uint32, _ uint8, _ []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.commands != nil {
		s.commands = append(s.commands, tick)
	}
	return s.refuse
}

func (s *fakeSeat) Saw(named, seen uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saw = append(s.saw, [2]uint32{named, seen})
}

func (s *fakeSeat) Event(uint32, uint8, []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events++
	return s.refuse
}

func (s *fakeSeat) Leave() {
	s.mu.Lock()
	s.left++
	s.mu.Unlock()
}

func (s *fakeSeat) Lost() {
	s.mu.Lock()
	s.lost++
	s.mu.Unlock()
}

// fakeHost hands out the seats that a test puts into its channel; without one
// Reserve waits, and "no" is refused.
type fakeHost struct{ seats chan *fakeSeat }

func (h fakeHost) Reserve(ctx context.Context, req JoinRequest) (Seat, error) {
	if req.Kind == "no" {
		return nil, schema.Errorf(schema.CodeNoSuchKind, "no such kind")
	}
	select {
	case s := <-h.seats:
		return s, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// fakeAuth takes tokens of the form "user" and "user+1m", which expire.
type fakeAuth struct{}

func (fakeAuth) Authenticate(_ context.Context, token string) (auth.User, string, error) {
	switch token {
	case "":
		return auth.User{ID: "guest-1", Guest: true}, "again", nil
	case "bad":
		return auth.User{}, "", auth.ErrInvalid
	case "ann+1m":
		return auth.User{ID: "ann", Expires: time.Now().Add(time.Minute)}, "", nil
	case "ann+2m":
		return auth.User{ID: "ann", Expires: time.Now().Add(2 * time.Minute)}, "", nil
	}
	return auth.User{ID: token}, "", nil
}

// rig is a server with one session over a fake transport. The test's
// goroutine is the session's reader.
type rig struct {
	t       testing.TB
	server  *Server
	host    fakeHost
	wire    *fakeTransport
	session *Session
	build   *schema.Builder
	ended   bool
}

func newRig(t testing.TB, cfg Config) *rig {
	t.Helper()
	r := &rig{t: t, host: fakeHost{make(chan *fakeSeat, 32)}, build: schema.NewBuilder()}
	cfg.Auth, cfg.Host = fakeAuth{}, r.host
	server, err := NewServer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.server = server
	r.open()
	return r
}

func (r *rig) open() {
	r.wire, r.ended = &fakeTransport{}, false
	r.session = r.server.Open(r.wire)
}

func (r *rig) end() {
	if !r.ended {
		r.ended = true
		r.session.Ended(0)
	}
}

func (r *rig) close() {
	r.t.Helper()
	r.server.GoAway()
	r.end()
	if err := r.server.Close(); err != nil {
		r.t.Error(err)
	}
}

func (r *rig) receive(kind schema.Kind, handle uint16, ack uint32, body []byte) error {
	return r.session.Receive(append(schema.Header{Kind: kind, Handle: handle, Ack: ack}.Append(nil), body...))
}

func (r *rig) hello(token string) {
	r.t.Helper()
	if err := r.receive(schema.KindHello, 0, 0, r.build.Hello(schema.HelloInfo{Token: token})); err != nil {
		r.t.Fatal(err)
	}
	if m := r.only(schema.KindWelcome); m.head.Handle != 0 {
		r.t.Fatalf("Welcome has handle %d", m.head.Handle)
	}
}

// only returns the one message that was sent since the last look.
func (r *rig) only(kind schema.Kind) sentMessage {
	r.t.Helper()
	sent := r.wire.take()
	if len(sent) != 1 || sent[0].head.Kind != kind {
		r.t.Fatalf("sent %v, want one %v", sent, kind)
	}
	if err := schema.Verify(kind, sent[0].body); err != nil {
		r.t.Fatalf("sent a bad %v: %v", kind, err)
	}
	return sent[0]
}

func (r *rig) onlyError(code schema.Code, request uint32) {
	r.t.Helper()
	e := fb.GetRootAsError(r.only(schema.KindError).body, 0)
	if schema.Code(e.Code()) != code || e.Request() != request {
		r.t.Fatalf("refused with %v about %d, want %v about %d", schema.Code(e.Code()), e.Request(), code, request)
	}
}

// enter joins a room and waits until the seat was entered.
func (r *rig) enter(seat *fakeSeat) *Link {
	r.t.Helper()
	r.host.seats <- seat
	if err := r.receive(schema.KindJoin, 0, 0, r.build.Join(schema.JoinInfo{Request: 3, Kind: "arena"})); err != nil {
		r.t.Fatal(err)
	}
	r.session.joins.Wait()
	return seat.link
}

func (r *rig) expectClosed(code schema.Code) {
	r.t.Helper()
	if got, ok := r.wire.closedWith(); !ok || got != code {
		r.t.Fatalf("closed %v with %v, want %v", ok, got, code)
	}
	if err := r.receive(schema.KindPing, 0, 0, r.build.Ping(1, 1)); err == nil {
		r.t.Fatal("a closed session received a message")
	}
}
