package client

import (
	"context"
	"io"
	"log/slog"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
)

// FuzzTogether gives a presence room, a board and a document whatever a server
// could send: what cannot be read ends that room, and nothing else.
func FuzzTogether(f *testing.F) {
	b := schema.NewBuilder()
	seed := func(kind schema.Kind, flags uint8, body []byte) {
		for handle := range uint16(3) {
			f.Add(append(schema.Header{Kind: kind, Flags: flags, Handle: handle + 1}.Append(nil), body...))
		}
	}
	seed(schema.KindCrowd, schema.FlagWhole, b.Crowd(wire.AppendLeave(wire.AppendChange(nil, 7, []byte{0}), 7)))
	seed(schema.KindCrowd, 0, b.Crowd(wire.AppendGroup(nil, wire.GroupEnter, "red")))
	seed(schema.KindCasted, 0, b.Casted(schema.CastedInfo{From: 1, Name: "nod", Data: []byte{1, 0, 0, 0, 0}}))
	seed(schema.KindDelta, schema.DeltaSnapshot, b.Delta(1, 0, 1, []byte(`{"set":[{"id":"a","kind":"rect","geo":{"x":1}}],"remove":["b"],"board":{"k":null}}`)))
	seed(schema.KindDelta, 0, b.Delta(1, 1, 2, []byte(`{"set":[{"id":"a","text":"x"}]}`)))
	seed(schema.KindReceipt, 0, b.Receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1}))
	seed(schema.KindReceipt, 0, b.Receipt(schema.ReceiptInfo{Mutation: 1, Code: schema.CodeClientUnknown}))
	seed(schema.KindDrags, schema.FlagWhole, b.Drags([]byte{dragEnded, 1, 'a'}))
	seed(schema.KindDrags, 0, b.Drags(appendPlaces([]byte{dragMoves, 3}, func(yield func(string) bool) { yield("a") }, nil)))
	for kind := yjs.SyncStep1; kind <= yjs.AuthDenied; kind++ {
		seed(schema.KindSync, 0, b.Sync(yjs.Message{Kind: kind, Payload: []byte{0, 0}}.Append(nil)))
	}
	seed(schema.KindReset, 0, b.Reset(9, schema.CodeGoingAway, ""))
	seed(schema.KindLeft, 0, b.Left(schema.CodeForbidden, ""))
	seed(schema.KindError, 0, b.Error(&schema.Error{Code: schema.CodeRateLimited}))
	text, err := meeting(f).Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		head, body, err := verified(msg)
		if err != nil {
			return
		}
		c := seatedClient(t, text)
		if err := c.dispatch(head, body, time.Now()); err != nil && head.Handle >= 1 && head.Handle <= 3 && head.Kind != schema.KindClose && head.Kind != schema.KindOpened && head.Kind != schema.KindJoined {
			t.Errorf("a message to one room ends the connection: %v", err)
		}
		for _, s := range c.allSeats() {
			_ = s.Close()
		}
	})
}

// lonely is a connection from which nothing comes, and on which all is written.
type lonely struct{}

func (lonely) Read() ([]byte, error) { return nil, io.EOF }
func (lonely) Write([]byte) error    { return nil }
func (lonely) Close()                {}

// seatedClient is a client in a presence room at handle 1, on a board at 2 and in
// a document at 3, without a goroutine.
func seatedClient(t *testing.T, descriptor []byte) *Client {
	t.Helper()
	c := &Client{start: time.Now(), log: slog.New(slog.DiscardHandler), seats: newSeats(), done: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(t.Context())
	t.Cleanup(c.cancel)
	c.send.builder, c.send.stats = schema.NewBuilder(), &c.stats
	c.send.use(lonely{})
	p, err := newPresence(newSeat(c, "cursors/x"), pointer{X: 1})
	if err != nil {
		t.Fatal(err)
	}
	board, err := newBoard(c, "board/x", BoardOptions{})
	if err != nil {
		t.Fatal(err)
	}
	d := &Document{seat: newSeat(c, "notes/x")}
	d.anew()
	descriptor = []byte(`{"presence":` + personDescriptor + `,"state":` + string(descriptor[len(`{"state":`):]))
	for i, at := range []struct {
		s    *seat
		room seated
	}{{p.seat, p}, {board.seat, board}, {d.seat, d}} {
		at.s.room = at.room
		c.addSeat(at.s)
		opened := c.send.builder.Opened(schema.OpenedInfo{Request: uint32(i + 1), Epoch: 1, Seq: 1, Member: 7, Hz: 20, SchemaHash: 1, Schema: descriptor})
		if err := c.dispatch(schema.Header{Kind: schema.KindOpened, Handle: uint16(i + 1)}, append([]byte(nil), opened...), time.Now()); err != nil {
			t.Fatal(err)
		}
		if at.s.Err() != nil {
			t.Fatal(at.s.Err())
		}
	}
	if _, err := board.Edit(AddShape(Shape{ID: "a", Kind: "rect"})); err != nil {
		t.Fatal(err)
	}
	return c
}

// personDescriptor describes what a board's members show.
const personDescriptor = `{"state":[{"name":"Name","kind":"string"},{"name":"Color","kind":"string"},{"name":"X","kind":"float32"},{"name":"Y","kind":"float32"},` +
	`{"name":"Selection","kind":"json"},{"name":"Tool","kind":"string"},{"name":"Editing","kind":"string"},{"name":"Laser","kind":"bool"},` +
	`{"name":"ViewX","kind":"float32"},{"name":"ViewY","kind":"float32"},{"name":"ViewW","kind":"float32"},{"name":"ViewH","kind":"float32"}],"casts":[]}`
