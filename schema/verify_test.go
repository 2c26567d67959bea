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

// everyKind lists all kinds of the protocol.
func everyKind() []Kind {
	var kinds []Kind
	for k := range 256 {
		if Kind(k).Known() {
			kinds = append(kinds, Kind(k))
		}
	}
	return kinds
}

// testSchema uses every feature of a descriptor.
func testSchema() Schema {
	return Schema{
		Tables: []TableDef{
			{Name: "Players", Columns: []Column{
				{Name: "X", Kind: Float32, Flags: HasMin | HasMax, Quant: 0.01, Min: -5, Max: 100},
				{Name: "Aim", Kind: Float32, Flags: Angle, Quant: 0.01},
				{Name: "HP", Kind: Uint8},
				{Name: "Name", Kind: String},
				{Name: "Ammo", Kind: Uint8, Flags: Owner},
			}},
			{Name: "Round", Single: true, Columns: []Column{{Name: "Left", Kind: Int64}}},
		},
		Events: []EventDef{{Name: "Kills", Columns: []Column{{Name: "By", Kind: ID}, {Name: "Of", Kind: ID}}}},
		Inputs: []InputDef{
			{Name: "Move", Command: true, Table: 0, Columns: []Column{{Name: "X", Kind: Int8, Flags: HasMin | HasMax, Min: -1, Max: 1}}},
			{Name: "Shoot"},
		},
	}
}

// bodies returns a full and an empty body of every kind.
func bodies(t testing.TB) map[Kind][][]byte {
	b := NewBuilder()
	s := testSchema()
	out := map[Kind][][]byte{}
	add := func(k Kind, body []byte) { out[k] = append(out[k], append([]byte(nil), body...)) }
	add(KindHello, b.Hello(HelloInfo{Token: "tok", Client: "test/1"}))
	add(KindHello, b.Hello(HelloInfo{}))
	add(KindAuth, b.Auth("token"))
	add(KindAuth, b.Auth(""))
	add(KindJoin, b.Join(JoinInfo{
		Request: 1, Mode: JoinAgain, Kind: "arena", Room: "r1", Options: []byte(`{}`), Filter: []byte(`{"a":1}`),
		Token: "t", SchemaHash: 99, Private: true,
	}))
	add(KindJoin, b.Join(JoinInfo{}))
	add(KindLeave, b.Leave())
	add(KindCommand, b.Command(7, 1, []byte{1, 2, 3}))
	add(KindCommand, b.Command(0, 0, nil))
	add(KindCommand, b.CommandSeen(7, 1, []byte{1, 2, 3}, 1500))
	add(KindCommands, b.Commands(5, 1500, []byte{1, 2, 3}))
	add(KindCommands, b.Commands(0, 0, nil))
	add(KindEvent, b.Event(2, 9, []byte{4}))
	add(KindEvent, b.Event(0, 0, nil))
	add(KindWelcome, b.Welcome(WelcomeInfo{Session: "s", User: "u", GuestToken: "g", ServerTime: 1, PingInterval: 2, Server: "v", Development: true}))
	add(KindWelcome, b.Welcome(WelcomeInfo{}))
	add(KindJoined, b.Joined(JoinedInfo{
		Request: 1, Room: "r1", Kind: "arena", Player: 1<<20 | 3, Token: "t", Hz: 30, Tick: 5, Grace: 20000,
		Reconnected: true, SchemaHash: s.Hash(), Schema: &s,
	}))
	add(KindJoined, b.Joined(JoinedInfo{}))
	add(KindLeft, b.Left(CodeKicked, "bye"))
	add(KindLeft, b.Left(0, ""))
	add(KindState, b.State(5, 1, []byte{1, 2}))
	add(KindState, b.State(5, 0, []byte{1, 2, 3, 4, 5}))
	add(KindState, b.State(0, 7, nil))
	add(KindState, b.StatePart(9, 5, 1, 3, []byte{1}))
	add(KindTiming, b.Timing(-3, 2))
	add(KindOwner, b.Owner(5, []byte{1, 2}))
	add(KindEvents, b.Events(5, []byte{1, 2}))
	add(KindMessage, b.Message(5, "chat", []byte(`"hi"`)))
	add(KindMessage, b.Message(0, "", nil))
	add(KindError, b.Error(&Error{Code: CodeRoomFull, Request: 3, Message: "full"}))
	add(KindError, b.Error(&Error{}))
	add(KindPing, b.Ping(1, 2))
	add(KindPong, b.Pong(PongInfo{ID: 1, Time: 2, ServerTime: 3, Applied: []Applied{{1, 10}, {2, 20}}}))
	add(KindPong, b.Pong(PongInfo{}))
	add(KindClose, b.Close(CodeGoingAway, "later"))
	addRecordBodies(add)
	for _, k := range everyKind() {
		if len(out[k]) == 0 {
			t.Fatalf("no body of %s", k)
		}
	}
	return out
}

func addRecordBodies(add func(Kind, []byte)) {
	b := NewBuilder()
	add(KindOpen, b.Open(OpenInfo{Request: 1, Room: "tasks/main", Client: "c", Epoch: 2, Cursor: 3, SchemaHash: 4, Version: 5}))
	add(KindOpen, b.Open(OpenInfo{}))
	add(KindSubscribe, b.Subscribe(SubscribeInfo{ID: 1, Collection: "Tasks", Query: []byte(`{}`), Since: 2, Held: []byte{1, 2}}))
	add(KindSubscribe, b.Subscribe(SubscribeInfo{}))
	add(KindUnsubscribe, b.Unsubscribe(7))
	add(KindMutate, b.Mutate(MutateInfo{ID: 1, Name: "Vote", Args: []byte{1}, Version: 2, Void: true}))
	add(KindMutate, b.Mutate(MutateInfo{}))
	add(KindOpened, b.Opened(OpenedInfo{
		Request: 1, Room: "tasks/main", Epoch: 2, Seq: 3, Known: true, Last: 4, Role: "editor", Version: 5, SchemaHash: 6, Schema: []byte(`{}`),
	}))
	add(KindOpened, b.Opened(OpenedInfo{}))
	add(KindDelta, b.Delta(1, 2, 3, []byte{4, 5}))
	add(KindDelta, b.Delta(0, 0, 0, nil))
	add(KindReceipt, b.Receipt(ReceiptInfo{Mutation: 1, Seq: 2, Code: CodeDuplicate, Message: "there", Field: "ID", Result: []byte(`1`)}))
	add(KindReceipt, b.Receipt(ReceiptInfo{}))
	add(KindReset, b.Reset(1, CodeGoingAway, "restored"))
	add(KindReset, b.Reset(0, 0, ""))
}

// root returns the generated accessor of a body.
func root(k Kind, body []byte) any {
	switch k {
	case KindOpen:
		return fb.GetRootAsOpen(body, 0)
	case KindSubscribe:
		return fb.GetRootAsSubscribe(body, 0)
	case KindUnsubscribe:
		return fb.GetRootAsUnsubscribe(body, 0)
	case KindMutate:
		return fb.GetRootAsMutate(body, 0)
	case KindOpened:
		return fb.GetRootAsOpened(body, 0)
	case KindDelta:
		return fb.GetRootAsDelta(body, 0)
	case KindReceipt:
		return fb.GetRootAsReceipt(body, 0)
	case KindReset:
		return fb.GetRootAsReset(body, 0)
	case KindHello:
		return fb.GetRootAsHello(body, 0)
	case KindAuth:
		return fb.GetRootAsAuth(body, 0)
	case KindJoin:
		return fb.GetRootAsJoin(body, 0)
	case KindLeave:
		return fb.GetRootAsLeave(body, 0)
	case KindCommand:
		return fb.GetRootAsCommand(body, 0)
	case KindEvent:
		return fb.GetRootAsEvent(body, 0)
	case KindCommands:
		return fb.GetRootAsCommands(body, 0)
	case KindTiming:
		return fb.GetRootAsTiming(body, 0)
	case KindWelcome:
		return fb.GetRootAsWelcome(body, 0)
	case KindJoined:
		return fb.GetRootAsJoined(body, 0)
	case KindLeft:
		return fb.GetRootAsLeft(body, 0)
	case KindState:
		return fb.GetRootAsState(body, 0)
	case KindOwner:
		return fb.GetRootAsOwner(body, 0)
	case KindEvents:
		return fb.GetRootAsEvents(body, 0)
	case KindMessage:
		return fb.GetRootAsMessage(body, 0)
	case KindError:
		return fb.GetRootAsError(body, 0)
	case KindPing:
		return fb.GetRootAsPing(body, 0)
	case KindPong:
		return fb.GetRootAsPong(body, 0)
	case KindClose:
		return fb.GetRootAsClose(body, 0)
	}
	return nil
}

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
