package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// editor makes the server's random edits.
type editor struct {
	doc    *yjs.Doc
	random *rand.Rand
}

// edit changes one to three shared types of the document.
func (e *editor) edit(tx *yjs.Tx) error {
	for range 1 + e.random.IntN(3) {
		var err error
		switch t := e.pick().(type) {
		case *yjs.Map:
			err = e.editMap(tx, t)
		case *yjs.Array:
			err = e.editArray(tx, t)
		case *yjs.Text:
			err = e.editText(tx, t)
		case *yjs.XMLText:
			err = e.editXMLText(tx, t)
		case *yjs.XMLElement:
			err = e.editElement(tx, t)
		case *yjs.XMLFragment:
			err = e.editFragment(tx, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pick walks from a root into nested types, now and then.
func (e *editor) pick() any {
	t := []any{e.doc.Map("map"), e.doc.Array("array"), e.doc.Text("text"), e.doc.XML("xml")}[e.random.IntN(4)]
	for e.random.IntN(3) > 0 {
		var inner []any
		switch t := t.(type) {
		case *yjs.Map:
			for _, key := range t.Keys() {
				v, _ := t.Get(key)
				inner = append(inner, v)
			}
		case *yjs.Array:
			inner = t.Values()
		case *yjs.XMLElement:
			inner = t.Children()
		case *yjs.XMLFragment:
			inner = t.Children()
		case *yjs.Text:
			for _, run := range t.Delta() {
				inner = append(inner, run.Insert)
			}
		}
		if len(inner) == 0 {
			break
		}
		switch v := inner[e.random.IntN(len(inner))].(type) {
		case *yjs.Map, *yjs.Array, *yjs.Text, *yjs.XMLText, *yjs.XMLElement, *yjs.XMLFragment:
			t = v
		}
	}
	return t
}

func (e *editor) value() any {
	switch e.random.IntN(13) {
	case 0:
		return []yjs.Kind{yjs.KindMap, yjs.KindArray, yjs.KindText}[e.random.IntN(3)]
	case 1:
		return nil
	case 2:
		return e.random.IntN(2) == 0
	case 3:
		return e.random.NormFloat64() * 1e9
	case 4:
		return []byte{byte(e.random.Uint32()), 0, 255}
	case 5:
		return map[string]any{"go": e.random.IntN(1000), "list": []any{1, "x", nil}}
	case 6:
		return int64(e.random.Uint64())
	case 7:
		return yjs.MapOf{"k0": yjs.TextOf("in Go"), "k1": json.RawMessage(`{"a": [1, -2.5, "\u00e9"], "b": {}}`), "k2": yjs.ArrayOf{1, nil}}
	case 8:
		return yjs.ArrayOf{"x", yjs.MapOf{"k0": 1}, 2.5, yjs.TextOf("")}
	case 9:
		return []yjs.Kind{yjs.KindXMLText, yjs.KindXMLFragment}[e.random.IntN(2)]
	case 10:
		return yjs.ElementOf{Name: "li", Attributes: map[string]any{"a0": "go"}, Children: []any{yjs.TextOf("item")}}
	}
	return fmt.Sprint("go", e.random.IntN(1000))
}

func (e *editor) editMap(tx *yjs.Tx, m *yjs.Map) error {
	key := fmt.Sprint("k", e.random.IntN(5))
	if e.random.IntN(4) == 0 {
		return m.Delete(tx, key)
	}
	return m.Set(tx, key, e.value())
}

func (e *editor) editArray(tx *yjs.Tx, a *yjs.Array) error {
	n := a.Len()
	if n > 0 && e.random.IntN(3) == 0 {
		at := e.random.IntN(n)
		return a.Delete(tx, at, 1+e.random.IntN(min(3, n-at)))
	}
	list := make([]any, 1+e.random.IntN(3))
	for i := range list {
		list[i] = e.value()
	}
	return a.Insert(tx, e.random.IntN(n+1), list...)
}

// editText never points into a surrogate pair: yjs does not agree with itself
// about those.
func (e *editor) editText(tx *yjs.Tx, t *yjs.Text) error {
	bounds := []int{0}
	for _, r := range t.Delta() {
		at := bounds[len(bounds)-1]
		s, ok := r.Insert.(string)
		if !ok {
			bounds = append(bounds, at+1)
			continue
		}
		for _, c := range s {
			if at++; c > 0xffff {
				at++
			}
			bounds = append(bounds, at)
		}
	}
	from := e.random.IntN(len(bounds))
	to := min(from+1+e.random.IntN(4), len(bounds)-1)
	switch kind := e.random.IntN(6); {
	case kind < 2 && to > from:
		return t.Delete(tx, bounds[from], bounds[to]-bounds[from])
	case kind == 2 && to > from:
		key := []string{"bold", "italic"}[e.random.IntN(2)]
		value := json.RawMessage([]string{"true", "null", `"go"`}[e.random.IntN(3)])
		return t.Format(tx, bounds[from], bounds[to]-bounds[from], key, value)
	}
	return t.Insert(tx, bounds[from], []string{"g", "Go ", "ö", "🎲", "\n", "日本"}[e.random.IntN(6)])
}

func (e *editor) editXMLText(tx *yjs.Tx, t *yjs.XMLText) error {
	if e.random.IntN(4) > 0 {
		return e.editText(tx, &t.Text)
	}
	name := fmt.Sprint("a", e.random.IntN(3))
	if e.random.IntN(3) == 0 {
		return t.RemoveAttribute(tx, name)
	}
	return t.SetAttribute(tx, name, fmt.Sprint("go", e.random.IntN(9)))
}

func (e *editor) editElement(tx *yjs.Tx, t *yjs.XMLElement) error {
	name := fmt.Sprint("a", e.random.IntN(3))
	switch e.random.IntN(5) {
	case 0:
		return t.RemoveAttribute(tx, name)
	case 1:
		return t.SetAttribute(tx, name, fmt.Sprint("go", e.random.IntN(9)))
	}
	return e.editFragment(tx, &t.XMLFragment)
}

func (e *editor) editFragment(tx *yjs.Tx, t *yjs.XMLFragment) error {
	n := t.Len()
	if n > 0 && e.random.IntN(3) == 0 {
		at := e.random.IntN(n)
		return t.Delete(tx, at, 1+e.random.IntN(min(2, n-at)))
	}
	children := make([]any, 1+e.random.IntN(2))
	for i := range children {
		switch e.random.IntN(3) {
		case 0:
			children[i] = yjs.TextOf("go text")
		case 1:
			children[i] = yjs.KindXMLText
		default:
			children[i] = yjs.ElementOf{
				Name: []string{"p", "h1", "UL"}[e.random.IntN(3)], Attributes: map[string]any{"a0": "new", "a1": "go"},
				Children: []any{yjs.TextOf("inner"), yjs.ElementOf{Name: "b"}},
			}
		}
	}
	return t.Insert(tx, e.random.IntN(n+1), children...)
}
