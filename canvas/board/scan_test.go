package board

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/canvas"
)

// FuzzScan holds the scanner to encoding/json: it takes nothing that is no JSON,
// and leaves out little of what is.
func FuzzScan(f *testing.F) {
	for _, s := range []string{`{"a":[1,-2.5e3,"x\u00e9\ud83c\udf88",true,null]}`, ` [ ] `, `1e999`, `"\ud800"`, `{"a":1,}`, `01`, `-`, "\"\xff\"", `[1 2]`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := scan{b: []byte(text)}
		value := s.value()
		s.end()
		if s.err == nil && !json.Valid([]byte(text)) {
			t.Fatalf("%q is no JSON", text)
		}
		if s.err != nil {
			return
		}
		var all any
		if err := json.Unmarshal(value, &all); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		again := compact(value)
		if !json.Valid([]byte(again)) || strings.Trim(again, " \n\t\r") != again {
			t.Fatalf("%q compact is %q", text, again)
		}
		if n, ok := all.(float64); ok {
			s = scan{b: []byte(text)}
			if got := s.number(); got != n {
				t.Fatalf("%q is %v, not %v", text, got, n)
			}
			var back float64
			if err := json.Unmarshal(appendNumber(nil, n), &back); err != nil || back != n {
				t.Fatalf("%v is written %s", n, appendNumber(nil, n))
			}
		}
		if want, ok := all.(string); ok {
			s = scan{b: []byte(text)}
			if got := string(s.text()); got != want {
				t.Fatalf("%q is %q, not %q", text, got, want)
			}
		}
	})
}

func FuzzMutate(f *testing.F) {
	f.Add([]byte(`{"gesture":1,"ops":[` + add("x", `"style":{"a":1}`, `"parent":"g"`) + `]}`))
	f.Add([]byte(`{"ops":[{"patch":{"id":"a","geo":{"x":5},"text":"é","index":"a0V","locked":true}},{"remove":["b","c"]}]}`))
	f.Add([]byte(`{"ops":[{"order":{"ids":["a","c"],"to":"backward"}},{"group":{"id":"h","ids":["a","b"]}},{"ungroup":["g"]},{"board":{"k":{}}}]}`))
	f.Fuzz(func(t *testing.T, args []byte) {
		r, ann, _ := start(t, testRoom())
		ann.edit(`{"group":{"id":"g","ids":["c"]}}`)
		before := jsonOf(t, r.dump())
		if got := ann.call("edit", string(args)); got.Code != 0 && jsonOf(t, r.dump()) != before {
			t.Fatalf("%v left traces", got)
		}
		r.check()
		ann.call("undo", "{}")
		r.check()
		r.open()
		r.enter(9, "ann", canvas.Writer)
		r.check()
	})
}

func FuzzStored(f *testing.F) {
	kinds := map[string]*Kind{"rect": {name: "rect"}}
	c := content{kind: kinds["rect"], geo: Geo{X: 1}, index: "a0", text: "x"}
	f.Add((&step{[]entry{{id: "a", has: true, keys: allKeys, now: c}}}).append(nil, false))
	f.Add((&receipt{at: 5}).append(nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, undone, err := parseStep(data, kinds); err == nil {
			again, _, err := parseStep(s.append(nil, undone), kinds)
			if err != nil || !slices.EqualFunc(again.entries, s.entries, same) {
				t.Fatalf("%v, %+v: %+v", err, s, again)
			}
		}
		if r, err := parseReceipt(data); err == nil {
			if _, err := parseReceipt(r.append(nil)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// same compares entries; numbers by their bits.
func same(a, b entry) bool {
	if a.id != b.id || a.had != b.had || a.has != b.has || a.keys != b.keys {
		return false
	}
	return string(a.was.append(nil, allKeys&^keyKind)) == string(b.was.append(nil, allKeys&^keyKind)) &&
		string(a.now.append(nil, allKeys&^keyKind)) == string(b.now.append(nil, allKeys&^keyKind))
}

func TestIndexes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := []string{firstIndex}
		for range rapid.IntRange(1, 200).Draw(t, "n") {
			i := rapid.IntRange(0, len(list)).Draw(t, "at")
			index := between(indexAtOf(list, i-1), indexAtOf(list, i))
			if err := checkIndex(index); err != nil && len(index) <= maxIndex {
				t.Fatalf("between gave %q: %v", index, err)
			}
			list = slices.Insert(list, i, index)
			if !slices.IsSorted(list) || i > 0 && list[i-1] == index || i+1 < len(list) && list[i+1] == index {
				t.Fatalf("%q at %d of %q", index, i, list)
			}
		}
		n := rapid.IntRange(0, 50).Draw(t, "many")
		i := rapid.IntRange(0, len(list)).Draw(t, "where")
		if many := indexes(indexAtOf(list, i-1), indexAtOf(list, i), n); len(many) != n || !slices.IsSorted(slices.Insert(list, i, many...)) {
			t.Fatalf("%q at %d", many, i)
		}
	})
}

func indexAtOf(list []string, i int) string {
	if i < 0 || i >= len(list) {
		return ""
	}
	return list[i]
}

func TestIndexesStayShort(t *testing.T) {
	index := ""
	for range 100000 {
		index = between(index, "")
	}
	if len(index) > 5 {
		t.Errorf("after 100,000 at the end: %q", index)
	}
	for _, bad := range []string{"", "0", "a", "b0", "a00", "a0é", smallest, strings.Repeat("a", 65)} {
		if checkIndex(bad) == nil {
			t.Errorf("%q is taken for an index", bad)
		}
	}
	if got := number(math.Copysign(0, -1)); got != "0" {
		t.Errorf("negative zero is %s", got)
	}
}
