package yjs

import (
	"encoding/json"
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestFormatAgainstModel: each code unit has the attributes that were last set.
func TestFormatAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := New(1, Limits{})
		text := d.Text("t")
		model := make([]map[string]string, 8)
		for i := range model {
			model[i] = map[string]string{}
		}
		_, err := d.Transact(func(tx *Tx) error { return text.Insert(tx, 0, "abcdefgh") })
		if err != nil {
			rt.Fatal(err)
		}
		for range rapid.IntRange(1, 12).Draw(rt, "edits") {
			from := rapid.IntRange(0, 8).Draw(rt, "from")
			length := rapid.IntRange(0, 8-from).Draw(rt, "length")
			key := rapid.SampledFrom([]string{"b", "i"}).Draw(rt, "key")
			value := rapid.SampledFrom([]string{"true", "null", "1"}).Draw(rt, "value")
			if _, err := d.Transact(func(tx *Tx) error {
				return text.Format(tx, from, length, key, json.RawMessage(value))
			}); err != nil {
				rt.Fatal(err)
			}
			check(t, d)
			for _, unit := range model[from : from+length] {
				if delete(unit, key); value != "null" {
					unit[key] = value
				}
			}
		}
		i := 0
		for _, r := range text.Delta() {
			for range len(r.Insert.(string)) {
				got := map[string]string{}
				for key, value := range r.Attributes {
					got[key] = string(value)
				}
				if fmt.Sprint(got) != fmt.Sprint(model[i]) {
					rt.Fatalf("unit %d has %v, want %v", i, got, model[i])
				}
				i++
			}
		}
		if i != len(model) {
			rt.Fatalf("%d units", i)
		}
	})
}
