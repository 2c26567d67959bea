package board

import (
	"time"

	"github.com/parlor-server/parlor/canvas"
)

// edit is a change of the model that is going on: it happens whole or not at
// all. The board has one, and uses its memory again.
type edit struct {
	b       *Board
	now     time.Time
	conn    canvas.Conn // 0: the server
	user    string
	role    canvas.Role
	gesture uint32
	// remote: the document has changed already, and the model follows. What the
	// model says otherwise is then written back.
	remote bool
	keep   bool // it is a step of the user's undo

	changes   []change
	gone      map[string]int     // changes of removed shapes, by ID
	work      int                // done so far, in about 50 ns: see maxWork
	settings  map[string]*string // as they were; nil: were not there
	corrected []string
	drop      []string // remote: IDs that are to go from the document
	resettle  []string // remote: settings that are to be written back
}

// change is what an edit does to one shape.
type change struct {
	s       *shape
	old     content // as it was, if existed
	existed bool
	fresh   bool // it was removed and added: the document needs a new map
	write   keys // in a remote edit: what the document must be corrected in
	// corrected: it is in edit.corrected.
	corrected bool
}

// begin starts an edit. It ends with commit or rollback.
func (b *Board) begin(now time.Time, conn canvas.Conn, user string, role canvas.Role) *edit {
	e := &b.edit
	*e = edit{b: b, now: now, conn: conn, user: user, role: role, changes: e.changes[:0], corrected: e.corrected[:0]}
	return e
}

// done forgets the changes.
func (e *edit) done() {
	for i := range e.changes {
		e.changes[i].s.touched = 0
	}
	clear(e.changes)
	e.changes = e.changes[:0]
}

// rollback makes the model what it was.
func (e *edit) rollback() {
	m := &e.b.model
	for i := range e.changes {
		if s := e.changes[i].s; !s.dead {
			m.unlink(s)
			delete(m.shapes, s.id)
		}
	}
	for i := range e.changes {
		if c := &e.changes[i]; c.existed {
			c.s.content, c.s.dead = c.old, false
			m.shapes[c.s.id] = c.s
			m.link(c.s)
		}
	}
	for key, was := range e.settings {
		if was == nil {
			delete(m.settings, key)
		} else {
			m.settings[key] = *was
		}
	}
	e.done()
}

// touch notes how a shape is before it is changed.
func (e *edit) touch(s *shape) *change {
	if s.touched == 0 {
		e.changes = append(e.changes, change{s: s, old: s.content, existed: true})
		s.touched = uint32(len(e.changes))
	}
	return &e.changes[s.touched-1]
}

// insert adds a shape that is not there; by its ID alone it may have been, in
// this edit. Its index is set.
func (e *edit) insert(id string, c content) *shape {
	m := &e.b.model
	i, was := e.gone[id]
	if was {
		delete(e.gone, id)
		e.changes[i].fresh = true
		s := e.changes[i].s
		s.content, s.dead = c, false
	} else {
		e.changes = append(e.changes, change{s: &shape{id: id, content: c, touched: uint32(len(e.changes) + 1)}})
		i = len(e.changes) - 1
	}
	s := e.changes[i].s
	m.shapes[id] = s
	m.link(s)
	return s
}

// remove takes a shape away. Its children are the caller's business.
func (e *edit) remove(s *shape) {
	e.touch(s)
	e.work += 8
	e.b.model.unlink(s)
	delete(e.b.model.shapes, s.id)
	s.dead = true
	if e.gone == nil {
		e.gone = map[string]int{}
	}
	e.gone[s.id] = int(s.touched - 1)
}

// moveTo gives a shape another parent or index.
func (e *edit) moveTo(s *shape, parent, index string) {
	e.touch(s)
	e.work += 8 + len(e.b.model.children[s.parent])/256 + len(e.b.model.children[parent])/256
	e.b.model.unlink(s)
	s.parent, s.index = parent, index
	e.b.model.link(s)
}

// set changes a setting of the board; nil removes it.
func (e *edit) set(key string, value *string) {
	m := &e.b.model
	if _, ok := e.settings[key]; !ok {
		if e.settings == nil {
			e.settings = map[string]*string{}
		}
		if was, ok := m.settings[key]; ok {
			e.settings[key] = &was
		} else {
			e.settings[key] = nil
		}
	}
	if value == nil {
		delete(m.settings, key)
	} else {
		m.settings[key] = *value
	}
}

// changed are the keys in which a shape that is there is not as it was; all, if
// it is new.
func (c *change) changed() keys {
	if c.s.dead {
		return 0
	}
	if !c.existed || c.renewed() {
		return allKeys
	}
	return c.s.differ(&c.old)
}

// renewed tells whether another shape has the ID now: a shape's kind never
// changes.
func (c *change) renewed() bool {
	return c.existed && !c.s.dead && (c.fresh || c.s.kind != c.old.kind)
}

// nothing tells whether all is as it was.
func (e *edit) nothing() bool {
	for i := range e.changes {
		if c := &e.changes[i]; c.s.dead && c.existed || c.changed() != 0 {
			return false
		}
	}
	for key, was := range e.settings {
		now, ok := e.b.model.settings[key]
		if ok != (was != nil) || ok && now != *was {
			return false
		}
	}
	return true
}

// free gives a shape whose index a sibling has too one of its own, just above.
func (e *edit) free(s *shape) {
	for e.b.model.twin(s) {
		e.moveTo(s, s.parent, between(s.index, e.b.model.above(s)))
		e.space(s)
		e.correct(s)
	}
}

// correct notes that a shape is not stored as it was sent.
func (e *edit) correct(s *shape) {
	if c := e.touch(s); !c.corrected {
		c.corrected = true
		e.corrected = append(e.corrected, s.id)
	}
}

// space gives a shape whose index has become too long, and as many of the
// siblings around it as are needed for that, short ones.
func (e *edit) space(s *shape) {
	if len(s.index) <= maxIndex {
		return
	}
	family, at := e.b.model.children[s.parent], e.b.model.place(s)
	for n := 4; ; n *= 2 {
		from, to := max(0, at-n), min(len(family), at+n+1)
		below, above := indexAt(family, from-1), indexAt(family, to)
		if above != "" && below >= above {
			continue // siblings that are not told apart yet
		}
		list := indexes(below, above, to-from)
		if (from > 0 || to < len(family)) && longest(list) > maxIndex/2 {
			continue
		}
		e.work += len(list)
		for i, index := range list {
			e.touch(family[from+i]).write |= keyIndex
			family[from+i].index = index
		}
		return
	}
}

// part tells siblings with equal indexes apart: of each run all but the first get
// new ones, just above.
func (e *edit) part(parent string) {
	family := e.b.model.children[parent]
	for from := 0; from < len(family); {
		to := from + 1
		for to < len(family) && family[to].index == family[from].index {
			to++
		}
		for i, index := range indexes(family[from].index, indexAt(family, to), to-from-1) {
			s := family[from+1+i]
			e.correct(s)
			e.touch(s).write |= keyIndex
			s.index = index // the order stays as it is
		}
		from = to
	}
	for _, s := range family {
		e.space(s)
	}
}

// longest is the length of the longest index.
func longest(list []string) (n int) {
	for _, index := range list {
		n = max(n, len(index))
	}
	return n
}
