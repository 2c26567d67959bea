package board

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/parlor-server/parlor/schema"
)

// errArgs is the error of arguments that are no JSON of the form of W8.
var errArgs = errors.New("not the JSON that docs/canvas.md describes")

// maxWork bounds what one edit may do, in about 50 ns: others wait for it. One op
// may take what it takes with a full board.
const maxWork = 1e6

// run reads the arguments of an edit and carries out its ops as they come.
func (e *edit) run(args []byte) error {
	s := scan{b: args}
	s.take('{')
	first := true
	for s.next(&first, '}') {
		switch string(s.key()) {
		case "gesture":
			n := s.number()
			if n < 0 || n > 1<<32-1 || n != float64(uint32(n)) {
				return &invalid{"gesture", errors.New("a gesture is a number from 0 to 4294967295")}
			}
			e.gesture = uint32(n)
		case "ops":
			if err := e.runAll(&s); err != nil {
				return err
			}
		default:
			s.fail()
		}
	}
	s.end()
	if s.err != nil {
		return &invalid{"args", errArgs}
	}
	return nil
}

func (e *edit) runAll(s *scan) error {
	s.take('[')
	first := true
	for n := 0; s.next(&first, ']'); n++ {
		if n >= e.b.def.Limits.Ops {
			return schema.Errorf(schema.CodeTooManyOperations, "an edit has at most %d ops", e.b.def.Limits.Ops)
		}
		s.take('{')
		one := true
		if !s.next(&one, '}') {
			s.fail()
		}
		op := string(s.key())
		var err error
		if s.err == nil {
			err = in(op, e.runOp(s, op))
		}
		if s.take('}'); err == nil && s.err != nil {
			err = errArgs
		}
		if err == nil && e.work > maxWork {
			err = schema.Errorf(schema.CodeTooManyOperations, "this edit moves too much at once: make several of it, of one gesture")
		}
		if err != nil {
			return in("ops["+strconv.Itoa(n)+"]", err)
		}
	}
	return nil
}

func (e *edit) runOp(s *scan, op string) error {
	switch op {
	case "add":
		return e.readAdd(s)
	case "patch":
		return e.readPatch(s)
	case "remove":
		return e.eachID(s, func(id string) error {
			if shape := e.b.model.shapes[id]; shape != nil {
				return e.removeAll(shape)
			}
			return nil
		})
	case "ungroup":
		return e.eachID(s, e.ungroup)
	case "group":
		id, ids, _ := readSet(s)
		if s.err != nil {
			return s.err
		}
		return e.group(id, ids)
	case "order":
		_, ids, to := readSet(s)
		if s.err != nil {
			return s.err
		}
		return e.order(ids, to)
	case "board":
		return e.readSettings(s)
	}
	return &invalid{"op", fmt.Errorf("%q is none: use add, patch, remove, order, group, ungroup or board", op)}
}

// eachID calls f for each string of an array. What an edit names twice is
// refused by f, or does nothing the second time.
func (e *edit) eachID(s *scan, f func(id string) error) error {
	s.take('[')
	first := true
	for s.next(&first, ']') {
		id := string(s.text())
		if s.err != nil {
			break
		}
		if err := f(id); err != nil {
			return err
		}
	}
	return s.err
}

// maxIDs bounds the ids of one op.
const maxIDs = 10000

// readSet reads {"id": …, "ids": […], "to": …}, each of which may be missing.
func readSet(s *scan) (id string, ids []string, to string) {
	s.take('{')
	first := true
	for s.next(&first, '}') {
		switch string(s.key()) {
		case "id":
			id = string(s.text())
		case "to":
			to = string(s.text())
		case "ids":
			s.take('[')
			one := true
			for s.next(&one, ']') {
				if ids = append(ids, string(s.text())); len(ids) > maxIDs {
					s.fail()
				}
			}
		default:
			s.fail()
		}
	}
	return id, ids, to
}

func (e *edit) readAdd(s *scan) error {
	c := content{by: e.user}
	id, k, err := e.readShape(s, &c, nil)
	if err != nil {
		return err
	}
	if k&keyKind == 0 || k&keyGeo == 0 {
		return errors.New("a new shape needs id, kind and geo")
	}
	c.by = e.user
	return e.add(id, c)
}

func (e *edit) readPatch(s *scan) error {
	// The id is read first: what is patched is needed to merge the rest.
	from := s.i
	var target *shape
	id, err := readID(scan{b: s.b, i: from})
	if err != nil {
		return err
	}
	if target, err = e.find(id); err != nil {
		return err
	}
	c := target.content
	_, k, err := e.readShape(s, &c, target)
	if err != nil {
		return err
	}
	if k&(keyKind|keyBy) != 0 {
		return errors.New("kind and by do not change")
	}
	return e.patch(target, &c, k)
}

// readID is the member "id" of an object.
func readID(s scan) (id string, err error) {
	s.take('{')
	first := true
	for s.next(&first, '}') {
		if string(s.key()) == "id" {
			id = string(s.text())
			return id, s.err
		}
		s.skip(maxJSONDepth)
	}
	if s.err != nil {
		return "", s.err
	}
	return "", &invalid{"id", errors.New("it is missing")}
}

// readShape reads a shape's keys into c and says which were there. If target is
// given then geo, style and props are merged into what c has of it.
func (e *edit) readShape(s *scan, c *content, target *shape) (id string, k keys, err error) {
	s.take('{')
	first := true
	for err == nil && s.next(&first, '}') {
		name := s.key()
		if string(name) == "id" {
			id = string(s.text())
			continue
		}
		key := keyNamed(string(name))
		if key == 0 && s.err == nil {
			return id, k, &invalid{string(name), errors.New("a shape has no such key")}
		}
		k |= key
		err = e.readKey(s, c, key, target != nil)
	}
	if err == nil {
		err = s.err
	}
	return id, k, err
}

func (e *edit) readKey(s *scan, c *content, key keys, merge bool) (err error) {
	switch key {
	case keyKind:
		name := string(s.text())
		if c.kind = e.b.def.kinds[name]; c.kind == nil && s.err == nil {
			return schema.Errorf(schema.CodeNoSuchShapeKind, "there are no shapes of the kind %q here", name)
		}
	case keyGeo:
		return readGeo(s, &c.geo)
	case keyStyle:
		c.style, err = readObject(s, c.style, merge)
	case keyProps:
		c.props, err = readObject(s, c.props, merge)
	case keyIndex:
		c.index = string(s.text())
	case keyParent:
		c.parent = string(s.text())
	case keyText:
		c.text = string(s.text())
	case keyBy:
		c.by = string(s.text())
	case keyLocked:
		c.locked = s.boolean()
	}
	return err
}

// readGeo reads the members that are there.
func readGeo(s *scan, g *Geo) error {
	s.take('{')
	first := true
	for s.next(&first, '}') {
		var to *float64
		switch name := s.key(); string(name) {
		case "x":
			to = &g.X
		case "y":
			to = &g.Y
		case "w":
			to = &g.W
		case "h":
			to = &g.H
		case "r":
			to = &g.R
		default:
			return &invalid{"geo", fmt.Errorf("%q is none of x, y, w, h, r", name)}
		}
		*to = s.number()
	}
	if s.err != nil {
		return &invalid{"geo", errors.New("an object of finite numbers, please")}
	}
	return nil
}

// readObject reads an object; into old, if it is to be merged.
func readObject(s *scan, old string, merge bool) (string, error) {
	if s.peek() != '{' {
		s.fail()
		return "", s.err
	}
	value := s.value()
	if s.err != nil {
		return "", s.err
	}
	next := compact(value)
	if merge {
		next = mergeObjects(old, next)
	}
	if next == "{}" {
		next = ""
	}
	return next, nil
}

// readSettings changes settings of the board.
func (e *edit) readSettings(s *scan) error {
	s.take('{')
	first := true
	for s.next(&first, '}') {
		key := string(s.key())
		value := s.value()
		if s.err != nil {
			break
		}
		if err := checkSetting(key, value); err != nil {
			return err
		}
		if string(value) == "null" {
			e.set(key, nil)
			continue
		}
		text := compact(value)
		e.set(key, &text)
		if len(e.b.model.settings) > maxSettings {
			return &invalid{key, fmt.Errorf("a board has at most %d settings", maxSettings)}
		}
	}
	return s.err
}

// What a board's settings may be.
const (
	maxSettings = 64
	maxSetting  = 4 << 10
)

func checkSetting(key string, value []byte) error {
	if !validID(key) {
		return &invalid{"board", fmt.Errorf("a setting's name has 1 to %d printable ASCII characters", maxID)}
	}
	if len(value) > maxSetting {
		return &invalid{key, fmt.Errorf("%d bytes; the limit is %d", len(value), maxSetting)}
	}
	return nil
}
