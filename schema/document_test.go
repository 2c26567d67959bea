package schema

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// The tests of this file hold docs/protocol.md to the code.

const (
	documentFile = "../docs/protocol.md"
	vectorsFile  = "../state/testdata/vectors.json" // written and checked by package state
)

// example is a fenced block of the document: "```kind name" and bytes in hex.
type example struct {
	kind, name string
	bytes      []byte
}

func readDocument(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func readExamples(t *testing.T) []example {
	t.Helper()
	var found []example
	for _, m := range regexp.MustCompile("(?s)```(hex|vector|input) ([^\n]+)\n(.*?)```").FindAllStringSubmatch(readDocument(t), -1) {
		b, err := hex.DecodeString(strings.Join(strings.Fields(m[3]), ""))
		if err != nil {
			t.Fatalf("example %q: %v", m[2], err)
		}
		found = append(found, example{m[1], m[2], b})
	}
	return found
}

func builtExamples() map[string][]byte {
	message := func(h Header, body []byte) []byte { return append(h.Append(nil), body...) }
	s := documentSchema()
	return map[string][]byte{
		"hello":   message(Header{Kind: KindHello}, NewBuilder().Hello(HelloInfo{Client: "me/1"})),
		"command": message(Header{Kind: KindCommand, Handle: 1, Ack: 41}, NewBuilder().Command(44, 0, []byte{0x00, 0x01, 0xcc, 0x2b, 0x26})),
		"state":   message(Header{Kind: KindState, Handle: 1, Ack: 44}, NewBuilder().State(45, 1, []byte{0x9c, 2})),
		"pong":    message(Header{Kind: KindPong}, NewBuilder().Pong(PongInfo{ID: 7, Time: 1_000_000, Applied: []Applied{{1, 45}}})),
		"error":   message(Header{Kind: KindError}, NewBuilder().Error(&Error{Code: CodeRoomFull, Request: 1, Message: "full"})),
		"schema":  s.appendCanonical(nil),
	}
}

func documentSchema() Schema {
	return Schema{
		Tables: []TableDef{{Name: "T", Columns: []Column{{Name: "X", Kind: Float32, Flags: HasMin, Quant: 0.5, Min: -1}}}},
		Inputs: []InputDef{{Name: "Go", Command: true}},
	}
}

func TestDocumentMessages(t *testing.T) {
	want := builtExamples()
	for _, e := range readExamples(t) {
		if e.kind != "hex" {
			continue
		}
		if string(want[e.name]) != string(e.bytes) {
			t.Errorf("example %q is\n% x, the code makes\n% x", e.name, e.bytes, want[e.name])
		}
		delete(want, e.name)
	}
	for name := range want {
		t.Errorf("the document lacks the example %q", name)
	}
	if h := fmt.Sprintf("%016x", documentSchema().Hash()); !strings.Contains(readDocument(t), "the hash "+h) {
		t.Errorf("the example schema's hash is %s", h)
	}
}

func TestDocumentPayloads(t *testing.T) {
	b, err := os.ReadFile(vectorsFile)
	if err != nil {
		t.Fatal(err)
	}
	var all struct {
		Scenarios []struct {
			Name  string
			Steps []struct{ Note, Payload string }
		}
		Inputs []struct {
			Name  string
			Cases []struct{ Payload string }
		}
	}
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, s := range all.Scenarios {
		for _, step := range s.Steps {
			want["vector "+s.Name+" / "+step.Note] = step.Payload
		}
	}
	for _, in := range all.Inputs {
		for i, c := range in.Cases {
			want["input "+in.Name+" / "+strconv.Itoa(i)] = c.Payload
		}
	}
	seen := 0
	for _, e := range readExamples(t) {
		if e.kind == "hex" {
			continue
		}
		seen++
		if got := hex.EncodeToString(e.bytes); got != want[e.kind+" "+e.name] {
			t.Errorf("%s %q is %s, the vector is %q", e.kind, e.name, got, want[e.kind+" "+e.name])
		}
	}
	if seen < 5 {
		t.Errorf("only %d payload examples", seen)
	}
}

// numbered returns the rows "| number | `name` |" of the document's tables.
func numbered(t *testing.T) map[string]int {
	rows := map[string]int{}
	for _, m := range regexp.MustCompile("(?m)^\\| (\\d+) \\| `(\\w+)` \\|").FindAllStringSubmatch(readDocument(t), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		rows[m[2]] = n
	}
	return rows
}

func TestDocumentListsKindsAndCodes(t *testing.T) {
	rows := numbered(t)
	for _, k := range everyKind() {
		if rows[k.String()] != int(k) {
			t.Errorf("kind %d is %s, the document says %d", k, k, rows[k.String()])
		}
		delete(rows, k.String())
	}
	for c := range Code(1000) {
		name := c.String()
		if strings.HasPrefix(name, "CODE_") {
			continue
		}
		if rows[name] != int(c) {
			t.Errorf("code %d is %s, the document says %d", c, name, rows[name])
		}
		delete(rows, name)
	}
	for name, n := range rows {
		t.Errorf("the document lists %d %s, the code does not", n, name)
	}
}

// Field lists stand in the document in the order of their IDs.
func TestDocumentListsFields(t *testing.T) {
	types := map[shape]string{shape8: "u8", shape16: "u16", shapeSigned16: "i16", shape32: "u32", shapeFloat32: "f32", shape64: "u64", shapeString: "string", shapeBytes: "[ubyte]", shapeApplied: "[Applied]"}
	document := readDocument(t)
	layouts := []*layout{&layoutSchema, &layoutTableDef, &layoutEventDef, &layoutInputDef, &layoutColumn}
	for _, k := range everyKind() {
		layouts = append(layouts, layoutOf(k))
	}
	for _, l := range layouts {
		row := regexp.MustCompile("(?m)^\\| `" + l.name + "` \\| (.*) \\|$").FindStringSubmatch(document)
		if row == nil {
			t.Errorf("the document has no fields of %s", l.name)
			continue
		}
		fields := strings.Split(row[1], ", ")
		if len(l.fields) == 0 {
			continue
		}
		if len(fields) != len(l.fields) {
			t.Errorf("%s has %d fields, the document lists %d", l.name, len(l.fields), len(fields))
			continue
		}
		for i, f := range l.fields {
			want := types[f.shape]
			switch f.shape {
			case shapeTable:
				want = f.table.name
			case shapeTables:
				want = "[" + f.table.name + "]"
			}
			name, typ, _ := strings.Cut(fields[i], " ")
			typ, _, _ = strings.Cut(typ, " =")
			same := typ == want || typ == "bool" && want == "u8" || typ == "f64" && want == "u64"
			if name != f.name || !same {
				t.Errorf("field %d of %s is %s %s, the document says %s", i, l.name, f.name, want, fields[i])
			}
		}
	}
}

func TestDocumentRulesAreNumberedOnce(t *testing.T) {
	seen := map[string]bool{}
	document := readDocument(t)
	for _, m := range regexp.MustCompile(`\*\*(P\d+\.\d+)\*\*`).FindAllStringSubmatch(document, -1) {
		if seen[m[1]] {
			t.Errorf("rule %s stands twice", m[1])
		}
		seen[m[1]] = true
	}
	for _, m := range regexp.MustCompile(`P\d+\.\d+`).FindAllString(document, -1) {
		if !seen[m] {
			t.Errorf("there is no rule %s", m)
		}
	}
}

// The worked hash follows the text of P11.1.
func TestDocumentHash(t *testing.T) {
	document := readDocument(t)
	mix := func(a uint32) uint32 {
		a ^= a >> 16
		a *= 0x7feb352d
		a ^= a >> 15
		a *= 0x846ca68b
		return a ^ a>>16
	}
	var sumA, sumB uint32
	cell := func(table, column int, value uint32) {
		rowKey := mix(1<<20 ^ uint32(table+1)*0x9e3779b1)
		k := mix(rowKey ^ uint32(column+1)*0x85ebca77)
		a := mix(k ^ value)
		b := mix(a ^ k ^ 0x2c1b3c6d)
		sumA, sumB = sumA+a, sumB+b
		name := strings.ReplaceAll(strconv.Itoa(column), "-", "−")
		if row := fmt.Sprintf("| %d | %s | %d | %08x | %08x | %08x |", table, name, value, k, a, b); !strings.Contains(document, row) {
			t.Errorf("the document lacks %s", row)
		}
	}
	cell(2, -1, 1)
	cell(2, 0, 0)
	cell(3, -1, 1)
	cell(3, 0, 0)
	cell(3, 1, 0)
	if sum := fmt.Sprintf("sum | %08x | %08x |", sumA, sumB); !strings.Contains(document, sum) {
		t.Errorf("the document lacks %s", sum)
	}
}
