package canvas

import (
	"testing"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// BenchmarkTyping is one edit of a text by one of ten who have it open: applied,
// logged, and queued for the others.
func BenchmarkTyping(b *testing.B) {
	doc, err := OpenDocument(disk{}, OpenOptions{Room: "notes/a"}, Settings{Durable: true})
	if err != nil {
		b.Fatal(err)
	}
	var out Outbox
	r := &rig{}
	for c := range Conn(10) {
		doc.Apply(r.now, &Enter{Conn: c, Role: Writer, Stock: true}, &out)
		doc.Apply(r.now, &SyncMessage{Conn: c, Message: yjs.Message{Kind: yjs.SyncStep1, Payload: nothing}.Append(nil)}, &out)
	}
	ann := yjs.New(1, yjs.Limits{})
	messages := make([][]byte, b.N)
	for i := range messages {
		diff, err := ann.Transact(func(tx *yjs.Tx) error { return ann.Text("text").Insert(tx, i, "x") })
		if err != nil {
			b.Fatal(err)
		}
		messages[i] = yjs.Message{Kind: yjs.SyncUpdate, Payload: diff}.Append(nil)
	}
	b.ReportAllocs()
	b.ResetTimer()
	op := &SyncMessage{}
	for _, m := range messages {
		out.Reset()
		op.Message = m
		doc.Apply(r.now, op, &out)
	}
}

// BenchmarkCursors is one awareness message, echoed and sent to ten.
func BenchmarkCursors(b *testing.B) {
	doc, err := OpenDocument(disk{}, OpenOptions{Room: "notes/a"}, Settings{})
	if err != nil {
		b.Fatal(err)
	}
	var out Outbox
	now := (&rig{}).now
	for c := range Conn(10) {
		doc.Apply(now, &Enter{Conn: c, Role: Writer, Stock: true}, &out)
	}
	state := []byte(`{"user":{"name":"Ann","color":"#30bced"},"cursor":{"anchor":{"item":{"client":1,"clock":70}}}}`)
	b.ReportAllocs()
	clock := uint64(1)
	for b.Loop() {
		out.Reset()
		clock++
		now = now.Add(awarenessEvery / 10)
		m := yjs.Message{Kind: yjs.AwarenessState, Payload: yjs.EncodeAwareness(1, clock, state)}.Append(nil)
		doc.Apply(now, &SyncMessage{Conn: 1, Message: m}, &out)
		if next := doc.Next(); !next.IsZero() && !next.After(now) {
			doc.Apply(now, &Tick{}, &out)
		}
	}
}
