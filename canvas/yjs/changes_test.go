package yjs

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// told is Changes as text.
func told(d *Doc) string {
	var b strings.Builder
	for _, c := range d.Changes() {
		fmt.Fprintf(&b, "%s", c.Root)
		for _, step := range c.Path {
			fmt.Fprintf(&b, "/%s", step.Key)
			if step.Key == "" {
				fmt.Fprint(&b, step.ID)
			}
		}
		for _, k := range c.Keys {
			fmt.Fprintf(&b, " %s", k.Key)
			if k.Had {
				fmt.Fprintf(&b, "(was %v)", k.Previous)
			}
		}
		if c.List {
			fmt.Fprint(&b, " list")
		}
		fmt.Fprint(&b, "; ")
	}
	return b.String()
}

func TestChanges(t *testing.T) {
	d, follower := New(1, Limits{}), New(2, Limits{})
	shapes := d.Map("shapes")
	shape := func(id string) *Map {
		v, _ := shapes.Get(id)
		return v.(*Map)
	}
	text := func(id string) *Text {
		v, _ := shape(id).Get("text")
		return v.(*Text)
	}
	tests := []struct {
		name string
		edit func(tx *Tx) error
		want string
	}{
		{"two shapes", func(tx *Tx) error {
			return errors.Join(shapes.Set(tx, "b", MapOf{"kind": "rect", "text": TextOf("hi")}), shapes.Set(tx, "a", MapOf{"points": ArrayOf{1, MapOf{}}}))
		}, "shapes a b; "},
		{"a new key and an old one", func(tx *Tx) error {
			return errors.Join(shape("b").Set(tx, "kind", "oval"), shape("b").Set(tx, "geo", 1))
		}, "shapes/b geo kind(was rect); "},
		{"twice in one transaction", func(tx *Tx) error {
			return errors.Join(shape("b").Set(tx, "kind", "x"), shape("b").Set(tx, "kind", "y"))
		}, "shapes/b kind(was oval); "},
		{"a text", func(tx *Tx) error { return text("b").Insert(tx, 1, "!") }, "shapes/b/text list; "},
		{"a text's deletion and format", func(tx *Tx) error {
			return errors.Join(text("b").Delete(tx, 0, 1), text("b").Format(tx, 0, 1, "bold", json.RawMessage("true")))
		}, "shapes/b/text list; "},
		{"in a list", func(tx *Tx) error {
			points, _ := shape("a").Get("points")
			return points.(*Array).Get(1).(*Map).Set(tx, "x", 1)
		}, "shapes/a/points/1:8 x; "},
		{"a shape with a change in it", func(tx *Tx) error {
			return errors.Join(shape("a").Set(tx, "n", 1), shapes.Delete(tx, "a"), d.Map("board").Set(tx, "grid", true))
		}, "board grid; shapes a(was 1); "},
		{"a key's end", func(tx *Tx) error { return shape("b").Delete(tx, "geo") }, "shapes/b geo(was 1); "},
		{"nothing", func(tx *Tx) error { return shape("b").Delete(tx, "geo") }, ""},
		{"a failure", func(tx *Tx) error {
			return errors.Join(shapes.Delete(tx, "b"), errors.New("no"))
		}, ""},
	}
	for _, test := range tests {
		update, _ := d.Transact(test.edit)
		if got := told(d); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		if update == nil {
			continue
		}
		if _, err := follower.Apply(update); err != nil {
			t.Fatal(err)
		}
		if got := told(follower); got != test.want {
			t.Errorf("%s, applied: got %q, want %q", test.name, got, test.want)
		}
	}
	check(t, d)
	check(t, follower)
}

// TestPreviousValuesAreBounded: beyond the bound keys say that they do not know.
func TestPreviousValuesAreBounded(t *testing.T) {
	d := New(1, Limits{})
	for range 2 {
		if _, err := d.Transact(func(tx *Tx) error {
			for i := range maxPrevious + 10 {
				if err := d.Map("m").Set(tx, fmt.Sprint(i), i); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	unknown := 0
	for _, k := range d.Changes()[0].Keys {
		if !k.Had && k.Unknown {
			unknown++
		}
	}
	if unknown != 10 {
		t.Errorf("%d keys without their value, want 10", unknown)
	}
}

func TestJSON(t *testing.T) {
	for _, text := range []string{
		`null`, `true`, `-12.5`, `1e300`, `0.1`, `"a\"\\\n\tü🎉\u0001"`, `[]`, `{}`, `[1,[2,{"a":null}],"x"]`,
		`{"x":1.5,"y":-2,"list":[` + strings.Repeat("0,", 300) + `0],"s":"\u00e9"}`,
	} {
		d := New(1, Limits{})
		if _, err := d.Transact(func(tx *Tx) error {
			return d.Map("m").Set(tx, "k", json.RawMessage(" "+strings.ReplaceAll(text, ",", " ,\n ")))
		}); err != nil {
			t.Fatal(err)
		}
		check(t, d)
		value, _ := d.Map("m").Get("k")
		var want, got any
		if err := json.Unmarshal([]byte(text), &want); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(value, want) {
			t.Errorf("%s was stored as %v", text, value)
		}
		raw, _ := d.Map("m").AppendJSON(nil, "k")
		if err := json.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s came back as %s: %v", text, raw, err)
		}
		if whole := string(d.Map("m").AppendMapJSON(nil)); whole != `{"k":`+string(raw)+`}` {
			t.Errorf("the map as JSON is %s", whole)
		}
	}
	d := New(1, Limits{})
	for _, bad := range []string{``, `{`, `"` + "\xff" + `"`, `1e999`, strings.Repeat("[", 300) + strings.Repeat("]", 300)} {
		if _, err := d.Transact(func(tx *Tx) error { return d.Map("m").Set(tx, "k", json.RawMessage(bad)) }); !errors.Is(err, ErrValue) {
			t.Errorf("%q: got %v, want ErrValue", bad, err)
		}
	}
	check(t, d)
}
