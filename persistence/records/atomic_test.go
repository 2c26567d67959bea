package records_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/persistence/value"
)

// TestR6_2_AtomicModel compares mutations of random operations with a map: a
// mutation changes all that it says or nothing, and what live queries, rules
// and a restarted room show is always the same (R2.2, R3.2, R9.1).
func TestR6_2_AtomicModel(t *testing.T) {
	definition := wallRoom(records.Grant[Post]{
		Read: records.All, Create: records.All, UpdateIf: func(_ records.User, p *Post) bool { return p.Team != "closed" },
		Update: records.None, Remove: records.All,
	})
	rapid.Check(t, func(rt *rapid.T) {
		room := recordstest.New(t, definition)
		c, bob := room.Join("ann"), room.Join("bob")
		live := recordstest.Subscribe[Post](bob, "Posts", query.All())
		open := recordstest.Subscribe[Post](bob, "Posts", query.Where(query.Ne("Team", "closed")).By("Text", query.Desc).Take(2))
		model := make(map[string]Post)
		id := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		word := rapid.SampledFrom([]string{"x", "y", "closed"})
		for range rapid.IntRange(1, 20).Draw(rt, "mutations") {
			next := maps.Clone(model)
			fine := true
			var ops []value.Operation
			for range rapid.IntRange(1, 4).Draw(rt, "operations") {
				key, team, text := id.Draw(rt, "key"), word.Draw(rt, "team"), word.Draw(rt, "text")
				kind := rapid.SampledFrom([]value.OperationKind{value.Create, value.Put, value.Remove}).Draw(rt, "kind")
				old, there := next[key]
				switch kind {
				case value.Create:
					fine = fine && !there
					next[key] = Post{ID: key, Team: team, Text: text}
					ops = append(ops, c.Operation(kind, "Posts", next[key]))
				case value.Put:
					fine = fine && (!there || old.Team != "closed" && team != "closed")
					old.ID, old.Team = key, team
					next[key] = old
					ops = append(ops, c.Operation(kind, "Posts", recordstest.Fields{"ID": key, "Team": team}))
				case value.Remove:
					delete(next, key)
					ops = append(ops, c.Operation(kind, "Posts", Post{ID: key}))
				}
			}
			if _, err := c.Operate(ops...); (err == nil) != fine {
				rt.Fatalf("%v after %v: %v", ops, model, err)
			}
			if fine {
				model = next
			}
			if rapid.IntRange(0, 9).Draw(rt, "restart") == 0 {
				room.Restart(0)
				c.Reconnect()
				bob.Reconnect()
			}
			compare(rt, room, model, live, open)
		}
	})
}

// compare holds a room and two live queries of it against the model.
func compare(t *rapid.T, room *recordstest.Room[Wall], model map[string]Post, live, open *recordstest.Live[Post]) {
	want := slices.SortedFunc(maps.Values(model), func(a, b Post) int { return cmp.Compare(a.ID, b.ID) })
	var got []Post
	room.View(func(w *Wall) {
		for _, p := range w.Posts.All() {
			got = append(got, p)
		}
	})
	if !slices.Equal(got, want) || !slices.Equal(live.Rows(), want) {
		t.Fatalf("the room has %v, the client %v, the model %v", got, live.Rows(), want)
	}
	want = slices.DeleteFunc(want, func(p Post) bool { return p.Team == "closed" })
	slices.SortStableFunc(want, func(a, b Post) int { return cmp.Or(cmp.Compare(b.Text, a.Text), cmp.Compare(b.ID, a.ID)) })
	want = want[:min(2, len(want))]
	if !slices.Equal(open.Rows(), want) {
		t.Fatalf("the window has %v, the model %v", fmt.Sprint(open.Rows()), want)
	}
}
