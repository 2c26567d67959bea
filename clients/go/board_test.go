package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// boarding answers an Open of a board.
func (s *script) boarding(o schema.OpenedInfo) *fb.Open {
	s.t.Helper()
	presence, err := meeting(s.t).Encode()
	if err != nil {
		s.t.Fatal(err)
	}
	text := strings.ReplaceAll(string(presence), `"state":[`, `"state":[{"name":"Color","kind":"string"},{"name":"Selection","kind":"json"},`+
		`{"name":"Tool","kind":"string"},{"name":"Editing","kind":"string"},{"name":"Laser","kind":"bool"},{"name":"ViewX","kind":"float32"},`+
		`{"name":"ViewY","kind":"float32"},{"name":"ViewW","kind":"float32"},{"name":"ViewH","kind":"float32"},`)
	o.Schema, o.SchemaHash, o.Member, o.Hz, o.Role = []byte(`{"kinds":{},"presence":`+text+`}`), 6, 7, 20, "writer"
	if o.Epoch == 0 {
		o.Epoch = 3
	}
	return s.seated(o)
}

// boarded opens a board with shapes at sequence 1.
func (s *script) boarded(c *Client, set ...string) *Board {
	s.t.Helper()
	b := opens(s, func(ctx context.Context) (*Board, error) {
		return OpenBoard(ctx, c, "board/main", BoardOptions{First: Person{Color: "red"}})
	}, func() {
		s.boarding(schema.OpenedInfo{Seq: 1})
		s.changes(0, 1, schema.DeltaSnapshot, set)
	})
	s.next(schema.KindShow)
	return b
}

// changes sends a Delta.
func (s *script) changes(from, seq uint64, flags uint8, set []string, remove ...string) {
	s.t.Helper()
	if remove == nil {
		remove = []string{}
	}
	ids, _ := json.Marshal(remove)
	payload := fmt.Sprintf(`{"set":[%s],"remove":%s}`, strings.Join(set, ","), ids)
	s.say(schema.KindDelta, flags, s.conn.builder.Delta(1, from, seq, []byte(payload)))
}

// box is a shape as the server sends it.
func box(id string, x float64) string {
	return fmt.Sprintf(`{"id":%q,"kind":"rect","geo":{"x":%g,"y":0,"w":10,"h":10,"r":0},"index":"a%s"}`, id, x, id)
}

// looks is what the board looks like: "a@3" is shape a at x 3.
func looks(list []Shape) string {
	var words []string
	for _, s := range list {
		words = append(words, fmt.Sprintf("%s@%g", s.ID, s.Geo.X))
	}
	return strings.Join(words, " ")
}

func wantBoard(t *testing.T, what string, b *Board, want string) {
	t.Helper()
	if got := looks(b.Shapes()); got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// edited reads the client's next edit.
func (s *script) edited() (id uint64, name, args string) {
	s.t.Helper()
	m := s.mutated()
	return m.Id(), string(m.Name()), string(m.ArgsBytes())
}

func (s *script) wantEdit(id uint64, name string) {
	s.t.Helper()
	if gotID, got, _ := s.edited(); gotID != id || got != name {
		s.t.Errorf("edit %d %s, want %d %s", gotID, got, id, name)
	}
}

func at(x float64) *Geo { return &Geo{X: x, W: 10, H: 10} }

func edit1(t *testing.T, b *Board, ops ...Op) *Pending {
	t.Helper()
	p, err := b.Edit(ops...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBoardShowsEditsAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1), box("b", 2))
		wantBoard(t, "the snapshot", b, "a@1 b@2")
		var told [][]string
		b.OnChange(func(ids []string) { told = append(told, ids) })
		added := edit1(t, b, AddShape(Shape{ID: "n", Kind: "rect", Geo: *at(5)}), PatchShape("a", ShapePatch{Geo: at(9), Props: map[string]any{"p": 1}}))
		removed := edit1(t, b, RemoveShapes("b"))
		wantBoard(t, "at once", b, "a@9 n@5")
		if _, _, args := s.edited(); args != `{"gesture":1,"ops":[{"add":{"id":"n","kind":"rect","geo":{"x":5,"y":0,"w":10,"h":10,"r":0}}},`+
			`{"patch":{"id":"a","geo":{"x":9,"y":0,"w":10,"h":10,"r":0},"props":{"p":1}}}]}` {
			t.Errorf("args %s", args)
		}
		if _, _, args := s.edited(); args != `{"gesture":2,"ops":[{"remove":["b"]}]}` {
			t.Errorf("args %s", args)
		}
		s.changes(1, 2, 0, []string{box("n", 5), `{"id":"a","geo":{"x":8,"y":0,"w":1,"h":1,"r":0}}`})
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 2, Result: []byte(`{"corrected":["a"]}`)})
		wantBoard(t, "corrected", b, "a@8 n@5")
		if r, err := added.Wait(t.Context()); err != nil || r.Seq != 2 || string(r.Result) != `{"corrected":["a"]}` {
			t.Errorf("%+v, %v", r, err)
		}
		var rejected []string
		b.OnRejected(func(r RejectedEdit) { rejected = append(rejected, r.Name+" "+r.Err.Code.String()) })
		s.receipt(schema.ReceiptInfo{Mutation: 2, Seq: 2, Code: schema.CodeShapeLocked, Message: "b is locked"})
		wantBoard(t, "refused", b, "a@8 b@2 n@5")
		if _, err := removed.Wait(t.Context()); !errors.Is(err, &schema.Error{Code: schema.CodeShapeLocked}) {
			t.Errorf("refused with %v", err)
		}
		if !slices.Equal(rejected, []string{"edit SHAPE_LOCKED"}) || b.Pending() != 0 {
			t.Errorf("rejected %v, %d wait", rejected, b.Pending())
		}
		if want := [][]string{{"a", "n"}, {"a", "b", "n"}, {"a", "b", "n"}, {"a", "b"}, {"b"}}; !reflect.DeepEqual(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
	})
}

func TestW2_SnapshotInParts(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1))
		s.say(schema.KindReset, 0, s.conn.builder.Reset(4, schema.CodeGoingAway, "compacted"))
		s.changes(0, 9, schema.DeltaSnapshot|schema.DeltaPart, []string{box("b", 2)})
		wantBoard(t, "half a snapshot", b, "a@1")
		s.changes(0, 9, schema.DeltaSnapshot, []string{box("c", 3)})
		wantBoard(t, "the snapshot", b, "b@2 c@3")
		s.changes(8, 9, 0, nil, "b")
		wantBoard(t, "what is known", b, "b@2 c@3")
		s.say(schema.KindDelta, 0, s.conn.builder.Delta(1, 9, 10, []byte(`{"board":{"grid":true},"remove":["b"],"set":[`+box("b", 7)+`]}`)))
		wantBoard(t, "removed, then set", b, "b@7 c@3")
		if got := b.Settings(); string(got["grid"]) != "true" {
			t.Errorf("settings %v", got)
		}
		s.hangUp()
		s.again()
		open := s.boarding(schema.OpenedInfo{Epoch: 4, Seq: 12, Known: true})
		if open.Epoch() != 4 || open.Cursor() != 10 {
			t.Errorf("comes back with epoch %d, cursor %d", open.Epoch(), open.Cursor())
		}
		s.drain()
		s.changes(11, 12, 0, nil, "b") // a gap
		s.next(schema.KindLeave)
		if open := s.boarding(schema.OpenedInfo{Epoch: 4, Seq: 12, Known: true}); open.Cursor() != 0 {
			t.Errorf("enters again with cursor %d", open.Cursor())
		}
		wantBoard(t, "until the snapshot is here", b, "b@7 c@3")
	})
}

func TestW6_ExactlyOnceOverReconnects(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1))
		one := edit1(t, b, PatchShape("a", ShapePatch{Geo: at(2)}))
		two := edit1(t, b, PatchShape("a", ShapePatch{Geo: at(3)}))
		s.wantEdit(1, "edit")
		s.wantEdit(2, "edit")
		s.hangUp()
		undo, err := b.Undo()
		if err != nil {
			t.Fatal(err)
		}
		wantBoard(t, "without a connection", b, "a@3")
		s.again()
		client := string(s.boarding(schema.OpenedInfo{Known: true, Last: 1, Seq: 2}).Client())
		s.next(schema.KindShow)
		s.wantEdit(1, "edit") // its receipt was lost
		s.wantEdit(2, "edit")
		s.wantEdit(3, "undo")
		s.changes(1, 2, 0, []string{`{"id":"a","geo":{"x":2,"y":0,"w":1,"h":1,"r":0}}`})
		for id := range uint64(3) {
			s.receipt(schema.ReceiptInfo{Mutation: id + 1, Seq: 2 + id})
		}
		for _, p := range []*Pending{one, two, undo} {
			if _, err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		s.hangUp()
		kept := edit1(t, b, RemoveShapes("a")) // never sent: it may go under another client ID
		s.again()
		first := s.boarding(schema.OpenedInfo{Seq: 9}) // the board was restored and knows nothing
		s.next(schema.KindLeave)
		second := s.boarding(schema.OpenedInfo{Seq: 9})
		if string(first.Client()) != client || string(second.Client()) == client {
			t.Error("the client ID that the board has forgotten is used again, or another before that")
		}
		s.next(schema.KindShow)
		s.wantEdit(1, "edit")
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 10})
		if _, err := kept.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestBoardNumbersThatAreNotUsed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1))
		busy := edit1(t, b, PatchShape("a", ShapePatch{Geo: at(2)}))
		s.wantEdit(1, "edit")
		s.receipt(schema.ReceiptInfo{Mutation: 1, Code: schema.CodeStoreFailed})
		s.silent()
		time.Sleep(pushPause)
		s.wantEdit(1, "edit")
		s.receipt(schema.ReceiptInfo{Mutation: 1, Code: schema.CodeTooLarge})
		if _, err := busy.Wait(t.Context()); !errors.Is(err, &schema.Error{Code: schema.CodeTooLarge}) {
			t.Errorf("%v", err)
		}
		if m := s.mutated(); m.Id() != 1 || !m.Void() {
			t.Errorf("edit %d, void %v", m.Id(), m.Void())
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1, Code: schema.CodeVoided})
		edit1(t, b, RemoveShapes("a"))
		s.wantEdit(2, "edit")
		if b.Pending() != 1 {
			t.Errorf("%d wait", b.Pending())
		}
	})
}

func TestBoardSendsFewAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}), box("a", 1))
		for i := range editsInFlight + 10 {
			edit1(t, b, PatchShape("a", ShapePatch{Geo: at(float64(i))}))
		}
		for i := range editsInFlight {
			s.wantEdit(uint64(i+1), "edit")
		}
		s.silent()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 2})
		s.wantEdit(editsInFlight+1, "edit")
		s.silent()
		for b.Pending() < maxEdits {
			edit1(t, b, OrderShapes(Front, "a"))
		}
		if _, err := b.Undo(); !errors.Is(err, ErrQueueFull) {
			t.Errorf("one more: %v", err)
		}
		if err := b.Close(); err != nil || b.Pending() != 0 {
			t.Errorf("%v, %d wait after the end", err, b.Pending())
		}
	})
}

func TestBoardVersions(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{}))
		saved := make(chan error, 1)
		go func() { saved <- b.Save(t.Context(), "draft") }()
		if _, name, args := s.edited(); name != "save" || args != `{"name":"draft"}` {
			t.Errorf("%s %s", name, args)
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		if err := <-saved; err != nil {
			t.Error(err)
		}
		list := make(chan []Version, 1)
		go func() {
			v, err := b.Versions(t.Context())
			if err != nil {
				t.Error(err)
			}
			list <- v
		}()
		s.wantEdit(2, "versions")
		s.receipt(schema.ReceiptInfo{Mutation: 2, Seq: 1, Result: []byte(`{"versions":[{"name":"draft","time":1500,"by":"ada","shapes":3}]}`)})
		if v := <-list; !slices.Equal(v, []Version{{"draft", time.UnixMilli(1500), "ada", 3}}) {
			t.Errorf("%+v", v)
		}
	})
}
