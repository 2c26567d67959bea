package client

import (
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// wantDrag reads the client's next Drag: where it has which shapes.
func (s *script) wantDrag(what string, phase uint8, want map[string]float64) {
	s.t.Helper()
	_, body := s.next(schema.KindDrag)
	m := fb.GetRootAsDrag(body, 0)
	got := map[string]float64{}
	for b := m.PayloadBytes(); len(b) > 0; {
		n, size := binary.Uvarint(b)
		id := string(b[size : size+int(n)])
		b = b[size+int(n):]
		got[id] = float64(math.Float32frombits(binary.LittleEndian.Uint32(b)))
		b = b[20:]
	}
	if m.Phase() != phase || !maps.Equal(got, want) {
		s.t.Errorf("%s: phase %d, %v, want %d, %v", what, m.Phase(), got, phase, want)
	}
}

// dragging sends a Drags: moves of a member, then ends.
func (s *script) dragging(whole bool, member uint32, places map[string]Geo, ended ...string) {
	s.t.Helper()
	var payload []byte
	for id := range places {
		payload = binary.AppendUvarint(append(payload, dragMoves), uint64(member))
		payload = appendPlaces(payload, maps.Keys(map[string]bool{id: true}), places)
	}
	for _, id := range ended {
		payload = append(binary.AppendUvarint(append(payload, dragEnded), uint64(len(id))), id...)
	}
	var flags uint8
	if whole {
		flags = schema.FlagWhole
	}
	s.say(schema.KindDrags, flags, s.conn.builder.Drags(payload))
}

func drag1(t *testing.T, g *Gesture, id string, x float64) {
	t.Helper()
	if err := g.Drag(Place{id, *at(x)}); err != nil {
		t.Fatal(err)
	}
}

func TestW11_DragsAreCoalesced(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1), box("b", 2))
		g := b.Gesture()
		for x := range 5 {
			drag1(t, g, "a", float64(10+x))
		}
		drag1(t, g, "b", 20)
		wantBoard(t, "at once", b, "a@14 b@20")
		s.wantDrag("at once", schema.DragOn, map[string]float64{"a": 10})
		s.silent()
		time.Sleep(50 * time.Millisecond)
		s.wantDrag("the newest", schema.DragOn, map[string]float64{"a": 14, "b": 20})
		drag1(t, g, "a", 15)
		g.End()
		s.wantDrag("the end, with all", schema.DragEnd, map[string]float64{"a": 15, "b": 20})
		g.End()
		g.Cancel()
		time.Sleep(time.Second)
		s.silent()
		if err := g.Drag(Place{"a", *at(1)}); err == nil {
			t.Error("a gesture that is over goes on")
		}
		wantBoard(t, "until the server has said", b, "a@15 b@20")
		s.changes(1, 2, 0, []string{`{"id":"a","geo":{"x":15.5,"y":0,"w":1,"h":1,"r":0}}`})
		s.dragging(false, 0, nil, "a", "b")
		wantBoard(t, "what the server made of it", b, "a@15.5 b@2")
		if err := b.Gesture().Drag(Place{"a", Geo{X: math.NaN()}}); err == nil {
			t.Error("dragged to nowhere")
		}
	})
}

func TestW12_DragsOfOthers(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1), box("b", 2))
		s.dragging(false, 9, map[string]Geo{"a": *at(5), "b": *at(6)})
		wantBoard(t, "dragged", b, "a@5 b@6")
		s.dragging(false, 7, map[string]Geo{"a": *at(50)}) // this client's own, from a moment ago
		wantBoard(t, "its own come back", b, "a@5 b@6")
		s.dragging(false, 0, nil, "b")
		wantBoard(t, "given up", b, "a@5 b@2")
		s.dragging(true, 9, map[string]Geo{"b": *at(8)})
		wantBoard(t, "all there are", b, "a@1 b@8")
		g := b.Gesture()
		drag1(t, g, "a", 30)
		g.Cancel()
		wantBoard(t, "its own given up", b, "a@1 b@8")
		s.wantDrag("before", schema.DragOn, map[string]float64{"a": 30})
		s.wantDrag("given up", schema.DragCancel, map[string]float64{})
		s.say(schema.KindDrags, 0, s.conn.builder.Drags([]byte{dragMoves, 1, 200}))
		if err := b.Err(); !errors.Is(err, &schema.Error{Code: schema.CodeBadMessage}) {
			t.Errorf("a broken server: %v", err)
		}
	})
}

// What a hand has let go while the connection was lost, or just before, is an
// edit when it is back; what it still holds goes on.
func TestDragsOutliveConnections(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1), box("b", 2), box("c", 3))
		before, during, after, given := b.Gesture(), b.Gesture(), b.Gesture(), b.Gesture()
		drag1(t, before, "a", 10)
		before.End()
		s.drain()
		s.hangUp()
		drag1(t, during, "b", 20)
		during.End()
		drag1(t, given, "b", 25)
		given.Cancel()
		drag1(t, after, "c", 30)
		wantBoard(t, "without a connection", b, "a@10 b@20 c@30")
		s.again()
		s.boarding(schema.OpenedInfo{Known: false, Seq: 1})
		s.wantEditArgs(1, `{"gesture":1,"ops":[{"patch":{"id":"a","geo":{"x":10,"y":0,"w":10,"h":10,"r":0}}}]}`)
		s.wantEditArgs(2, `{"gesture":2,"ops":[{"patch":{"id":"b","geo":{"x":20,"y":0,"w":10,"h":10,"r":0}}}]}`)
		time.Sleep(time.Second)
		s.wantDrag("it goes on", schema.DragOn, map[string]float64{"c": 30})
	})
}

func (s *script) wantEditArgs(id uint64, want string) {
	s.t.Helper()
	for {
		head, body, ok := s.peek()
		if !ok {
			s.t.Fatal("no edit")
		}
		if head.Kind == schema.KindMutate {
			m := fb.GetRootAsMutate(body, 0)
			if m.Id() != id || string(m.ArgsBytes()) != want {
				s.t.Errorf("edit %d: %s, want %d: %s", m.Id(), m.ArgsBytes(), id, want)
			}
			return
		}
	}
}
