package yjs

import (
	"fmt"
	"testing"
)

// BenchmarkTyping applies one character after the other, as an editor sends
// them.
func BenchmarkTyping(b *testing.B) {
	writer := New(7, Limits{})
	updates := make([][]byte, 10_000)
	for i := range updates {
		updates[i], _ = writer.Transact(func(tx *Tx) error {
			return writer.Text("t").Insert(tx, i, "x")
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		d := New(1, Limits{})
		for _, update := range updates {
			if _, err := d.Apply(update); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(updates)), "ns/update")
}

// BenchmarkShapes creates 10,000 maps of five keys each, then loads them.
func BenchmarkShapes(b *testing.B) {
	create := func(d *Doc) {
		for i := range 10_000 {
			_, err := d.Transact(func(tx *Tx) error {
				key := fmt.Sprint("shape", i)
				if err := d.Map("shapes").Set(tx, key, KindMap); err != nil {
					return err
				}
				shape, _ := d.Map("shapes").Get(key)
				for _, field := range []string{"geo", "style", "index", "parent", "props"} {
					if err := shape.(*Map).Set(tx, field, []any{i, 2.5, "a"}); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("create", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			create(New(1, Limits{}))
		}
	})
	d := New(1, Limits{})
	create(d)
	state := d.EncodeState(nil)
	b.Run("encode", func(b *testing.B) {
		for b.Loop() {
			d.EncodeState(nil)
		}
	})
	b.Run("load", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := New(2, Limits{}).Apply(state); err != nil {
				b.Fatal(err)
			}
		}
	})
}
