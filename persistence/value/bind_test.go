package value

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
)

type task struct {
	ID    string `parlor:"key"`
	List  string `parlor:"index,index=byVotes,immutable"`
	Votes int    `parlor:"index=byVotes,default=1,server"`
	Title string `parlor:"required"`
	Owner string `parlor:"user"`
	Slug  string `parlor:"unique=place"`
	Pos   uint8  `parlor:"unique=place"`
	Due   *time.Time
	Skip  int `parlor:"-"`
}

func TestR1_1_TagsDescribeACollection(t *testing.T) {
	_, c, err := Bind[task]("Tasks")
	if err != nil {
		t.Fatal(err)
	}
	one := OfInt(1)
	want := Collection{Name: "Tasks", Key: 3, Fields: append(Envelope(),
		Field{Name: "ID", Kind: String},
		Field{Name: "List", Kind: String, Immutable: true},
		Field{Name: "Votes", Kind: Int64, Server: true, Default: &one},
		Field{Name: "Title", Kind: String, Required: true},
		Field{Name: "Owner", Kind: String, User: true},
		Field{Name: "Slug", Kind: String},
		Field{Name: "Pos", Kind: Uint8},
		Field{Name: "Due", Kind: Time, Optional: true},
	), Indexes: []Index{
		{Name: "List", Fields: []int{4}},
		{Name: "byVotes", Fields: []int{4, 5}},
		{Name: "place", Fields: []int{8, 9}, Unique: true},
	}}
	if !reflect.DeepEqual(c, want) {
		t.Fatalf("got  %+v\nwant %+v", c, want)
	}
	s := &Schema{Version: 3, Collections: []Collection{c}}
	back, err := ParseSchema(s.Encode())
	if err != nil || !reflect.DeepEqual(back, s) || back.Hash() != s.Hash() {
		t.Fatalf("%s became %+v, %v", s.Encode(), back, err)
	}
}

func TestBindRefusesByTypeAndField(t *testing.T) {
	bindErr := func(_ any, _ Collection, err error) string {
		if err == nil {
			return "none"
		}
		return err.Error()
	}
	type noKey struct{ A int }
	type twoKeys struct {
		A int `parlor:"key"`
		B int `parlor:"key"`
	}
	type typo struct {
		A int `parlor:"key"`
		B int `parlor:"indexed"`
	}
	type channel struct {
		A int `parlor:"key"`
		B chan int
	}
	type deep struct {
		A int `parlor:"key"`
		B struct{ C []func() }
	}
	type floatKey struct {
		A float64 `parlor:"key"`
	}
	type nullKey struct {
		A *string `parlor:"key"`
	}
	type autoText struct {
		A string `parlor:"key,auto"`
	}
	type autoField struct {
		A int `parlor:"key"`
		B int `parlor:"auto"`
	}
	type userInt struct {
		A int `parlor:"key"`
		B int `parlor:"user"`
	}
	type badDefault struct {
		A int  `parlor:"key"`
		B int8 `parlor:"default=300"`
	}
	type jsonIndex struct {
		A int      `parlor:"key"`
		B []string `parlor:"index"`
	}
	type unexported struct {
		A int `parlor:"key"`
		b int
	}
	_ = unexported{b: 1}.b // or it is unused
	type embedded struct {
		A int `parlor:"key"`
		noKey
	}
	type mapKey struct {
		A int `parlor:"key"`
		B map[float64]int
	}
	type pointers struct {
		A int `parlor:"key"`
		B **int
	}
	type twice struct {
		A int `parlor:"key,server,server"`
	}
	type mixed struct {
		A int `parlor:"key"`
		B int `parlor:"index=x"`
		C int `parlor:"unique=x"`
	}
	type requiredNull struct {
		A int  `parlor:"key"`
		B *int `parlor:"required"`
	}
	for _, tt := range []struct{ got, names, why string }{
		{bindErr(Bind[noKey]("X")), "value.noKey", `parlor:"key"`},
		{bindErr(Bind[twoKeys]("X")), "value.twoKeys.B", "A is the primary key already"},
		{bindErr(Bind[typo]("X")), "value.typo.B", `"indexed" is not known`},
		{bindErr(Bind[channel]("X")), "value.channel.B", "a chan int cannot be stored"},
		{bindErr(Bind[deep]("X")), "value.deep.B", "its C: a func() cannot be stored"},
		{bindErr(Bind[floatKey]("X")), "X.A", "must be a string, bytes, an integer or a time"},
		{bindErr(Bind[nullKey]("X")), "X.A", "not null"},
		{bindErr(Bind[autoText]("X")), "X.A", "auto is for"},
		{bindErr(Bind[autoField]("X")), "X.B", "auto is for"},
		{bindErr(Bind[userInt]("X")), "X.B", "user is for a string"},
		{bindErr(Bind[badDefault]("X")), "value.badDefault.B", "default=300: must be an int8"},
		{bindErr(Bind[jsonIndex]("X")), "X.B", "JSON"},
		{bindErr(Bind[unexported]("X")), "value.unexported.b", "not exported"},
		{bindErr(Bind[embedded]("X")), "value.embedded.noKey", "embedded"},
		{bindErr(Bind[mapKey]("X")), "value.mapKey.B", "keys of a JSON object are text"},
		{bindErr(Bind[pointers]("X")), "value.pointers.B", "pointer to a pointer"},
		{bindErr(Bind[twice]("X")), "value.twice.A", "says server twice"},
		{bindErr(Bind[mixed]("X")), "value.mixed.C", "index x is unique in one tag"},
		{bindErr(Bind[requiredNull]("X")), "X.B", "required excludes null"},
		{bindErr(Bind[int]("X")), "int", "must be a struct"},
		{bindErr(Bind[task]("")), "value.task", "name"},
	} {
		if !strings.Contains(tt.got, tt.names) || !strings.Contains(tt.got, tt.why) {
			t.Errorf("got %q, want %q and %q", tt.got, tt.names, tt.why)
		}
	}
	type Vote struct {
		Task string `parlor:"index"`
	}
	if _, _, err := BindArgs[Vote](); err == nil || !strings.Contains(err.Error(), "not known for arguments") {
		t.Errorf("arguments with an index: %v", err)
	}
}

func TestArgumentsAreNamedByTheirType(t *testing.T) {
	type Vote struct {
		Task string `parlor:"required"`
		Up   bool
		Why  *string
	}
	codec, m, err := BindArgs[Vote]()
	if err != nil || m.Name != "Vote" || len(m.Args) != 3 {
		t.Fatalf("%+v, %v", m, err)
	}
	row, err := codec.Encode(&Vote{Task: "t1", Up: true}, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Collection().CheckRow(row); err != nil {
		t.Fatal(err)
	}
	var got Vote
	if err := codec.Decode(row, &got); err != nil || got != (Vote{Task: "t1", Up: true}) {
		t.Fatalf("%+v, %v", got, err)
	}
}

func TestR1_5_ClientsBindToNewerCollections(t *testing.T) {
	old, _, err := Bind[struct {
		ID    string `parlor:"key"`
		Votes int
	}]("Tasks")
	if err != nil {
		t.Fatal(err)
	}
	codec, newer, err := Bind[struct {
		Extra *string
		Votes int
		ID    string `parlor:"key"`
		Level uint8  `parlor:"default=7"`
	}]("Tasks")
	if err != nil {
		t.Fatal(err)
	}
	bound, err := old.BindTo(&newer)
	if err != nil {
		t.Fatal(err)
	}
	row, err := newer.RowFromJSON([]byte(`{"ID":"a","Votes":5,"Extra":"kept","Level":9}`))
	if err != nil {
		t.Fatal(err)
	}
	var v struct {
		ID    string `parlor:"key"`
		Votes int
	}
	if err := bound.Decode(row, &v); err != nil || v.ID != "a" || v.Votes != 5 {
		t.Fatalf("%+v, %v", v, err)
	}
	v.Votes = 6
	row, err = bound.Update(row, &v)
	if got := string(newer.AppendPatchJSON(nil, newer.PatchOf(row, 3))); err != nil || got != `{"Extra":"kept","Votes":6,"ID":"a","Level":9}` {
		t.Fatalf("%s, %v", got, err)
	}
	if _, err := codec.BindTo(old.Collection()); err == nil || !strings.Contains(err.Error(), "has no field Extra") {
		t.Fatalf("an older server: %v", err)
	}
}

func TestR6_3_ValidationNamesTheField(t *testing.T) {
	_, c, err := Bind[record]("Records")
	if err != nil {
		t.Fatal(err)
	}
	for field, text := range map[string]string{
		"I8": `{"I8":128}`, "U8": `{"U8":-1}`, "B": `{"B":1}`, "F32": `{"F32":1e39}`, "Mood": `{"Mood":null}`, "Data": `{"Data":"%"}`,
		"At": `{"At":"yesterday"}`, "I64": `{"I64":1.5}`, "Nope": `{"Nope":1}`, "ID": `{"ID":"` + strings.Repeat("x", MaxKeyBytes) + `"}`,
	} {
		_, err := c.PatchFromJSON([]byte(text))
		if FieldOf(err) != field || !errors.Is(err, &schema.Error{Code: schema.CodeValidation}) {
			t.Errorf("%.40s: %v", text, err)
		}
	}
	codec, _, _ := Bind[record]("Records")
	for field, v := range map[string]record{
		"F64": {F64: math.NaN()}, "F32": {F32: float32(math.Inf(1))}, "Mood": {Mood: "\xff"}, "Raw": {Raw: []byte("{")}, "At": {At: time.Unix(1<<40, 0)},
		"ID": {ID: strings.Repeat("\x00", MaxKeyBytes/2)},
	} {
		if _, err := codec.Encode(&v, Meta{}); FieldOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	row, err := c.RowFromJSON([]byte(`{"ID":"a","Nested":[1]}`))
	if err != nil {
		t.Fatal(err)
	}
	var v record
	if err := codec.Decode(row, &v); FieldOf(err) != "Nested" {
		t.Errorf("JSON of another shape: %v", err)
	}
	if err := c.CheckRequired(c.PatchOf(row, 4)); FieldOf(err) != "ID" {
		t.Errorf("a create without its key: %v", err)
	}
}

func TestZeroTimeStaysZero(t *testing.T) {
	codec, c, _ := Bind[record]("Records")
	row, err := codec.Encode(&record{ID: "a"}, Meta{})
	if err != nil {
		t.Fatal(err)
	}
	var v record
	if err := codec.Decode(row, &v); err != nil || !v.At.IsZero() || !v.CreatedAt.IsZero() {
		t.Fatalf("%v %v", v.At, err)
	}
	if err := codec.Decode(c.New(nil), &v); err != nil || !v.At.IsZero() {
		t.Fatalf("missing: %v %v", v.At, err)
	}
}

func TestSchemasThatDoNotExtend(t *testing.T) {
	_, c, _ := Bind[task]("Tasks")
	base := &Schema{Collections: []Collection{c}, Mutations: []Mutation{{Name: "Vote", Args: []Field{{Name: "Task", Kind: String}}}}}
	edit := func(f func(s *Schema)) *Schema {
		s, err := ParseSchema(base.Encode())
		if err != nil {
			t.Fatal(err)
		}
		f(s)
		return s
	}
	for _, tt := range []struct {
		s    *Schema
		want string
	}{
		{edit(func(*Schema) {}), ""},
		{edit(func(s *Schema) {
			s.Collections[0].Fields = append(s.Collections[0].Fields, Field{Name: "New", Kind: Bool})
		}), ""},
		{edit(func(s *Schema) { s.Collections[0].Indexes = nil }), ""},
		{edit(func(s *Schema) { s.Collections = nil }), "Tasks was dropped"},
		{edit(func(s *Schema) { s.Collections[0].Fields = slices.Delete(s.Collections[0].Fields, 6, 7) }), "Tasks.Title was dropped or moved"},
		{edit(func(s *Schema) { s.Collections[0].Fields[5].Kind = Int8 }), "Tasks.Votes was int64 and is int8"},
		{edit(func(s *Schema) { s.Collections[0].Fields[5].Optional = true }), "Tasks.Votes was int64 and is optional int64"},
		{edit(func(s *Schema) { s.Collections[0].Fields[5].Retired = true }), "Tasks.Votes was dropped"},
		{edit(func(s *Schema) {
			s.Mutations[0].Args = append(s.Mutations[0].Args, Field{Name: "Why", Kind: String, Required: true})
		}), "Vote.Why is new and required"},
	} {
		err := tt.s.Extends(base)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("got %v, want %q", err, tt.want)
		}
	}
}
