package schema

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/parlor-server/parlor/schema/fb"
)

// readAll calls every getter of a generated accessor, nested ones included.
// It finds them by reflection, so that a field added to protocol.fbs and
// forgotten in a layout is read here and panics under the fuzzer.
func readAll(t testing.TB, x any, depth int) {
	v := reflect.ValueOf(x)
	for i := range v.NumMethod() {
		m, name := v.Method(i), v.Type().Method(i).Name
		switch {
		case name == "Init" || name == "Table" || strings.HasPrefix(name, "Mutate"):
		case m.Type().NumIn() == 0:
			m.Call(nil)
		case m.Type().NumIn() == 1 && m.Type().In(0).Kind() == reflect.Int: // element of a byte vector
			for _, j := range sample(length(v, name)) {
				m.Call([]reflect.Value{reflect.ValueOf(j)})
			}
		case m.Type().NumIn() == 1: // nested table
			obj := reflect.New(m.Type().In(0).Elem())
			if out := m.Call([]reflect.Value{obj})[0]; !out.IsNil() {
				readAll(t, out.Interface(), depth+1)
			}
		case m.Type().NumIn() == 2: // element of a vector of tables or structs
			for _, j := range sample(length(v, name)) {
				obj := reflect.New(m.Type().In(0).Elem())
				if m.Call([]reflect.Value{obj, reflect.ValueOf(j)})[0].Bool() {
					readAll(t, obj.Interface(), depth+1)
				}
			}
		default:
			t.Fatalf("unknown accessor %s", name)
		}
	}
}

func length(v reflect.Value, name string) int {
	return int(v.MethodByName(name + "Length").Call(nil)[0].Int())
}

// sample returns the indexes 0…n-1, or the first and last ones of many.
func sample(n int) []int {
	var s []int
	for i := range n {
		if i < 8 || i >= n-8 {
			s = append(s, i)
		}
	}
	return s
}

func TestVerifyAcceptsEveryBuiltBody(t *testing.T) {
	for k, list := range bodies(t) {
		for _, body := range list {
			if err := Verify(k, body); err != nil {
				t.Errorf("%s: %v", k, err)
				continue
			}
			readAll(t, root(k, body), 0)
		}
	}
}

// Every prefix of a body must be refused or be safe to read, and so must every
// body with one byte replaced.
func TestVerifyDamagedBodies(t *testing.T) {
	refused := 0
	try := func(k Kind, body []byte) {
		if Verify(k, body) != nil {
			refused++
			return
		}
		readAll(t, root(k, body), 0)
	}
	for k, list := range bodies(t) {
		for _, body := range list {
			for n := range body {
				try(k, body[:n:n])
			}
			for i := range min(len(body), 400) {
				for _, x := range []byte{0, 1, 3, 4, 0x7f, 0x80, 0xff, body[i] ^ 1, body[i] + 4} {
					damaged := append([]byte(nil), body...)
					damaged[i] = x
					try(k, damaged)
				}
			}
		}
	}
	if refused < 1000 {
		t.Errorf("only %d damaged bodies were refused", refused)
	}
}

func TestVerifyRefuses(t *testing.T) {
	b := NewBuilder()
	patch := func(body []byte, at int, v byte) []byte {
		c := append([]byte(nil), body...)
		c[at] = v
		return c
	}
	state := append([]byte(nil), b.State(1, 1, []byte{9})...) // laid out in tickPayload
	auth := append([]byte(nil), b.Auth("ab")...)
	text := strings.Index(string(auth), "ab")
	cases := []struct {
		name string
		kind Kind
		body []byte
		want string
	}{
		{"unknown kind", 200, state, "unknown kind 200"},
		{"empty", KindState, nil, "State"},
		{"root outside", KindState, patch(state, 0, 200), "State"},
		{"root wraps", KindState, patch(state, 3, 0xff), "State"},
		{"vtable outside", KindState, patch(state, 13, 0x7f), "State"},
		{"vtable before the body", KindState, patch(state, 12, 100), "State"},
		{"vtable too short", KindState, patch(state, 4, 2), "State"},
		{"vtable odd", KindState, patch(state, 4, 7), "State"},
		{"table outside", KindState, patch(state, 6, 200), "State"},
		{"field in the table's offset", KindState, patch(state, 8, 1), "field tick"},
		{"field outside its table", KindState, patch(state, 8, 10), "field tick"},
		{"payload outside", KindState, patch(state, 16, 200), "field payload"},
		{"payload too long", KindState, patch(state, 24, 2), "field payload"},
		{"payload length wraps", KindState, patch(state, 27, 0xff), "field payload"},
		{"string without its zero", KindAuth, patch(auth, text+2, 'c'), "field token"},
		{"string is not UTF-8", KindAuth, patch(auth, text, 0xff), "field token"},
		{"string too long", KindAuth, patch(auth, text-4, 200), "field token"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := Verify(c.kind, c.body)
			if !errors.Is(err, ErrBadBody) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want ErrBadBody with %q", err, c.want)
			}
		})
	}
}

// A small body that refers to one large part from many places must not cost
// more than its size allows.
func TestVerifyBoundsWork(t *testing.T) {
	f := flatbuffers.NewBuilder(0)
	long := f.CreateString(strings.Repeat("a", 50_000))
	fb.ColumnStart(f)
	fb.ColumnAddName(f, long)
	column := fb.ColumnEnd(f)
	const n = 10_000
	f.StartVector(4, n, 4)
	for range n {
		f.PrependUOffsetT(column)
	}
	columns := f.EndVector(n)
	fb.TableDefStart(f)
	fb.TableDefAddColumns(f, columns)
	table := fb.TableDefEnd(f)
	f.StartVector(4, n, 4)
	for range n {
		f.PrependUOffsetT(table)
	}
	tables := f.EndVector(n)
	fb.SchemaStart(f)
	fb.SchemaAddTables(f, tables)
	s := fb.SchemaEnd(f)
	fb.JoinedStart(f)
	fb.JoinedAddSchema(f, s)
	f.Finish(fb.JoinedEnd(f))
	body := f.FinishedBytes()
	if err := Verify(KindJoined, body); !errors.Is(err, ErrBadBody) {
		t.Errorf("a body of %d bytes with %d columns passed: %v", len(body), n*n, err)
	}
}

func TestVerifyAllocatesNothing(t *testing.T) {
	all := bodies(t)
	if n := testing.AllocsPerRun(100, func() {
		for k, list := range all {
			for _, body := range list {
				if Verify(k, body) != nil {
					t.Fatal(k)
				}
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// The layouts and protocol.fbs must not drift apart: a body made by a newer
// writer with all fields set is read through reflection and by the verifier.
func TestLayoutsMatchGeneratedCode(t *testing.T) {
	for _, k := range everyKind() {
		checkLayout(t, layoutOf(k), reflect.TypeOf(root(k, make([]byte, 8))))
	}
	checkLayout(t, &layoutSchema, reflect.TypeFor[*fb.Schema]())
	checkLayout(t, &layoutTableDef, reflect.TypeFor[*fb.TableDef]())
	checkLayout(t, &layoutEventDef, reflect.TypeFor[*fb.EventDef]())
	checkLayout(t, &layoutInputDef, reflect.TypeFor[*fb.InputDef]())
	checkLayout(t, &layoutColumn, reflect.TypeFor[*fb.Column]())
}

// checkLayout compares a layout's fields with the accessor's getters: flatc
// makes one Mutate or one …Length/…Bytes or plain getter a field.
func checkLayout(t *testing.T, l *layout, accessor reflect.Type) {
	t.Helper()
	if accessor.Elem().Name() != l.name {
		t.Errorf("layout %s is used for %s", l.name, accessor)
	}
	names := map[string]bool{}
	for i := range accessor.NumMethod() {
		name := accessor.Method(i).Name
		if name == "Init" || name == "Table" || strings.HasPrefix(name, "Mutate") {
			continue
		}
		if base, ok := strings.CutSuffix(name, "Length"); ok {
			name = base
		}
		if base, ok := strings.CutSuffix(name, "Bytes"); ok {
			name = base
		}
		names[strings.ToLower(name)] = true
	}
	for _, f := range l.fields {
		name := strings.ReplaceAll(f.name, "_", "")
		if !names[name] {
			t.Errorf("%s has no field %s", accessor, f.name)
		}
		delete(names, name)
	}
	for name := range names {
		t.Errorf("layout %s lacks the field %s", l.name, name)
	}
}

func FuzzVerify(f *testing.F) {
	for k, list := range bodies(f) {
		for _, body := range list {
			f.Add(byte(k), body)
		}
	}
	f.Add(byte(KindState), binary.LittleEndian.AppendUint32(nil, 0xfffffffc))
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		if Verify(Kind(kind), body) != nil {
			return
		}
		x := root(Kind(kind), body)
		readAll(t, x, 0)
		if j, ok := x.(*fb.Joined); ok {
			if s := j.Schema(nil); s != nil {
				if read, err := ReadSchema(s); err == nil {
					read.Hash()
				}
			}
		}
	})
}
