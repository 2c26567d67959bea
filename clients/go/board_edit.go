package client

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// maxEdits is how many edits of a board may wait for the server; one more is
// refused with ErrQueueFull.
const maxEdits = 10000

// editsInFlight is how many may be without a receipt on one connection: a board
// remembers as many receipts of each client.
const editsInFlight = 64

// RejectedEdit is an edit that the server has refused, and that is no longer
// shown.
type RejectedEdit struct {
	Name string // "edit", "undo", …
	Args json.RawMessage
	Err  *RefusedError
}

// edit is one whose receipt has not come.
type edit struct {
	id      uint64
	name    string
	args    []byte
	ops     []Op
	made    time.Time
	sent    bool   // it may have been, on whatever connection,
	epoch   uint64 // of the board then
	pending *Pending
}

func (e *edit) finish(receipt Receipt, err error) {
	e.pending.receipt, e.pending.err = receipt, err
	close(e.pending.done)
}

// editLog numbers a board's edits under one client ID, and knows which have no
// receipt. The seat's mu guards it.
type editLog struct {
	client  string  // exactly once is by client ID and number (W6)
	last    uint64  // the last number given out
	settled uint64  // the server has used the numbers up to this one
	pushed  uint64  // numbers up to this one are on their way on this connection
	list    []*edit // by number
	pause   *time.Timer
}

// Edit changes the board as one step of undo: all of ops or none. The pending
// edit says what the server makes of it, which while the connection is lost may
// take its time.
func (b *Board) Edit(ops ...Op) (*Pending, error) { return b.Gesture().Edit(ops...) }

// Undo takes back this user's last step that is left. Receipt.Result says how
// many steps are.
func (b *Board) Undo() (*Pending, error) { return b.ask("undo", nil, nil) }

// Redo does again what Undo took back.
func (b *Board) Redo() (*Pending, error) { return b.ask("redo", nil, nil) }

// Clear removes all shapes that this user may remove, as an edit.
func (b *Board) Clear() (*Pending, error) { return b.ask("clear", nil, nil) }

// Version is a state of the board that was given a name.
type Version struct {
	Name   string
	Time   time.Time
	By     string // the user
	Shapes int
}

// Save gives the board as it is a name.
func (b *Board) Save(ctx context.Context, name string) error {
	_, err := b.call(ctx, "save", name)
	return err
}

// Restore makes the board what it was, by an edit.
func (b *Board) Restore(ctx context.Context, name string) error {
	_, err := b.call(ctx, "restore", name)
	return err
}

// Forget deletes a version. Only owners may.
func (b *Board) Forget(ctx context.Context, name string) error {
	_, err := b.call(ctx, "forget", name)
	return err
}

// Versions are those that the board keeps, the newest last.
func (b *Board) Versions(ctx context.Context) ([]Version, error) {
	receipt, err := b.call(ctx, "versions", "")
	if err != nil {
		return nil, err
	}
	var result struct {
		Versions []struct {
			Name, By string
			Time     int64
			Shapes   int
		}
	}
	if err := json.Unmarshal(receipt.Result, &result); err != nil {
		return nil, fmt.Errorf("read the versions: %w", err)
	}
	list := make([]Version, len(result.Versions))
	for i, v := range result.Versions {
		list[i] = Version{v.Name, time.UnixMilli(v.Time), v.By, v.Shapes}
	}
	return list, nil
}

// call asks for something about a version and waits.
func (b *Board) call(ctx context.Context, name, version string) (Receipt, error) {
	args := map[string]string{}
	if version != "" {
		args["name"] = version
	}
	p, err := b.ask(name, args, nil)
	if err != nil {
		return Receipt{}, err
	}
	return p.Wait(ctx)
}

// ask queues an edit, shows it and sends it.
func (b *Board) ask(name string, args any, ops []Op) (*Pending, error) {
	text := []byte("{}")
	if raw, ok := args.([]byte); ok {
		text = raw
	} else if args != nil {
		var err error
		if text, err = json.Marshal(args); err != nil {
			return nil, fmt.Errorf("encode %s: %w", name, err)
		}
	}
	if len(text) > maxArgs {
		return nil, &RefusedError{Code: schema.CodeTooLarge, Message: fmt.Sprintf("the edit has %d bytes, a board takes %d", len(text), maxArgs)}
	}
	b.mu.Lock()
	p, err := b.add(name, text, ops)
	b.mu.Unlock()
	b.push()
	return p, err
}

// add queues an edit and shows it; mu is held.
func (b *Board) add(name string, args []byte, ops []Op) (*Pending, error) {
	l := &b.edits
	switch {
	case b.ended != nil:
		return nil, b.ended
	case len(l.list) >= maxEdits:
		return nil, ErrQueueFull
	}
	l.last++
	e := &edit{id: l.last, name: name, args: args, ops: ops, made: time.Now(), pending: newPending()}
	l.list = append(l.list, e)
	if len(ops) > 0 {
		changed := make(map[string]struct{})
		b.rebase(changed)
		b.tellChange(changed)
	}
	return e.pending, nil
}

// rebase replays the edits that wait on what the server has confirmed, and adds
// to changed what looks different for it; mu is held.
func (b *Board) rebase(changed map[string]struct{}) {
	for id := range b.own {
		changed[id] = struct{}{}
	}
	clear(b.own)
	p := boardPredicted{b, b.c.User()}
	for _, e := range b.edits.list {
		for _, op := range e.ops {
			if op.shows != nil {
				op.shows(&p)
			}
		}
	}
	for id := range b.own {
		changed[id] = struct{}{}
	}
}

// Pending is how many edits wait for the server.
func (b *Board) Pending() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.edits.list)
}

// OnRejected registers f, called with each edit that the server refuses.
func (b *Board) OnRejected(f func(RejectedEdit)) (cancel func()) { return b.onRejected.add(f) }

// opened begins a connection; mu is held.
func (l *editLog) opened(b *Board, m *fb.Opened) {
	if !m.Known() && l.forgotten(m.Epoch()) {
		l.renew(b)
		return
	}
	l.settled = m.Last()
	l.last = max(l.last, l.settled)
	l.rewind()
}

// rewind lets all that has no receipt be sent again: what the server has done
// it answers again.
func (l *editLog) rewind() {
	l.pushed = l.settled
	if len(l.list) > 0 {
		l.pushed = min(l.pushed, l.list[0].id-1)
	}
}

// forgotten reports whether the server, which does not know this client ID, may
// have done edits under it, so that none may go under it any more.
func (l *editLog) forgotten(epoch uint64) bool {
	return l.settled > 0 || slices.ContainsFunc(l.list, func(e *edit) bool { return e.sent && e.epoch != epoch })
}

// renew takes a new client ID and enters the room with it. Of edits that may have
// been sent nobody knows whether they were done; the others get new numbers.
func (l *editLog) renew(b *Board) {
	kept := l.list[:0]
	for _, e := range l.list {
		if e.sent {
			b.reject(e, &RefusedError{Code: schema.CodeClientUnknown, Message: "the board does not know whether it was done"})
			continue
		}
		kept = append(kept, e)
		e.id = uint64(len(kept))
	}
	clear(l.list[len(kept):])
	l.list, l.client = kept, NewID()
	l.last, l.settled, l.pushed = uint64(len(kept)), 0, 0
	b.anew = true
}

// find is the place of an edit.
func (l *editLog) find(id uint64) (at int, ok bool) {
	return slices.BinarySearchFunc(l.list, id, func(e *edit, id uint64) int {
		switch {
		case e.id < id:
			return -1
		case e.id > id:
			return 1
		}
		return 0
	})
}

// room is how many numbers may be sent.
func (l *editLog) room() int {
	if len(l.list) == 0 || l.list[0].id > l.pushed {
		return editsInFlight
	}
	return editsInFlight - int(l.pushed+1-l.list[0].id)
}

// batch is what is to be sent now.
func (l *editLog) batch() []schema.MutateInfo {
	var batch []schema.MutateInfo
	for l.pause == nil && l.pushed < l.last && l.room() > 0 && len(batch) < editsInFlight {
		l.pushed++
		at, ok := l.find(l.pushed)
		switch {
		case ok:
			e := l.list[at]
			e.sent = true
			batch = append(batch, schema.MutateInfo{ID: e.id, Name: e.name, Args: e.args})
		case l.pushed > l.settled: // it failed before the board saw it
			batch = append(batch, schema.MutateInfo{ID: l.pushed, Void: true})
		}
	}
	return batch
}

// receipt takes one; mu is held. With a sequence it is the board's last word,
// else the number is still to be used.
func (b *Board) receipt(m *fb.Receipt) {
	l, code, id := &b.edits, schema.Code(m.Code()), m.Mutation()
	if id > l.pushed {
		return // nobody has asked
	}
	used := m.Seq() > 0 || code == 0 || code == schema.CodeResultExpired
	switch {
	case used:
		l.settled = max(l.settled, id)
	case code == schema.CodeClientUnknown:
		l.renew(b)
		return
	case !slices.Contains(unseen[:], code):
		l.pushAgain(b)
		return
	default:
		l.pushed = min(l.pushed, id-1) // it will be void
	}
	at, ok := l.find(id)
	if !ok {
		if !used {
			l.pushAgain(b) // not even a void one is taken
		}
		return
	}
	e := l.list[at]
	l.list = slices.Delete(l.list, at, at+1)
	if code == 0 {
		e.finish(Receipt{Seq: m.Seq(), Result: slices.Clone(m.ResultBytes())}, nil)
	} else {
		b.reject(e, &RefusedError{Code: code, Message: string(m.Message()), Field: string(m.Field())})
	}
	changed := make(map[string]struct{})
	if len(e.ops) > 0 {
		b.rebase(changed)
	}
	b.tellChange(changed)
}

// reject ends an edit that is not done; mu is held.
func (b *Board) reject(e *edit, why *RefusedError) {
	e.finish(Receipt{}, why)
	r := RejectedEdit{e.name, e.args, why}
	b.notify(func() {
		for f := range b.onRejected.all() {
			f(r)
		}
	})
}

// pushAgain sends what has no receipt again, after a pause.
func (l *editLog) pushAgain(b *Board) {
	l.rewind()
	if l.pause != nil || b.ended != nil {
		return
	}
	l.pause = time.AfterFunc(pushPause, func() {
		b.mu.Lock()
		l.pause = nil
		b.mu.Unlock()
		b.push()
	})
}

func (l *editLog) stopPause() {
	if l.pause != nil {
		l.pause.Stop()
		l.pause = nil
	}
}

// end fails all that waits.
func (l *editLog) end(why *schema.Error) {
	l.stopPause()
	for _, e := range l.list {
		e.finish(Receipt{}, why)
	}
	l.list = nil
}
