package yjs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
)

// A server's document takes what clients send and passes on what was new.
func ExampleDoc_Apply() {
	ann, server := yjs.New(11, yjs.Limits{}), yjs.New(1, yjs.Limits{})
	hello, _ := ann.Transact(func(tx *yjs.Tx) error { return ann.Text("notes").Insert(tx, 0, "Hello") })
	world, _ := ann.Transact(func(tx *yjs.Tx) error { return ann.Text("notes").Insert(tx, 5, " world") })

	_, err := server.Apply(world)
	fmt.Println(errors.Is(err, yjs.ErrMissing)) // answer with sync step 1

	_, err = server.Apply(hello)
	fmt.Println(err)
	diff, _ := server.Apply(world) // goes to the others and to the log
	again, _ := server.Apply(world)
	fmt.Println(server.Text("notes"), diff != nil, again != nil)
	// Output:
	// true
	// <nil>
	// Hello world true false
}

// Edits from Go are one update; if the function fails then none has happened.
func ExampleDoc_Transact() {
	doc := yjs.New(1, yjs.Limits{})
	shapes := doc.Map("shapes")
	_, err := doc.Transact(func(tx *yjs.Tx) error {
		if err := shapes.Set(tx, "box", yjs.KindMap); err != nil {
			return err
		}
		box, _ := shapes.Get("box")
		return box.(*yjs.Map).Set(tx, "size", []any{3, 4})
	})
	fmt.Println(err, shapes.Keys())

	_, err = doc.Transact(func(tx *yjs.Tx) error {
		if err := shapes.Delete(tx, "box"); err != nil {
			return err
		}
		return errors.New("not yours")
	})
	box, _ := shapes.Get("box")
	size, _ := box.(*yjs.Map).Get("size")
	fmt.Println(err, size)
	// Output:
	// <nil> [box]
	// not yours [3 4]
}

// A board asks which shapes an update touched, and what they held before.
func ExampleDoc_Changes() {
	doc := yjs.New(1, yjs.Limits{})
	shapes := doc.Map("shapes")
	_, _ = doc.Transact(func(tx *yjs.Tx) error {
		return shapes.Set(tx, "box", yjs.MapOf{"kind": "rect", "geo": json.RawMessage(`{"x":1}`), "text": yjs.TextOf("hi")})
	})
	_, _ = doc.Transact(func(tx *yjs.Tx) error {
		box, _ := shapes.Get("box")
		text, _ := box.(*yjs.Map).Get("text")
		return errors.Join(
			box.(*yjs.Map).Set(tx, "geo", json.RawMessage(`{"x":2}`)),
			text.(*yjs.Text).Insert(tx, 2, "!"),
		)
	})
	for _, change := range doc.Changes() {
		fmt.Println(change.Root, change.Path[0].Key, len(change.Path), change.Keys, change.List)
	}
	box, _ := shapes.AppendJSON(nil, "box")
	fmt.Println(string(box))
	// Output:
	// shapes box 1 [{geo map[x:1] true false}] false
	// shapes box 2 [] true
	// {"geo":{"x":2},"kind":"rect","text":"hi!"}
}

// XML is what rich-text editors keep their documents in.
func ExampleXMLFragment_Insert() {
	doc := yjs.New(1, yjs.Limits{})
	_, err := doc.Transact(func(tx *yjs.Tx) error {
		return doc.XML("prosemirror").Insert(tx, 0, yjs.ElementOf{
			Name: "heading", Attributes: map[string]any{"level": 1}, Children: []any{yjs.TextOf("Minutes")},
		})
	})
	heading := doc.XML("prosemirror").Children()[0].(*yjs.XMLElement)
	fmt.Println(err, heading.Name(), heading.Attributes(), heading.Children()[0])
	// Output: <nil> heading map[level:1] Minutes
}

// Formats stay as the JSON that the client sent.
func ExampleText_Delta() {
	// y.getText('t').insert(0, 'bold', { bold: true }); insert(4, ' plain', { bold: null })
	update := []byte{
		1, 4, 9, 0,
		0x06, 1, 1, 't', 4, 'b', 'o', 'l', 'd', 4, 't', 'r', 'u', 'e',
		0x84, 9, 0, 4, 'b', 'o', 'l', 'd',
		0x86, 9, 4, 4, 'b', 'o', 'l', 'd', 4, 'n', 'u', 'l', 'l',
		0x84, 9, 5, 6, ' ', 'p', 'l', 'a', 'i', 'n',
		0,
	}
	doc := yjs.New(1, yjs.Limits{})
	if _, err := doc.Apply(update); err != nil {
		fmt.Println(err)
	}
	delta, _ := json.Marshal(doc.Text("t").Delta())
	fmt.Println(string(delta))
	// Output: [{"Insert":"bold","Attributes":{"bold":true}},{"Insert":" plain","Attributes":null}]
}

// A client that comes back with the clock of its removal is told of it.
func ExampleAwareness() {
	now := time.Unix(0, 0)
	here := yjs.NewAwareness(yjs.AwarenessLimits{})
	state := json.RawMessage(`{"cursor":3}`)
	change, _ := here.Apply(yjs.EncodeAwareness(7, 1, state), now)
	fmt.Println(change.Shown, len(change.Broadcast) > 0)

	here.Remove(now, 7) // its connection ended
	change, _ = here.Apply(yjs.EncodeAwareness(7, 1, state), now)
	fmt.Println(change.Shown, len(change.Answer) > 0)
	// Output:
	// [7] true
	// [] true
}
