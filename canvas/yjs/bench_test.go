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

// BenchmarkMove sets one key of one of 10,000 shapes, each in a transaction of
// its own, and takes such updates.
func BenchmarkMove(b *testing.B) {
	writer, reader := New(1, Limits{}), New(2, Limits{})
	for i := range 10_000 {
		update, err := writer.Transact(func(tx *Tx) error {
			return writer.Map("shapes").Set(tx, fmt.Sprint(i), MapOf{"geo": []any{1.5, 2, 3}, "kind": "rect", "text": TextOf("")})
		})
		if err == nil {
			_, err = reader.Apply(update)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	value := []any{1.5, 2, 3}
	n := 0
	move := func() []byte {
		n++
		shape, _ := writer.Map("shapes").Get(fmt.Sprint(n * 7919 % 10_000))
		update, err := writer.Transact(func(tx *Tx) error { return shape.(*Map).Set(tx, "geo", value) })
		if err != nil {
			b.Fatal(err)
		}
		return update
	}
	b.Run("both", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := reader.Apply(move()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("transact", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			move()
		}
	})
}
