package query

import (
	"bytes"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/value"
)

func TestR9_1_MatchAgreesWithTheDefinition(t *testing.T) {
	c := board()
	rapid.Check(t, func(t *rapid.T) {
		q := genQuery(t, c)
		b, err := q.Bind(c)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := Parse(q.Encode())
		if err != nil {
			t.Fatalf("%s: %v", q.Encode(), err)
		}
		again, err := parsed.Bind(c)
		if err != nil {
			t.Fatalf("%s: %v", q.Encode(), err)
		}
		if !bytes.Equal(parsed.Encode(), q.Encode()) {
			t.Fatalf("%s became %s", q.Encode(), parsed.Encode())
		}
		for _, row := range rows(t, c) {
			want := true
			if q.Where != nil {
				a := naive(c, q.Where, row)
				want = a != nil && *a
			}
			if got := b.Match(row); got != want {
				t.Fatalf("%s of %s: %v, want %v", q.Encode(), c.AppendJSON(nil, row), got, want)
			}
			if got := again.Match(row); got != want {
				t.Fatalf("parsed %s of %s: %v, want %v", q.Encode(), c.AppendJSON(nil, row), got, want)
			}
			if want && b.Never() {
				t.Fatalf("%s matches %s and said never", q.Encode(), c.AppendJSON(nil, row))
			}
			for _, e := range b.Equalities() {
				if want && c.Get(row, e.Field) != e.Value {
					t.Fatalf("%s matches %s, in which %s is not %v", q.Encode(), c.AppendJSON(nil, row), c.Fields[e.Field].Name, e.Value)
				}
			}
		}
	})
}

func TestR9_1_SortKeysHaveTheOrder(t *testing.T) {
	c := board()
	rapid.Check(t, func(t *rapid.T) {
		q := genQuery(t, c)
		b, err := q.Bind(c)
		if err != nil {
			t.Fatal(err)
		}
		all := rows(t, c)
		for _, x := range all {
			for _, y := range all {
				if got, want := b.Compare(x, y), naiveOrder(c, q, x, y); got != want {
					t.Fatalf("%s: %s to %s is %d, want %d", q.Encode(), c.AppendJSON(nil, x), c.AppendJSON(nil, y), got, want)
				}
			}
		}
	})
}

// entry is a row in an index: the tuple with the primary key behind it.
type entry struct {
	key []byte
	row value.Row
}

func entries(c *value.Collection, index *value.Index, all []value.Row) (out []entry) {
	for _, row := range all {
		key := c.AppendIndexKey(nil, index, row)
		if len(index.Fields) != 1 || index.Fields[0] != c.Key {
			key = c.AppendKey(key, row)
		}
		out = append(out, entry{key, row})
	}
	slices.SortFunc(out, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	return out
}

func TestR9_5_SpansHoldWhatMatches(t *testing.T) {
	c := board()
	indexes := append(slices.Clone(c.Indexes), c.KeyIndex())
	rapid.Check(t, func(t *rapid.T) {
		q := genQuery(t, c)
		b, err := q.Bind(c)
		if err != nil {
			t.Fatal(err)
		}
		all := rows(t, c)
		for i := range indexes {
			s, ok := b.Range(&indexes[i])
			if !ok {
				continue
			}
			var read []value.Row
			for _, e := range entries(c, &indexes[i], all) {
				inside := slices.ContainsFunc(s.Spans, func(sp Span) bool {
					return bytes.Compare(sp.Low, e.key) <= 0 && (sp.High == nil || bytes.Compare(e.key, sp.High) < 0)
				})
				match := b.Match(e.row)
				if match && !inside {
					t.Fatalf("%s by %s: %s is outside of %x", q.Encode(), indexes[i].Name, c.AppendJSON(nil, e.row), s.Spans)
				}
				if inside && !match && s.Exact {
					t.Fatalf("%s by %s: %s is inside of %x and said to match", q.Encode(), indexes[i].Name, c.AppendJSON(nil, e.row), s.Spans)
				}
				if inside && match {
					read = append(read, e.row)
				}
			}
			for j := 1; j < len(s.Spans); j++ {
				if bytes.Compare(s.Spans[j-1].High, s.Spans[j].Low) > 0 {
					t.Fatalf("%s by %s: the spans %x overlap", q.Encode(), indexes[i].Name, s.Spans)
				}
			}
			reversed := slices.Clone(read)
			slices.Reverse(reversed)
			if s.Ordered && !slices.IsSortedFunc(read, b.Compare) || s.Reversed && !slices.IsSortedFunc(reversed, b.Compare) {
				t.Fatalf("%s by %s: said to be ordered %v, reversed %v", q.Encode(), indexes[i].Name, s.Ordered, s.Reversed)
			}
		}
	})
}
