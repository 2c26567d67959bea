package live

import (
	"fmt"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
)

// nowhere takes all that a hub says, and counts it.
type nowhere struct{ deltas, bytes int }

func (n *nowhere) Delta(_ Conn, _ uint32, _, _ uint64, _ uint8, payload []byte) {
	n.deltas++
	n.bytes += len(payload)
}

func (n *nowhere) Stream(_ Conn, _ uint32, s *Snapshot) {
	for last := false; !last; {
		var payload []byte
		payload, _, last = s.Next(0)
		n.bytes += len(payload)
	}
}

// crowd is a room of 10,000 items with an index on List.
func crowd(b *testing.B, subscribe func(r *room, out Out)) (*room, *nowhere) {
	r := newRoom(b, Limits{}, "list", "votes")
	tx := r.set.Begin(1)
	for i := range 10_000 {
		if err := tx.Insert(0, public(fmt.Sprintf("%05d", i), "x", int64(i)).row(r.items)); err != nil {
			b.Fatal(err)
		}
	}
	tx.Commit()
	r.hub, r.seq = New(r.set, 1, Limits{}), 1
	out := &nowhere{}
	subscribe(r, out)
	return r, out
}

// churn updates one item after the other.
func churn(b *testing.B, r *room, out *nowhere) {
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		r.seq++
		tx := r.set.Begin(r.seq)
		if err := tx.Put(0, public(fmt.Sprintf("%05d", i%10_000), "x", int64(i+1)).row(r.items)); err != nil {
			b.Fatal(err)
		}
		r.hub.Apply(r.seq, tx.Commit(), nil, out)
	}
	b.ReportMetric(float64(out.deltas)/float64(b.N), "deltas/op")
}

func open(b *testing.B, r *room, out Out, c int, q query.Query, role string) {
	if err := r.hub.Subscribe(Request{Conn: Conn(c), ID: 1, Query: r.bind(q), Reader: r.reader(role)}, out); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkApply is one update with nobody watching, with 1,000 who watch other
// values of an indexed field, with 1,000 who watch the same query, with a window
// of 50, and with 100 windows of their own.
func BenchmarkApply(b *testing.B) {
	for _, v := range []struct {
		name      string
		subscribe func(b *testing.B, r *room, out Out)
	}{
		{"nobody", func(*testing.B, *room, Out) {}},
		{"1,000 that do not match", func(b *testing.B, r *room, out Out) {
			for i := range 1000 {
				open(b, r, out, i, query.Where(query.Eq("List", fmt.Sprint(i))), "all")
			}
		}},
		{"1,000 of one query", func(b *testing.B, r *room, out Out) {
			for i := range 1000 {
				open(b, r, out, i, query.Where(query.Eq("List", "x"), query.Gte("Votes", 0)), "all")
			}
		}},
		{"a window", func(b *testing.B, r *room, out Out) {
			open(b, r, out, 1, query.All().By("Votes", query.Desc).Take(50), "all")
		}},
		{"a window without index", func(b *testing.B, r *room, out Out) {
			open(b, r, out, 1, query.All().By("Votes", query.Desc).By("List").Take(50), "all")
		}},
		{"100 windows", func(b *testing.B, r *room, out Out) {
			for i := range 100 {
				open(b, r, out, i, query.All().By("Votes", query.Desc).Take(50).Skip(i), "all")
			}
		}},
	} {
		b.Run(v.name, func(b *testing.B) {
			r, out := crowd(b, func(r *room, out Out) { v.subscribe(b, r, out) })
			out.deltas = 0
			churn(b, r, out)
		})
	}
}

// BenchmarkSubscribe is a late joiner's whole collection of 10,000 items, and the
// first rows of it.
func BenchmarkSubscribe(b *testing.B) {
	for _, v := range []struct {
		name  string
		query query.Query
	}{{"all", query.All()}, {"first 50", query.All().By("Votes").Take(50)}} {
		b.Run(v.name, func(b *testing.B) {
			r, out := crowd(b, func(*room, Out) {})
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				open(b, r, out, i, v.query, "all")
				r.hub.Drop(Conn(i))
			}
		})
	}
}
