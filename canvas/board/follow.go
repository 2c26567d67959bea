package board

import (
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
)

// What Yjs clients write cannot be refused: the document has it. The model
// follows as far as it is valid, and the document is corrected (W15).

// changed is the document's hook: a client's edit was applied.
func (b *Board) changed(c *canvas.Edit) {
	b.follow(b.begin(c.Now, c.Conn, c.User.ID, c.Role), c.What, c.Transact, c.Out)
}

// follow takes what the document's last transaction did into the model.
func (b *Board) follow(e *edit, what []yjs.Change, run transact, out *canvas.Outbox) {
	e.remote = true
	found := found{keys: map[string]keys{}}
	for i := range what {
		found.note(&what[i])
	}
	shapes := b.Doc().Map(shapesRoot)
	for _, id := range found.ids {
		e.followShape(shapes, id, found.keys[id])
	}
	e.followSettings(b.Doc().Map(settingsRoot), found.settings)
	e.repair()
	// Its errors are those of the document's limits; what could not be corrected
	// is not in the model either.
	_ = e.commit(run, out)
}

// found is what of a board has changed in the document.
type found struct {
	ids      []string // of shapes, in order
	keys     map[string]keys
	settings []string
}

func (f *found) note(c *yjs.Change) {
	switch {
	case c.Root == settingsRoot && len(c.Path) == 0:
		for _, k := range c.Keys {
			f.settings = append(f.settings, k.Key)
		}
	case c.Root == settingsRoot:
		f.settings = append(f.settings, c.Path[0].Key)
	case c.Root != shapesRoot:
	case len(c.Path) == 0:
		for _, k := range c.Keys {
			f.add(k.Key, allKeys)
		}
	case len(c.Path) == 1:
		for _, k := range c.Keys {
			f.addKey(c.Path[0].Key, k.Key)
		}
	default:
		f.addKey(c.Path[0].Key, c.Path[1].Key)
	}
}

// addKey leaves out keys that a shape does not have: they are left alone.
func (f *found) addKey(id, name string) {
	if k := keyNamed(name); k != 0 {
		f.add(id, k)
	}
}

func (f *found) add(id string, k keys) {
	if f.keys[id] == 0 {
		f.ids = append(f.ids, id)
	}
	f.keys[id] |= k
}

// followShape takes one shape's keys k from the document.
func (e *edit) followShape(shapes *yjs.Map, id string, k keys) {
	b := e.b
	s := b.shapes[id]
	v, there := shapes.Get(id)
	m, isMap := v.(*yjs.Map)
	if b.hidden[id] {
		if isMap {
			return // what is not shown is left alone
		}
		delete(b.hidden, id)
	}
	switch {
	case !there:
		e.followRemoval(s)
		return
	case s != nil && e.may(s) != nil:
		e.touch(s).restore(k, isMap)
		return
	case !isMap:
		e.spoiled(s, id)
		return
	}
	if s == nil {
		e.followNew(m, id)
		return
	}
	if kind, ok := text(m, "kind"); !ok || kind != s.kind.name {
		k |= keyKind
	}
	c, bad := e.read(m, s.content, k)
	bad |= e.unfit(s, &c, k&^bad)
	ch := e.touch(s)
	s.assign(&c, k&^(bad|keyIndex|keyParent|keyKind|keyBy))
	if k &^= bad; k&(keyIndex|keyParent) != 0 {
		index, parent := s.index, s.parent
		if k&keyIndex != 0 {
			index = c.index
		}
		if k&keyParent != 0 {
			parent = c.parent
		}
		e.moveTo(s, parent, index)
	}
	ch.write |= bad
}

// restore puts back what a client was not to change.
func (c *change) restore(k keys, isMap bool) {
	if c.fresh = c.fresh || !isMap; !c.fresh {
		c.write |= k
	}
}

// unfit are the keys that a shape cannot have, valid as they are by themselves.
func (e *edit) unfit(s *shape, c *content, k keys) (bad keys) {
	d := e.b.def
	if k&keyProps != 0 && d.checkProps(s.kind, c.props) != nil {
		bad |= keyProps
	}
	if k&keyKind != 0 && c.kind != s.kind {
		bad |= keyKind
	}
	if k&keyBy != 0 && c.by != s.by {
		bad |= keyBy
	}
	return bad
}

// followRemoval takes a shape away that the document no longer has, unless its
// remover may not: then it comes back.
func (e *edit) followRemoval(s *shape) {
	if s == nil {
		return
	}
	if e.may(s) != nil {
		e.touch(s).fresh = true
		return
	}
	e.remove(s)
}

// spoiled is for what stands where a shape should: it goes, or the shape that was
// there comes back.
func (e *edit) spoiled(s *shape, id string) {
	if s == nil {
		e.drop = append(e.drop, id)
		return
	}
	e.touch(s).fresh = true
}

// followNew takes a shape that a client has added. What it is nothing without
// (kind, geo) it must have; other keys that are not valid are left out.
func (e *edit) followNew(m *yjs.Map, id string) {
	b := e.b
	c, bad := e.read(m, content{}, allKeys)
	if c.kind == nil || bad&(keyKind|keyGeo) != 0 || !validID(id) || len(b.shapes) >= b.def.Limits.Shapes {
		e.drop = append(e.drop, id)
		return
	}
	if b.def.checkProps(c.kind, c.props) != nil {
		if c.props = ""; b.def.checkProps(c.kind, "") != nil {
			e.drop = append(e.drop, id)
			return
		}
		bad |= keyProps
	}
	if e.conn != 0 && c.by != e.user {
		c.by = e.user
		bad |= keyBy
	}
	if bad&keyIndex != 0 {
		c.index = between(b.front(c.parent), "")
	}
	s := e.insert(id, c)
	e.changes[s.touched-1].write |= bad
	e.changes[s.touched-1].fresh = false
}

// repair makes a tree and an order of what clients have written: parents that
// are missing, no groups, or a cycle go; equal indexes are told apart.
func (e *edit) repair() {
	b := e.b
	for i := 0; i < len(e.changes); i++ {
		s := e.changes[i].s
		if s.dead {
			e.orphan(s.id)
			continue
		}
		if b.checkParent(s.id, s.parent) != nil {
			e.moveTo(s, "", s.index)
			e.changes[i].write |= keyParent
		}
	}
	e.partAll()
}

// partAll tells the siblings of all that has changed apart.
func (e *edit) partAll() {
	done := map[string]bool{}
	for i := 0; i < len(e.changes); i++ {
		if s := e.changes[i].s; !s.dead && !done[s.parent] {
			done[s.parent] = true
			e.part(s.parent)
		}
	}
}

// orphan puts what was in a shape that is gone onto the board itself.
func (e *edit) orphan(id string) {
	family := e.b.children[id]
	e.moveAll(family, "", indexesOf(family))
	for _, s := range family {
		e.touch(s).write |= keyParent
	}
}

// followSettings takes the board's settings.
func (e *edit) followSettings(m *yjs.Map, list []string) {
	for _, key := range list {
		value, ok := m.AppendJSON(nil, key)
		switch v, _ := m.Get(key); {
		case !ok:
			e.set(key, nil)
			continue
		case shared(v) || checkSetting(key, value) != nil || len(e.b.settings) >= maxSettings && e.b.settings[key] == "":
			e.resettle = append(e.resettle, key)
		default:
			text := string(value)
			e.set(key, &text)
		}
	}
}
