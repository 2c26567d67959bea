package client

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

type shown = map[string]any

func (s *script) wantShow(what string, want shown, group string) {
	s.t.Helper()
	got, to := s.pointed()
	if !maps.Equal(got, want) || to != group {
		s.t.Errorf("%s: %v to %q, want %v to %q", what, got, to, want, group)
	}
}

// update changes what p shows.
func (s *script) update(p *Presence[pointer], change func(*pointer)) {
	s.t.Helper()
	if err := p.Update(change); err != nil {
		s.t.Fatal(err)
	}
}

func TestPresenceShowsChangesAtTheRoomsRate(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{Name: "Ada"})
		s.wantShow("at once", shown{"Name": "Ada"}, "")
		for i := range 4 {
			s.update(p, func(c *pointer) { c.X = float32(i) })
		}
		s.silent()
		time.Sleep(50 * time.Millisecond)
		s.wantShow("the newest, a tick later", shown{"X": 3.0}, "")
		s.update(p, func(c *pointer) { c.X = 9 })
		s.update(p, func(c *pointer) { c.X = 3 })
		time.Sleep(time.Second)
		s.silent()
		s.update(p, func(c *pointer) { c.Y = 2 })
		s.wantShow("at once after a rest", shown{"Y": 2.0}, "")
		if got := p.Shown(); got != (pointer{"Ada", 3, 2}) {
			t.Errorf("shows %+v", got)
		}
		if err := p.Show(pointer{Name: "\xff"}); err == nil || p.Shown().Name != "Ada" {
			t.Errorf("text that is not UTF-8: %v, shows %+v", err, p.Shown())
		}
	})
}

func TestS3_6_Heartbeat(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{X: 1})
		s.wantShow("first", shown{"X": 1.0}, "")
		time.Sleep(10 * time.Second)
		s.wantShow("after a third of the timeout", shown{}, "")
		time.Sleep(9 * time.Second)
		s.silent()
		p.Look(&Rect{0, 0, 10, 10})
		s.next(schema.KindLook)
		time.Sleep(9 * time.Second)
		s.silent()
		time.Sleep(time.Second)
		s.wantShow("a third after the Look", shown{}, "")
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
		s.next(schema.KindLeave)
		time.Sleep(time.Minute)
		s.silent()
	})
}

// Who shows nothing but zeros is shown only if it says so (S3.7).
func TestPresenceShowsZeros(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{})
		s.silent()
		s.crowd(true, nil)
		s.wantShow("not shown by the room", shown{"Name": "", "X": 0.0, "Y": 0.0}, "")
		s.hangUp()
		s.again()
		s.meet(8)
		s.wantShow("again", shown{"Name": "", "X": 0.0, "Y": 0.0}, "")
		if p.Number() != 8 {
			t.Errorf("member %d", p.Number())
		}
	})
	inBubble(t, func(t *testing.T, s *script) {
		s.present(s.connect(Options{}), pointer{})
		s.crowd(true, wire.AppendEnter(nil, 7, "ada", "", s.pointerRow(pointer{Name: "Ada"})))
		s.silent() // the Join hook has shown it, and what it set stays
	})
}

func TestPresenceComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{Name: "Ada", X: 4})
		s.pointed()
		if err := p.EnterGroup("red"); err != nil {
			t.Fatal(err)
		}
		s.next(schema.KindGroup)
		p.ShowTo("red")
		p.Look(&Rect{1, 2, 3, 4})
		p.Follow(9)
		time.Sleep(time.Second)
		s.next(schema.KindLook)
		s.next(schema.KindLook)
		_, to := s.pointed()
		if to != "red" {
			t.Errorf("shown to %q", to)
		}
		s.update(p, func(c *pointer) { c.X = 0 })
		s.drain()
		s.crowd(true, wire.AppendEnter(nil, 9, "bob", "", s.pointerRow(pointer{X: 1})))
		if len(p.Members()) != 1 {
			t.Errorf("%+v", p.Members())
		}
		s.hangUp()
		if len(p.Members()) != 0 || p.Status() != RoomOffline {
			t.Errorf("%+v, %v after the connection is lost", p.Members(), p.Status())
		}
		s.update(p, func(c *pointer) { c.Y = 5 })
		s.again()
		if open := s.meet(8); open.SchemaHash() != 5 {
			t.Errorf("schema %d is not named again", open.SchemaHash())
		}
		_, body := s.next(schema.KindGroup)
		if g := fb.GetRootAsGroup(body, 0); string(g.Name()) != "red" || g.Leave() {
			t.Errorf("group %s, leave %v", g.Name(), g.Leave())
		}
		_, body = s.next(schema.KindLook)
		if l := fb.GetRootAsLook(body, 0); l.Width() != 3 || l.Follow() != 0 {
			t.Errorf("looks at width %v, follows %d: numbers do not outlive a connection", l.Width(), l.Follow())
		}
		s.wantShow("all that was ever shown", shown{"Name": "Ada", "X": 0.0, "Y": 5.0}, "red")
	})
}

// drain forgets what the client has said.
func (s *script) drain() {
	s.t.Helper()
	for ok := true; ok; {
		_, _, ok = s.peek()
	}
}

func TestS4_Crowd(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{Name: "Ada"})
		var told [][]uint32
		p.OnChange(func(members []uint32) { told = append(told, members) })
		bob := pointer{Name: "Bob", X: 1}
		payload := wire.AppendEnter(nil, 9, "bob", "red", s.pointerRow(bob))
		payload = wire.AppendEnter(payload, 3, "bob", "", s.pointerRow(pointer{Name: "Bob"}))
		payload = wire.AppendEnter(payload, 7, "ada", "", s.pointerRow(pointer{Name: "Ada"}))
		s.crowd(true, payload)
		s.crowd(false, wire.AppendLeave(wire.AppendChange(nil, 9, s.pointerPatch(bob, pointer{Name: "Bob", X: 2})), 3))
		want := []Member[pointer]{{9, "bob", "red", pointer{Name: "Bob", X: 2}}}
		if got := p.Members(); !slices.Equal(got, want) {
			t.Errorf("members %+v, want %+v", got, want)
		}
		if me, ok := p.Me(); !ok || me.Number != 7 || me.State.Name != "Ada" {
			t.Errorf("me %+v, %v", me, ok)
		}
		s.crowd(true, wire.AppendEnter(nil, 4, "eve", "", s.pointerRow(pointer{})))
		if got := p.Members(); len(got) != 1 || got[0].Number != 4 {
			t.Errorf("after a whole Crowd: %+v", got)
		}
		if want := [][]uint32{{3, 7, 9}, {3, 9}, {4, 7, 9}}; !reflect.DeepEqual(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

func TestPresenceOfABrokenServerEnds(t *testing.T) {
	for name, payload := range map[string][]byte{
		"a change of nobody": {2, 1, 1, 0}, "an unknown entry": {9}, "cut short": {1, 4},
	} {
		inBubble(t, func(t *testing.T, s *script) {
			c := s.connect(Options{})
			p := s.present(c, pointer{Name: "Ada"})
			s.crowd(false, payload)
			if err := p.Err(); !errors.Is(err, &schema.Error{Code: schema.CodeBadMessage}) || c.Err() != nil {
				t.Errorf("%s: %v; the client: %v", name, err, c.Err())
			}
			if err := p.Show(pointer{}); err == nil {
				t.Error("one can still show something")
			}
		})
	}
}

func TestPresenceRefusals(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{Name: "Ada"})
		s.pointed()
		var refused []schema.Code
		p.OnRefused(func(e *schema.Error) { refused = append(refused, e.Code) })
		s.say(schema.KindError, 0, s.conn.builder.Error(&schema.Error{Code: schema.CodeRateLimited}))
		s.silent()
		time.Sleep(retryShow)
		s.wantShow("again, later", shown{"Name": "Ada"}, "")
		s.say(schema.KindError, 0, s.conn.builder.Error(&schema.Error{Code: schema.CodeValidation, Message: "Name"}))
		time.Sleep(time.Second)
		s.silent() // it would be refused again
		s.update(p, func(c *pointer) { c.X = 1 })
		s.wantShow("what the server has not got goes with it", shown{"Name": "Ada", "X": 1.0}, "")
		if err := p.EnterGroup("red"); err != nil {
			t.Fatal(err)
		}
		_, body := s.next(schema.KindGroup)
		s.say(schema.KindError, 0, s.conn.builder.Error(&schema.Error{Code: schema.CodeRefused, Request: fb.GetRootAsGroup(body, 0).Request()}))
		s.hangUp()
		s.again()
		s.meet(8)
		s.wantShow("again", shown{"Name": "Ada", "X": 1.0}, "") // and no group
		if want := []schema.Code{schema.CodeRateLimited, schema.CodeValidation, schema.CodeRefused}; !slices.Equal(refused, want) {
			t.Errorf("told %v, want %v", refused, want)
		}
	})
}

func TestPresenceGroups(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{Name: "Ada"})
		s.pointed()
		var told []string
		p.OnGroup(func(group string, in bool) { told = append(told, group+map[bool]string{true: "+", false: "-"}[in]) })
		for _, name := range []string{"red", "blue"} {
			if err := p.EnterGroup(name); err != nil {
				t.Fatal(err)
			}
			s.next(schema.KindGroup)
		}
		s.crowd(false, wire.AppendGroup(wire.AppendGroup(nil, wire.GroupEnter, "red"), wire.GroupEnter, "blue"))
		if got := p.Groups(); !slices.Equal(got, []string{"blue", "red"}) {
			t.Errorf("in %v", got)
		}
		if err := p.LeaveGroup("red"); err != nil {
			t.Fatal(err)
		}
		_, body := s.next(schema.KindGroup)
		if !fb.GetRootAsGroup(body, 0).Leave() {
			t.Error("it did not leave")
		}
		s.crowd(true, wire.AppendGroup(nil, wire.GroupEnter, "blue"))
		if got := p.Groups(); !slices.Equal(got, []string{"blue"}) {
			t.Errorf("in %v", got)
		}
		s.crowd(false, wire.AppendGroup(nil, wire.GroupLeave, "blue")) // the hook was asked again
		s.hangUp()
		s.again()
		s.meet(8)
		s.wantShow("in no group", shown{"Name": "Ada"}, "")
		if want := []string{"red+", "blue+", "blue+", "blue-"}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

func TestS7_Casts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{Name: "Ada"})
		s.pointed()
		type unknown struct{}
		if _, err := CastOf[unknown](p); err == nil {
			t.Error("a cast that the room does not have")
		}
		nods, err := CastOf[nod](p)
		if err != nil {
			t.Fatal(err)
		}
		var heard []Casted[nod]
		cancel := nods.On(func(c Casted[nod]) { heard = append(heard, c) })
		if err := errors.Join(nods.Send(nod{1}), nods.SendIn("red", nod{2}), nods.SendTo(9, nod{3})); err != nil {
			t.Fatal(err)
		}
		for i, want := range []schema.CastInfo{{Request: 1}, {Request: 2, Group: "red"}, {Request: 3, To: 9}} {
			_, body := s.next(schema.KindCast)
			m := fb.GetRootAsCast(body, 0)
			if m.Request() != want.Request || string(m.Group()) != want.Group || m.To() != want.To || string(m.Name()) != "nod" {
				t.Errorf("cast %d: %s to %q, %d, request %d", i, m.Name(), m.Group(), m.To(), m.Request())
			}
			s.say(schema.KindCasted, 0, s.conn.builder.Casted(schema.CastedInfo{From: 4, Name: "nod", Data: m.DataBytes(), Group: want.Group}))
		}
		s.say(schema.KindCasted, 0, s.conn.builder.Casted(schema.CastedInfo{From: 4, Name: "later", Data: []byte{99}}))
		cancel()
		s.say(schema.KindCasted, 0, s.conn.builder.Casted(schema.CastedInfo{From: 4, Name: "nod", Data: []byte{1, 0, 0, 0, 0}}))
		if want := []Casted[nod]{{4, "", nod{1}}, {4, "red", nod{2}}, {4, "", nod{3}}}; !slices.Equal(heard, want) {
			t.Errorf("heard %+v, want %+v", heard, want)
		}
		s.hangUp()
		if err := nods.Send(nod{}); !errors.Is(err, ErrDisconnected) {
			t.Errorf("without a connection: %v", err)
		}
	})
}

// Nothing waits for a network that takes nothing: states coalesce, casts are
// refused when too many wait.
func TestPresenceOnAFullNetwork(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		p := s.present(s.connect(Options{}), pointer{Name: "Ada"})
		s.pointed()
		nods, err := CastOf[nod](p)
		if err != nil {
			t.Fatal(err)
		}
		s.conn.full = make(chan struct{}) // the next write waits
		go func() { _ = nods.Send(nod{}) }()
		synctest.Wait()
		for i := range maxCasts {
			if err := nods.Send(nod{}); err != nil {
				t.Fatalf("cast %d: %v", i, err)
			}
		}
		if err := nods.Send(nod{}); !errors.Is(err, ErrTooMuch) {
			t.Errorf("one more: %v", err)
		}
		s.update(p, func(c *pointer) { c.X = 1 })
		s.update(p, func(c *pointer) { c.X = 2 })
		close(s.conn.full)
		time.Sleep(time.Second)
		for range maxCasts + 1 {
			s.next(schema.KindCast)
		}
		s.wantShow("the newest", shown{"X": 2.0}, "")
		s.silent()
	})
}

func TestPresenceRefusedOrLeft(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		c := s.connect(Options{})
		refused := make(chan error, 1)
		go func() {
			_, err := OpenPresence(t.Context(), c, "cursors/full", pointer{})
			refused <- err
		}()
		_, body := s.next(schema.KindOpen)
		s.conn.send(schema.KindError, 0, 0, s.conn.builder.Error(&schema.Error{
			Code: schema.CodeRoomFull, Request: fb.GetRootAsOpen(body, 0).Request(),
		}))
		if err := <-refused; !errors.Is(err, &schema.Error{Code: schema.CodeRoomFull}) {
			t.Errorf("refused with %v", err)
		}
		p := s.present(c, pointer{Name: "Ada"})
		s.pointed()
		var statuses []RoomStatus
		p.OnStatus(func(now RoomStatus) { statuses = append(statuses, now) })
		s.say(schema.KindLeft, 0, s.conn.builder.Left(schema.CodeRoomClosed, "restarting"))
		time.Sleep(time.Minute)
		s.meet(9)
		s.wantShow("again in the room that had closed", shown{"Name": "Ada"}, "")
		s.say(schema.KindLeft, 0, s.conn.builder.Left(schema.CodeForbidden, "out"))
		if want := []RoomStatus{RoomOffline, RoomOpen, RoomEnded}; !slices.Equal(statuses, want) {
			t.Errorf("statuses %v, want %v", statuses, want)
		}
		<-p.Gone()
	})
}
