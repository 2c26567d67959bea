package canvas

import (
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// Edit is an edit of a client that was applied.
type Edit struct {
	Room string
	Conn Conn
	User User
	Role Role
	Now  time.Time
	Doc  *yjs.Doc     // as it is now
	Out  *Outbox      // for machines that embed the Document
	What []yjs.Change // what it did; see yjs.Doc.Changes

	d *Document
}

// Transact corrects the edit, or adds to it. The client that made the edit is
// told as everyone else is.
func (e *Edit) Transact(f func(*yjs.Tx) error) error { return e.d.Transact(e.Now, e.Out, f) }

// update applies what a connection wrote.
func (d *Document) update(now time.Time, m *member, update []byte, out *Outbox) {
	if !m.Role.CanWrite() {
		if !empty(update) {
			d.warn(m, schema.Errorf(schema.CodeForbidden, "you may read %s but not write: nothing of it was taken", d.room), out)
		}
		return
	}
	diff, err := d.doc.Apply(update)
	if err != nil {
		d.refuseUpdate(now, m, err, out)
		return
	}
	if diff == nil {
		return
	}
	d.updates++
	d.emit(diff, m, out)
	if d.settings.Changed != nil {
		d.settings.Changed(&Edit{
			Room: d.room, Conn: m.conn, User: m.User, Role: m.Role, Now: now, Doc: d.doc, Out: out, What: d.doc.Changes(), d: d,
		})
	}
	d.grown(out)
}

// empty tells an update without anything in it, as a client without a document
// answers sync step 1.
func empty(update []byte) bool { return len(update) == 2 && update[0] == 0 && update[1] == 0 }

// Transact implements Machine. The Changed hook is not called.
func (d *Document) Transact(now time.Time, out *Outbox, f func(*yjs.Tx) error) error {
	diff, err := d.doc.Transact(f)
	if err != nil || diff == nil {
		return err
	}
	d.updates++
	d.emit(diff, nil, out)
	d.grown(out)
	return nil
}

// emit logs a transaction's own diff and sends it to all who hold the document
// but the one whose edit it was. HOT
func (d *Document) emit(diff []byte, by *member, out *Outbox) {
	const envelope = 2 + 10
	body := yjs.Message{Kind: yjs.SyncUpdate, Payload: diff}.Append(make([]byte, 0, len(diff)+envelope))
	d.append(body[len(body)-len(diff):], out)
	d.answer = answer{}
	list := d.Later(out)
	for _, m := range d.order {
		if m.synced && m != by {
			*list = append(*list, Send{Conn: m.conn, Kind: schema.KindSync, Body: body})
		}
	}
}
