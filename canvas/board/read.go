package board

import (
	"math"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// read takes the keys k from a shape in the document into c. bad are those that
// are not valid by themselves: c keeps what it had of them.
func (e *edit) read(m *yjs.Map, c content, k keys) (_ content, bad keys) {
	d := e.b.def
	for i, name := range keyNames {
		key := keys(1 << i)
		if k&key == 0 {
			continue
		}
		ok := true
		switch key {
		case keyKind:
			var name string
			if name, ok = text(m, "kind"); ok {
				c.kind = d.kinds[name]
			}
		case keyGeo:
			ok = readGeoOf(m, &c.geo, &d.Limits)
		case keyStyle:
			ok = readObjectOf(m, name, &c.style, func(s string) bool { return d.checkStyle(s) == nil })
		case keyProps:
			ok = readObjectOf(m, name, &c.props, func(s string) bool { return len(s) <= d.Limits.Props })
		case keyIndex:
			ok = readString(m, name, &c.index, func(s string) bool { return checkIndex(s) == nil })
		case keyParent:
			ok = readString(m, name, &c.parent, func(s string) bool { return s == "" || validID(s) })
		case keyText:
			ok = readText(m, &c.text, d.Limits.Text)
		case keyBy:
			ok = readString(m, name, &c.by, func(s string) bool { return len(s) <= 256 })
		case keyLocked:
			ok = readBool(m, &c.locked)
		}
		if !ok {
			bad |= key
		}
	}
	return c, bad
}

// shared tells whether a value is a shared type, which only text may be.
func shared(v any) bool {
	switch v.(type) {
	case *yjs.Map, *yjs.Array, *yjs.Text, *yjs.XMLElement, *yjs.XMLFragment, *yjs.XMLText, yjs.Subdoc:
		return true
	}
	return false
}

func text(m *yjs.Map, key string) (string, bool) {
	v, _ := m.Get(key)
	s, ok := v.(string)
	return s, ok
}

// readString reads a string; a key that is missing is "".
func readString(m *yjs.Map, key string, to *string, valid func(string) bool) bool {
	v, there := m.Get(key)
	s, ok := v.(string)
	if there && !ok || !valid(s) {
		return false
	}
	*to = s
	return true
}

func readBool(m *yjs.Map, to *bool) bool {
	v, there := m.Get("locked")
	is, ok := v.(bool)
	if there && !ok {
		return false
	}
	*to = is
	return true
}

func readGeoOf(m *yjs.Map, to *Geo, l *Limits) bool {
	if v, there := m.Get("geo"); !there || shared(v) {
		return false
	}
	b, _ := m.AppendJSON(nil, "geo")
	s := scan{b: b}
	nothing := math.NaN()
	g := Geo{nothing, nothing, nothing, nothing, nothing} // all five must be there
	if readGeo(&s, &g) != nil || s.err != nil || l.checkGeo(&g) != nil {
		return false
	}
	*to = g
	return true
}

// readObjectOf reads a plain object; a key that is missing is an empty one.
func readObjectOf(m *yjs.Map, key string, to *string, valid func(string) bool) bool {
	b, there := m.AppendJSON(nil, key)
	if !there {
		if !valid("") {
			return false
		}
		*to = ""
		return true
	}
	if v, _ := m.Get(key); shared(v) || len(b) == 0 || b[0] != '{' {
		return false
	}
	s := string(b)
	if s == "{}" {
		s = ""
	}
	if !valid(s) {
		return false
	}
	*to = s
	return true
}

// readText reads a Y.Text. A plain string counts too: it is made a Y.Text when
// the server writes it.
func readText(m *yjs.Map, to *string, limit int) bool {
	v, there := m.Get("text")
	var s string
	switch v := v.(type) {
	case *yjs.Text:
		s = v.String()
	default:
		if there {
			return false
		}
	}
	if len(s) > limit {
		return false
	}
	*to = s
	return true
}
