package board

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

func TestVersions(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.edit(add("f") + `,{"group":{"id":"g","ids":["a","b"]}},{"board":{"title":"one"}}`)
	before := jsonOf(t, r.dump())
	if got := ann.call("save", `{"name":"first"}`); got.Code != 0 {
		t.Fatal(got)
	}
	bob.edit(`{"remove":["g"]},{"patch":{"id":"c","text":"x","parent":""}},{"group":{"id":"h","ids":["c","f"]}},` + add("n") + `,{"board":{"title":"two","grid":8}}`)
	r.open()
	ann = r.enter(1, "ann", canvas.Writer)
	if got := ann.call("versions", "{}"); !strings.Contains(string(got.Result), `"name":"first"`) || !strings.Contains(string(got.Result), `"shapes":5`) {
		t.Errorf("versions: %s", got.Result)
	}
	if got := ann.call("restore", `{"name":"first"}`); got.Code != 0 {
		t.Fatal(got)
	}
	r.check()
	if after := jsonOf(t, r.dump()); after != before || ann.settings["title"] != "one" || ann.settings["grid"] != nil {
		t.Errorf("restored: %s\nbefore: %s\n%v", after, before, ann.settings)
	}
	ann.call("undo", "{}")
	r.check()
	if ann.shapes["h"] == nil || ann.shapes["n"] == nil {
		t.Errorf("the restoring undone: %v", ann.shapes)
	}
	if got := ann.call("restore", `{"name":"zz"}`); got.Code != schema.CodeNoSuchVersion {
		t.Errorf("no such version: %v", got)
	}
	if got := ann.call("forget", `{"name":"first"}`); got.Code != schema.CodeForbidden {
		t.Errorf("a writer deletes a version: %v", got)
	}
	for i := range 60 {
		r.now = r.now.Add(time.Second)
		ann.call("save", `{"name":"v`+number(float64(i))+`"}`)
	}
	if v := r.b.Versions(); len(v) != 50 || v[49].Name != "v59" || len(r.disk[canvas.SpaceVersions]) != 50 {
		t.Errorf("%d versions, %d stored", len(v), len(r.disk[canvas.SpaceVersions]))
	}
}

func TestVersionsOfOthersStay(t *testing.T) {
	room := testRoom()
	room.Limits.Versions = 3
	r, ann, bob := start(t, room)
	for _, name := range []string{"one", "two"} {
		ann.call("save", `{"name":"`+name+`"}`)
	}
	for _, name := range []string{"b1", "b2", "b3"} { // each takes the place of the one before
		if got := bob.call("save", `{"name":"`+name+`"}`); got.Code != 0 {
			t.Errorf("%s: %v", name, got)
		}
	}
	if got := bob.call("save", `{"name":"one"}`); got.Code != schema.CodeValidation || got.Field != "name" {
		t.Errorf("saved over another's: %v", got)
	}
	if got := r.enter(3, "cleo", canvas.Writer).call("save", `{"name":"c"}`); got.Code != schema.CodeRoomTooLarge {
		t.Errorf("a fourth one, of somebody who has none: %v", got)
	}
	var names []string
	for _, v := range r.b.Versions() {
		names = append(names, v.Name)
	}
	if got := strings.Join(names, " "); got != "one two b3" || len(r.disk[canvas.SpaceVersions]) != 3 {
		t.Errorf("kept: %s", got)
	}
}

func TestRestoreAndLocks(t *testing.T) {
	r, ann, bob := start(t, testRoom())
	ann.edit(`{"patch":{"id":"a","locked":true}}`)
	bob.call("save", `{"name":"v"}`)
	bob.edit(`{"remove":["b"]}`)
	if got := bob.call("restore", `{"name":"v"}`); got.Code != 0 {
		t.Errorf("a locked shape that stays as it is: %v", got)
	}
	ann.edit(`{"patch":{"id":"a","text":"x"}}`)
	if got := bob.call("restore", `{"name":"v"}`); got.Code != schema.CodeShapeLocked {
		t.Errorf("a locked shape that would change: %v", got)
	}
	r.check()
}

func TestExportAndImport(t *testing.T) {
	r, ann, _ := start(t, testRoom())
	ann.edit(`{"group":{"id":"g","ids":["b","a"]}},{"group":{"id":"h","ids":["g"]}},{"patch":{"id":"c","text":"<&>\"é🎈"}},{"board":{"k":[1,{"x":null}]}}`)
	var text bytes.Buffer
	if err := r.b.Export(&text); err != nil {
		t.Fatal(err)
	}
	other := newRig(t, testRoom())
	cid := other.enter(1, "cid", canvas.Writer)
	cid.edit(add("z"))
	if n, err := other.b.Import(other.now, &other.out, "", text.Bytes(), true); err != nil || n.Shapes != 5 {
		t.Fatal(n, err)
	}
	other.deliver()
	other.check()
	if got, want := jsonOf(t, other.dump()), jsonOf(t, r.dump()); got != want {
		t.Errorf("imported %s\nexported %s", got, want)
	}
	before := jsonOf(t, other.dump())
	if _, err := other.b.Import(other.now, &other.out, "", text.Bytes(), false); err == nil {
		t.Error("added twice")
	}
	for _, bad := range []string{``, `{`, `[]`, `{"shapes":[{}]}`, `{"shapes":[{"id":"q","kind":"rect","geo":{}},{"id":"q","kind":"rect","geo":{"x":"1"}}]}`, text.String() + "x"} {
		if _, err := other.b.Import(other.now, &other.out, "u", []byte(bad), true); err == nil {
			t.Errorf("imported %s", bad)
		}
	}
	if after := jsonOf(t, other.dump()); after != before {
		t.Errorf("what was refused left %s", after)
	}
	other.check()
}

type Spy struct{ Text string }

func (s *Spy) Draw(p *Picture, v View) {
	p.Close() // not its own
	p.Open("g", `x"><script>`, 1, "onclick", "alert(1)", "fill", s.Text, "href", "javascript:"+s.Text)
	p.Text("text", s.Text)
	p.Element("script", "href", "https://x")
}

func TestSVG(t *testing.T) {
	room := testRoom()
	room.Kinds = append(room.Kinds, Shape[Spy]("spy"))
	r, ann, _ := start(t, room)
	evil := `\"'><script>alert(1)</script>&\u0001]]>`
	ann.edit(`{"patch":{"id":"a","geo":{"r":1.5},"text":"two\nlines ` + evil + `","style":{"color":"` + evil + `"}}},` +
		`{"add":{"id":"s","kind":"spy","geo":{},"props":{"Text":"` + evil + `"}}}`)
	var svg bytes.Buffer
	if err := r.b.SVG(&svg); err != nil {
		t.Fatal(err)
	}
	d := xml.NewDecoder(bytes.NewReader(svg.Bytes()))
	texts := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg.Bytes())
		}
		if e, ok := token.(xml.StartElement); ok {
			if e.Name.Local == "script" {
				t.Error("a script")
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || strings.HasPrefix(a.Value, "javascript:") {
					t.Errorf("the attribute %s=%s", a.Name.Local, a.Value)
				}
			}
			if e.Name.Local == "text" {
				texts++
			}
		}
	}
	if texts != 3 {
		t.Errorf("%d texts in %s", texts, svg.Bytes())
	}
}

// churn adds a hundred shapes each time and removes all but two of them.
func churn(ann *typed, times int) {
	for i := range times {
		var adds, removes []string
		for j := range 100 {
			id := "s" + number(float64(100*i+j))
			adds = append(adds, add(id, `"text":"shape"`))
			removes = append(removes, `"`+id+`"`)
		}
		ann.edit(strings.Join(adds, ","))
		ann.edit(`{"remove":[` + strings.Join(removes[2:], ",") + `]}`)
	}
}

func TestCompaction(t *testing.T) {
	room := testRoom()
	room.Private = true
	r, ann, _ := start(t, room)
	churn(ann, 50)
	ann.edit(`{"board":{"title":"x"}}`)
	epoch, held, before := ann.info.Epoch, jsonOf(t, r.dump()), len(r.b.Doc().EncodeState(nil))
	r.apply(&canvas.Rest{})
	if len(r.b.Doc().EncodeState(nil)) != before {
		t.Error("compacted while people are there")
	}
	for _, c := range r.clients {
		c.leave()
	}
	r.apply(&canvas.Rest{})
	after := len(r.b.Doc().EncodeState(nil))
	t.Logf("%d bytes before, %d after", before, after)
	if after > before/2 {
		t.Errorf("%d bytes before, %d after", before, after)
	}
	r.open()
	back := r.comeBack(1, ann)
	if back.info.Epoch == epoch || back.snapshots != ann.snapshots+1 {
		t.Errorf("epoch %d, before %d; %d snapshots", back.info.Epoch, epoch, back.snapshots)
	}
	r.check()
	if got := jsonOf(t, r.dump()); got != held || back.settings["title"] != "x" {
		t.Error("something is lost")
	}
	if got := back.call("undo", "{}"); got.Code != 0 {
		t.Errorf("undo after the compaction: %v", got)
	}
	r.check()
}

func TestNoCompactionOfWhatTheModelLacks(t *testing.T) {
	room := testRoom()
	room.Private = true
	r, ann, _ := start(t, room)
	y := r.enterYjs(5, "yan", canvas.Writer)
	y.edit(func(tx *yjs.Tx, shapes *yjs.Map) error {
		if err := shapeMap(shapes, "a").Set(tx, "text", yjs.TextOf("bold")); err != nil {
			return err
		}
		v, _ := shapeMap(shapes, "a").Get("text")
		return v.(*yjs.Text).Format(tx, 0, 4, "bold", []byte("true"))
	})
	churn(ann, 50)
	for _, c := range r.clients {
		c.leave()
	}
	before := len(r.b.Doc().EncodeState(nil))
	r.apply(&canvas.Rest{})
	if after := len(r.b.Doc().EncodeState(nil)); after != before || before < compactFrom {
		t.Errorf("%d bytes before, %d after: a format is lost", before, after)
	}
}
