package board

import (
	"strings"
	"testing"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

const box = `"kind":"rect","geo":{"x":1,"y":2,"w":3,"h":4,"r":0}`

func add(id string, more ...string) string {
	return `{"add":{"id":"` + id + `",` + box + strings.Join(append([]string{""}, more...), ",") + `}}`
}

func TestEdit(t *testing.T) {
	r := newRig(t, testRoom())
	ann, bob := r.enter(1, "ann", canvas.Writer), r.enter(2, "bob", canvas.Writer)
	ann.edit(add("a") + "," + add("b", `"text":"héllo 🎈"`, `"style":{"color":"red"}`, `"props":{"radius":2}`) + "," + add("c"))
	r.check()
	bob.edit(`{"patch":{"id":"b","geo":{"x":10},"style":{"fill":"blue","color":null},"text":"hello 🎈!"}}`)
	r.check()
	b := ann.shapes["b"]
	if g := ann.geo("b"); g.X != 10 || g.Y != 2 || b["text"] != "hello 🎈!" || jsonOf(t, b["style"]) != jsonOf(t, map[string]any{"fill": "blue"}) || b["by"] != "ann" {
		t.Errorf("after the patch: %v", b)
	}
	ann.edit(`{"group":{"id":"g","ids":["a","b"]}},{"order":{"ids":["g"],"to":"front"}}`)
	r.check()
	if bob.shapes["a"]["parent"] != "g" || bob.shapes["g"]["kind"] != "group" {
		t.Errorf("after the grouping: %v", bob.shapes)
	}
	ann.edit(`{"ungroup":["g"]}`)
	r.check()
	if _, ok := bob.shapes["g"]; ok || bob.shapes["a"]["parent"] != "" {
		t.Errorf("after the ungrouping: %v", bob.shapes)
	}
	ann.edit(`{"remove":["a","zz"]},{"board":{"title":"x"}}`)
	r.check()
	if bob.settings["title"] != "x" {
		t.Errorf("settings: %v", bob.settings)
	}
	late := r.enter(3, "cid", canvas.Reader)
	r.check()
	if late.settings["title"] != "x" || late.snapshots != 1 {
		t.Errorf("a joiner's settings: %v", late.settings)
	}
	r.open()
	back := r.enter(4, "ann", canvas.Writer)
	r.check()
	if back.settings["title"] != "x" || back.info.Seq < bob.seq {
		t.Errorf("after the reload: %v, seq %d", back.settings, back.info.Seq)
	}
}

func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		ops, field string
		code       schema.Code
	}{
		{`{"add":{"id":"x","kind":"star","geo":{}}}`, "", schema.CodeNoSuchShapeKind},
		{`{"add":{"id":"x","kind":"rect"}}`, "ops[0].add", schema.CodeValidation},
		{`{"add":{"id":"","kind":"rect","geo":{}}}`, "ops[0].add.id", schema.CodeValidation},
		{`{"add":{"id":"a b","kind":"rect","geo":{}}}`, "ops[0].add.id", schema.CodeValidation},
		{add("a"), "", schema.CodeDuplicate},
		{add("x", `"props":{"radius":-1}`), "ops[0].add.props", schema.CodeValidation},
		{add("x", `"props":{"colour":1}`), "ops[0].add.props", schema.CodeValidation},
		{add("x", `"props":[]`), "ops[0].add", schema.CodeValidation},
		{add("x", `"style":{"deep":{}}`), "ops[0].add.style", schema.CodeValidation},
		{add("x", `"style":{"long":"`+strings.Repeat("x", 3000)+`"}`), "ops[0].add.style", schema.CodeValidation},
		{add("x", `"text":"`+strings.Repeat("x", 20000)+`"`), "ops[0].add.text", schema.CodeValidation},
		{add("x", `"index":"a00"`), "ops[0].add.index", schema.CodeValidation},
		{add("x", `"parent":"nobody"`), "", schema.CodeNoSuchShape},
		{add("x", `"parent":"a"`), "ops[0].add.parent", schema.CodeValidation},
		{`{"patch":{"id":"a","geo":{"x":1e99}}}`, "ops[0].patch.geo.x", schema.CodeValidation},
		{`{"patch":{"id":"a","geo":{"w":-1}}}`, "ops[0].patch.geo.w", schema.CodeValidation},
		{`{"patch":{"id":"a","geo":{"x":1e999}}}`, "ops[0].patch.geo", schema.CodeValidation},
		{`{"patch":{"id":"a","geo":{"z":1}}}`, "ops[0].patch.geo", schema.CodeValidation},
		{`{"patch":{"id":"a","kind":"pen"}}`, "ops[0].patch", schema.CodeValidation},
		{`{"patch":{"id":"a","colour":"red"}}`, "ops[0].patch.colour", schema.CodeValidation},
		{`{"patch":{"id":"zz"}}`, "", schema.CodeNoSuchShape},
		{`{"patch":{"geo":{}}}`, "ops[0].patch.id", schema.CodeValidation},
		{`{"patch":{"id":"g","parent":"h"}}`, "", schema.CodeCycle},
		{`{"patch":{"id":"g","parent":"g"}}`, "", schema.CodeCycle},
		{`{"order":{"ids":["a"],"to":"side"}}`, "ops[0].order.to", schema.CodeValidation},
		{`{"group":{"id":"x","ids":[]}}`, "ops[0].group.ids", schema.CodeValidation},
		{`{"group":{"id":"x","ids":["a","h"]}}`, "ops[0].group.ids", schema.CodeValidation},
		{`{"group":{"id":"a","ids":["b"]}}`, "", schema.CodeDuplicate},
		{`{"ungroup":["a"]}`, "ops[0].ungroup.ungroup", schema.CodeValidation},
		{`{"explode":["a"]}`, "ops[0].explode.op", schema.CodeValidation},
		{`{"remove":["a"]},{"patch":{"id":"a"}}`, "", schema.CodeNoSuchShape},
		{`{"board":{"` + strings.Repeat("k", 65) + `":1}}`, "ops[0].board.board", schema.CodeValidation},
		{`{`, "ops[0]", schema.CodeValidation},
	} {
		r := newRig(t, testRoom())
		ann := r.enter(1, "ann", canvas.Writer)
		ann.edit(add("a") + "," + add("b") + "," + add("c") + `,{"group":{"id":"h","ids":["c"]}},{"group":{"id":"g","ids":["h"]}}`)
		before := jsonOf(t, r.dump())
		got := ann.try(0, add("first")+","+c.ops)
		c.field = strings.Replace(c.field, "ops[0]", "ops[1]", 1)
		if got.Code != c.code || c.field != "" && got.Field != c.field {
			t.Errorf("%s: %v %q %s; want %v %q", c.ops, got.Code, got.Field, got.Message, c.code, c.field)
		}
		if after := jsonOf(t, r.dump()); after != before || got.Seq != ann.seq {
			t.Errorf("%s left traces: %s", c.ops, after)
		}
		r.check()
	}
}

func TestLocksAndRoles(t *testing.T) {
	room := testRoom()
	r := newRig(t, room)
	ann, bob, eve, own := r.enter(1, "ann", canvas.Writer), r.enter(2, "bob", canvas.Writer), r.enter(3, "eve", canvas.Reader), r.enter(4, "own", canvas.Owner)
	ann.edit(add("a", `"locked":true`))
	for _, ops := range []string{`{"patch":{"id":"a","text":"x"}}`, `{"remove":["a"]}`, `{"patch":{"id":"a","locked":false}}`, `{"order":{"ids":["a"],"to":"back"}}`, `{"group":{"id":"g","ids":["a"]}}`} {
		if got := bob.try(0, ops); got.Code != schema.CodeShapeLocked {
			t.Errorf("%s of a locked shape: %v", ops, got.Code)
		}
	}
	if got := eve.try(0, add("e")); got.Code != schema.CodeForbidden {
		t.Errorf("a reader's edit: %v", got.Code)
	}
	own.edit(`{"patch":{"id":"a","text":"x"}}`)
	ann.edit(`{"patch":{"id":"a","locked":false}}`)
	bob.edit(`{"patch":{"id":"a","text":"y"}}`)
	r.check()

	room.Owned = true
	r = newRig(t, room)
	ann, bob = r.enter(1, "ann", canvas.Writer), r.enter(2, "bob", canvas.Writer)
	ann.edit(add("a"))
	if got := bob.try(0, `{"patch":{"id":"a","text":"x"}}`); got.Code != schema.CodeShapeLocked {
		t.Errorf("another's shape: %v", got.Code)
	}
}

func TestOnce(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enterAs(1, "ann", canvas.Writer, "tab", 0, 0)
	if ann.info.Known {
		t.Error("a client that never wrote is known")
	}
	ann.edit(add("a"))
	if got := ann.again(1, "edit", `{"ops":[`+add("b")+`]}`); got.Code != 0 || len(r.b.shapes) != 1 {
		t.Errorf("the same number again: %v, %d shapes", got.Code, len(r.b.shapes))
	}
	if got := ann.again(3, "edit", `{}`); got.Code != schema.CodeOutOfOrder || got.Seq != 0 {
		t.Errorf("a number that skips one: %v", got)
	}
	refused := ann.try(0, `{"remove":1}`)
	r.open()
	ann = r.enterAs(2, "ann", canvas.Writer, "tab", 0, 0)
	if !ann.info.Known || ann.info.Last != 2 {
		t.Errorf("after the reload: %+v", ann.info)
	}
	if got := ann.again(2, "edit", `{}`); got.Code != refused.Code || got.Field != refused.Field || got.Message != refused.Message || got.Seq != refused.Seq {
		t.Errorf("again, after the reload: %+v, before %+v", got, refused)
	}
	for i := range 100 {
		ann.edit(`{"patch":{"id":"a","geo":{"x":` + number(float64(i)) + `}}}`)
	}
	if got := ann.again(3, "edit", `{}`); got.Code != schema.CodeResultExpired {
		t.Errorf("an old number: %v", got.Code)
	}
	eve := r.enterAs(3, "eve", canvas.Writer, "tab", 0, 0)
	if eve.info.Known {
		t.Error("another user's client ID is known")
	}
	if got := eve.again(5, "edit", `{}`); got.Code != schema.CodeClientUnknown || got.Seq != 0 {
		t.Errorf("an unknown client: %v", got)
	}
	r.check()
}

func TestCorrectedIndex(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	ann.edit(add("a", `"index":"a5"`) + "," + add("c", `"index":"a6"`))
	got := ann.edit(add("b", `"index":"a5"`))
	if string(got.Result) != `{"corrected":["b"]}` {
		t.Errorf("result %s", got.Result)
	}
	if i := ann.shapes["b"]["index"].(string); i <= "a5" || i >= "a6" {
		t.Errorf("index %q", i)
	}
	r.check()
}

func TestReturn(t *testing.T) {
	r := newRig(t, testRoom())
	ann := r.enter(1, "ann", canvas.Writer)
	ann.edit(add("a"))
	bob := r.enter(2, "bob", canvas.Writer)
	bob.leave()
	ann.edit(add("b"))
	back := r.comeBack(3, bob)
	if back.snapshots != bob.snapshots {
		t.Error("a snapshot for who comes back soon")
	}
	r.check()
	back.leave()
	r.open() // what came lately is forgotten, but nothing has come since
	if back = r.comeBack(4, back); back.snapshots != bob.snapshots {
		t.Error("a snapshot for who has missed nothing")
	}
	r.check()
	back.leave()
	r.enter(1, "ann", canvas.Writer).edit(add("c"))
	r.open()
	if back = r.comeBack(5, back); back.snapshots != bob.snapshots+1 {
		t.Error("no snapshot for who has missed what is forgotten")
	}
	r.check()
}
