package client

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// pointer is what members show in the scripts' presence rooms, nod a cast.
type pointer struct {
	Name string
	X, Y float32
}

type nod struct{ At float32 }

// meeting describes such a room.
func meeting(t testing.TB) *wire.Descriptor {
	t.Helper()
	_, state, err := value.BindArgs[pointer]()
	if err != nil {
		t.Fatal(err)
	}
	_, cast, err := value.BindArgs[nod]()
	if err != nil {
		t.Fatal(err)
	}
	return &wire.Descriptor{
		State: *state.Collection(), Casts: []value.Collection{*cast.Collection()},
		Timeout: 30_000, Sample: 128, Position: true, Groups: true,
	}
}

// seated answers the client's Open with what o says.
func (s *script) seated(o schema.OpenedInfo) *fb.Open {
	s.t.Helper()
	_, body := s.next(schema.KindOpen)
	m := fb.GetRootAsOpen(body, 0)
	s.conn.handle++
	o.Request, o.Room = m.Request(), string(m.Room())
	s.say(schema.KindOpened, 0, s.conn.builder.Opened(o))
	return m
}

// say sends a message to the newest room, and waits until the client is at rest.
func (s *script) say(kind schema.Kind, flags uint8, body []byte) {
	s.t.Helper()
	s.conn.send(kind, flags, s.conn.handle, body)
	synctest.Wait()
}

// meet answers an Open of a presence room.
func (s *script) meet(member uint32) *fb.Open {
	s.t.Helper()
	text, err := meeting(s.t).Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	return s.seated(schema.OpenedInfo{Member: member, Hz: 20, SchemaHash: 5, Schema: text})
}

// opens runs an Open call while the script answers it.
func opens[R any](s *script, open func(ctx context.Context) (R, error), answer func()) R {
	s.t.Helper()
	type result struct {
		room R
		err  error
	}
	done := make(chan result, 1)
	go func() {
		room, err := open(s.t.Context())
		done <- result{room, err}
	}()
	answer()
	synctest.Wait()
	select {
	case r := <-done:
		if r.err != nil {
			s.t.Fatal(r.err)
		}
		return r.room
	default:
		s.t.Fatal("the room is not open yet")
		panic("unreachable")
	}
}

// present opens a presence room.
func (s *script) present(c *Client, first pointer) *Presence[pointer] {
	s.t.Helper()
	return opens(s, func(ctx context.Context) (*Presence[pointer], error) {
		return OpenPresence(ctx, c, "cursors/lobby", first)
	}, func() { s.meet(7) })
}

// pointed reads the client's Show.
func (s *script) pointed() (patch map[string]any, group string) {
	s.t.Helper()
	_, body := s.next(schema.KindShow)
	m := fb.GetRootAsShow(body, 0)
	state := meeting(s.t).State
	patch = map[string]any{}
	if len(m.StateBytes()) == 0 {
		return patch, string(m.Group())
	}
	if err := state.CheckPatch(m.StateBytes()); err != nil {
		s.t.Fatal(err)
	}
	for field, v := range state.Changes(m.StateBytes()) {
		if name := state.Fields[field].Name; name == "Name" {
			patch[name] = v.Text()
		} else {
			patch[name] = v.Float()
		}
	}
	return patch, string(m.Group())
}

// crowd sends a Crowd.
func (s *script) crowd(whole bool, payload []byte) {
	s.t.Helper()
	var flags uint8
	if whole {
		flags = schema.FlagWhole
	}
	s.say(schema.KindCrowd, flags, s.conn.builder.Crowd(payload))
}

// pointerRow is a state as the server sends it.
func (s *script) pointerRow(p pointer) value.Row {
	s.t.Helper()
	codec, _, err := value.BindArgs[pointer]()
	if err != nil {
		s.t.Fatal(err)
	}
	row, err := codec.Encode(&p, value.Meta{})
	if err != nil {
		s.t.Fatal(err)
	}
	return row
}

// pointerPatch is the change from one state to another.
func (s *script) pointerPatch(from, to pointer) value.Patch {
	s.t.Helper()
	state := meeting(s.t).State
	return state.Diff(s.pointerRow(from), s.pointerRow(to))
}
