package canvas

import (
	"bytes"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// FuzzSync lets three connections say anything: a writer, a reader and one that
// listens. Whatever they say, the document that comes back from the store is the
// one that was there, what is sent can be parsed, and the one that listens holds
// the same.
func FuzzSync(f *testing.F) {
	message := func(who byte, kind yjs.MessageKind, payload []byte) []byte {
		b := yjs.Message{Kind: kind, Payload: payload}.Append(nil)
		return append([]byte{who, byte(len(b)), byte(len(b) >> 8)}, b...)
	}
	doc := yjs.New(1, yjs.Limits{})
	var updates []byte
	for _, s := range []string{"some ", "words ", "here"} {
		diff, err := doc.Transact(func(tx *yjs.Tx) error { return doc.Text("text").Insert(tx, 0, s) })
		if err != nil {
			f.Fatal(err)
		}
		updates = append(updates, message(0, yjs.SyncUpdate, diff)...)
	}
	f.Add(updates)
	f.Add(bytes.Join([][]byte{message(0, yjs.SyncStep2, doc.EncodeState(nil)), message(1, yjs.SyncStep2, doc.EncodeState(nil)), updates}, nil))
	f.Add(message(0, yjs.SyncStep1, nothing))
	f.Add(append(message(0, yjs.AwarenessState, yjs.EncodeAwareness(5, 1, []byte(`{}`))), message(1, yjs.AwarenessQuery, nil)...))
	f.Add([]byte{0, 1, 0, 0, 0, 3, 0, 0, 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := newRig(t, Settings{Durable: true, Limits: yjs.Limits{Bytes: 1 << 20}})
		r.enter(0, Writer, true)
		r.enter(1, Reader, false)
		r.enter(2, Writer, false)
		r.sync(2, yjs.SyncStep1, nothing)
		listens := yjs.New(2, yjs.Limits{})
		for len(data) >= 3 {
			n := min(int(data[1])|int(data[2])<<8, len(data)-3)
			r.apply(&SyncMessage{Conn: Conn(data[0] % 2), Message: data[3 : 3+n]})
			if data[0] >= 128 {
				r.pass(time.Duration(data[0]) * time.Millisecond)
			}
			data = data[3+n:]
		}
		r.pass(time.Minute)
		for c := range Conn(3) {
			for _, s := range r.take(c) {
				if s.Kind != schema.KindSync {
					continue
				}
				m, err := yjs.ParseMessage(s.Body)
				if err != nil {
					t.Fatalf("sent what is no message: %v", err)
				}
				if c == 2 && (m.Kind == yjs.SyncStep2 || m.Kind == yjs.SyncUpdate) {
					r.apply1(listens, m.Payload)
				}
			}
		}
		state := r.doc.Doc().EncodeState(nil)
		if !bytes.Equal(listens.EncodeState(nil), state) {
			t.Error("who listens holds another document")
		}
		r.open(Settings{}, OpenOptions{})
		if !bytes.Equal(r.doc.Doc().EncodeState(nil), state) {
			t.Error("another document comes back from the store")
		}
	})
}
