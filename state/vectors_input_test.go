package state

import (
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"testing"
	"unsafe"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

type moveInput struct {
	X, Y float32 `parlor:"quant=0.0078125,min=-1,max=1"`
	Aim  float32 `parlor:"quant=0.01,angle"`
	Jump bool
	Slot uint8 `parlor:"max=9"`
}

type chatInput struct {
	Text string `parlor:"max=20"`
	To   ID
}

type wideInput struct {
	I8  int8
	I64 int64
	U64 uint64
	F32 float32
	F64 float64
	Big int64 `parlor:"min=-1000000000000,max=1000000000000"`
	One uint8 `parlor:"min=7,max=7"`
}

type emptyInput struct{}

func inputVectors(t *testing.T) []vectorInput {
	return []vectorInput{
		inputVector(t, []moveInput{{}, {X: 1, Y: -1, Aim: -3.14159, Jump: true, Slot: 9}, {X: 0.5, Y: 0.25, Aim: 100}}, map[string]moveInput{
			"slot above its bound": {Slot: 10},
		}, map[string]string{"cut off": "00", "bytes left over": "000000000000000000"}),
		inputVector(t, []chatInput{{}, {Text: "hi ☃", To: 0x00100003}}, map[string]chatInput{
			"text too long": {Text: "123456789012345678901"},
			"no UTF-8":      {Text: "\xff"},
		}, map[string]string{"length beyond the data": "ff00"}),
		inputVector(t, []wideInput{
			{One: 7},
			{math.MinInt8, math.MinInt64, math.MaxUint64, -1.5, math.Pi, -1000000000000, 7},
			{math.MaxInt8, math.MaxInt64, 1 << 53, math.MaxFloat32, math.SmallestNonzeroFloat64, 999999999999, 7},
		}, map[string]wideInput{
			"a float that is no number": {F32: float32(math.NaN()), One: 7},
			"an infinite float":         {F64: math.Inf(1), One: 7},
		}, map[string]string{"beyond int8": "100000000000000000000000000000000000000000000000"}),
		inputVector(t, []emptyInput{{}}, nil, map[string]string{"bytes left over": "00"}),
	}
}

func inputVector[T any](t *testing.T, values []T, refused map[string]T, broken map[string]string) vectorInput {
	r, err := RecordOf[T]()
	if err != nil {
		t.Fatal(err)
	}
	out := vectorInput{Name: r.Name(), Columns: r.Columns(), Refused: []vectorRefused{}}
	for i := range values {
		payload := r.Append(nil, &values[i])
		var back T
		if err := r.Decode(payload, &back); err != nil {
			t.Fatal(err)
		}
		if again := r.Append(nil, &back); string(again) != string(payload) {
			t.Errorf("%s: % x is read and written as % x", r.Name(), payload, again)
		}
		cells := []any{}
		for n := range r.columns {
			c := &r.columns[n]
			text := ""
			if c.isText() {
				text = *c.text(unsafe.Pointer(&values[i]))
			}
			cells = append(cells, jsonCell(&c.Column, toWire(&c.Column, c.load(unsafe.Pointer(&values[i]))), text))
		}
		out.Cases = append(out.Cases, vectorCase{cells, hex.EncodeToString(payload)})
	}
	for _, why := range sortedKeys(refused) {
		v := refused[why]
		out.Refused = append(out.Refused, vectorRefused{why, hex.EncodeToString(r.Append(nil, &v))})
	}
	for _, why := range sortedKeys(broken) {
		out.Refused = append(out.Refused, vectorRefused{why, broken[why]})
	}
	for _, refused := range out.Refused {
		payload, err := hex.DecodeString(refused.Payload)
		if err != nil {
			t.Fatal(err)
		}
		var v T
		if err := r.Decode(payload, &v); err == nil {
			t.Errorf("%s: %s was taken: %+v", r.Name(), refused.Why, v)
		}
	}
	return out
}

func TestDecodeRefusesNonZeroPadding(t *testing.T) {
	r, err := RecordOf[moveInput]()
	if err != nil {
		t.Fatal(err)
	}
	payload := r.Append(nil, &moveInput{})
	payload[len(payload)-1] |= 0x80
	var v moveInput
	if err := r.Decode(payload, &v); err == nil {
		t.Error("bits after the last column were ignored")
	}
}
