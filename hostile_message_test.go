package parlor_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/coder/websocket"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// TestBrokenMessages sends what ends a session, each with the code that it ends
// with.
func TestBrokenMessages(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	b := schema.NewBuilder()
	hello := message(schema.KindHello, 0, 0, b.Hello(schema.HelloInfo{}))
	join := message(schema.KindJoin, 0, 0, b.Join(schema.JoinInfo{Request: 1, Kind: "yard"}))
	command := message(schema.KindCommand, 1, 0, b.Command(1, inStride, payload(t, stride{X: 1})))
	ping := message(schema.KindPing, 0, 0, b.Ping(1, 1))
	newer := bytes.Clone(hello)
	newer[bytes.LastIndexByte(newer, schema.Version)] = schema.Version + 1
	corrupt := bytes.Clone(join)
	for i := schema.HeaderSize; i < len(corrupt); i++ {
		corrupt[i] ^= 0xff
	}
	const before, after, inside = "before Hello", "after Welcome", "in a room"
	for _, test := range []struct {
		when, what string
		message    []byte
		code       schema.Code
	}{
		{before, "Join", join, schema.CodeBadMessage},
		{before, "a command", command, schema.CodeBadMessage},
		{before, "Ping", ping, schema.CodeBadMessage},
		{before, "nothing", nil, schema.CodeBadMessage},
		{before, "half of a Hello", hello[:len(hello)/2], schema.CodeBadMessage},
		{before, "Hello of the next version", newer, schema.CodeBadProtocol},
		{after, "a second Hello", hello, schema.CodeBadMessage},
		{after, "nothing", nil, schema.CodeBadMessage},
		{after, "half a header", join[:5], schema.CodeBadMessage},
		{after, "a header without a body", join[:schema.HeaderSize], schema.CodeBadMessage},
		{after, "a truncated Join", join[:len(join)-9], schema.CodeBadMessage},
		{after, "a corrupt Join", corrupt, schema.CodeBadMessage},
		{after, "an unknown kind", message(99, 0, 0, b.Leave()), schema.CodeBadMessage},
		{after, "a message of servers", message(schema.KindJoined, 1, 0, b.Joined(schema.JoinedInfo{})), schema.CodeBadMessage},
		{after, "one byte too many", make([]byte, 64<<10+1), schema.CodeTooLarge},
		{after, "a megabyte", make([]byte, 1<<20), schema.CodeTooLarge},
		{inside, "a truncated command", command[:len(command)-6], schema.CodeBadMessage},
		{inside, "a second Hello", hello, schema.CodeBadMessage},
		{inside, "a state frame", message(schema.KindState, 1, 0, b.State(1, 0, nil)), schema.CodeBadMessage},
	} {
		t.Run(test.what+" "+test.when, func(t *testing.T) {
			f.t, w.t = t, t
			r := f.rogue()
			if test.when != before {
				r.hello("")
				r.welcome()
			}
			if test.when == inside {
				r.joinYard(w)
			}
			r.write(websocket.MessageBinary, test.message)
			r.expectClose(test.code)
			w.unharmed()
		})
	}
	t.Run("text", func(t *testing.T) {
		f.t, w.t = t, t
		r := f.guest()
		r.write(websocket.MessageText, join)
		r.expectClose(schema.CodeBadMessage)
		w.unharmed()
	})
}

// TestMutatedMessages changes bytes of good messages at random. The server
// refuses or takes them, but never fails by itself.
func TestMutatedMessages(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	b := schema.NewBuilder()
	good := [][]byte{
		message(schema.KindJoin, 0, 0, b.Join(schema.JoinInfo{Request: 9, Kind: "yard", Options: []byte(`{"a":1}`), Filter: []byte(`{}`)})),
		message(schema.KindCommand, 1, 0, b.Command(uint32(w.room.Tick()), inStride, payload(t, stride{X: 1}))),
		message(schema.KindEvent, 1, 0, b.Event(inShout, 1, payload(t, shout{Bytes: 3}))),
		message(schema.KindPong, 0, 0, b.Pong(schema.PongInfo{Applied: []schema.Applied{{Handle: 1, Tick: 1}}})),
		message(schema.KindAuth, 0, 0, b.Auth("token")),
	}
	random := rand.New(rand.NewPCG(1, 2))
	mutations := 150
	if testing.Short() {
		mutations = 50
	}
	refused := 0
	var r *rogue
	for range mutations {
		if r == nil {
			r = f.guest()
			r.join(schema.JoinInfo{Request: 1, Kind: "yard"}) // the mutants' seats are held: they fill more rooms than one
		}
		mutant := bytes.Clone(good[random.IntN(len(good))])
		for range 1 + random.IntN(3) {
			mutant[random.IntN(len(mutant))] = byte(random.Uint32())
		}
		if random.IntN(4) == 0 {
			mutant = mutant[:random.IntN(len(mutant))]
		}
		r.write(websocket.MessageBinary, mutant)
		if r.survived(mutant) {
			continue
		}
		refused++
		r = nil
	}
	if refused < mutations/10 || refused > mutations*9/10 {
		t.Errorf("%d of %d mutants ended their session: the test does not try both", refused, mutations)
	}
	w.unharmed()
}

// survived reports whether the session goes on after a mutant; if it ended, its
// code must be a named one that is the client's fault.
func (r *rogue) survived(mutant []byte) bool {
	r.t.Helper()
	ping := message(schema.KindPing, 0, 0, r.build.Ping(77, 0))
	if r.ws.Write(r.t.Context(), websocket.MessageBinary, ping) == nil {
		for {
			h, body, err := r.next()
			if err != nil {
				r.t.Fatalf("%x ended the session with %v, without Close", mutant, err)
			}
			switch h.Kind {
			case schema.KindPong:
				return true
			case schema.KindError:
				if e := fb.GetRootAsError(body, 0); schema.Code(e.Code()) == schema.CodeInternal {
					r.t.Fatalf("%x made the server fail: %s", mutant, e.Message())
				}
			case schema.KindClose:
				code := schema.Code(fb.GetRootAsClose(body, 0).Code())
				switch code {
				case 0, schema.CodeBadMessage, schema.CodeBadProtocol:
				default:
					r.t.Fatalf("%x ended the session with %v", mutant, code)
				}
				r.hangUp()
				return false
			}
		}
	}
	return false
}

// TestRefusedMessages sends what is refused by an Error. The session goes on.
func TestRefusedMessages(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	outside, inside := f.guest(), f.guest()
	inside.joinYard(w)
	good := payload(t, stride{X: 1})
	for _, test := range []struct {
		what string
		from *rogue
		send func(r *rogue) (request uint32)
		code schema.Code
	}{
		{"a command before Joined", outside, func(r *rogue) uint32 {
			r.send(schema.KindCommand, 1, r.build.Command(9, inStride, good))
			return 0
		}, schema.CodeNotInRoom},
		{"an event before Joined", outside, func(r *rogue) uint32 { return r.event(1, inShout, good) }, schema.CodeNotInRoom},
		{"an event to the session", outside, func(r *rogue) uint32 { return r.event(0, inShout, good) }, schema.CodeNotInRoom},
		{"Leave without a room", outside, func(r *rogue) uint32 { r.send(schema.KindLeave, 1, r.build.Leave()); return 0 }, schema.CodeNotInRoom},
		{"a command for another's room", inside, func(r *rogue) uint32 {
			r.send(schema.KindCommand, r.handle+1, r.build.Command(9, inStride, good))
			return 0
		}, schema.CodeNotInRoom},
		{"a command that is an event", inside, func(r *rogue) uint32 {
			r.send(schema.KindCommand, r.handle, r.build.Command(9, inShout, good))
			return 0
		}, schema.CodeBadInput},
		{"an event that is a command", inside, func(r *rogue) uint32 { return r.event(r.handle, inStride, good) }, schema.CodeBadInput},
		{"an unknown input", inside, func(r *rogue) uint32 { return r.event(r.handle, 200, nil) }, schema.CodeBadInput},
		{"an event without its payload", inside, func(r *rogue) uint32 { return r.event(r.handle, inAim, nil) }, schema.CodeBadInput},
		{"an event with too much", inside, func(r *rogue) uint32 { return r.event(r.handle, inAim, make([]byte, 9)) }, schema.CodeBadInput},
		{"an event of 513 bytes", inside, func(r *rogue) uint32 { return r.event(r.handle, inAim, make([]byte, 513)) }, schema.CodeBadInput},
		{"an event with NaN", inside, func(r *rogue) uint32 {
			return r.event(r.handle, inAim, payload(t, aim{Angle: float32(math.NaN())}))
		}, schema.CodeBadInput},
		{"an event with infinity", inside, func(r *rogue) uint32 {
			return r.event(r.handle, inAim, payload(t, aim{Angle: float32(math.Inf(-1))}))
		}, schema.CodeBadInput},
		{"a bad new token", inside, func(r *rogue) uint32 { r.send(schema.KindAuth, 0, r.build.Auth("x.y.z")); return 0 }, schema.CodeUnauthenticated},
	} {
		t.Run(test.what, func(t *testing.T) {
			test.from.t, w.t = t, t
			request := test.send(test.from)
			test.from.expectError(test.code, request)
			test.from.alive()
			w.unharmed()
		})
	}
}

// TestRefusedJoins asks for rooms in every wrong way.
func TestRefusedJoins(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	r := f.guest()
	room := w.room.ID()
	for i, test := range []struct {
		what string
		join schema.JoinInfo
		code schema.Code
	}{
		{"an unknown kind", schema.JoinInfo{Kind: "palace"}, schema.CodeNoSuchKind},
		{"no kind", schema.JoinInfo{}, schema.CodeNoSuchKind},
		{"an unknown kind to create", schema.JoinInfo{Mode: schema.JoinCreate, Kind: "../yard"}, schema.CodeNoSuchKind},
		{"an unknown room", schema.JoinInfo{Mode: schema.JoinByID, Room: "nowhere"}, schema.CodeNoSuchRoom},
		{"options that are no JSON", schema.JoinInfo{Kind: "yard", Options: []byte("{")}, schema.CodeBadOptions},
		{"a filter that is no object", schema.JoinInfo{Kind: "yard", Filter: []byte("[1]")}, schema.CodeBadOptions},
		{"a seat without a token", schema.JoinInfo{Mode: schema.JoinAgain, Room: room}, schema.CodeBadToken},
		{"a seat with a wrong token", schema.JoinInfo{Mode: schema.JoinAgain, Room: room, Token: "0123456789abcdef0123456789abcdef"}, schema.CodeBadToken},
		{"a seat in an unknown room", schema.JoinInfo{Mode: schema.JoinAgain, Room: "nowhere", Token: "0"}, schema.CodeBadToken},
		{"an unknown ticket", schema.JoinInfo{Mode: schema.JoinTicket, Token: "x"}, schema.CodeBadToken},
		{"an unknown mode", schema.JoinInfo{Mode: 9, Kind: "yard"}, schema.CodeBadMessage},
	} {
		t.Run(test.what, func(t *testing.T) {
			r.t, w.t = t, t
			test.join.Request = uint32(i + 1)
			r.send(schema.KindJoin, 0, r.build.Join(test.join))
			r.expectError(test.code, test.join.Request)
			r.alive()
		})
	}
	w.t = t
	w.unharmed()
}

// TestTooManyRooms joins until the session may have no more.
func TestTooManyRooms(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	r := f.guest()
	for n := range uint32(16) {
		r.join(schema.JoinInfo{Request: n, Mode: schema.JoinCreate, Kind: "yard"})
	}
	r.send(schema.KindJoin, 0, r.build.Join(schema.JoinInfo{Request: 99, Mode: schema.JoinCreate, Kind: "yard"}))
	r.expectError(schema.CodeTooManyRooms, 99)
	r.send(schema.KindLeave, r.handle, r.build.Leave())
	r.expectLeft(schema.CodeLeft)
	left := r.handle
	r.expectNoRoom(left)
	r.join(schema.JoinInfo{Request: 100, Mode: schema.JoinCreate, Kind: "yard"})
	if r.handle == left {
		t.Error("the handle of a room that was left is used again at once")
	}
	w.unharmed()
}

// expectNoRoom checks that a handle means nothing any more. What is sent right
// after Left may still meet a seat that is about to go, and is not answered.
func (r *rogue) expectNoRoom(handle uint16) {
	r.t.Helper()
	for range 1000 {
		request := r.event(handle, inAim, payload(r.t, aim{}))
		r.send(schema.KindPing, 0, r.build.Ping(77, 0))
		if h, body := r.answer(); h.Kind == schema.KindError {
			if e := fb.GetRootAsError(body, 0); schema.Code(e.Code()) != schema.CodeNotInRoom || e.Request() != request {
				r.t.Fatalf("refused with %v, want NOT_IN_ROOM", schema.Code(e.Code()))
			}
			r.expect(schema.KindPong)
			return
		}
	}
	r.t.Fatal("a room that was left takes inputs")
}

// TestBadCommands sends commands that do not fit their type, or their time.
func TestBadCommands(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	r := f.guest()
	r.joinYard(w)
	for _, at := range []uint32{0, 1, math.MaxInt32, math.MaxUint32} {
		r.write(websocket.MessageBinary, message(schema.KindCommand, r.handle, math.MaxUint32, r.build.Command(at, inStride, payload(t, stride{X: 1}))))
	}
	r.alive()
	r.send(schema.KindCommand, r.handle, r.build.Command(uint32(w.tickOf()), inStride, []byte{1, 2, 3, 4}))
	r.expectError(schema.CodeBadInput, 0)
	r.stillAlive()
	w.unharmed()
	w.seen("the row that no good command moved", func(players *client.TableView[inmate]) bool {
		for _, p := range players.All() {
			if p.User == r.user {
				return p.X >= 0 && p.X <= 4 // the late ones may count once, and be repeated
			}
		}
		return false
	})
}

// stillAlive is alive for a room that may go on to refuse repeated commands.
func (r *rogue) stillAlive() {
	r.t.Helper()
	r.send(schema.KindPing, 0, r.build.Ping(77, 0))
	for {
		h, body := r.answer()
		if h.Kind == schema.KindPong {
			return
		}
		if e := fb.GetRootAsError(body, 0); h.Kind != schema.KindError || schema.Code(e.Code()) != schema.CodeBadInput {
			r.t.Fatalf("received %v", h.Kind)
		}
	}
}

// TestInputsThatFail make the rules panic: they are undone, and the third
// removes the player.
func TestInputsThatFail(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	f.log.expectFaults()
	w := f.witness(client.Options{})
	r := f.guest()
	r.joinYard(w)
	for range 2 {
		r.expectError(schema.CodeInternal, r.event(r.handle, inCrash, payload(t, crash{})))
		w.unharmed()
	}
	r.event(r.handle, inCrash, payload(t, crash{}))
	r.expectLeft(schema.CodeKicked)
	r.expectNoRoom(r.handle)
	w.seen("the row go", func(players *client.TableView[inmate]) bool { return players.Len() == 1 })
	w.unharmed()
}

// TestEventFlood sends more events than the game takes; the session stays.
func TestEventFlood(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	r := f.guest()
	r.joinYard(w)
	for range 200 {
		r.event(r.handle, inAim, payload(t, aim{}))
	}
	r.send(schema.KindPing, 0, r.build.Ping(77, 0))
	limited, answered := 0, false
	for limited == 0 || !answered {
		h, body := r.answer()
		switch h.Kind {
		case schema.KindPong:
			answered = true
		case schema.KindError:
			if code := schema.Code(fb.GetRootAsError(body, 0).Code()); code != schema.CodeRateLimited {
				t.Fatalf("refused with %v", code)
			}
			limited++
		default:
			t.Fatalf("received %v", h.Kind)
		}
	}
	w.unharmed()
}
