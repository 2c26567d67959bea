package yjs

import (
	"errors"
	"testing"
)

func TestXMLFromGo(t *testing.T) {
	d, follower := New(1, Limits{}), New(2, Limits{})
	root := d.XML("x")
	state, err := d.Transact(func(tx *Tx) error {
		return root.Insert(tx, 0,
			ElementOf{Name: "h1", Attributes: map[string]any{"id": "a"}, Children: []any{TextOf("Title")}},
			TextOf("behind"),
			ElementOf{Name: "p"},
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, d)
	head := root.Children()[0].(*XMLElement)
	more, err := d.Transact(func(tx *Tx) error {
		return errors.Join(
			root.Delete(tx, 2, 1),
			head.SetAttribute(tx, "class", "big"), head.RemoveAttribute(tx, "id"),
			head.Children()[0].(*XMLText).Insert(tx, 5, "!"),
			root.Children()[1].(*XMLText).SetAttribute(tx, "lang", "en"),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, update := range [][]byte{state, more} {
		if _, err := follower.Apply(update); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range []*Doc{d, follower} {
		check(t, d)
		children := d.XML("x").Children()
		head := children[0].(*XMLElement)
		text := children[1].(*XMLText)
		if len(children) != 2 || head.Name() != "h1" || len(head.Attributes()) != 1 || head.Attributes()["class"] != "big" ||
			head.Children()[0].(*XMLText).String() != "Title!" || text.String() != "behind" || text.Attributes()["lang"] != "en" {
			t.Errorf("%s %v %v, %s %v", head.Name(), head.Attributes(), head.Children(), text, text.Attributes())
		}
	}
	for name, child := range map[string]any{"a number": 1, "an element without name": KindXMLElement, "an empty name": ElementOf{}, "a map": MapOf{}} {
		if _, err := d.Transact(func(tx *Tx) error { return root.Insert(tx, 0, child) }); !errors.Is(err, ErrValue) {
			t.Errorf("%s: got %v, want ErrValue", name, err)
		}
	}
	check(t, d)
}
