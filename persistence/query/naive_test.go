package query

import (
	"math/big"
	"regexp"
	"slices"
	"strings"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/value"
)

// board has fields of all classes, some of which may be null, and indexes over
// them.
func board() *value.Collection {
	c := &value.Collection{Name: "Board", Fields: value.Envelope(), Key: 3}
	c.Fields = append(c.Fields,
		value.Field{Name: "ID", Kind: value.String},
		value.Field{Name: "S", Kind: value.String, Optional: true},
		value.Field{Name: "I", Kind: value.Int16},
		value.Field{Name: "N", Kind: value.Int64, Optional: true},
		value.Field{Name: "U", Kind: value.Uint64},
		value.Field{Name: "F", Kind: value.Float64, Optional: true},
		value.Field{Name: "G", Kind: value.Float32},
		value.Field{Name: "B", Kind: value.Bool, Optional: true},
		value.Field{Name: "D", Kind: value.Bytes},
		value.Field{Name: "T", Kind: value.Time},
		value.Field{Name: "J", Kind: value.JSON, Optional: true},
	)
	c.Indexes = []value.Index{
		{Name: "S", Fields: []int{4}}, {Name: "I", Fields: []int{5}}, {Name: "N", Fields: []int{6}}, {Name: "U", Fields: []int{7}},
		{Name: "SI", Fields: []int{4, 5}}, {Name: "IN", Fields: []int{5, 6}}, {Name: "BIS", Fields: []int{10, 5, 4}}, {Name: "F", Fields: []int{8}},
		{Name: "IID", Fields: []int{5, 3}},
	}
	return c
}

func texts() *rapid.Generator[string] {
	return rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'b', 'B', 'é', 'É', '\ufffd', '😀', 0}), 0, 3, -1)
}

func numbers() []value.Value {
	return []value.Value{
		value.OfInt(-1), value.OfInt(0), value.OfInt(1), value.OfInt(2), value.OfInt(1<<53 + 1), value.OfInt(-1 << 63), value.OfUint(1 << 63), value.OfUint(1<<64 - 1),
		value.OfFloat(0.5), value.OfFloat(1.5), value.OfFloat(-0.5), value.OfFloat(1 << 53), value.OfFloat(1 << 63), value.OfFloat(1e300), value.OfFloat(-1e300), value.OfInt(1<<15 - 1),
	}
}

// cell draws a value for a field: few different ones, so that rows tie.
func cell(t *rapid.T, f *value.Field) value.Value {
	if f.Optional && rapid.IntRange(0, 2).Draw(t, "null") == 0 {
		return value.Null()
	}
	switch f.Kind {
	case value.String:
		return value.OfString(texts().Draw(t, "text"))
	case value.Bool:
		return value.OfBool(rapid.Bool().Draw(t, "bool"))
	case value.Bytes:
		return value.OfBytes([]byte(texts().Draw(t, "bytes")))
	case value.Time:
		return value.OfMicros(rapid.Int64Range(-2, 2).Draw(t, "time"))
	case value.JSON:
		return value.OfJSON([]byte(`{}`))
	}
	fitting := slices.DeleteFunc(numbers(), func(v value.Value) bool { return v.Kind() != f.Kind.Class() || f.CheckValue(v) != nil })
	return rapid.SampledFrom(fitting).Draw(t, "number")
}

func rows(t *rapid.T, c *value.Collection) (out []value.Row) {
	ids := rapid.SliceOfNDistinct(texts(), 1, 12, rapid.ID[string]).Draw(t, "ids")
	for _, id := range ids {
		values := []value.Value{value.OfString("u"), value.OfMicros(0), value.OfMicros(0), value.OfString(id)}
		for i := 4; i < len(c.Fields); i++ {
			values = append(values, cell(t, &c.Fields[i]))
		}
		row, err := c.Make(values)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, row)
	}
	return out
}

func literalFor(t *rapid.T, f *value.Field) value.Value {
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		return value.Null()
	}
	if isNumber(f.Kind.Class()) {
		return rapid.SampledFrom(numbers()).Draw(t, "literal")
	}
	plain := *f
	plain.Optional = false
	return cell(t, &plain)
}

func genCond(t *rapid.T, c *value.Collection, depth int) Cond {
	op := Op(rapid.IntRange(int(OpEq), int(OpNot)).Draw(t, "op"))
	if depth == 0 && op >= OpAnd {
		op = OpEq
	}
	switch op {
	case OpAnd, OpOr:
		var kids []Cond
		for range rapid.IntRange(0, 3).Draw(t, "kids") {
			kids = append(kids, genCond(t, c, depth-1))
		}
		return Cond{Op: op, Conds: kids}
	case OpNot:
		return Not(genCond(t, c, depth-1))
	case OpIsNull:
		return IsNull(c.Fields[rapid.IntRange(3, len(c.Fields)-1).Draw(t, "field")].Name)
	case OpLike, OpILike:
		pattern := rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'B', 'é', '%', '%', '_', '😀'}), 0, 5, -1).Draw(t, "pattern")
		return Cond{Op: op, Field: rapid.SampledFrom([]string{"S", "ID"}).Draw(t, "field"), Value: value.OfString(pattern)}
	}
	f := &c.Fields[rapid.IntRange(3, len(c.Fields)-2).Draw(t, "field")]
	cond := Cond{Op: op, Field: f.Name}
	if op != OpIn {
		cond.Value = literalFor(t, f)
		return cond
	}
	for range rapid.IntRange(0, 4).Draw(t, "values") {
		cond.Values = append(cond.Values, literalFor(t, f))
	}
	return cond
}

func genQuery(t *rapid.T, c *value.Collection) Query {
	q := All()
	if rapid.IntRange(0, 4).Draw(t, "where") > 0 {
		conds := []Cond{genCond(t, c, 2)}
		for rapid.Bool().Draw(t, "more") && len(conds) < 4 {
			conds = append(conds, genCond(t, c, 1))
		}
		q = Where(conds...)
	}
	for range rapid.IntRange(0, 3).Draw(t, "orders") {
		how := rapid.SampledFrom([]Direction{Asc, Desc}).Draw(t, "direction")
		nulls := rapid.SampledFrom([]Direction{NullsFirst, NullsLast}).Draw(t, "nulls")
		q = q.By(c.Fields[rapid.IntRange(3, len(c.Fields)-2).Draw(t, "by")].Name, how, nulls)
	}
	return q
}

// naive answers a condition from its definition: nil is unknown. It shares no
// code with the evaluator, not even the comparison.
func naive(c *value.Collection, cond *Cond, row value.Row) *bool {
	answer := func(b bool) *bool { return &b }
	switch cond.Op {
	case OpNot:
		if a := naive(c, &cond.Conds[0], row); a != nil {
			return answer(!*a)
		}
		return nil
	case OpAnd, OpOr:
		decisive, open := cond.Op == OpOr, false
		for i := range cond.Conds {
			switch a := naive(c, &cond.Conds[i], row); {
			case a == nil:
				open = true
			case *a == decisive:
				return answer(decisive)
			}
		}
		if open {
			return nil
		}
		return answer(!decisive)
	case OpIn:
		any := Cond{Op: OpOr}
		for _, v := range cond.Values {
			any.Conds = append(any.Conds, Cond{Op: OpEq, Field: cond.Field, Value: v})
		}
		return naive(c, &any, row)
	}
	v := c.Get(row, c.Field(cond.Field))
	if cond.Op == OpIsNull {
		return answer(v.IsNull())
	}
	if v.IsNull() || cond.Value.IsNull() {
		return nil
	}
	if cond.Op == OpLike || cond.Op == OpILike {
		return answer(likeRegexp(cond.Value.Text(), cond.Op == OpILike).MatchString(v.Text()))
	}
	order := naiveCompare(v, cond.Value)
	return answer(map[Op]bool{OpEq: order == 0, OpNe: order != 0, OpGt: order > 0, OpGte: order >= 0, OpLt: order < 0, OpLte: order <= 0}[cond.Op])
}

func likeRegexp(pattern string, fold bool) *regexp.Regexp {
	var b strings.Builder
	b.WriteString("(?s")
	if fold {
		b.WriteString("i")
	}
	b.WriteString(")^")
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			b.WriteString(regexp.QuoteMeta(string(r)))
			escaped = false
		case r == '\\':
			escaped = true
		case r == '%':
			b.WriteString(".*")
		case r == '_':
			b.WriteString(".")
		default:
			b.WriteString(regexp.QuoteMeta(string(r)))
		}
	}
	return regexp.MustCompile(b.String() + "$")
}

func naiveCompare(a, b value.Value) int {
	rational := func(v value.Value) *big.Rat {
		switch v.Kind() {
		case value.Int64:
			return new(big.Rat).SetInt64(v.Int())
		case value.Uint64:
			return new(big.Rat).SetUint64(v.Uint())
		}
		return new(big.Rat).SetFloat64(v.Float())
	}
	switch {
	case isNumber(a.Kind()):
		return rational(a).Cmp(rational(b))
	case a.Kind() == value.String:
		return slices.Compare(utf16.Encode([]rune(a.Text())), utf16.Encode([]rune(b.Text())))
	case a.Kind() == value.Time:
		return a.Time().Compare(b.Time())
	case a.Kind() == value.Bool && a.Bool() != b.Bool():
		if a.Bool() {
			return 1
		}
		return -1
	}
	return strings.Compare(a.Text(), b.Text())
}

// naiveOrder orders two rows by the query's words.
func naiveOrder(c *value.Collection, q Query, x, y value.Row) int {
	desc := false
	for _, o := range q.OrderBy {
		f := c.Field(o.Field)
		a, b := c.Get(x, f), c.Get(y, f)
		desc = o.Desc
		switch {
		case a.IsNull() && b.IsNull():
			continue
		case a.IsNull() || b.IsNull():
			if a.IsNull() == o.NullsFirst {
				return -1
			}
			return 1
		}
		if order := naiveCompare(a, b); order != 0 {
			if desc {
				return -order
			}
			return order
		}
	}
	order := naiveCompare(c.Get(x, c.Key), c.Get(y, c.Key))
	if desc {
		return -order
	}
	return order
}
