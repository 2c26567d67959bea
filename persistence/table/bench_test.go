package table

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/parlor-server/parlor/persistence/value"
)

// accounts is the collection of the bank's work.
func accounts() *value.Collection {
	return &value.Collection{
		Name: "Accounts",
		Fields: append(value.Envelope(),
			value.Field{Name: "ID", Kind: value.Int64}, value.Field{Name: "Balance", Kind: value.Int64}),
		Key: 3,
	}
}

func account(c *value.Collection, id, balance int64) value.Row {
	row, err := c.Make([]value.Value{value.OfString("bank"), value.OfMicros(1), value.OfMicros(2), value.OfInt(id), value.OfInt(balance)})
	if err != nil {
		panic(err)
	}
	return row
}

// BenchmarkTransfer is two reads and two writes among 100,000 rows. Each new row
// is a copy with another byte, for the codec's work is counted elsewhere.
func BenchmarkTransfer(b *testing.B) {
	c := accounts()
	set := NewSet(&value.Schema{Collections: []value.Collection{*c}})
	tx := set.Begin(1)
	const n = 100_000
	for i := range n {
		if err := tx.Insert(0, account(c, int64(i), 1000)); err != nil {
			b.Fatal(err)
		}
	}
	tx.Commit()
	random := rand.New(rand.NewPCG(1, 2))
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		from, to := random.Int64N(n), random.Int64N(n)
		tx := set.Begin(uint64(i + 2))
		one := tx.Get(0, value.Key(value.AppendKeyValue(nil, value.OfInt(from))))
		other := tx.Get(0, value.Key(value.AppendKeyValue(nil, value.OfInt(to))))
		if tx.Put(0, changed(one.Row)) != nil || tx.Put(0, changed(other.Row)) != nil {
			b.Fatal("refused")
		}
		tx.Commit()
	}
}

func changed(row value.Row) value.Row {
	row = append(value.Row(nil), row...)
	row[len(row)-1] ^= 2
	return row
}

// wide is a collection with rows of 200 bytes and one index.
func wide(unique bool) *value.Collection {
	c := accounts()
	c.Fields = append(c.Fields, value.Field{Name: "Text", Kind: value.String})
	c.Indexes = []value.Index{{Name: "Balance", Fields: []int{4}, Unique: unique}}
	return c
}

// BenchmarkLoad is a million rows of 200 bytes with one index, of few values or
// of as many as there are rows.
func BenchmarkLoad(b *testing.B) {
	const n = 1_000_000
	for _, values := range []int64{100, n} {
		b.Run(fmt.Sprintf("%d values", values), func(b *testing.B) {
			c := wide(false)
			text := value.OfString(string(make([]byte, 170)))
			var flat []byte // without pointers, as a mapped file would be
			var ends []int
			for i := range int64(n) {
				row, err := c.Make([]value.Value{
					value.OfString("bank"), value.OfMicros(1), value.OfMicros(2), value.OfInt(i), value.OfInt(i * 7919 % values), text})
				if err != nil {
					b.Fatal(err)
				}
				flat = c.AppendKey(flat, row)
				ends = append(ends, len(flat))
				flat = append(flat, row...)
				ends = append(ends, len(flat))
			}
			b.ResetTimer()
			for range b.N {
				t := New(c)
				l := t.Load(n)
				at := 0
				for i := 0; i < len(ends); i += 2 {
					if err := l.Add(flat[at:ends[i]], flat[ends[i]:ends[i+1]], 1); err != nil {
						b.Fatal(err)
					}
					at = ends[i+1]
				}
				if err := l.Done(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkMemory says what a record of about 200 bytes takes beside its row.
func BenchmarkMemory(b *testing.B) {
	const n = 200_000
	c := wide(false)
	text := value.OfString(string(make([]byte, 170)))
	for range b.N {
		before := heap()
		t := New(c)
		l := t.Load(n)
		rows := 0
		for i := range int64(n) {
			row, err := c.Make([]value.Value{
				value.OfString("bank"), value.OfMicros(1), value.OfMicros(2), value.OfInt(i), value.OfInt(i % 100), text})
			if err != nil {
				b.Fatal(err)
			}
			rows += len(row)
			if err := l.Add([]byte(c.KeyOf(row)), row, 1); err != nil {
				b.Fatal(err)
			}
		}
		if err := l.Done(); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(heap()-before)/n, "B/record")
		b.ReportMetric(float64(rows)/n, "B/row")
		runtime.KeepAlive(t)
	}
}

// heap is what lives after a collection, in bytes.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
