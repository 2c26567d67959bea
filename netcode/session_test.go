package netcode

import (
	"errors"
	"testing"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

func TestWelcomeOfGuest(t *testing.T) {
	r := newRig(t, Config{Version: "v1"})
	defer r.close()
	if err := r.receive(schema.KindHello, 0, 0, r.build.Hello(schema.HelloInfo{})); err != nil {
		t.Fatal(err)
	}
	w := fb.GetRootAsWelcome(r.only(schema.KindWelcome).body, 0)
	if string(w.GuestToken()) != "again" || string(w.User()) != "guest-1" || w.PingInterval() != 1000 || string(w.Session()) != r.session.ID() {
		t.Fatalf("welcome %q %q %d", w.GuestToken(), w.User(), w.PingInterval())
	}
	if !r.session.User().Guest {
		t.Fatal("not a guest")
	}
}

func TestOutOfOrder(t *testing.T) {
	b := schema.NewBuilder()
	for kind, body := range map[schema.Kind][]byte{
		schema.KindCommand: append([]byte(nil), b.Command(1, 0, nil)...),
		schema.KindJoin:    append([]byte(nil), b.Join(schema.JoinInfo{})...),
		schema.KindPong:    append([]byte(nil), b.Pong(schema.PongInfo{})...),
		schema.KindWelcome: append([]byte(nil), b.Welcome(schema.WelcomeInfo{})...),
	} {
		r := newRig(t, Config{})
		if err := r.receive(kind, 0, 0, body); err == nil {
			t.Errorf("%v before Hello was accepted", kind)
		}
		r.expectClosed(schema.CodeBadMessage)
		r.close()
	}
}

// TestAcknowledge takes only acknowledgements of what was sent, forwards only;
// 0 says that the client needs a keyframe.
func TestAcknowledge(t *testing.T) {
	r := newRig(t, Config{})
	defer r.close()
	r.hello("ann")
	link := r.enter(&fakeSeat{})
	frame := func(tick uint32) bool {
		return link.Frame(schema.Header{Kind: schema.KindState}, r.build.State(tick, 1, nil))
	}
	command := func(ack uint32) {
		if err := r.receive(schema.KindCommand, link.handle, ack, r.build.Command(1, 0, nil)); err != nil {
			t.Fatal(err)
		}
	}
	pong := func(ack uint32) {
		applied := []schema.Applied{{Handle: 999, Tick: 1}, {Handle: link.handle, Tick: ack}}
		if err := r.receive(schema.KindPong, 0, 0, r.build.Pong(schema.PongInfo{Applied: applied})); err != nil {
			t.Fatal(err)
		}
	}
	frame(5)
	frame(9)
	r.wire.full = true
	if frame(12) {
		t.Fatal("a frame was accepted by a full transport")
	}
	for _, step := range []struct {
		ack  func(uint32)
		tick uint32
		want uint32
	}{
		{command, 0, 0}, {command, 5, 5}, {command, 10, 5}, {command, 12, 5}, {pong, 1 << 31, 5},
		{pong, 9, 9}, {command, 5, 9}, {pong, 0, 0}, {command, 0, 0}, {pong, 12, 0}, {command, 9, 9},
	} {
		if step.ack(step.tick); link.Applied() != step.want {
			t.Fatalf("after %d: applied %d, want %d", step.tick, link.Applied(), step.want)
		}
	}
	if n := r.server.Stats().FramesDropped.Load(); n != 1 {
		t.Fatalf("%d dropped frames counted", n)
	}
}

func TestHandles(t *testing.T) {
	r := newRig(t, Config{MaxLinks: 3})
	defer r.close()
	r.hello("ann")
	seats := []*fakeSeat{{commands: []uint32{}}, {commands: []uint32{}}, {commands: []uint32{}}, {commands: []uint32{}}}
	r.session.lastHandle = 0xfffe // handles wrap and skip 0
	for i, want := range []uint16{0xffff, 1, 2} {
		if l := r.enter(seats[i]); l.handle != want {
			t.Fatalf("handle %d, want %d", l.handle, want)
		}
	}
	if err := r.receive(schema.KindJoin, 0, 0, r.build.Join(schema.JoinInfo{Request: 4})); err != nil {
		t.Fatal(err)
	}
	r.onlyError(schema.CodeTooManyRooms, 4)
	r.session.lastHandle = 0xfffe
	command := func(handle uint16) {
		t.Helper()
		if err := r.receive(schema.KindCommand, handle, 0, r.build.Command(uint32(handle), 0, nil)); err != nil {
			t.Fatal(err)
		}
	}
	command(1) // from now on the one that is found first
	seats[1].link.Done()
	seats[1].link.Done()
	if l := r.enter(seats[3]); l.handle != 1 {
		t.Fatalf("handle %d, want the free 1 although 65535 is next", l.handle)
	}
	for _, h := range []uint16{1, 0xffff, 2} {
		command(h)
	}
	if seats[0].commands[0] != 0xffff || seats[2].commands[0] != 2 || seats[3].commands[0] != 1 || len(seats[1].commands) != 1 {
		t.Fatalf("commands %v %v %v %v", seats[0].commands, seats[1].commands, seats[2].commands, seats[3].commands)
	}
	r.end()
	if seats[0].lost != 1 || seats[1].lost != 0 || seats[2].lost != 1 || seats[3].lost != 1 {
		t.Fatal("the seats of the session were not lost once each")
	}
	if n := r.server.Stats().Links.Load(); n != 0 {
		t.Fatalf("%d links left", n)
	}
}

func TestErrorsOfSeats(t *testing.T) {
	r := newRig(t, Config{})
	defer r.close()
	r.hello("ann")
	if err := r.receive(schema.KindJoin, 0, 0, r.build.Join(schema.JoinInfo{Request: 6, Kind: "no"})); err != nil {
		t.Fatal(err)
	}
	r.session.joins.Wait()
	r.onlyError(schema.CodeNoSuchKind, 6)
	r.enter(&fakeSeat{refuse: schema.Errorf(schema.CodeRoomLocked, "locked")})
	r.onlyError(schema.CodeRoomLocked, 3)
	if r.session.Rooms() != 0 {
		t.Fatal("a refused seat kept its handle")
	}
	seat := &fakeSeat{}
	link := r.enter(seat)
	seat.refuse = errors.New("something internal")
	if err := r.receive(schema.KindEvent, link.handle, 0, r.build.Event(0, 17, nil)); err != nil {
		t.Fatal(err)
	}
	r.onlyError(schema.CodeInternal, 17)
}

func TestOldSessionIsReplaced(t *testing.T) {
	r := newRig(t, Config{})
	defer r.close()
	r.hello("ann")
	seat := &fakeSeat{}
	link := r.enter(seat)
	link.Close(schema.CodeReplaced, "joined elsewhere")
	link.Close(schema.CodeStaleClient, "later")
	r.expectClosed(schema.CodeReplaced)
	if r.wire.closes != 1 || seat.lost != 0 {
		t.Fatalf("closed %d times, lost %d before the end", r.wire.closes, seat.lost)
	}
	r.end()
	if seat.lost != 1 {
		t.Fatal("the seat was not lost")
	}
}

func TestReceiveAndFrameDoNotAllocate(t *testing.T) {
	r := newRig(t, Config{MessageRate: 1 << 30, ByteRate: 1 << 30})
	defer r.close()
	r.hello("ann")
	link := r.enter(&fakeSeat{})
	r.wire.mute = true
	state := append([]byte(nil), r.build.State(7, 1, make([]byte, 100))...)
	link.Frame(schema.Header{Kind: schema.KindState}, state)
	command := append(schema.Header{Kind: schema.KindCommand, Handle: link.handle, Ack: 7}.Append(nil), r.build.Command(1, 0, []byte{1, 2})...)
	pong := append(schema.Header{Kind: schema.KindPong}.Append(nil), r.build.Pong(schema.PongInfo{Applied: []schema.Applied{{Handle: 1, Tick: 7}}})...)
	for name, f := range map[string]func(){
		"command": func() { _ = r.session.Receive(command) },
		"pong":    func() { _ = r.session.Receive(pong) },
		"frame": func() {
			link.Frame(schema.Header{Kind: schema.KindState}, state)
			link.Flush()
		},
	} {
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// FuzzReceive feeds a welcomed session in a room with anything. It may only
// close it.
func FuzzReceive(f *testing.F) {
	b := schema.NewBuilder()
	for kind, body := range map[schema.Kind][]byte{
		schema.KindCommand:   append([]byte(nil), b.Command(3, 0, []byte{1})...),
		schema.KindEvent:     append([]byte(nil), b.Event(0, 1, []byte{1})...),
		schema.KindJoin:      append([]byte(nil), b.Join(schema.JoinInfo{Kind: "no", Options: []byte("{}")})...),
		schema.KindPong:      append([]byte(nil), b.Pong(schema.PongInfo{ID: 1, Applied: []schema.Applied{{Handle: 1, Tick: 2}}})...),
		schema.KindPing:      append([]byte(nil), b.Ping(1, 2)...),
		schema.KindAuth:      append([]byte(nil), b.Auth("ann")...),
		schema.KindLeave:     append([]byte(nil), b.Leave()...),
		schema.KindHello:     append([]byte(nil), b.Hello(schema.HelloInfo{Token: "ann"})...),
		schema.KindOpen:      append([]byte(nil), b.Open(schema.OpenInfo{Room: "no/room", Client: "c"})...),
		schema.KindMutate:    append([]byte(nil), b.Mutate(schema.MutateInfo{ID: 1, Name: "Vote", Args: []byte{1}})...),
		schema.KindSubscribe: append([]byte(nil), b.Subscribe(schema.SubscribeInfo{ID: 1, Collection: "Tasks"})...),
	} {
		f.Add(append(schema.Header{Kind: kind, Handle: 1, Ack: 1}.Append(nil), body...), true)
		f.Add(append(schema.Header{Kind: kind}.Append(nil), body...), false)
	}
	server, err := NewServer(Config{Auth: fakeAuth{}, Host: fakeHost{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = server.Close() })
	f.Fuzz(func(t *testing.T, msg []byte, welcomed bool) {
		r := &rig{t: t, server: server, build: schema.NewBuilder()}
		r.open()
		defer r.end()
		seat := &fakeSeat{commands: []uint32{}}
		if welcomed {
			r.hello("ann")
			r.session.mu.Lock()
			r.session.pending++
			r.session.mu.Unlock()
			seat.link = &Link{session: r.session, seat: seat}
			r.session.add(seat.link)
		}
		err := r.session.Receive(msg)
		if _, closed := r.wire.closedWith(); closed != (err != nil) {
			t.Fatalf("closed %v, error %v", closed, err)
		}
		if seat.link != nil && seat.link.Applied() != 0 {
			t.Fatal("something was acknowledged though nothing was sent")
		}
		for _, m := range r.wire.take() {
			if err := schema.Verify(m.head.Kind, m.body); err != nil {
				t.Fatalf("answered with a bad %v: %v", m.head.Kind, err)
			}
		}
	})
}
