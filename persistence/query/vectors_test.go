package query

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/value"
)

var update = flag.Bool("update", false, "write schema/vectors/records.json anew")

const vectorsPath = "../../schema/vectors/records.json"

// vectors are the examples that every client must agree with. Cells are
// written as JSON in a string, so that no reader rounds their numbers.
type vectors struct {
	Schema  schemaVector
	Values  []valueVector
	Refused []refusedVector // cells, rows and patches that a reader must not take
	Keys    []keysVector
	Rows    []rowVector
	Patches []patchVector
	Fold    []foldVector // ilike compares these
	Data    []dataVector // the rows of the queries
	Queries []queryVector
	Bad     []badVector // queries that are errors
	Deltas  []deltaVector
	Held    heldVector
	Ops     []opsVector
}

type schemaVector struct{ Descriptor, Hash string }

type valueVector struct {
	Kind     string
	Optional bool `json:",omitempty"`
	JSON     string
	Hex      string
}

type refusedVector struct{ What, Collection, Field, Hex, Why string }

type keysVector struct {
	Kind string
	Keys []keyVector // rising
}

type keyVector struct{ JSON, Hex, Desc string }

type rowVector struct{ Name, Collection, Hex, JSON string }

type patchVector struct{ Name, Collection, Old, New, Patch, JSON string }

type foldVector struct{ Text, Folded string }

type dataVector struct{ Hex, JSON string }

type queryVector struct {
	Query   string
	Matches []int    // of the data, in the query's order, without its window
	Window  []int    // with it
	Keys    []string // the sort keys of Matches
}

type badVector struct{ Query, Message string }

type deltaVector struct {
	Hex string
	Ops []deltaOpVector
}

type deltaOpVector struct{ Op, Key, Body string }

type heldVector struct {
	Hex  string
	Keys []string
}

type opsVector struct {
	Name string
	Hex  string
	Ops  []opVector
}

type opVector struct {
	Op         string
	Collection int
	Key, Patch string
}

func hexOf[B ~[]byte | ~string](b B) string { return hex.EncodeToString([]byte(b)) }

func TestVectorsAreThoseOfTheCode(t *testing.T) {
	v := makeVectors(t)
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if *update {
		if err := os.WriteFile(vectorsPath, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(vectorsPath)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(text) {
		t.Fatal("schema/vectors/records.json is not what the code makes: go test ./persistence/query -run Vectors -update, and read the difference")
	}
}

// The hex in docs/records-wire.md is that of the vectors.
func TestPageQuotesTheVectors(t *testing.T) {
	page, err := os.ReadFile("../../docs/records-wire.md")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	v := makeVectors(t)
	for _, r := range v.Rows {
		known["row "+r.Name] = r.Hex
	}
	for _, p := range v.Patches {
		known["patch "+p.Name] = p.Patch
	}
	for _, o := range v.Ops {
		known["operations "+o.Name] = o.Hex
	}
	known["delta"] = v.Deltas[0].Hex
	known["held"] = v.Held.Hex
	for _, k := range v.Keys {
		for _, key := range k.Keys {
			known["key "+k.Kind+" "+key.JSON] = key.Hex
		}
	}
	blocks := regexp.MustCompile("(?s)```vector ([^\n]*)\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(blocks) < 6 {
		t.Fatalf("the page has %d examples", len(blocks))
	}
	for _, b := range blocks {
		if got := strings.Join(strings.Fields(b[2]), ""); got != known[b[1]] {
			t.Errorf("%s: the page says %s, the vectors %s", b[1], got, known[b[1]])
		}
	}
}

func vectorSchema() *value.Schema {
	all := value.Collection{Name: "All", Fields: value.Envelope(), Key: 3}
	all.Fields = append(all.Fields, value.Field{Name: "ID", Kind: value.String})
	for k := value.Bool; k <= value.JSON; k++ {
		name := strings.ToUpper(k.String()[:1]) + k.String()[1:]
		all.Fields = append(all.Fields, value.Field{Name: name, Kind: k}, value.Field{Name: "Opt" + name, Kind: k, Optional: true})
	}
	seven := value.OfInt(7)
	tasks := value.Collection{Name: "Tasks", Key: 3, Fields: append(value.Envelope(),
		value.Field{Name: "ID", Kind: value.String},
		value.Field{Name: "Title", Kind: value.String, Required: true},
		value.Field{Name: "Votes", Kind: value.Int32},
		value.Field{Name: "Done", Kind: value.Bool},
		value.Field{Name: "Due", Kind: value.Time, Optional: true},
		value.Field{Name: "Level", Kind: value.Int8, Default: &seven},
	), Indexes: []value.Index{{Name: "Votes", Fields: []int{5}}, {Name: "byTitle", Fields: []int{4, 5}, Unique: true}}}
	pings := value.Collection{Name: "Pings", Fields: append(value.Envelope(), value.Field{Name: "X", Kind: value.Float32}), Key: -1, Event: true}
	return &value.Schema{Version: 1, Collections: []value.Collection{all, tasks, pings}, Mutations: []value.Mutation{{Name: "Vote", Args: []value.Field{{Name: "Task", Kind: value.String, Required: true}}}}}
}

func makeVectors(t *testing.T) vectors {
	s := vectorSchema()
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	v := vectors{Schema: schemaVector{Descriptor: string(s.Encode()), Hash: fmt.Sprintf("%016x", s.Hash())}}
	v.Values = valueVectors(t)
	v.Refused = refusedVectors(t, s)
	v.Keys = keyVectors(t)
	v.Rows, v.Patches = rowVectors(t, s)
	for _, text := range []string{"ABCxyz", "ÄÖÜß", "İIıi", "ΑΣσς", "ǅǄǆ", "K", "😀"} {
		v.Fold = append(v.Fold, foldVector{text, strings.Map(foldRune, text)})
	}
	v.Data, v.Queries = queryVectors(t, s)
	v.Bad = badVectors(t, s)
	tasks := s.Collection("Tasks")
	key := func(id string) value.Key { k, _ := tasks.MakeKey(value.OfString(id)); return k }
	row, p := unhex(t, v.Rows[1].Hex), unhex(t, v.Patches[0].Patch)
	v.Deltas = []deltaVector{{
		Hex: hexOf(value.AppendLeave(value.AppendChange(value.AppendEnter(nil, key("t1"), row), key("t2"), p), key("t3"))),
		Ops: []deltaOpVector{{"enter", hexOf(key("t1")), hexOf(row)}, {"change", hexOf(key("t2")), hexOf(p)}, {"leave", hexOf(key("t3")), ""}},
	}}
	v.Held = heldVector{Hex: hexOf(value.AppendHeld(value.AppendHeld(nil, key("t1")), key("t2"))), Keys: []string{hexOf(key("t1")), hexOf(key("t2"))}}
	create, err := tasks.PatchFromJSON([]byte(`{"ID":"t1","Title":"milk"}`))
	if err != nil {
		t.Fatal(err)
	}
	put, err := tasks.PatchFromJSON([]byte(`{"ID":"t1","Due":null}`))
	if err != nil {
		t.Fatal(err)
	}
	v.Ops = []opsVector{{Name: "create, put, remove", Hex: hexOf(value.AppendOperations(nil,
		value.Operation{Kind: value.Create, Collection: 1, Patch: create},
		value.Operation{Kind: value.Put, Collection: 1, Patch: put},
		value.Operation{Kind: value.Remove, Collection: 1, Key: key("t1")})),
		Ops: []opVector{{"create", 1, hexOf(key("t1")), hexOf(create)}, {"put", 1, hexOf(key("t1")), hexOf(put)}, {"remove", 1, hexOf(key("t1")), ""}}}}
	return v
}

func unhex(t *testing.T, s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// examples are cells of every kind, rising.
func examples() map[value.Kind][]string {
	return map[value.Kind][]string{
		value.Bool: {"false", "true"}, value.Int8: {"-128", "-1", "0", "1", "127"}, value.Int16: {"-32768", "300", "32767"},
		value.Int32: {"-2147483648", "63", "64", "2147483647"}, value.Int64: {"-9223372036854775808", "-9007199254740993", "-9007199254740992", "9007199254740993", "9223372036854775807"},
		value.Uint8: {"0", "255"}, value.Uint16: {"128", "65535"}, value.Uint32: {"4294967295"}, value.Uint64: {"9007199254740993", "9223372036854775808", "18446744073709551615"},
		value.Float32: {"-1.5", "0", "0.1", "16777216"}, value.Float64: {"-1e+300", "-2", "-0.1", "0", "5e-324", "0.1", "9007199254740992", "1e+300"},
		value.String: {`""`, `"\u0000"`, `"\u0000a"`, `"\u0001"`, `"a"`, `"a\u0000"`, `"a\u0000b"`, `"aa"`, `"b"`, `"é"`, `"\ud7ff"`, `"😀"`, `"\udbff\udfff"`, `"\ue000"`, `"\uffff"`},
		value.Bytes:  {`""`, `"AA=="`, `"AAA="`, `"AP8="`, `"AQ=="`, `"/w=="`},
		value.Time:   {`"0001-01-01T00:00:00.000000Z"`, `"1969-12-31T23:59:59.999999Z"`, `"1970-01-01T00:00:00.000000Z"`, `"2026-01-31T12:00:00.123456Z"`},
		value.JSON:   {`null`, `{"a":[1,"é",null]}`},
	}
}

func valueVectors(t *testing.T) (out []valueVector) {
	for k := value.Bool; k <= value.JSON; k++ {
		f := value.Field{Name: "F", Kind: k}
		for _, text := range examples()[k] {
			v, err := f.ValueFromJSON([]byte(text))
			if err != nil {
				t.Fatal(k, text, err)
			}
			out = append(out, valueVector{Kind: k.String(), JSON: string(f.AppendJSON(nil, v)), Hex: hexOf(f.AppendValue(nil, v))})
		}
		o := value.Field{Name: "F", Kind: k, Optional: true}
		out = append(out, valueVector{Kind: k.String(), Optional: true, JSON: "null", Hex: hexOf(o.AppendValue(nil, value.Null()))},
			valueVector{Kind: k.String(), Optional: true, JSON: string(o.AppendJSON(nil, value.Zero(k))), Hex: hexOf(o.AppendValue(nil, value.Zero(k)))})
	}
	return out
}

func keyVectors(t *testing.T) (out []keysVector) {
	for k := value.Bool; k < value.JSON; k++ {
		f := value.Field{Name: "F", Kind: k}
		ks := keysVector{Kind: k.String(), Keys: []keyVector{{JSON: "null", Hex: "00"}}}
		for _, text := range examples()[k] {
			v, _ := f.ValueFromJSON([]byte(text))
			ks.Keys = append(ks.Keys, keyVector{string(f.AppendJSON(nil, v)), hexOf(value.AppendKeyValue(nil, v)), hexOf(value.AppendKeyValueDescending(nil, v))})
		}
		if !slices.IsSortedFunc(ks.Keys, func(a, b keyVector) int { return strings.Compare(a.Hex, b.Hex) }) {
			t.Fatalf("the examples of %s do not rise: %v", k, ks.Keys)
		}
		out = append(out, ks)
	}
	return out
}

func rowVectors(t *testing.T, s *value.Schema) (rows []rowVector, patches []patchVector) {
	all, tasks := s.Collection("All"), s.Collection("Tasks")
	add := func(name string, c *value.Collection, row value.Row) {
		if err := c.CheckRow(row); err != nil {
			t.Fatal(name, err)
		}
		rows = append(rows, rowVector{name, c.Name, hexOf(row), string(c.AppendJSON(nil, row))})
	}
	fromJSON := func(c *value.Collection, text string) value.Row {
		row, err := c.RowFromJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return row
	}
	add("all zero", all, all.New(nil))
	task := fromJSON(tasks, `{"createdBy":"ann","createdAt":"2026-01-31T12:00:00Z","updatedAt":"2026-01-31T12:00:00.5Z","ID":"t1","Title":"milk","Votes":-3,"Done":true,"Due":"2026-02-01T00:00:00Z","Level":1}`)
	add("a task", tasks, task)
	older := value.Row(append([]byte{8}, task[1:len(task)-1]...))
	add("a task without Level", tasks, older)
	change := func(name string, old, row value.Row) {
		p := tasks.Diff(old, row)
		patches = append(patches, patchVector{name, tasks.Name, hexOf(old), hexOf(tasks.ApplyPatch(old, p)), hexOf(p), string(tasks.AppendPatchJSON(nil, p))})
	}
	change("one vote more, no due date", task, fromJSON(tasks, `{"createdBy":"ann","createdAt":"2026-01-31T12:00:00Z","updatedAt":"2026-01-31T12:00:00.5Z","ID":"t1","Title":"milk","Votes":-2,"Done":true,"Due":null,"Level":1}`))
	change("nothing", task, task)
	change("an older row", older, tasks.With(older, 5, value.OfInt(9)))
	return rows, patches
}

func refusedVectors(t *testing.T, s *value.Schema) (out []refusedVector) {
	tasks := s.Collection("Tasks")
	cell := func(field string, bytes ...byte) {
		all := s.Collection("All")
		f := &all.Fields[all.Field(field)]
		if _, rest, err := f.ReadValue(bytes); err == nil && len(rest) == 0 {
			t.Fatalf("%s takes %x", field, bytes)
		} else if err != nil {
			out = append(out, refusedVector{"value", "All", field, hexOf(bytes), err.Error()})
		}
	}
	cell("Bool", 2)
	cell("Int8", 0x80, 0x02)
	cell("Int8", 0x80, 0x00)
	cell("Uint8", 0x80, 0x02)
	cell("Uint64", 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02)
	cell("Float32", 0, 0, 0xc0, 0x7f)
	cell("Float64", 0, 0, 0, 0, 0, 0, 0, 0x80)
	cell("String", 1, 0xff)
	cell("String", 3, 0xed, 0xa0, 0x80)
	cell("String", 5, 'a')
	cell("Json", 1, '{')
	cell("OptBool", 2)
	check := func(what string, b []byte, err error) {
		if err == nil {
			t.Fatalf("%s %x passes", what, b)
		}
		out = append(out, refusedVector{what, "Tasks", value.FieldOf(err), hexOf(b), err.Error()})
	}
	for _, b := range [][]byte{{}, {10}, {0, 0}, {1}, {128, 0}} {
		check("row", b, tasks.CheckRow(b))
	}
	for _, b := range [][]byte{{}, {1}, {1, 9, 0}, {2, 5, 0, 4, 0}, {2, 5, 0, 5, 0}, {0, 0}} {
		check("patch", b, tasks.CheckPatch(b))
	}
	for _, b := range [][]byte{{}, {0}, {1, 'a'}, {1, 'a', 0, 2}, {1, 'a', 0, 1, 0}} {
		check("key", b, tasks.CheckKey(value.Key(b)))
	}
	return out
}
