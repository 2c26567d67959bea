package query

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

func bind(t *testing.T, q Query) *Bound {
	t.Helper()
	b, err := q.Bind(board())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func badQuery(t *testing.T, err error, names ...string) {
	t.Helper()
	if !errors.Is(err, &schema.Error{Code: schema.CodeBadQuery}) {
		t.Fatalf("got %v, want BAD_QUERY", err)
	}
	for _, n := range names {
		if !strings.Contains(err.Error(), n) {
			t.Errorf("%v does not name %s", err, n)
		}
	}
}

func TestR9_1_AnUnsupportedOperatorIsNamed(t *testing.T) {
	_, err := Parse([]byte(`{"where":{"and":[{"eq":["S","a"]},{"matches":["S","a.*"]}]}}`))
	badQuery(t, err, "matches", "supported")
	_, err = Where(Cond{Op: 99, Field: "S"}).Bind(board())
	badQuery(t, err, "op(99)")
}

func TestBindNamesOperatorAndField(t *testing.T) {
	for _, tt := range []struct {
		q     Query
		names []string
	}{
		{Where(Eq("Nope", 1)), []string{"eq", "Nope"}},
		{Where(Gt("S", 1)), []string{"gt", "S", "string"}},
		{Where(In[any]("I", 1, 2.5, "x")), []string{"in", "I", "int16"}},
		{Where(Eq("I", struct{}{})), []string{"eq", "I", "struct {}"}},
		{Where(Eq("J", "{}")), []string{"eq", "J", "isNull"}},
		{Where(Like("I", "1%")), []string{"like", "I"}},
		{Where(Eq("S", "\xff")), []string{"eq", "S"}},
		{Where(Eq("D", "no base64!")), []string{"eq", "D", "bytes"}},
		{All().By("J"), []string{"orderBy", "J"}},
		{All().By("Nope"), []string{"orderBy", "Nope"}},
		{All().Skip(-1), []string{"offset"}},
	} {
		_, err := tt.q.Bind(board())
		badQuery(t, err, tt.names...)
	}
}

func TestHostileQueriesAreRefused(t *testing.T) {
	deep := strings.Repeat(`{"not":`, 5000) + `{"isNull":["S"]}` + strings.Repeat(`}`, 5000)
	wide := `{"where":{"or":[` + strings.TrimSuffix(strings.Repeat(`{"isNull":["S"]},`, 2000), ",") + `]}}`
	many := `{"where":{"in":["I",[` + strings.TrimSuffix(strings.Repeat(`1,`, 5000), ",") + `]]}}`
	for _, text := range []string{
		`{"where":` + deep + `}`, wide, many, `{"where":{"eq":["S","` + strings.Repeat("x", MaxBytes) + `"]}}`,
		`{"orderBy":[` + strings.TrimSuffix(strings.Repeat(`["S"],`, 9), ",") + `]}`, "{\"where\":{\"eq\":[\"S\",\"\xff\"]}}", `{"where":{"eq":["F",1e999]}}`,
	} {
		_, err := Parse([]byte(text))
		badQuery(t, err)
	}
	c := IsNull("S")
	for range MaxDepth {
		c = Not(c)
	}
	_, err := Where(c).Bind(board())
	badQuery(t, err, "nested")
	_, err = Where(Like("S", strings.Repeat("%", MaxLike+1))).Bind(board())
	badQuery(t, err, "pattern")
}

// Each of these takes exponential or quadratic time in a matcher that tries
// again at every %, and a test's whole time on this text.
func TestLikeTakesLinearTime(t *testing.T) {
	text := strings.Repeat("a", 1<<19)
	for _, pattern := range []string{strings.Repeat("%a", 100) + "%b%", "%" + strings.Repeat("_a", 60) + "b%", strings.Repeat("%_", 100) + "b"} {
		p, err := compilePattern(pattern, false)
		if err != nil {
			t.Fatal(err)
		}
		if p.match(text) {
			t.Errorf("%s matches", pattern)
		}
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, text string
		like, ilike   bool
	}{
		{"", "", true, true},
		{"", "a", false, false},
		{"%", "", true, true},
		{"a%", "abc", true, true},
		{"A%", "abc", false, true},
		{"%b_d%", "abcde", true, true},
		{"%b_d", "abcde", false, false},
		{"_", "😀", true, true},
		{"__", "😀", false, false},
		{`100\%`, "100%", true, true},
		{`100\%`, "1000", false, false},
		{`\_\\\a`, `_\a`, true, true},
		{"a%a", "a", false, false},
		{"a%a", "aa", true, true},
		{"%ab%ab%", "abab", true, true},
		{"%ab%ab%", "abb", false, false},
		{"ÉTÉ", "été", false, true},
	} {
		for fold, want := range map[bool]bool{false: tt.like, true: tt.ilike} {
			p, err := compilePattern(tt.pattern, fold)
			if err != nil {
				t.Fatal(err)
			}
			if got := p.match(tt.text); got != want {
				t.Errorf("%q like %q, fold %v: %v", tt.text, tt.pattern, fold, got)
			}
		}
	}
}

func TestBuildersWriteTheJSONForm(t *testing.T) {
	due := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	two := 2
	q := Where(Eq("S", "a"), Gt("I", 3), In("S", "x", "y"), IsNull("N"), Not(ILike("S", "%b")), Or(Lte("T", due), Ne("D", []byte{1})), Eq("U", &two), Eq("N", (*int)(nil)), Gte("F", 0x1p60)).
		By("I", Desc).By("S", NullsFirst).Take(50).Skip(10)
	want := `{"where":{"and":[{"eq":["S","a"]},{"gt":["I",3]},{"in":["S",["x","y"]]},{"isNull":["N"]},{"not":{"ilike":["S","%b"]}},` +
		`{"or":[{"lte":["T","2026-01-31T12:00:00.000000Z"]},{"ne":["D","AQ=="]}]},{"eq":["U",2]},{"eq":["N",null]},{"gte":["F",1.152921504606847e+18]}]},` +
		`"orderBy":[["I","desc","last"],["S","asc","first"]],"limit":50,"offset":10}`
	if got := string(q.Encode()); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	back, err := Parse(q.Encode())
	if err != nil || string(back.Encode()) != want {
		t.Fatalf("%s, %v", back.Encode(), err)
	}
	bind(t, back)
}

// scanOf describes how an index answers a query.
func scanOf(t *testing.T, q Query, index string) string {
	t.Helper()
	c := board()
	ix := c.KeyIndex()
	if index != "key" {
		ix = *c.Index(index)
	}
	s, ok := bind(t, q).Range(&ix)
	if !ok {
		return "no"
	}
	out := fmt.Sprintf("%d spans, used %d, fixed %d", len(s.Spans), s.Used, s.Fixed)
	for name, is := range map[string]bool{"exact": s.Exact} {
		if is {
			out += ", " + name
		}
	}
	if s.Ordered {
		out += ", ordered"
	}
	if s.Reversed {
		out += ", reversed"
	}
	return out
}

func TestR9_5_IndexesNarrowAndOrder(t *testing.T) {
	for _, tt := range []struct {
		q           Query
		index, want string
	}{
		{All(), "key", "1 spans, used 0, fixed 0, exact, ordered"},
		{All().By("ID", Desc), "key", "1 spans, used 0, fixed 0, exact, reversed"},
		{All(), "I", "no"},
		{Where(Eq("ID", "a")), "key", "1 spans, used 1, fixed 1, exact, ordered"},
		{Where(Eq("S", "a")), "S", "1 spans, used 1, fixed 1, exact, ordered"},
		{Where(Eq("S", "a"), Gt("I", 3)), "SI", "1 spans, used 2, fixed 1, exact"},
		{Where(Eq("S", "a"), Gt("I", 3)).By("I"), "SI", "1 spans, used 2, fixed 1, exact, ordered"},
		{Where(Eq("S", "a")).By("I", Desc), "SI", "1 spans, used 1, fixed 1, exact, reversed"},
		{Where(Eq("S", "a")).By("S").By("I", Desc), "SI", "1 spans, used 1, fixed 1, exact, reversed"},
		{Where(Eq("S", "a"), Eq("U", 1)).By("I"), "SI", "1 spans, used 1, fixed 1, ordered"},
		{Where(Gt("I", 3)).By("I"), "I", "1 spans, used 1, fixed 0, exact, ordered"},
		{Where(Gt("I", 3)).By("I").By("U"), "I", "1 spans, used 1, fixed 0, exact"},
		{Where(Gt("I", 3)).By("I").By("ID"), "I", "1 spans, used 1, fixed 0, exact, ordered"},
		{Where(Gt("I", 3)).By("I").By("ID", Desc), "I", "1 spans, used 1, fixed 0, exact"},
		{Where(Ne("I", 3)), "I", "2 spans, used 1, fixed 0, exact"},
		{Where(In("I", 1, 2, 3)).By("I"), "I", "3 spans, used 1, fixed 0, exact, ordered"},
		{Where(Or(Eq("I", 1), Eq("I", 2), Gt("I", 7))), "I", "3 spans, used 1, fixed 0, exact"},
		{Where(In[any]("S", "a", "b", nil), Eq("I", 1)), "SI", "2 spans, used 2, fixed 0, exact"},
		{Where(Gt("I", 3), Lt("I", 3)), "I", "0 spans, used 1, fixed 0, exact, ordered, reversed"},
		{Where(Like("S", "a%")), "S", "1 spans, used 1, fixed 0, exact"},
		{Where(Like("S", "a%b")), "S", "1 spans, used 1, fixed 0"},
		{Where(ILike("S", "a%")), "S", "1 spans, used 1, fixed 0"},
		{Where(IsNull("S")), "S", "1 spans, used 1, fixed 1, exact, ordered"},
		{Where(Or(Eq("S", "a"), Eq("I", 1))), "S", "no"},
		{All().By("N"), "N", "no"}, // nulls last, and the index has them first
		{All().By("N", NullsFirst), "N", "1 spans, used 0, fixed 0, exact, ordered"},
		{All().By("N", Desc), "N", "1 spans, used 0, fixed 0, exact, reversed"},
		{Where(Not(IsNull("N"))).By("N"), "N", "1 spans, used 1, fixed 0, exact, ordered"},
	} {
		if got := scanOf(t, tt.q, tt.index); got != tt.want {
			t.Errorf("%s by %s: %s, want %s", tt.q.Encode(), tt.index, got, tt.want)
		}
	}
}

func TestFieldsAreThoseThatAreRead(t *testing.T) {
	b := bind(t, Where(Eq("S", "a"), Or(Gt("I", 1), IsNull("N"))).By("F"))
	if want := [2]uint64{1<<4 | 1<<5 | 1<<6 | 1<<8}; b.Fields() != want {
		t.Fatalf("%x, want %x", b.Fields(), want)
	}
	if b.Never() || !bind(t, Where(Eq("S", nil))).Never() || !bind(t, All().Take(0)).Never() || !bind(t, Where(Gt("I", 3), Lt("I", 2))).Never() {
		t.Fatal("never is wrong")
	}
}

func FuzzQuery(f *testing.F) {
	f.Add([]byte(`{"where":{"and":[{"eq":["S","a"]},{"in":["I",[1,2.5,null]]},{"not":{"like":["S","a%_\\%"]}}]},"orderBy":[["N","desc","first"]],"limit":5,"offset":2}`))
	f.Add([]byte(`{"where":{"or":[{"isNull":["F"]},{"gt":["T","2026-01-01T00:00:00Z"]},{"eq":["D","AQ=="]},{"gte":["U",1e19]}]}}`))
	c := board()
	row := c.New(nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		q, err := Parse(data)
		if err != nil {
			return
		}
		text := q.Encode()
		again, err := Parse(text)
		if err != nil || string(again.Encode()) != string(text) {
			t.Fatalf("%s became %s, then %s, %v", data, text, again.Encode(), err)
		}
		b, err := q.Bind(c)
		if err != nil {
			return
		}
		match := b.Match(row)
		want := true
		if q.Where != nil {
			a := naive(c, mustSuit(q.Where, c), row)
			want = a != nil && *a
		}
		if match != want {
			t.Fatalf("%s of the zero row: %v", text, match)
		}
		b.AppendSortKey(nil, row)
		for i := range c.Indexes {
			b.Range(&c.Indexes[i])
		}
	})
}

// mustSuit is the condition with its texts as the times and bytes that they
// stand for.
func mustSuit(cond *Cond, c *value.Collection) *Cond {
	out := *cond
	out.Conds = nil
	for i := range cond.Conds {
		out.Conds = append(out.Conds, *mustSuit(&cond.Conds[i], c))
	}
	if cond.Field == "" {
		return &out
	}
	kind := c.Fields[c.Field(cond.Field)].Kind
	suit := func(v value.Value) value.Value {
		if v.Kind() == value.String {
			v, _ = value.ParseText(kind, v.Text())
		}
		return v
	}
	out.Value = suit(cond.Value)
	out.Values = nil
	for _, v := range cond.Values {
		out.Values = append(out.Values, suit(v))
	}
	return &out
}

func BenchmarkMatch(b *testing.B) {
	c := board()
	q, err := Where(Eq("I", 3), Gt("U", 1)).By("I", Desc).Bind(c)
	if err != nil {
		b.Fatal(err)
	}
	row, err := c.RowFromJSON([]byte(`{"ID":"a","I":3,"U":7,"S":"text"}`))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("match", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !q.Match(row) {
				b.Fatal("no match")
			}
		}
	})
	b.Run("sort key", func(b *testing.B) {
		var room [64]byte
		b.ReportAllocs()
		for b.Loop() {
			q.AppendSortKey(room[:0], row)
		}
	})
}
