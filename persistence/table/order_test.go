package table

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Entries sort by key, however many there are, wherever they begin to differ.
func TestSortEntries(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 50, 1023, 5000} {
		for _, prefix := range []string{"", "common", strings.Repeat("long", 9)} {
			for _, letters := range []int{2, 26} {
				entries := make([]entry, n)
				for i := range entries {
					text := make([]byte, random.IntN(14))
					for j := range text {
						text[j] = byte('a' + random.IntN(letters))
					}
					entries[i].key = value.Key(prefix + string(text))
				}
				want := slices.Clone(entries)
				slices.SortFunc(want, func(a, b entry) int { return strings.Compare(string(a.key), string(b.key)) })
				sortEntries(entries)
				for i := range entries {
					if entries[i].key != want[i].key {
						t.Fatalf("%d keys, %q: at %d %q, want %q", n, prefix, i, entries[i].key, want[i].key)
					}
				}
			}
		}
	}
}

// A ranking keeps the first records of many.
func TestRankingKeepsTheFirst(t *testing.T) {
	c := &tasks().Collections[0]
	b, err := query.All().By("Votes", query.Desc).Bind(c)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(5, 6))
	for _, most := range []int{-1, 0, 1, 7, 100, 2000} {
		ranking := NewRanking(b, most)
		var all []value.Row
		for i := range int64(1000) {
			row := task{i, "", random.Int64N(50), -1}.row(c)
			all = append(all, row)
			ranking.Add(&Record{Key: keyOf(i), Row: row})
		}
		slices.SortFunc(all, b.Compare)
		if most >= 0 {
			all = all[:min(most, len(all))]
		}
		got := ranking.Take()
		if !slices.EqualFunc(got, all, func(r Ranked, row value.Row) bool { return string(r.Record.Row) == string(row) }) {
			t.Fatal(fmt.Sprint("the first ", most))
		}
	}
}
