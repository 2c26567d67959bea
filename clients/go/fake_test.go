package client

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// fakeServer speaks the protocol with one room, which ticks only when a test
// says so. Its rules: a player has a walker, walk steps it, and shout comes
// back as an event to all.
type fakeServer struct {
	t   *testing.T
	url string

	mu      sync.Mutex // guards what follows
	changed *sync.Cond
	store   *state.Store
	world   *fakeWorld
	schema  schema.Schema
	hash    uint64
	now     tick.Tick
	members []*fakeMember
	conns   []*fakeConn
	hellos  []string // tokens of the Hellos
	joins   []fakeJoin
	joinAs  func(fakeJoin) *schema.Error // refuses a join
	payload func([]byte) []byte          // changes the next frame of each member
	builder *schema.Builder
	tokens  int
	room    string
}

type fakeWorld struct {
	Players state.Table[walker]
	Round   state.Value[round]
	Shouts  state.Event[shout]
}

type round struct{ Number uint32 }

type shout struct{ Text string }

type fakeJoin struct {
	mode            fb.JoinMode
	kind, room      string
	token           string
	options, filter string
	schemaHash      uint64
	private         bool
	request         uint32
}

// fakeConn is one connection.
type fakeConn struct {
	ws      *websocket.Conn
	applied map[uint16]uint32
	member  *fakeMember
	pongs   int
}

// fakeMember is a player and its place.
type fakeMember struct {
	conn     *fakeConn // nil: lost
	id       state.ID
	token    string
	commands map[tick.Tick]fakeCommand
	last     []byte
	missed   int
	named    uint32
	sent     tick.Tick
	keyframe bool
	left     bool
}

type fakeCommand struct {
	named   uint32
	payload []byte
}

const fakeHandle = 3

func newFake(t *testing.T) *fakeServer {
	t.Helper()
	f := &fakeServer{t: t, builder: schema.NewBuilder(), room: "room-1"}
	f.changed = sync.NewCond(&f.mu)
	f.newWorld()
	server := httptest.NewServer(http.HandlerFunc(f.serve))
	f.url = "ws" + server.URL[len("http"):]
	t.Cleanup(func() {
		f.drop()
		server.Close()
	})
	return f
}

func (f *fakeServer) newWorld() {
	f.world = &fakeWorld{}
	store, err := state.NewStore(f.world, state.Options{Hz: 20, Seed: 1})
	if err != nil {
		f.t.Fatal(err)
	}
	columns := func(r interface{ Columns() []schema.Column }, err error) []schema.Column {
		if err != nil {
			f.t.Fatal(err)
		}
		return r.Columns()
	}
	f.store, f.schema, f.now, f.members = store, store.Schema(), 0, nil
	f.schema.Inputs = []schema.InputDef{
		{Name: "walk", Command: true, Columns: columns(state.RecordOf[walk]())},
		{Name: "shout", Columns: columns(state.RecordOf[shout]())},
	}
	f.hash = f.schema.Hash()
}

func (f *fakeServer) serve(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.CloseNow() }()
	c := &fakeConn{ws: ws, applied: map[uint16]uint32{}}
	f.mu.Lock()
	f.conns = append(f.conns, c)
	f.mu.Unlock()
	for {
		_, msg, err := ws.Read(context.Background())
		if err != nil {
			break
		}
		head, body, err := verified(msg)
		if err != nil {
			f.t.Errorf("the client sent: %v", err)
			break
		}
		if head.Kind == schema.KindClose {
			break
		}
		f.mu.Lock()
		f.receive(c, head, body)
		f.changed.Broadcast()
		f.mu.Unlock()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.member != nil && c.member.conn == c {
		c.member.conn = nil
	}
	f.changed.Broadcast()
}

func (f *fakeServer) send(c *fakeConn, head schema.Header, body []byte) {
	_ = c.ws.Write(context.Background(), websocket.MessageBinary, append(head.Append(nil), body...))
}

// receive handles one message; mu is held.
func (f *fakeServer) receive(c *fakeConn, head schema.Header, body []byte) {
	if head.Handle != 0 {
		c.applied[head.Handle] = head.Ack
	}
	switch head.Kind {
	case schema.KindHello:
		f.hellos = append(f.hellos, string(fb.GetRootAsHello(body, 0).Token()))
		f.send(c, schema.Header{Kind: schema.KindWelcome}, f.builder.Welcome(schema.WelcomeInfo{
			Session: "s", User: "user-1", GuestToken: "guest-1", PingInterval: 1000, Server: "fake",
		}))
	case schema.KindJoin:
		f.join(c, fb.GetRootAsJoin(body, 0))
	case schema.KindLeave:
		c.member.left = true
		f.send(c, schema.Header{Kind: schema.KindLeft, Handle: fakeHandle}, f.builder.Left(schema.CodeLeft, ""))
	case schema.KindCommand:
		m := fb.GetRootAsCommand(body, 0)
		c.member.put(f.now, m.Tick(), slices.Clone(m.PayloadBytes()))
	case schema.KindEvent:
		f.event(c, fb.GetRootAsEvent(body, 0))
	case schema.KindPing:
		p := fb.GetRootAsPing(body, 0)
		f.send(c, schema.Header{Kind: schema.KindPong}, f.builder.Pong(schema.PongInfo{ID: p.Id(), Time: p.Time()}))
	case schema.KindPong:
		c.pongs++
		p := fb.GetRootAsPong(body, 0)
		for i := range p.AppliedLength() {
			var a fb.Applied
			p.Applied(&a, i)
			c.applied[a.Handle()] = a.Tick()
		}
		if c.member != nil && c.applied[fakeHandle] == 0 {
			c.member.keyframe = true
		}
	}
}

func (f *fakeServer) join(c *fakeConn, m *fb.Join) {
	j := fakeJoin{
		mode: m.Mode(), kind: string(m.Kind()), room: string(m.Room()), token: string(m.Token()),
		options: string(m.OptionsBytes()), filter: string(m.FilterBytes()),
		schemaHash: m.SchemaHash(), private: m.Private(), request: m.Request(),
	}
	f.joins = append(f.joins, j)
	refuse := func(e *schema.Error) {
		e.Request = j.request
		f.send(c, schema.Header{Kind: schema.KindError, Handle: 9}, f.builder.Error(e)) // refused after it got a handle
	}
	if f.joinAs != nil {
		if e := f.joinAs(j); e != nil {
			refuse(e)
			return
		}
	}
	var member *fakeMember
	if j.mode == fb.JoinModeReconnect {
		i := slices.IndexFunc(f.members, func(m *fakeMember) bool { return m.token == j.token && !m.left })
		if i < 0 {
			refuse(schema.Errorf(schema.CodeBadToken, "no such seat"))
			return
		}
		member = f.members[i]
		member.commands, member.named = map[tick.Tick]fakeCommand{}, 0
	} else {
		member = &fakeMember{id: state.ID(1<<20 | len(f.members)), commands: map[tick.Tick]fakeCommand{}}
		f.members = append(f.members, member)
	}
	f.tokens++
	member.conn, member.keyframe, member.token = c, true, "seat-"+string(rune('a'+f.tokens))
	c.member = member
	info := schema.JoinedInfo{
		Request: j.request, Room: f.room, Kind: "walkers", Player: uint32(member.id), Token: member.token,
		Hz: 20, Tick: uint32(f.now), Grace: 20000, Reconnected: j.mode == fb.JoinModeReconnect, SchemaHash: f.hash,
	}
	if j.schemaHash != f.hash {
		info.Schema = &f.schema
	}
	f.send(c, schema.Header{Kind: schema.KindJoined, Handle: fakeHandle}, f.builder.Joined(info))
}

func (f *fakeServer) event(c *fakeConn, m *fb.Event) {
	record, err := state.RecordOf[shout]()
	if err != nil {
		f.t.Error(err)
		return
	}
	var s shout
	if err := record.Decode(m.PayloadBytes(), &s); err != nil || s.Text == "" {
		f.send(c, schema.Header{Kind: schema.KindError, Handle: fakeHandle},
			f.builder.Error(&schema.Error{Code: schema.CodeBadInput, Request: m.Seq(), Message: "say something"}))
		return
	}
	f.send(c, schema.Header{Kind: schema.KindMessage, Handle: fakeHandle}, f.builder.Message(uint32(f.now), "heard", []byte(`"`+s.Text+`"`)))
}

// put files a command as the rooms do: a late one takes the next free tick.
func (m *fakeMember) put(now tick.Tick, named uint32, payload []byte) {
	use := tick.Tick(named)
	if use <= now {
		use = now + 1
		if _, taken := m.commands[use]; taken || named <= m.named {
			return
		}
	}
	m.commands[use] = fakeCommand{named, payload}
}

// step runs one tick: the rules, then a frame to each member.
func (f *fakeServer) step(rules func(w *fakeWorld)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now++
	f.store.StartTick(f.now)
	f.store.Begin()
	for _, m := range f.members {
		if !m.left && !f.world.Players.Has(m.id) {
			f.world.Players.Put(m.id, walker{X: 10, HP: 100, Name: "Ada"})
		}
		if m.left {
			f.world.Players.Delete(m.id)
		}
		f.walk(m)
	}
	if rules != nil {
		rules(f.world)
	}
	f.store.Commit()
	f.store.EndTick()
	for _, m := range f.members {
		if m.conn != nil && !m.left {
			f.frame(m)
		}
	}
}

func (f *fakeServer) walk(m *fakeMember) {
	c, ok := m.commands[f.now]
	delete(m.commands, f.now)
	switch {
	case ok:
		m.named, m.last, m.missed = max(m.named, c.named), c.payload, 0
	case m.last == nil || m.missed >= 3:
		return
	default:
		m.missed++
	}
	record, err := state.RecordOf[walk]()
	if err != nil {
		f.t.Error(err)
		return
	}
	var w walk
	if err := record.Decode(m.last, &w); err != nil {
		f.t.Errorf("a command: %v", err)
		return
	}
	if row := f.world.Players.Edit(m.id); row != nil {
		stepWalker(row, w, tick.Rate(20).DT())
	}
}

func (f *fakeServer) frame(m *fakeMember) {
	var payload []byte
	age := uint32(f.now - m.sent)
	head := schema.Header{Kind: schema.KindState, Handle: fakeHandle, Ack: m.named}
	ok := !m.keyframe
	if ok {
		payload, ok = f.store.AppendDelta(nil, m.sent, true)
	}
	if !ok {
		payload, age, head.Flags = f.store.AppendKeyframe(nil, true), 0, schema.FlagKeyframe
	}
	if f.payload != nil {
		payload = f.payload(payload)
	}
	m.sent, m.keyframe = f.now, false
	f.send(m.conn, head, f.builder.State(uint32(f.now), age, payload))
	if events, some := f.store.AppendEvents(nil); some {
		f.send(m.conn, schema.Header{Kind: schema.KindEvents, Handle: fakeHandle, Ack: m.named}, f.builder.Events(uint32(f.now), events))
	}
}

// mangle changes the payloads of the next step only.
func (f *fakeServer) mangle(change func([]byte) []byte) {
	f.mu.Lock()
	f.payload = change
	f.mu.Unlock()
	f.step(nil)
	f.mu.Lock()
	f.payload = nil
	f.mu.Unlock()
}

// wait blocks until cond, checked whenever a message has come or a connection
// has ended, holds.
func (f *fakeServer) wait(what string, cond func() bool) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	late := false
	defer time.AfterFunc(10*time.Second, func() {
		f.mu.Lock()
		late = true
		f.changed.Broadcast()
		f.mu.Unlock()
	}).Stop()
	for !cond() {
		if late {
			f.t.Fatalf("waited in vain for %s", what)
		}
		f.changed.Wait()
	}
}

// drop ends all connections without a word.
func (f *fakeServer) drop() {
	f.mu.Lock()
	conns := f.conns
	f.conns = nil
	f.mu.Unlock()
	for _, c := range conns {
		_ = c.ws.CloseNow()
	}
}
