package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// DocumentOptions are the choices of OpenDocument.
type DocumentOptions struct {
	// Limits bound the copy of the document; zero values are those of yjs.New.
	Limits yjs.Limits
}

// Document is this client's copy of a Yjs document, which may be edited while
// the connection is lost: what both sides lack is exchanged when it is back.
// Its methods may be called from any goroutine; callbacks run one at a time and
// must not wait.
type Document struct {
	*seat
	limits yjs.Limits

	// The seat's mu guards what follows.
	id      uint64
	doc     *yjs.Doc
	out     [][]byte // updates that are to be sent
	size    int      // of them
	here    bool     // all that the server had when it was entered is here
	asked   bool     // step 1 is to be sent
	theirs  []byte   // the server's step 1, which is to be answered
	told    bool     // it has been answered on this connection: updates may go
	refuses bool     // an update could not be applied, and step 1 asks for what is missing
	gaps    gaps
	shown   shownAwareness

	onChange    callbacks[func(DocumentChange)]
	onReset     callbacks[func()]
	onAwareness callbacks[func(clients []uint64)]
}

// DocumentChange is what a transaction has done.
type DocumentChange struct {
	Remote  bool         // by others
	Changes []yjs.Change // by shared type; read what they name inside Document.View
}

// readerRole is the role of those who may not edit.
const readerRole = "reader"

// maxUnsent is how many bytes of updates may wait while the network is full;
// beyond, they are replaced by one that holds all that the server had not.
const maxUnsent = 1 << 20

// OpenDocument enters the Yjs room "kind/name" and returns when the server's
// document is here. When the server refuses, the error wraps a *schema.Error.
func OpenDocument(ctx context.Context, c *Client, room string, o DocumentOptions) (*Document, error) {
	d := &Document{seat: newSeat(c, room), limits: o.Limits}
	d.anew()
	if err := d.enterAs(ctx, d); err != nil {
		return nil, err
	}
	return d, nil
}

// anew begins an empty document under a new ID; mu is held.
func (d *Document) anew() {
	d.id = uint64(rand.Uint32())
	d.doc = yjs.New(d.id, d.limits)
	d.out, d.size, d.here, d.told, d.theirs = nil, 0, false, false, nil
	d.shown.forget()
}

// ID is the number under which this client edits and shows itself. It is
// another one after OnReset.
func (d *Document) ID() uint64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.id
}

// View runs f while the document stands still. The document and what is read
// from it are valid during f, which must not call the Document.
func (d *Document) View(f func(*yjs.Doc)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f(d.doc)
}

// Transact runs f, whose edits become one update. If f gives an error then none
// of them has happened. It must not call the Document. Readers may not edit.
func (d *Document) Transact(f func(*yjs.Doc, *yjs.Tx) error) error {
	err := d.transact(f)
	d.push()
	return err
}

func (d *Document) transact(f func(*yjs.Doc, *yjs.Tx) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.ended != nil:
		return d.ended
	case d.role == readerRole:
		return schema.Errorf(schema.CodeForbidden, "%s is open for reading only: ask for another role", d.name)
	}
	diff, err := d.doc.Transact(func(tx *yjs.Tx) error { return f(d.doc, tx) })
	if err != nil {
		return err
	}
	if diff == nil {
		return nil
	}
	d.tellChange(false)
	if d.told {
		d.out = append(d.out, diff)
		d.size += len(diff)
	} // else the answer to the server's step 1 will hold it
	if d.size > maxUnsent {
		d.out, d.size = [][]byte{d.doc.EncodeState(nil)}, 0
	}
	return nil
}

// tellChange makes the callbacks about the last transaction due; mu is held.
func (d *Document) tellChange(remote bool) {
	if !d.onChange.some() {
		return
	}
	change := DocumentChange{Remote: remote, Changes: slices.Clone(d.doc.Changes())}
	d.notify(func() {
		for f := range d.onChange.all() {
			f(change)
		}
	})
}

// OnChange registers f, called after each transaction that changed the document.
func (d *Document) OnChange(f func(DocumentChange)) (cancel func()) { return d.onChange.add(f) }

// OnReset registers f, called when the server has begun the document anew: the
// copy is another document, and what had not been sent is lost.
func (d *Document) OnReset(f func()) (cancel func()) { return d.onReset.add(f) }

// Synced reports whether all that the server had is here, and all that was
// edited here has been sent.
func (d *Document) Synced() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.handle != 0 && d.here && d.told && len(d.out) == 0
}

// asks implements seated.
func (d *Document) asks(*schema.OpenInfo) {}

// entered implements seated.
func (d *Document) entered(m *fb.Opened) error {
	if d.epoch != 0 && d.epoch != m.Epoch() {
		d.begunAnew()
	}
	d.asked = true
	d.shown.entered(d)
	return nil
}

// begunAnew replaces the document by an empty one; mu is held.
func (d *Document) begunAnew() {
	d.anew()
	d.notify(func() {
		for f := range d.onReset.all() {
			f()
		}
	})
}

// received implements seated.
func (d *Document) received(head schema.Header, body []byte) error {
	switch head.Kind {
	case schema.KindReset:
		if m := fb.GetRootAsReset(body, 0); m.Epoch() != d.epoch {
			d.epoch = m.Epoch()
			d.begunAnew()
			d.asked = true
		}
		return nil
	case schema.KindSync:
	default:
		return nil
	}
	m, err := yjs.ParseMessage(fb.GetRootAsSync(body, 0).PayloadBytes())
	if err != nil {
		return err
	}
	switch m.Kind {
	case yjs.SyncStep1:
		if _, err := yjs.ParseStateVector(m.Payload); err != nil {
			return err
		}
		d.theirs = slices.Clone(m.Payload)
	case yjs.SyncStep2, yjs.SyncUpdate:
		return d.update(m)
	case yjs.AwarenessState:
		return d.shown.received(d, m.Payload)
	case yjs.AwarenessQuery:
		d.shown.due = true
	case yjs.AuthDenied:
		d.c.log.Info("the document refused a message", "room", d.name, "reason", string(m.Payload))
	}
	return nil
}

// update applies what others did; mu is held.
func (d *Document) update(m yjs.Message) error {
	diff, err := d.doc.Apply(slices.Clone(m.Payload))
	if errors.Is(err, yjs.ErrMissing) && m.Kind == yjs.SyncUpdate {
		if !d.refuses {
			d.refuses = true
			d.gaps.repair(d.seat, func() { d.asked = true })
		}
		return nil
	}
	if err != nil {
		return fmt.Errorf("apply an update: %w", err)
	}
	if m.Kind == yjs.SyncStep2 {
		d.here, d.refuses = true, false
		d.isOpen()
	} else {
		d.gaps.filled()
	}
	if diff != nil {
		d.tellChange(true)
	}
	return nil
}

// refusal implements seated: updates are not answered.
func (d *Document) refusal(*schema.Error) {}

// lost implements seated.
func (d *Document) lost() {
	d.here, d.told, d.asked, d.refuses, d.theirs = false, false, false, false, nil
	d.out, d.size = nil, 0
	d.gaps.stop()
	d.shown.lost(d)
}

// over implements seated.
func (d *Document) over() {
	d.gaps.stop()
	d.shown.lost(d)
}

// sendDue implements seated.
func (d *Document) sendDue(handle uint16) {
	for _, m := range d.take() {
		msg := m.Append(nil)
		if d.c.send.record(schema.KindSync, handle, func(b *schema.Builder) []byte { return b.Sync(msg) }) != nil {
			return // the connection is lost: the next one begins with step 1
		}
	}
}

// take is what is to be sent now.
func (d *Document) take() []yjs.Message {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []yjs.Message
	if d.asked {
		d.asked = false
		list = append(list, yjs.Message{Kind: yjs.SyncStep1, Payload: d.doc.State().Encode()})
	}
	if d.theirs != nil {
		if since, err := yjs.ParseStateVector(d.theirs); err == nil {
			list = append(list, yjs.Message{Kind: yjs.SyncStep2, Payload: d.doc.EncodeState(since)})
		}
		d.theirs, d.told, d.out = nil, true, nil
	}
	for _, update := range d.out {
		list = append(list, yjs.Message{Kind: yjs.SyncUpdate, Payload: update})
	}
	d.out, d.size = nil, 0
	if update := d.shown.take(d, time.Now()); update != nil {
		list = append(list, yjs.Message{Kind: yjs.AwarenessState, Payload: update})
	}
	return list
}

// ShowAwareness shows state, any value of JSON, to others in the document; nil:
// nothing any more. It is shown again after each reconnection.
func (d *Document) ShowAwareness(state any) error {
	var text json.RawMessage
	if state != nil {
		var err error
		if text, err = json.Marshal(state); err != nil {
			return fmt.Errorf("encode awareness: %w", err)
		}
	}
	d.mu.Lock()
	d.shown.show(text)
	d.mu.Unlock()
	d.push()
	return nil
}

// Awareness is what each client shows, this one included, by ID.
func (d *Document) Awareness() map[uint64]json.RawMessage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.shown.all()
}

// OnAwareness registers f, called with the clients that show something else.
func (d *Document) OnAwareness(f func(clients []uint64)) (cancel func()) { return d.onAwareness.add(f) }
