package value

import (
	"encoding/json"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// everything has a field of every kind, plain and optional.
func everything() *Collection {
	c := &Collection{Name: "All", Fields: Envelope(), Key: 3}
	c.Fields = append(c.Fields, Field{Name: "ID", Kind: String})
	for k := Bool; k <= JSON; k++ {
		c.Fields = append(c.Fields, Field{Name: "A" + k.String(), Kind: k}, Field{Name: "Z" + k.String(), Kind: k, Optional: true})
	}
	return c
}

// genText favours characters on both sides of the surrogates.
func genText() *rapid.Generator[string] {
	runes := rapid.SampledFrom([]rune{0, 1, 'a', 'b', 'B', 'é', 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff, '%', '_', '\\', '"', '\n'})
	return rapid.Custom(func(t *rapid.T) string {
		if rapid.IntRange(0, 9).Draw(t, "any") == 0 {
			return rapid.String().Draw(t, "text")
		}
		return string(rapid.SliceOfN(runes, 0, 5).Draw(t, "runes"))
	})
}

func genValue(k Kind) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		switch {
		case k == Bool:
			return OfBool(rapid.Bool().Draw(t, "bool"))
		case k.Signed():
			half := int64(-1) << (k.bits() - 1)
			return OfInt(rapid.Int64Range(half, ^half).Draw(t, "int"))
		case k.Unsigned():
			return OfUint(rapid.Uint64Range(0, math.MaxUint64>>(64-k.bits())).Draw(t, "uint"))
		case k == Float32:
			return OfFloat(float64(rapid.Float32().Draw(t, "float")))
		case k == Float64:
			return OfFloat(rapid.Float64().Draw(t, "float"))
		case k == String:
			s := genText().Draw(t, "text")
			return OfString(strings.ToValidUTF8(s, "?"))
		case k == Bytes:
			return OfBytes(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 2, 0xfe, 0xff}), 0, 5).Draw(t, "bytes"))
		case k == Time:
			return OfMicros(rapid.Int64Range(minMicros, maxMicros).Draw(t, "time"))
		}
		text, _ := json.Marshal(map[string]any{"a": rapid.Int().Draw(t, "n"), "b": strings.ToValidUTF8(genText().Draw(t, "s"), "?")})
		return OfJSON(text)
	})
}

func genField(f Field) *rapid.Generator[Value] {
	return rapid.Custom(func(t *rapid.T) Value {
		if f.Optional && rapid.Bool().Draw(t, "null") {
			return Null()
		}
		return genValue(f.Kind).Draw(t, f.Name)
	})
}

func genRow(t *rapid.T, c *Collection) ([]Value, Row) {
	var values []Value
	for _, f := range c.Fields {
		values = append(values, genField(f).Draw(t, f.Name))
	}
	row, err := c.Make(values)
	if err != nil {
		t.Fatal(err)
	}
	return values, row
}

type mood string

type nested struct {
	Tags []string
	At   map[string]int
}

// record has a field of every Go type that can be stored.
type record struct {
	Meta
	ID     string `parlor:"key"`
	B      bool
	I8     int8
	I16    int16
	I32    int32
	I64    int64
	I      int
	U8     uint8
	U16    uint16
	U32    uint32
	U64    uint64
	U      uint
	F32    float32
	F64    float64
	Mood   mood `parlor:"index"`
	Data   []byte
	At     time.Time
	Raw    json.RawMessage
	Nested nested
	PB     *bool
	PI     *int16
	PU     *uint
	PF     *float32
	PS     *mood
	PD     *[]byte
	PT     *time.Time
	PN     *nested
	Hidden chan int `parlor:"-"`
}

func optional[T any](g *rapid.Generator[T]) *rapid.Generator[*T] {
	return rapid.Ptr(g, true)
}

func genTime() *rapid.Generator[time.Time] {
	return rapid.Map(rapid.Int64Range(minMicros, maxMicros), func(µs int64) time.Time { return time.UnixMicro(µs).UTC() })
}

func genNested() *rapid.Generator[nested] {
	return rapid.Custom(func(t *rapid.T) nested {
		return nested{
			Tags: rapid.SliceOfN(rapid.StringMatching("[a-z<é]*"), 1, 3).Draw(t, "tags"),
			At:   rapid.MapOfN(rapid.StringMatching("[a-z]"), rapid.Int(), 1, 3).Draw(t, "at"),
		}
	})
}

func genRecord(t *rapid.T) record {
	text := rapid.Map(genText(), func(s string) string { return strings.ToValidUTF8(s, "?") }).Filter(utf8.ValidString)
	moods := rapid.Map(text, func(s string) mood { return mood(s) })
	data := rapid.SliceOfN(rapid.Byte(), 1, 5)
	return record{
		ID: text.Draw(t, "ID"), B: rapid.Bool().Draw(t, "B"),
		I8: rapid.Int8().Draw(t, "I8"), I16: rapid.Int16().Draw(t, "I16"), I32: rapid.Int32().Draw(t, "I32"), I64: rapid.Int64().Draw(t, "I64"), I: rapid.Int().Draw(t, "I"),
		U8: rapid.Uint8().Draw(t, "U8"), U16: rapid.Uint16().Draw(t, "U16"), U32: rapid.Uint32().Draw(t, "U32"), U64: rapid.Uint64().Draw(t, "U64"), U: rapid.Uint().Draw(t, "U"),
		F32: rapid.Float32().Draw(t, "F32") + 0, F64: rapid.Float64().Draw(t, "F64") + 0,
		Mood: moods.Draw(t, "Mood"), Data: data.Draw(t, "Data"), At: genTime().Draw(t, "At"),
		Raw: json.RawMessage(`{"x":[1,null]}`), Nested: genNested().Draw(t, "Nested"),
		PB: optional(rapid.Bool()).Draw(t, "PB"), PI: optional(rapid.Int16()).Draw(t, "PI"), PU: optional(rapid.Uint()).Draw(t, "PU"),
		PF: optional(rapid.Float32Range(0.5, 1e9)).Draw(t, "PF"), PS: optional(moods).Draw(t, "PS"), PD: optional(data).Draw(t, "PD"),
		PT: optional(genTime()).Draw(t, "PT"), PN: optional(genNested()).Draw(t, "PN"),
	}
}
