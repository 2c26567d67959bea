package schema

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/parlor-server/parlor/schema/fb"
)

func TestStateIsAsSmallAsItGets(t *testing.T) {
	b := NewBuilder()
	if got := b.State(0x01020304, 1, []byte{0xaa, 0xbb}); !bytes.Equal(got, []byte{
		12, 0, 0, 0, 8, 0, 12, 0, 8, 0, 4, 0, 8, 0, 0, 0, 8, 0, 0, 0, 4, 3, 2, 1, 2, 0, 0, 0, 0xaa, 0xbb,
	}) {
		t.Errorf("body % x", got)
	}
	for _, age := range []uint32{0, 1, 2, 64, 1 << 31} {
		body := b.State(9, age, []byte{1, 2, 3})
		if err := Verify(KindState, body); err != nil {
			t.Fatalf("age %d: %v", age, err)
		}
		s := fb.GetRootAsState(body, 0)
		if s.Tick() != 9 || s.Age() != age || !bytes.Equal(s.PayloadBytes(), []byte{1, 2, 3}) {
			t.Errorf("age %d: tick %d, age %d, payload % x", age, s.Tick(), s.Age(), s.PayloadBytes())
		}
	}
}

func TestBuiltFieldsReadBack(t *testing.T) {
	b := NewBuilder()
	join := fb.GetRootAsJoin(b.Join(JoinInfo{
		Request: 7, Mode: JoinByID, Kind: "k", Room: "r", Options: []byte("o"), Filter: []byte("f"), Token: "t", SchemaHash: 1 << 60, Private: true,
	}), 0)
	if join.Request() != 7 || join.Mode() != JoinByID || string(join.Kind()) != "k" || string(join.Room()) != "r" ||
		string(join.OptionsBytes()) != "o" || string(join.FilterBytes()) != "f" || string(join.Token()) != "t" ||
		join.SchemaHash() != 1<<60 || !join.Private() {
		t.Errorf("Join reads back as %+v", join)
	}
	pong := fb.GetRootAsPong(b.Pong(PongInfo{ID: 1, Time: 2, ServerTime: 3, Applied: []Applied{{4, 5}, {6, 7}}}), 0)
	var a fb.Applied
	pong.Applied(&a, 1)
	if pong.Id() != 1 || pong.Time() != 2 || pong.ServerTime() != 3 || pong.AppliedLength() != 2 || a.Handle() != 6 || a.Tick() != 7 {
		t.Errorf("Pong reads back as %+v, %d %d", pong, a.Handle(), a.Tick())
	}
	welcome := fb.GetRootAsWelcome(b.Welcome(WelcomeInfo{Session: "s", User: "u", GuestToken: "g", ServerTime: 1, PingInterval: 2, Server: "v", Development: true}), 0)
	if welcome.Protocol() != Version || string(welcome.Session()) != "s" || string(welcome.User()) != "u" || string(welcome.GuestToken()) != "g" ||
		welcome.ServerTime() != 1 || welcome.PingInterval() != 2 || string(welcome.Server()) != "v" || !welcome.Development() {
		t.Errorf("Welcome reads back as %+v", welcome)
	}
	joined := fb.GetRootAsJoined(b.Joined(JoinedInfo{
		Request: 1, Room: "r", Kind: "k", Player: 2, Token: "t", Hz: 3, Tick: 4, Grace: 5, Reconnected: true, SchemaHash: 6,
	}), 0)
	if joined.Request() != 1 || string(joined.Room()) != "r" || string(joined.Kind()) != "k" || joined.Player() != 2 || string(joined.Token()) != "t" ||
		joined.Hz() != 3 || joined.Tick() != 4 || joined.Grace() != 5 || !joined.Reconnected() || joined.SchemaHash() != 6 || joined.Schema(nil) != nil {
		t.Errorf("Joined reads back as %+v", joined)
	}
	e := fb.GetRootAsError(b.Error(&Error{Code: CodeBadInput, Request: 8, Message: "m"}), 0)
	if Code(e.Code()) != CodeBadInput || e.Request() != 8 || string(e.Message()) != "m" {
		t.Errorf("Error reads back as %+v", e)
	}
}

func TestSchemaRoundTrip(t *testing.T) {
	b := NewBuilder()
	for _, s := range []Schema{testSchema(), {}} {
		for range 2 { // the second time strings are shared with nothing of the first
			body := b.Joined(JoinedInfo{Schema: &s, SchemaHash: s.Hash()})
			if err := Verify(KindJoined, body); err != nil {
				t.Fatal(err)
			}
			table := fb.GetRootAsJoined(body, 0).Schema(nil)
			got, err := ReadSchema(table)
			if err != nil {
				t.Fatal(err)
			}
			if got.Hash() != s.Hash() || table.Hash() != s.Hash() {
				t.Errorf("hash %x, want %x", got.Hash(), s.Hash())
			}
			if len(s.Tables) > 0 && !reflect.DeepEqual(got.Tables, s.Tables) {
				t.Errorf("tables %+v, want %+v", got.Tables, s.Tables)
			}
		}
	}
}

// Every difference in a descriptor shows in its hash.
func TestHashSeesEverything(t *testing.T) {
	changes := []func(*Schema){
		func(*Schema) {},
		func(s *Schema) { s.Tables[0].Name = "Other" },
		func(s *Schema) { s.Tables[0].Single = true },
		func(s *Schema) { s.Tables[0].Columns = s.Tables[0].Columns[1:] },
		func(s *Schema) { s.Tables[0].Columns[0].Name = "Y" },
		func(s *Schema) { s.Tables[0].Columns[0].Kind = Float64 },
		func(s *Schema) { s.Tables[0].Columns[0].Flags |= Snap },
		func(s *Schema) { s.Tables[0].Columns[0].Quant = 0.02 },
		func(s *Schema) { s.Tables[0].Columns[0].Min = -4 },
		func(s *Schema) { s.Tables[0].Columns[0].Max = 101 },
		func(s *Schema) { s.Events[0].Name = "Deaths" },
		func(s *Schema) { s.Inputs[0].Command = false },
		func(s *Schema) { s.Inputs[0].Table = 1 },
		func(s *Schema) { s.Inputs = s.Inputs[:1] },
	}
	seen := map[uint64]int{}
	for i, change := range changes {
		s := testSchema()
		change(&s)
		if j, ok := seen[s.Hash()]; ok {
			t.Errorf("changes %d and %d have one hash", i, j)
		}
		seen[s.Hash()] = i
	}
	unset := testSchema()
	unset.Tables[0].Columns[2].Min = 5 // HasMin is not set: no difference
	if s := testSchema(); unset.Hash() != s.Hash() {
		t.Error("an unset Min changes the hash")
	}
}

func TestReadSchemaRefuses(t *testing.T) {
	b := NewBuilder()
	nan := 0.0
	nan /= nan
	for name, damage := range map[string]func(*Schema){
		"kind":         func(s *Schema) { s.Tables[0].Columns[0].Kind = 14 },
		"no kind":      func(s *Schema) { s.Tables[0].Columns[0].Kind = 0 },
		"quant":        func(s *Schema) { s.Tables[0].Columns[0].Quant = -1 },
		"quant NaN":    func(s *Schema) { s.Tables[0].Columns[0].Quant = nan },
		"quant of int": func(s *Schema) { s.Tables[0].Columns[2].Quant = 1 },
		"range":        func(s *Schema) { s.Tables[0].Columns[0].Min = 1000 },
		"steps":        func(s *Schema) { s.Inputs[0].Table = 2 },
		"columns":      func(s *Schema) { s.Events[0].Columns = make([]Column, MaxColumns+1) },
	} {
		s := testSchema()
		damage(&s)
		body := b.Joined(JoinedInfo{Schema: &s})
		if err := Verify(KindJoined, body); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := ReadSchema(fb.GetRootAsJoined(body, 0).Schema(nil)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestHotMessagesAllocateNothing(t *testing.T) {
	b := NewBuilder()
	payload := make([]byte, 1000)
	applied := []Applied{{1, 2}}
	refusal := &Error{Code: CodeBadInput, Request: 1, Message: "no"}
	for name, build := range map[string]func() []byte{
		"State":   func() []byte { return b.State(1, 1, payload) },
		"catchup": func() []byte { return b.State(1, 9, payload) },
		"Owner":   func() []byte { return b.Owner(1, payload) },
		"Events":  func() []byte { return b.Events(1, payload) },
		"Message": func() []byte { return b.Message(1, "chat", payload) },
		"Command": func() []byte { return b.Command(1, 2, payload) },
		"Event":   func() []byte { return b.Event(1, 2, payload) },
		"Ping":    func() []byte { return b.Ping(1, 2) },
		"Pong":    func() []byte { return b.Pong(PongInfo{ID: 1, Applied: applied}) },
		"Error":   func() []byte { return b.Error(refusal) },
	} {
		if n := testing.AllocsPerRun(100, func() { build() }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkState(b *testing.B) {
	builder := NewBuilder()
	payload := make([]byte, 80)
	b.ReportAllocs()
	for b.Loop() {
		builder.State(1, 1, payload)
	}
}

func BenchmarkCommandVerifyAndRead(b *testing.B) {
	body := NewBuilder().Command(1, 2, []byte{1, 2, 3})
	b.ReportAllocs()
	for b.Loop() {
		if err := Verify(KindCommand, body); err != nil {
			b.Fatal(err)
		}
		fb.GetRootAsCommand(body, 0).Tick()
	}
}
