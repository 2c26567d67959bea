package value

import (
	"bytes"
	"math/big"
	"reflect"
	"slices"
	"testing"
	"time"
	"unicode/utf16"

	"pgregory.net/rapid"
)

func TestR1_1_RowsHoldEveryKind(t *testing.T) {
	c := everything()
	rapid.Check(t, func(t *rapid.T) {
		values, row := genRow(t, c)
		if err := c.CheckRow(row); err != nil {
			t.Fatal(err)
		}
		if got := c.Values(nil, row); !slices.Equal(got, values) {
			t.Fatalf("got %v, want %v", got, values)
		}
		for i, v := range values {
			if got := c.Get(row, i); got != v {
				t.Fatalf("%s: got %v, want %v", c.Fields[i].Name, got, v)
			}
		}
		object := c.AppendJSON(nil, row)
		back, err := c.RowFromJSON(object)
		if err != nil || !bytes.Equal(back, row) {
			t.Fatalf("from JSON %s: %x, %v; want %x", object, back, err, row)
		}
	})
}

func TestDiffAppliedGivesTheNewRow(t *testing.T) {
	c := everything()
	rapid.Check(t, func(t *rapid.T) {
		values, old := genRow(t, c)
		changed := map[int]bool{}
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, len(values)-1), 0, 6).Draw(t, "changed") {
			v := genField(c.Fields[i]).Draw(t, "new")
			changed[i] = v != c.Get(old, i)
			values[i] = v
		}
		row, err := c.Make(values)
		if err != nil {
			t.Fatal(err)
		}
		p := c.Diff(old, row)
		if err := c.CheckPatch(p); err != nil {
			t.Fatal(err)
		}
		for i := range c.Fields {
			if c.Has(p, i) != changed[i] {
				t.Fatalf("%s: in the patch %v, changed %v", c.Fields[i].Name, c.Has(p, i), changed[i])
			}
		}
		if got := c.ApplyPatch(old, p); !bytes.Equal(got, row) {
			t.Fatalf("got %x, want %x", got, row)
		}
		if got := c.ApplyPatch(old, c.PatchOf(row, 0)); !bytes.Equal(got, row) {
			t.Fatalf("whole patch: got %x, want %x", got, row)
		}
		back, err := c.PatchFromJSON(c.AppendPatchJSON(nil, p))
		if err != nil || !bytes.Equal(back, p) {
			t.Fatalf("from JSON: %x, %v; want %x", back, err, p)
		}
	})
}

// Rows written by an older schema lack its newer fields.
func TestR1_5_OlderRowsReadDefaults(t *testing.T) {
	full := everything()
	def := OfInt(7)
	full.Fields[slices.IndexFunc(full.Fields, func(f Field) bool { return f.Name == "Aint16" })].Default = &def
	rapid.Check(t, func(t *rapid.T) {
		older := *full
		older.Fields = full.Fields[:rapid.IntRange(4, len(full.Fields)).Draw(t, "fields")]
		values, old := genRow(t, &older)
		for i := len(values); i < len(full.Fields); i++ {
			values = append(values, full.Fields[i].Missing())
		}
		if err := full.CheckRow(old); err != nil {
			t.Fatal(err)
		}
		if got := full.Values(nil, old); !slices.Equal(got, values) {
			t.Fatalf("got %v, want %v", got, values)
		}
		row, _ := full.Make(values)
		if p := full.Diff(old, row); p.Len() != 0 {
			t.Fatalf("the same content differs by %x", p)
		}
		i := rapid.IntRange(0, len(values)-1).Draw(t, "field")
		values[i] = genField(full.Fields[i]).Draw(t, "new")
		want, _ := full.Make(values)
		if got := full.With(old, i, values[i]); !bytes.Equal(got, want) {
			t.Fatalf("got %x, want %x", got, want)
		}
		if got := full.ApplyPatch(old, full.Diff(old, want)); !bytes.Equal(got, want) {
			t.Fatalf("diff applied: got %x, want %x", got, want)
		}
	})
}

func TestStructsSurviveRows(t *testing.T) {
	codec, c, err := Bind[record]("Records")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		in := genRecord(t)
		meta := Meta{CreatedBy: "ann", CreatedAt: time.UnixMicro(1).UTC(), UpdatedAt: time.UnixMicro(2).UTC()}
		row, err := codec.Encode(&in, meta)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.CheckRow(row); err != nil {
			t.Fatal(err)
		}
		var out record
		if err := codec.Decode(row, &out); err != nil {
			t.Fatal(err)
		}
		in.Meta = meta
		if !reflect.DeepEqual(in, out) {
			t.Fatalf("got  %+v\nwant %+v", out, in)
		}
		if key, err := codec.Key(&in); err != nil || key != c.KeyOf(row) {
			t.Fatalf("key %x, %v; want %x", key, err, c.KeyOf(row))
		}
		other := genRecord(t)
		other.ID = in.ID
		p, err := codec.Patch(row, &other)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := codec.Encode(&other, meta)
		if !bytes.Equal(p, c.Diff(row, want)) {
			t.Fatalf("patch %x, want %x", p, c.Diff(row, want))
		}
		if got, err := codec.Update(row, &other); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("update %x, %v; want %x", got, err, want)
		}
	})
}

// naiveCompare is Compare as the definition says it, for cells of one kind
// that are not null.
func naiveCompare(a, b Value) int {
	switch {
	case a.Kind() == String:
		return slices.Compare(utf16.Encode([]rune(a.Text())), utf16.Encode([]rune(b.Text())))
	case a.Kind() == Bytes || a.Kind() == JSON:
		return bytes.Compare([]byte(a.Text()), []byte(b.Text()))
	case a.Kind() == Bool:
		return btoi(a.Bool()) - btoi(b.Bool())
	case a.Kind() == Time:
		return a.Time().Compare(b.Time())
	}
	return rational(a).Cmp(rational(b))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func rational(v Value) *big.Rat {
	switch v.Kind() {
	case Int64:
		return new(big.Rat).SetInt64(v.Int())
	case Uint64:
		return new(big.Rat).SetUint64(v.Uint())
	}
	r := new(big.Rat)
	r.SetFloat64(v.Float())
	return r
}

func TestR9_1_KeysOrderAsValuesDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := Field{Name: "F", Kind: Kind(rapid.IntRange(int(Bool), int(Time)).Draw(t, "kind")), Optional: true}
		a, b := genField(f).Draw(t, "a"), genField(f).Draw(t, "b")
		var want int
		switch {
		case a.IsNull() && b.IsNull():
		case a.IsNull():
			want = -1
		case b.IsNull():
			want = 1
		default:
			want = naiveCompare(a, b)
		}
		if got := Compare(a, b); got != want {
			t.Fatalf("Compare(%v, %v) = %d, want %d", a, b, got, want)
		}
		tail := []byte{0x80} // what follows a part must not change its order
		x, y := append(AppendKeyValue(nil, a), tail...), append(AppendKeyValue(nil, b), tail...)
		if got := bytes.Compare(x, y); got != want {
			t.Fatalf("keys %x, %x compare %d, want %d", x, y, got, want)
		}
		if !a.IsNull() && !b.IsNull() {
			x, y := AppendKeyValueDescending(nil, a), AppendKeyValueDescending(nil, b)
			if got := bytes.Compare(x, y); got != -want {
				t.Fatalf("descending keys %x, %x compare %d, want %d", x, y, got, -want)
			}
		}
	})
}

func TestNumbersOfDifferentKindsCompareExactly(t *testing.T) {
	traps := []Value{
		OfInt(-1 << 63), OfInt(1<<63 - 1), OfInt(1<<53 + 1), OfInt(-1), OfInt(0), OfUint(1 << 63), OfUint(1<<64 - 1), OfUint(1<<53 + 1),
		OfFloat(1 << 53), OfFloat(1 << 63), OfFloat(1 << 64), OfFloat(-1 << 63), OfFloat(-0.5), OfFloat(0.5), OfFloat(1e300), OfFloat(-1e300), OfFloat(5e-324),
	}
	numbers := rapid.OneOf(rapid.SampledFrom(traps), genValue(Int64), genValue(Uint64), genValue(Float64))
	rapid.Check(t, func(t *rapid.T) {
		a, b := numbers.Draw(t, "a"), numbers.Draw(t, "b")
		if got, want := Compare(a, b), rational(a).Cmp(rational(b)); got != want {
			t.Fatalf("Compare(%v, %v) = %d, want %d", a, b, got, want)
		}
	})
}

func TestKeysReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom([]Kind{Int8, Int64, Uint16, Uint64, String, Bytes, Time}).Draw(t, "kind")
		c := &Collection{Name: "K", Fields: append(Envelope(), Field{Name: "ID", Kind: k}), Key: 3}
		v := genValue(k).Draw(t, "value")
		key, err := c.MakeKey(v)
		if err != nil {
			t.Skip(err)
		}
		if got, err := c.KeyValue(key); err != nil || got != v {
			t.Fatalf("got %v, %v; want %v", got, err, v)
		}
		row, _ := c.Make([]Value{OfString(""), Zero(Time), Zero(Time), v})
		if c.KeyOf(row) != key {
			t.Fatalf("KeyOf %x, want %x", c.KeyOf(row), key)
		}
		if got, ok := c.PatchKey(c.PatchOf(row, 3)); !ok || got != key {
			t.Fatalf("PatchKey %x, want %x", got, key)
		}
	})
}
