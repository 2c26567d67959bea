package client

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// sync sends a message of the Yjs protocols.
func (s *script) sync(kind yjs.MessageKind, payload []byte) {
	s.t.Helper()
	s.say(schema.KindSync, 0, s.conn.builder.Sync(yjs.Message{Kind: kind, Payload: payload}.Append(nil)))
}

// synced reads the client's next one.
func (s *script) synced(kind yjs.MessageKind) []byte {
	s.t.Helper()
	_, body := s.next(schema.KindSync)
	m, err := yjs.ParseMessage(fb.GetRootAsSync(body, 0).PayloadBytes())
	if err != nil || m.Kind != kind {
		s.t.Fatalf("message %d, %v, want %d", m.Kind, err, kind)
	}
	return m.Payload
}

// exchange does what a server does when a document is entered.
func (s *script) exchange(doc *yjs.Doc, o schema.OpenedInfo) {
	s.t.Helper()
	o.Role = "writer"
	s.seated(o)
	since, err := yjs.ParseStateVector(s.synced(yjs.SyncStep1))
	if err != nil {
		s.t.Fatal(err)
	}
	s.sync(yjs.SyncStep2, doc.EncodeState(since))
	s.sync(yjs.SyncStep1, doc.State().Encode())
	s.apply(doc, s.synced(yjs.SyncStep2))
}

func (s *script) apply(doc *yjs.Doc, update []byte) {
	s.t.Helper()
	if _, err := doc.Apply(update); err != nil {
		s.t.Fatal(err)
	}
}

// document opens one that is as doc.
func (s *script) document(c *Client, doc *yjs.Doc) *Document {
	s.t.Helper()
	return opens(s, func(ctx context.Context) (*Document, error) {
		return OpenDocument(ctx, c, "notes/x", DocumentOptions{})
	}, func() { s.exchange(doc, schema.OpenedInfo{Epoch: 1}) })
}

// typed appends to the document's text.
func typed(t *testing.T, d *Document, word string) {
	t.Helper()
	err := d.Transact(func(doc *yjs.Doc, tx *yjs.Tx) error {
		text := doc.Text("text")
		return text.Insert(tx, text.Len(), word)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func text(d *Document) (text string) {
	d.View(func(doc *yjs.Doc) { text = doc.Text("text").String() })
	return text
}

// server is a document that says hello.
func server(t *testing.T) *yjs.Doc {
	t.Helper()
	doc := yjs.New(1, yjs.Limits{})
	if _, err := doc.Transact(func(tx *yjs.Tx) error { return doc.Text("text").Insert(tx, 0, "hello") }); err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestDocumentIsKeptInSync(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		doc := server(t)
		d := s.document(s.connect(Options{}), doc)
		if text(d) != "hello" || !d.Synced() {
			t.Fatalf("%q, synced %v", text(d), d.Synced())
		}
		var told []bool
		d.OnChange(func(c DocumentChange) { told = append(told, c.Remote) })
		typed(t, d, " you")
		s.apply(doc, s.synced(yjs.SyncUpdate))
		diff, err := doc.Transact(func(tx *yjs.Tx) error { return doc.Text("text").Insert(tx, 0, "oh ") })
		if err != nil {
			t.Fatal(err)
		}
		s.sync(yjs.SyncUpdate, diff)
		s.sync(yjs.SyncUpdate, diff) // twice is once
		if text(d) != "oh hello you" || doc.Text("text").String() != "oh hello you" {
			t.Errorf("%q, the server %q", text(d), doc.Text("text").String())
		}
		s.hangUp()
		typed(t, d, "!")
		if d.Synced() {
			t.Error("synced without a connection")
		}
		if _, err := doc.Transact(func(tx *yjs.Tx) error { return doc.Text("text").Delete(tx, 0, 3) }); err != nil {
			t.Fatal(err)
		}
		s.again()
		s.exchange(doc, schema.OpenedInfo{Epoch: 1})
		if text(d) != "hello you!" || doc.Text("text").String() != "hello you!" || !d.Synced() {
			t.Errorf("%q, the server %q", text(d), doc.Text("text").String())
		}
		if want := []bool{false, true, false, true}; !slices.Equal(told, want) {
			t.Errorf("told %v, want %v", told, want)
		}
		refused := errors.New("no")
		if err := d.Transact(func(doc *yjs.Doc, tx *yjs.Tx) error {
			return errors.Join(doc.Text("text").Insert(tx, 0, "x"), refused)
		}); !errors.Is(err, refused) || text(d) != "hello you!" {
			t.Errorf("%v, %q", err, text(d))
		}
		s.silent()
	})
}

// An update that builds on what is not here asks for it, once.
func TestDocumentAsksForWhatIsMissing(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		doc := server(t)
		d := s.document(s.connect(Options{}), doc)
		var diffs [][]byte
		for range 3 {
			diff, err := doc.Transact(func(tx *yjs.Tx) error { return doc.Text("text").Insert(tx, doc.Text("text").Len(), "!") })
			if err != nil {
				t.Fatal(err)
			}
			diffs = append(diffs, diff)
		}
		s.sync(yjs.SyncUpdate, diffs[1])
		s.sync(yjs.SyncUpdate, diffs[2])
		since, err := yjs.ParseStateVector(s.synced(yjs.SyncStep1))
		if err != nil {
			t.Fatal(err)
		}
		s.silent()
		s.sync(yjs.SyncStep2, doc.EncodeState(since))
		if text(d) != "hello!!!" {
			t.Errorf("%q", text(d))
		}
		s.sync(yjs.SyncUpdate, []byte{1, 2, 3})
		if err := d.Err(); !errors.Is(err, &schema.Error{Code: schema.CodeBadMessage}) {
			t.Errorf("a broken server: %v", err)
		}
	})
}

func TestDocumentBegunAnew(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		d := s.document(s.connect(Options{}), server(t))
		id, reset := d.ID(), false
		d.OnReset(func() { reset = true })
		s.hangUp()
		typed(t, d, " lost")
		s.again()
		s.exchange(server(t), schema.OpenedInfo{Epoch: 2})
		if text(d) != "hello" || !reset || d.ID() == id {
			t.Errorf("%q, reset %v, ID %d", text(d), reset, d.ID())
		}
	})
}

func TestDocumentOfAReader(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		d := s.document(s.connect(Options{}), server(t))
		s.say(schema.KindOpened, 0, s.conn.builder.Opened(schema.OpenedInfo{Role: "reader"}))
		err := d.Transact(func(doc *yjs.Doc, tx *yjs.Tx) error { return doc.Text("text").Insert(tx, 0, "x") })
		if !errors.Is(err, &schema.Error{Code: schema.CodeForbidden}) || text(d) != "hello" || d.Role() != "reader" {
			t.Errorf("%v, %q, %s", err, text(d), d.Role())
		}
	})
}

func TestDocumentAwareness(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		d := s.document(s.connect(Options{}), server(t))
		var told [][]uint64
		d.OnAwareness(func(clients []uint64) { told = append(told, clients) })
		if err := d.ShowAwareness(map[string]string{"name": "Ada"}); err != nil {
			t.Fatal(err)
		}
		everyone := yjs.NewAwareness(yjs.AwarenessLimits{})
		heard := func() {
			t.Helper()
			if _, err := everyone.Apply(s.synced(yjs.AwarenessState), time.Now()); err != nil {
				t.Fatal(err)
			}
		}
		heard()
		if got := everyone.State(d.ID()); string(got) != `{"name":"Ada"}` {
			t.Errorf("shows %s", got)
		}
		s.sync(yjs.AwarenessState, yjs.EncodeAwareness(5, 1, json.RawMessage(`{"name":"Bob"}`)))
		time.Sleep(16 * time.Second)
		heard() // renewed
		time.Sleep(16 * time.Second)
		heard()
		if all := d.Awareness(); len(all) != 1 {
			t.Errorf("who was not heard of for half a minute is still here: %v", all)
		}
		s.sync(yjs.AwarenessState, everyone.Remove(time.Now(), d.ID()))
		heard() // it is not gone
		if everyone.State(d.ID()) == nil {
			t.Error("it let itself be removed")
		}
		s.hangUp()
		s.again()
		s.seated(schema.OpenedInfo{Epoch: 1})
		s.synced(yjs.SyncStep1)
		heard()
		s.sync(yjs.AwarenessQuery, nil)
		heard()
		if err := d.ShowAwareness(nil); err != nil {
			t.Fatal(err)
		}
		heard()
		if everyone.State(d.ID()) != nil {
			t.Error("it still shows itself")
		}
		if len(told) < 4 || !slices.Equal(told[1], []uint64{5}) {
			t.Errorf("told %v", told)
		}
	})
}
