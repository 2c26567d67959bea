package board

import (
	"encoding/json"
	"errors"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// The roots of a board's document (W15).
const (
	shapesRoot   = "shapes"
	settingsRoot = "board"
)

// transact is Document.Transact or, while a client's edit is checked, that of
// the canvas.Edit.
type transact func(f func(*yjs.Tx) error) error

// commit carries an edit out: the document takes it, the clients hear of it. An
// error is for the editor; then nothing has happened.
func (e *edit) commit(run transact, out *canvas.Outbox) error {
	if e.nothing() && !e.remote {
		e.done()
		return nil
	}
	if e.writes() {
		if err := run(e.write); err != nil {
			if e.remote {
				e.b.log.Error("failed to correct a document", "error", err)
			} else {
				e.rollback()
				return tooLarge(err)
			}
		}
	}
	if !e.nothing() {
		e.b.publish(e, out)
	}
	e.done()
	return nil
}

// tooLarge is what the document's limits say, for the editor.
func tooLarge(err error) error {
	if errors.Is(err, yjs.ErrTooLarge) {
		return schema.Errorf(schema.CodeRoomTooLarge, "the board has reached its limit: remove something first")
	}
	return err
}

// writes tells whether the document is to be changed.
func (e *edit) writes() bool {
	if !e.remote {
		return true
	}
	for i := range e.changes {
		if c := &e.changes[i]; c.write != 0 || c.fresh {
			return true
		}
	}
	return len(e.drop) > 0 || len(e.resettle) > 0
}

// write writes what the model says into the document.
func (e *edit) write(tx *yjs.Tx) error {
	doc := e.b.Doc()
	shapes := doc.Map(shapesRoot)
	for _, id := range e.drop {
		if err := shapes.Delete(tx, id); err != nil {
			return err
		}
	}
	for i := range e.changes {
		if err := e.changes[i].apply(tx, shapes, e.remote); err != nil {
			return err
		}
	}
	if len(e.settings)+len(e.resettle) == 0 {
		return nil
	}
	return e.writeSettings(tx, doc.Map(settingsRoot))
}

func (c *change) apply(tx *yjs.Tx, shapes *yjs.Map, remote bool) error {
	if c.s.dead {
		if remote {
			return nil // what is to go is in edit.drop
		}
		return shapes.Delete(tx, c.s.id)
	}
	if c.fresh || c.renewed() || !c.existed && !remote {
		return writeShape(tx, shapes, c.s)
	}
	k := c.write
	if !remote {
		k = c.changed()
	}
	if k == 0 {
		return nil
	}
	v, _ := shapes.Get(c.s.id)
	m, ok := v.(*yjs.Map)
	if !ok {
		return writeShape(tx, shapes, c.s)
	}
	return c.s.write(tx, m, k)
}

// writeShape puts a whole shape into the document.
func writeShape(tx *yjs.Tx, shapes *yjs.Map, s *shape) error {
	if err := shapes.Set(tx, s.id, yjs.KindMap); err != nil {
		return err
	}
	v, _ := shapes.Get(s.id)
	return s.write(tx, v.(*yjs.Map), s.filled())
}

// write writes the keys k. Those that are empty it deletes.
func (s *shape) write(tx *yjs.Tx, m *yjs.Map, k keys) error {
	filled := s.filled()
	for i, name := range keyNames {
		key := keys(1 << i)
		if k&key == 0 {
			continue
		}
		var err error
		switch {
		case key == keyText:
			err = writeText(tx, m, s.text)
		case filled&key == 0:
			err = m.Delete(tx, name)
		default:
			err = m.Set(tx, name, s.value(key))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// value is a key's value for the document.
func (c *content) value(key keys) any {
	switch key {
	case keyKind:
		return c.kind.name
	case keyGeo:
		return json.RawMessage(c.geo.append(nil))
	case keyStyle:
		return json.RawMessage(c.style)
	case keyIndex:
		return c.index
	case keyParent:
		return c.parent
	case keyProps:
		return json.RawMessage(c.props)
	case keyBy:
		return c.by
	}
	return c.locked
}

// writeText makes a shape's Y.Text say text: only what differs is replaced, so
// that what others are typing meanwhile keeps its place.
func writeText(tx *yjs.Tx, m *yjs.Map, text string) error {
	v, _ := m.Get("text")
	t, ok := v.(*yjs.Text)
	if !ok {
		if text == "" {
			return m.Delete(tx, "text")
		}
		return m.Set(tx, "text", yjs.TextOf(text))
	}
	old := t.String()
	if units(old) != t.Len() { // there are embeds, which plain text has no place for
		if err := t.Delete(tx, 0, t.Len()); err != nil {
			return err
		}
		old = ""
	}
	from := 0
	for from < len(old) && from < len(text) && old[from] == text[from] {
		from++
	}
	for from > 0 && (from < len(old) && !utf8.RuneStart(old[from]) || from < len(text) && !utf8.RuneStart(text[from])) {
		from--
	}
	end := 0
	for end < len(old)-from && end < len(text)-from && old[len(old)-1-end] == text[len(text)-1-end] {
		end++
	}
	for end > 0 && !utf8.RuneStart(old[len(old)-end]) {
		end--
	}
	at := units(old[:from])
	if n := units(old[from : len(old)-end]); n > 0 {
		if err := t.Delete(tx, at, n); err != nil {
			return err
		}
	}
	return t.Insert(tx, at, text[from:len(text)-end])
}

// units is the length in UTF-16.
func units(s string) (n int) {
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

func (e *edit) writeSettings(tx *yjs.Tx, m *yjs.Map) error {
	list := e.resettle
	if !e.remote {
		for key := range e.settings {
			list = append(list, key)
		}
	}
	slices.Sort(list) // the same bytes in every run
	for _, key := range list {
		var err error
		if value, ok := e.b.model.settings[key]; ok {
			err = m.Set(tx, key, json.RawMessage(value))
		} else {
			err = m.Delete(tx, key)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
