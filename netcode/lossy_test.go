package netcode

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

// fakeDatagrams is a transport with an unreliable lane.
type fakeDatagrams struct {
	fakeTransport
	refuse bool
}

func (f *fakeDatagrams) Datagram(head [8]byte, body []byte) bool {
	if !f.refuse {
		f.Queue(head, body)
	}
	return !f.refuse
}

func (f *fakeDatagrams) DatagramSize() int { return 1000 }

// lossyRig is a rig whose session has an unreliable lane.
func lossyRig(t testing.TB, user auth.User, ticket string) (*rig, *fakeDatagrams) {
	r := newRig(t, Config{})
	r.session.Ended(0)
	wire := new(fakeDatagrams)
	r.wire = &wire.fakeTransport
	r.session = r.server.OpenAs(wire, user, ticket)
	return r, wire
}

func (r *rig) repeated(link *Link, ack uint32, held uint16, seen uint32, commands ...schema.TickCommand) error {
	var w bits.Writer
	return r.receive(schema.KindCommands, link.handle, ack, r.build.Commands(held, seen, schema.AppendCommands(nil, &w, commands)))
}

func TestRepeatedCommandsCountOnce(t *testing.T) {
	r, _ := lossyRig(t, auth.User{}, "")
	defer r.close()
	r.hello("ann")
	seat := &fakeSeat{commands: []uint32{}}
	link := r.enter(seat)
	all := func(ticks ...uint32) (c []schema.TickCommand) {
		for _, tick := range ticks {
			c = append(c, schema.TickCommand{Tick: tick})
		}
		return c
	}
	for _, packet := range [][]schema.TickCommand{all(11, 10), all(14, 13, 12, 11), all(12, 11, 10), all(15, 14, 13), all(9, 8), nil, all(60), all(29, 28, 15)} {
		if err := r.repeated(link, 0, 0, 7, packet...); err != nil {
			t.Fatal(err)
		}
	}
	// 28 and 15 are too far behind 60 to be told from repetitions.
	if want := []uint32{10, 11, 12, 13, 14, 15, 8, 9, 60, 29}; !slices.Equal(seat.commands, want) {
		t.Errorf("the seat got %v, want %v", seat.commands, want)
	}
	if seat.saw[0] != [2]uint32{11, 7} {
		t.Errorf("the seat saw %v first, want that of tick 11", seat.saw[0])
	}
}

// A long stream without losses, then one with: each tick still comes once.
func TestLongStreamOfCommands(t *testing.T) {
	r, _ := lossyRig(t, auth.User{}, "")
	defer r.close()
	r.hello("ann")
	seat := &fakeSeat{commands: []uint32{}}
	link := r.enter(seat)
	var want []uint32
	for tick := uint32(8); tick < 400; tick++ {
		if tick > 100 && tick%7 < 3 || tick == 8+seenWindow {
			continue // lost
		}
		var commands []schema.TickCommand
		for back := range uint32(schema.MaxCommands) {
			commands = append(commands, schema.TickCommand{Tick: tick - back, Payload: []byte{byte(tick - back)}})
		}
		if err := r.repeated(link, 0, 0, tick, commands...); err != nil {
			t.Fatal(err)
		}
	}
	for tick := uint32(1); tick < 399; tick++ { // 399 was lost
		want = append(want, tick)
	}
	if !slices.Equal(seat.commands, want) {
		t.Errorf("the seat got %v", seat.commands)
	}
}

func TestCommandStreamTakesEachTickOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var stream commandStream
		seen := make(map[uint32]bool)
		for _, tick := range rapid.SliceOf(rapid.Uint32Range(1, 100)).Draw(t, "ticks") {
			first := stream.first(tick)
			if first && seen[tick] {
				t.Fatalf("%d was taken twice", tick)
			}
			if !first && !seen[tick] && stream.newest-tick < seenWindow {
				t.Fatalf("%d was refused, the newest is %d", tick, stream.newest)
			}
			seen[tick] = true
		}
	})
}

func TestInputsHaveStreamsOfTheirOwn(t *testing.T) {
	var l lossyLink
	for input := range uint8(2 * maxStreams) {
		if !l.stream(input).first(5) {
			t.Errorf("the command of input %d was taken for another's", input)
		}
	}
	if l.stream(0).first(5) {
		t.Error("a repeated command was taken")
	}
}

func TestHeldBases(t *testing.T) {
	r, wire := lossyRig(t, auth.User{}, "")
	defer r.close()
	r.hello("ann")
	link := r.enter(new(fakeSeat))
	for tick := uint32(1); tick <= 50; tick++ {
		if !link.Datagram(schema.Header{Kind: schema.KindState, Flags: schema.FlagLossy}, r.build.State(tick, 2, nil)) {
			t.Fatal("the datagram was refused")
		}
	}
	for _, c := range []struct {
		ack  uint32
		held uint16
		base uint32
	}{
		{20, 0, 0},       // nothing held yet
		{23, 1, 20},      // the base before 23
		{22, 1 << 5, 20}, // an older packet says nothing new
		{30, 0b110, 24},  // 28 was lost, 24 is held
		{60, 1, 24},      // more than was sent
		{50, 1 << 15, 24},
		{50, 1 << 3, 36},
		{0, 1, 0}, // all is lost
	} {
		if err := r.repeated(link, c.ack, c.held, 0); err != nil {
			t.Fatal(err)
		}
		if base := link.Base(); base != c.base {
			t.Errorf("after ack %d and held %b the base is %d, want %d", c.ack, c.held, base, c.base)
		}
	}
	wire.refuse = true
	if link.Datagram(schema.Header{Kind: schema.KindState}, r.build.State(51, 2, nil)) || link.sent.Load() != 50 {
		t.Error("a datagram that was refused counts as sent")
	}
	if link.DatagramSize() != 1000 {
		t.Errorf("the datagram size is %d", link.DatagramSize())
	}
}

func TestBrokenCommandsCloseTheSession(t *testing.T) {
	r, _ := lossyRig(t, auth.User{}, "")
	defer r.close()
	r.hello("ann")
	link := r.enter(new(fakeSeat))
	_ = r.receive(schema.KindCommands, link.handle+1, 0, r.build.Commands(0, 0, nil)) // of a room that was left
	if _, closed := r.wire.closedWith(); closed {
		t.Fatal("late commands closed the session")
	}
	_ = r.receive(schema.KindCommands, link.handle, 0, r.build.Commands(0, 0, []byte{0xff}))
	r.expectClosed(schema.CodeBadMessage)
}

func TestConnectTokenSaysWhoItIs(t *testing.T) {
	for _, c := range []struct {
		name, token string
		code        schema.Code
		ok          bool
	}{
		{"no token", "", 0, true},
		{"the same user's", "ann", 0, true},
		{"another user's", "bob", schema.CodeForbidden, false},
		{"a bad one", "bad", schema.CodeUnauthenticated, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, _ := lossyRig(t, auth.User{ID: "ann"}, "seat-7")
			defer r.close()
			err := r.receive(schema.KindHello, 0, 0, r.build.Hello(schema.HelloInfo{Token: c.token}))
			if (err == nil) != c.ok {
				t.Fatalf("Hello: %v", err)
			}
			if !c.ok {
				r.expectClosed(c.code)
				return
			}
			if user := r.session.User(); user.ID != "ann" {
				t.Errorf("the session is %q", user.ID)
			}
		})
	}
}
