package board

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// Export writes the shapes and settings as JSON: {"shapes": […], "board": {…}},
// each shape before those in it, in the order of drawing.
func (b *Board) Export(w io.Writer) error {
	out := bufio.NewWriter(w)
	line := []byte(`{"shapes":[`)
	n := 0
	b.each(func(s *shape, _ int) {
		if n > 0 {
			line = append(line, ',')
		}
		n++
		line = s.appendEntry(append(line, '\n'), s.filled())
		_, _ = out.Write(line) // an error stays with the writer, and Flush gives it
		line = line[:0]
	})
	line = append(line, "\n],\"board\":{"...)
	for i, key := range slices.Sorted(maps.Keys(b.settings)) {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(appendText(line, key), ':')
		line = append(line, b.settings[key]...)
	}
	_, _ = out.Write(append(line, "}}\n"...))
	if err := out.Flush(); err != nil {
		return fmt.Errorf("failed to export the board %s: %w", b.room, err)
	}
	return nil
}

// paper is a board that was read, not in force.
type paper struct {
	shapes   []paperShape
	settings map[string]string
}

type paperShape struct {
	id string
	content
}

// Imported is what an Import has done.
type Imported struct {
	Shapes int `json:"shapes"`
}

// Import takes what Export wrote, as an edit of the user by, with the rights of
// an owner: all of it or nothing. If replace is true then the board becomes it;
// else it is added, and an ID that is taken already is refused. The error is a
// *schema.Error, or says which field is wrong.
func (b *Board) Import(now time.Time, out *canvas.Outbox, by string, text []byte, replace bool) (Imported, error) {
	p, err := b.readPaper(text)
	if err != nil {
		return Imported{}, err
	}
	e := b.begin(now, 0, by, canvas.Owner)
	e.keep = by != ""
	if by != "" {
		for i := range p.shapes {
			p.shapes[i].by = by
		}
	}
	if replace {
		err = e.become(p)
	} else {
		err = e.addAll(p)
	}
	if err != nil {
		e.rollback()
		return Imported{}, err
	}
	return Imported{len(p.shapes)}, e.commit(b.transact(now, out), out)
}

// readPaper reads what Export wrote.
func (b *Board) readPaper(text []byte) (*paper, error) {
	p := &paper{settings: map[string]string{}}
	s := scan{b: text}
	s.take('{')
	first := true
	for s.next(&first, '}') {
		var err error
		switch string(s.key()) {
		case "shapes":
			err = b.readShapes(&s, p)
		case "board":
			err = readPaperSettings(&s, p)
		default:
			s.fail()
		}
		if err != nil {
			return nil, err
		}
	}
	s.end()
	if s.err != nil {
		return nil, &invalid{"board", errors.New("not the JSON that a board's export writes")}
	}
	return p, nil
}

func (b *Board) readShapes(s *scan, p *paper) error {
	reader := edit{b: b}
	s.take('[')
	first := true
	for s.next(&first, ']') {
		var c content
		id, k, err := reader.readShape(s, &c, nil)
		if err == nil && (k&keyKind == 0 || k&keyGeo == 0) {
			err = errors.New("a shape needs id, kind and geo")
		}
		if err == nil && len(p.shapes) >= b.def.Limits.Shapes {
			err = schema.Errorf(schema.CodeRoomTooLarge, "more than %d shapes, the board's limit", b.def.Limits.Shapes)
		}
		if err != nil {
			return in("shapes["+strconv.Itoa(len(p.shapes))+"]", err)
		}
		p.shapes = append(p.shapes, paperShape{id, c})
	}
	return nil
}

func readPaperSettings(s *scan, p *paper) error {
	s.take('{')
	first := true
	for s.next(&first, '}') {
		key := string(s.key())
		value := s.value()
		if err := checkSetting(key, value); err != nil && s.err == nil {
			return err
		}
		if p.settings[key] = compact(value); len(p.settings) > maxSettings {
			return &invalid{"board", fmt.Errorf("a board has at most %d settings", maxSettings)}
		}
	}
	return nil
}

// addAll adds a paper's shapes to what is there, in front of it.
func (e *edit) addAll(p *paper) error {
	for i, s := range p.shapes {
		if s.parent == "" {
			s.index = ""
		}
		if err := e.add(s.id, s.content); err != nil {
			return in("shapes["+strconv.Itoa(i)+"]", err)
		}
	}
	return nil
}

// become makes the board what the paper says.
func (e *edit) become(p *paper) error {
	b := e.b
	stays := make(map[string]bool, len(p.shapes))
	for _, s := range p.shapes {
		stays[s.id] = true
	}
	for _, s := range e.standing() {
		if stays[s.id] {
			if s.parent != "" { // it finds its parent again below
				e.moveTo(s, "", s.index)
			}
		} else {
			e.remove(s)
		}
	}
	for i, s := range p.shapes {
		if err := e.equal(s); err != nil {
			return in("shapes["+strconv.Itoa(i)+"]", err)
		}
	}
	e.partAll()
	if err := e.mayAll(); err != nil {
		return err
	}
	for key := range b.settings {
		if _, ok := p.settings[key]; !ok {
			e.set(key, nil)
		}
	}
	for key, value := range p.settings {
		if b.settings[key] != value {
			e.set(key, &value)
		}
	}
	return nil
}

// mayAll refuses what has been done to shapes that the editor may not change.
func (e *edit) mayAll() error {
	for i := range e.changes {
		c := &e.changes[i]
		if !c.existed || !c.s.dead && c.changed() == 0 {
			continue
		}
		if err := e.may(&shape{id: c.s.id, content: c.old}); err != nil {
			return err
		}
	}
	return nil
}

// standing are all shapes, those inside others before these.
func (e *edit) standing() []*shape {
	list := make([]*shape, 0, len(e.b.shapes))
	e.b.each(func(s *shape, _ int) { list = append(list, s) })
	slices.Reverse(list)
	return list
}

// equal makes a shape what a paper says, or adds it.
func (e *edit) equal(p paperShape) error {
	b := e.b
	s := b.shapes[p.id]
	if s != nil && s.kind != p.kind {
		e.remove(s)
		s = nil
	}
	if s == nil {
		_, err := e.addAs(p.id, p.content)
		return err
	}
	if err := b.def.checkContent(&p.content); err != nil {
		return err
	}
	if p.index == "" {
		p.index = s.index
	}
	if err := checkIndex(p.index); err != nil {
		return &invalid{"index", err}
	}
	if err := b.checkParent(p.id, p.parent); err != nil {
		return err
	}
	e.touch(s)
	s.assign(&p.content, allKeys&^(keyIndex|keyParent))
	if s.parent != p.parent || s.index != p.index {
		e.moveTo(s, p.parent, p.index)
	}
	return nil
}
