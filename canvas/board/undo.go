package board

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// Undo (W10). Each user has a list of steps, in the store too; those at its end
// may be undone ones, which can be redone until the user edits again. A step
// does not name states to return to, but for each key what it was and what the
// step has made of it: only a key that is still so is set back.

const (
	maxStep     = 256 << 10 // bytes: a larger step cannot be undone
	maxUndo     = 4 << 20   // bytes of a user's steps: the oldest go
	maxUndoAll  = 64 << 20  // bytes of all users' steps: the oldest of who has most go
	keptUndoers = 500       // users: the one that has edited least recently is forgotten
)

// history is one user's steps.
type history struct {
	user  string
	steps []storedStep
	bytes int
	used  uint64 // seq when it was last used
	// open is the last step if the next edit of the gesture belongs to it.
	open    *step
	gesture uint32
	conn    canvas.Conn
}

// storedStep is a step as it is in the store, under its number.
type storedStep struct {
	n      uint64
	data   []byte
	undone bool
}

func (h *history) key(n uint64) string {
	return string(binary.BigEndian.AppendUint64(append([]byte(h.user), 0), n))
}

// of is a user's history.
func (b *Board) historyOf(user string, out *canvas.Outbox) *history {
	h := b.undos[user]
	if h == nil {
		b.forgetHistory(out)
		h = &history{user: user}
		b.undos[user] = h
	}
	h.used = b.seq
	return h
}

// forgetHistory makes room for one more.
func (b *Board) forgetHistory(out *canvas.Outbox) {
	if len(b.undos) < keptUndoers {
		return
	}
	var oldest *history
	for _, h := range b.undos {
		if oldest == nil || h.used < oldest.used || h.used == oldest.used && h.user < oldest.user {
			oldest = h
		}
	}
	b.undoBytes -= oldest.bytes
	oldest.cut(0, len(oldest.steps), out)
	delete(b.undos, oldest.user)
}

// cut removes the steps from i to j.
func (h *history) cut(i, j int, out *canvas.Outbox) {
	for _, s := range h.steps[i:j] {
		out.Delete(canvas.SpaceUndo, h.key(s.n))
		h.bytes -= len(s.data)
	}
	h.steps = slices.Delete(h.steps, i, j)
}

// put stores a step at i, over the one that was there.
func (h *history) put(i int, s *step, undone bool, out *canvas.Outbox) {
	to := &h.steps[i]
	h.bytes -= len(to.data)
	to.data, to.undone = s.append(make([]byte, 0, 64+96*len(s.entries)), undone), undone
	h.bytes += len(to.data)
	out.Put(canvas.SpaceUndo, h.key(to.n), to.data)
}

// done is how many steps can be undone; the others can be redone.
func (h *history) done() int {
	n := len(h.steps)
	for n > 0 && h.steps[n-1].undone {
		n--
	}
	return n
}

// record makes an edit a step of its user, or a part of the last one.
func (b *Board) record(e *edit, out *canvas.Outbox) {
	entries := make([]entry, 0, len(e.changes))
	for i := range e.changes {
		if x, ok := entryOf(&e.changes[i]); ok {
			entries = append(entries, x)
		}
	}
	if len(entries) == 0 {
		return // settings are not undone
	}
	h := b.historyOf(e.user, out)
	was := h.bytes
	h.cut(h.done(), len(h.steps), out)
	last := len(h.steps) - 1
	if h.open != nil && e.gesture != 0 && h.gesture == e.gesture && h.conn == e.conn {
		h.open.join(entries)
	} else {
		h.open, h.gesture, h.conn = &step{entries}, e.gesture, e.conn
		n := uint64(1)
		if last >= 0 {
			n = h.steps[last].n + 1
		}
		h.steps = append(h.steps, storedStep{n: n})
		last++
	}
	h.put(last, h.open, false, out)
	if e.gesture == 0 {
		h.open = nil
	}
	if len(h.steps[last].data) > maxStep {
		h.open = nil
		h.cut(last, last+1, out)
	}
	for len(h.steps) > b.def.Limits.Undo || h.bytes > maxUndo {
		h.cut(0, 1, out)
	}
	b.boundUndo(h.bytes-was, maxUndoAll, out)
}

// boundUndo counts bytes that were added, and makes room for them: who has most
// loses the oldest.
func (b *Board) boundUndo(added, most int, out *canvas.Outbox) {
	for b.undoBytes += added; b.undoBytes > most; {
		var largest *history
		for _, h := range b.undos {
			if len(h.steps) > 0 && (largest == nil || h.bytes > largest.bytes || h.bytes == largest.bytes && h.user < largest.user) {
				largest = h
			}
		}
		if largest == nil {
			return
		}
		b.undoBytes -= len(largest.steps[0].data)
		if largest.cut(0, 1, out); len(largest.steps) == 0 {
			largest.open = nil
		}
	}
}

// undoStep undoes a user's last step that has something left to undo, or redoes
// the last one that was undone.
func (b *Board) undoStep(now time.Time, p *person, redo bool, out *canvas.Outbox) error {
	h := b.historyOf(p.user.ID, out)
	h.open = nil
	for {
		i := h.done()
		if !redo {
			i--
		}
		if i < 0 || i >= len(h.steps) {
			return schema.Errorf(schema.CodeNothingToUndo, "there is nothing left")
		}
		s, _, err := parseStep(h.steps[i].data, b.def.kinds)
		if err != nil {
			return err
		}
		e := b.begin(now, p.conn, p.user.ID, p.role)
		s.entries = e.apply(s.entries, redo)
		nothing := len(s.entries) == 0
		if err := e.commit(b.transact(now, out), out); err != nil {
			return err
		}
		if nothing {
			b.undoBytes -= len(h.steps[i].data)
			h.cut(i, i+1, out)
			continue
		}
		b.undoBytes -= len(h.steps[i].data)
		h.put(i, &s, !redo, out)
		b.undoBytes += len(h.steps[i].data)
		return nil
	}
}

// apply undoes entries, or does them again, as far as the keys are as they were
// left. It returns those that it did, so far as it did: as they are to be redone,
// or undone again.
func (e *edit) apply(entries []entry, redo bool) (did []entry) {
	turn := func(x entry) entry { // what is to happen
		if redo {
			return x
		}
		return x.invert()
	}
	var adds, patches, removes []entry
	for _, x := range slices.Backward(entries) {
		switch x = turn(x); {
		case !x.had:
			adds = append(adds, x)
		case !x.has:
			removes = append(removes, x)
		default:
			patches = append(patches, x)
		}
	}
	for _, x := range e.again(adds) {
		did = append(did, turn(x))
	}
	for _, x := range patches {
		if e.setBack(&x) {
			did = append(did, turn(x))
		}
	}
	for _, x := range e.takeAway(removes) {
		did = append(did, turn(x))
	}
	slices.Reverse(did)
	return did
}

// again adds shapes that were removed, each after its parent if that is one of
// them. A parent that is gone is none.
func (e *edit) again(list []entry) (did []entry) {
	missing := map[string]bool{}
	for _, x := range list {
		missing[x.id] = true
	}
	for progress := true; progress; {
		progress = false
		for _, x := range list {
			if !missing[x.id] || missing[x.now.parent] {
				continue
			}
			delete(missing, x.id)
			progress = true
			c := x.now
			if e.b.checkParent(x.id, c.parent) != nil {
				c.parent = ""
			}
			if e.add(x.id, c) == nil {
				did = append(did, x)
			}
		}
	}
	return did
}

// setBack gives a shape the keys that are still as the step left them.
func (e *edit) setBack(x *entry) bool {
	s := e.b.shapes[x.id]
	if s == nil || e.may(s) != nil {
		return false
	}
	k := x.keys &^ s.differ(&x.was)
	if k&keyParent != 0 && e.b.checkParent(s.id, x.now.parent) != nil {
		k &^= keyParent
	}
	if k&keyKind != 0 && !e.fits(s, x, k) {
		k &^= keyKind | keyProps
	}
	if k&keyParent != 0 { // an index says something only together with its parent
		if x.keys&keyIndex == 0 {
			x.now.index = s.index
		}
		x.was.index = s.index
		k |= keyIndex
	}
	if k == 0 || e.patch(s, &x.now, k) != nil {
		return false
	}
	if k&keyIndex != 0 {
		x.now.index = s.index // it may have been taken
	}
	x.keys = k
	return true
}

// fits tells whether a shape, which the step had removed and added as another
// kind, can be of the former kind again.
func (e *edit) fits(s *shape, x *entry, k keys) bool {
	props := s.props
	if k&keyProps != 0 {
		props = x.now.props
	}
	return e.b.def.checkProps(x.now.kind, props) == nil && (x.now.kind.frame || len(e.b.children[s.id]) == 0)
}

// takeAway removes shapes that nobody has changed since the step, nor put
// anything into, those inside first.
func (e *edit) takeAway(list []entry) (did []entry) {
	for progress := true; progress; {
		progress = false
		for i, x := range list {
			s := e.b.shapes[x.id]
			if x.id == "" || s == nil || len(e.b.children[x.id]) > 0 || e.may(s) != nil {
				continue
			}
			if s.differ(&x.was)&^keyIndex != 0 {
				continue
			}
			x.was.index = s.index
			did = append(did, x)
			e.remove(s)
			list[i].id = ""
			progress = true
		}
	}
	return did
}

// loadUndo reads the users' steps.
func (b *Board) loadUndo(load canvas.Loader) error {
	return load.Each(canvas.SpaceUndo, func(key, value []byte, _ uint64) error {
		if len(key) < 9 || len(value) < 2 {
			return errStored
		}
		user := string(key[:len(key)-9])
		h := b.undos[user]
		if h == nil {
			h = &history{user: user}
			b.undos[user] = h
		}
		n := binary.BigEndian.Uint64(key[len(key)-8:])
		h.steps = append(h.steps, storedStep{n: n, data: slices.Clone(value), undone: value[1] == 1})
		h.bytes += len(value)
		b.undoBytes += len(value)
		return nil
	})
}
