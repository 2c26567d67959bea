package canvas

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// disk is a store of one room: what was put.
type disk map[store.Space]map[string][]byte

func (d disk) Each(space store.Space, f func(key, value []byte, seq uint64) error) error {
	for _, key := range slices.SortedFunc(maps.Keys(d[space]), cmp.Compare[string]) {
		if err := f([]byte(key), d[space][key], 0); err != nil {
			return err
		}
	}
	return nil
}

func (d disk) take(puts []Put) {
	for _, p := range puts {
		if d[p.Space] == nil {
			d[p.Space] = map[string][]byte{}
		}
		if p.Value == nil {
			delete(d[p.Space], p.Key)
		} else {
			d[p.Space][p.Key] = bytes.Clone(p.Value)
		}
	}
}

// rig runs a document as a host would. Sends go to inboxes of connections.
type rig struct {
	t    *testing.T
	now  time.Time
	doc  *Document
	disk disk
	sent map[Conn][]Send
	busy map[Conn]int // backlogs
	puts int
}

func newRig(t *testing.T, s Settings) *rig {
	r := &rig{t: t, now: time.Unix(1000, 0), disk: disk{}, sent: map[Conn][]Send{}, busy: map[Conn]int{}}
	r.open(s, OpenOptions{})
	return r
}

func (r *rig) open(s Settings, o OpenOptions) {
	r.t.Helper()
	o.Room, o.Now, o.Log = "notes/a", r.now, slog.New(slog.DiscardHandler)
	doc, err := OpenDocument(r.disk, o, s)
	if err != nil {
		r.t.Fatal(err)
	}
	r.doc = doc
}

func (r *rig) do(f func(out *Outbox)) {
	out := &Outbox{Backlog: func(c Conn) int { return r.busy[c] }}
	f(out)
	r.puts += len(out.Puts)
	r.disk.take(out.Puts)
	for _, s := range slices.Concat(out.Now, out.After) {
		r.sent[s.Conn] = append(r.sent[s.Conn], s)
	}
}

func (r *rig) apply(op Op) { r.do(func(out *Outbox) { r.doc.Apply(r.now, op, out) }) }

// pass lets time pass, with the ticks that the document asks for.
func (r *rig) pass(d time.Duration) {
	end := r.now.Add(d)
	for next := r.doc.Next(); !next.IsZero() && !next.After(end); next = r.doc.Next() {
		if next.After(r.now) {
			r.now = next
		}
		r.apply(&Tick{})
		if again := r.doc.Next(); !again.IsZero() && !again.After(r.now) {
			r.t.Fatalf("after a tick at %v the next is at %v", r.now, again)
		}
	}
	r.now = end
}

func (r *rig) enter(c Conn, role Role, stock bool) {
	r.apply(&Enter{Conn: c, Role: role, Stock: stock, User: User{ID: "user" + string(rune('a'+c))}})
}

func (r *rig) sync(c Conn, kind yjs.MessageKind, payload []byte) {
	r.apply(&SyncMessage{Conn: c, Message: yjs.Message{Kind: kind, Payload: payload}.Append(nil)})
}

// take returns what a connection was sent since the last look.
func (r *rig) take(c Conn) []Send {
	sent := r.sent[c]
	r.sent[c] = nil
	return sent
}

// messages are those of the Yjs protocols among them.
func (r *rig) messages(c Conn) (list []yjs.Message) {
	r.t.Helper()
	for _, s := range r.take(c) {
		if s.Kind == schema.KindSync {
			m, err := yjs.ParseMessage(s.Body)
			if err != nil {
				r.t.Fatal(err)
			}
			list = append(list, m)
		}
	}
	return list
}

func kinds(list []yjs.Message) (kinds []yjs.MessageKind) {
	for _, m := range list {
		kinds = append(kinds, m.Kind)
	}
	return kinds
}

// text is what a document's text says.
func text(d *yjs.Doc) string { return d.Text("text").String() }

// typed is an update that a client makes by typing.
func typed(t *testing.T, d *yjs.Doc, s string) []byte {
	t.Helper()
	diff, err := d.Transact(func(tx *yjs.Tx) error { return d.Text("text").Insert(tx, d.Text("text").Len(), s) })
	if err != nil {
		t.Fatal(err)
	}
	return diff
}

func (r *rig) apply1(d *yjs.Doc, update []byte) {
	r.t.Helper()
	if _, err := d.Apply(update); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) code(c Conn) schema.Code {
	for _, s := range r.take(c) {
		if s.Error != nil {
			return s.Error.Code
		}
	}
	return 0
}

func anyone(context.Context, string, User) (Role, error) { return "", nil }

var errNo = errors.New("no")
