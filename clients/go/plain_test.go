package client

import (
	"reflect"
	"testing"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// A client that was compiled with other columns of an input sends what the
// server has, as far as it can.
func TestInputsAreMatchedByColumn(t *testing.T) {
	from := []schema.Column{
		{Name: "X", Kind: schema.Int8, Flags: schema.HasMin | schema.HasMax, Min: -1, Max: 1},
		{Name: "Aim", Kind: schema.Float32},
		{Name: "Old", Kind: schema.String},
		{Name: "Far", Kind: schema.Int32},
	}
	to := []schema.Column{
		{Name: "Aim", Kind: schema.Float32, Quant: 0.01},
		{Name: "New", Kind: schema.Uint8, Flags: schema.HasMin | schema.HasMax, Min: 2, Max: 9},
		{Name: "X", Kind: schema.Int8, Flags: schema.HasMin | schema.HasMax, Min: -1, Max: 1},
		{Name: "Far", Kind: schema.Uint8},
	}
	r, err := newRecoder(from, to)
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.payload(AppendInput(nil, from, []InputValue{{Int: -1}, {Float: 1.5}, {Text: "gone"}, {Int: 1000}}))
	if err != nil {
		t.Fatal(err)
	}
	want := AppendInput(nil, to, []InputValue{{Int: 150}, {Int: 2}, {Int: -1}, {Int: 255}})
	if !reflect.DeepEqual(got, want) {
		t.Errorf("payload % x, want % x", got, want)
	}
	if _, err := newRecoder(from, []schema.Column{{Name: "Old", Kind: schema.Int8}}); err == nil {
		t.Error("a text became a number")
	}
}

// AppendInput writes what state.Record reads.
func TestAppendInputIsARecord(t *testing.T) {
	type all struct {
		B   bool
		I   int8 `parlor:"min=-5,max=5"`
		J   int64
		U   uint16
		Q   float32 `parlor:"quant=0.25,min=-2,max=2"`
		R   float64 `parlor:"quant=0.5"`
		F   float32
		G   float64
		S   string
		Who state.ID
	}
	record, err := state.RecordOf[all]()
	if err != nil {
		t.Fatal(err)
	}
	payload := AppendInput(nil, record.Columns(), []InputValue{
		{Int: 1}, {Int: -4}, {Int: -1 << 40}, {Int: 65535}, {Int: -7}, {Int: 9}, {Float: 1.25}, {Float: -2.5}, {Text: "hé"}, {Int: 1<<20 | 3},
	})
	var got all
	if err := record.Decode(payload, &got); err != nil {
		t.Fatal(err)
	}
	want := all{true, -4, -1 << 40, 65535, -1.75, 4.5, 1.25, -2.5, "hé", 1<<20 | 3}
	if got != want {
		t.Errorf("decoded %+v, want %+v", got, want)
	}
}
