package client

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// windowRig is a replica with one live query, and a naive account of what that
// must show.
type windowRig struct {
	*rapid.T
	r       replica
	q       *liveQuery
	codec   *value.Codec[item]
	server  map[string]item // all that the server has
	writes  []*write
	showing map[string]item // by the changes that were told
}

func newWindowRig(t *rapid.T, s *value.Schema, codec *value.Codec[item]) *windowRig {
	w := &windowRig{T: t, codec: codec, server: make(map[string]item), showing: make(map[string]item)}
	w.r.use(s, 1)
	w.q = &liveQuery{collection: "Items", members: make(map[value.Key]*heldRow), byKey: make(map[value.Key]*queryEntry)}
	w.q.decode = func(row value.Row) (any, error) {
		i := new(item)
		return i, codec.Decode(row, i)
	}
	w.q.changed = w.told
	w.r.tables[0].queries[w.q] = struct{}{}
	w.ask(query.All().By("Votes", query.Desc))
	return w
}

// told keeps showing by what a step says; it must fit.
func (w *windowRig) told(s *queryStep, _ func(func())) {
	for _, e := range s.left {
		id := e.record.(*item).ID
		if _, ok := w.showing[id]; !ok {
			w.Fatalf("%s left and was not there", id)
		}
		delete(w.showing, id)
	}
	for _, e := range s.entered {
		i := *e.record.(*item)
		if _, ok := w.showing[i.ID]; ok {
			w.Fatalf("%s entered twice", i.ID)
		}
		w.showing[i.ID] = i
	}
	for _, pair := range s.altered {
		i := *pair[1].record.(*item)
		if _, ok := w.showing[i.ID]; !ok {
			w.Fatalf("%s changed and was not there", i.ID)
		}
		w.showing[i.ID] = i
	}
}

func (w *windowRig) ask(q query.Query) {
	w.q.q = q
	if err := w.q.rebind(w.r.tables[0]); err != nil {
		w.Fatal(err)
	}
	w.q.reorder(w.r.tables[0])
}

// result is a query's window over some items, the naive way.
func result(q query.Query, c *value.Collection, codec *value.Codec[item], items map[string]item) []item {
	bound, _ := q.Bind(c)
	var list []item
	rows := make(map[string]value.Row)
	for id, i := range items {
		row, _ := codec.Encode(&i, value.Meta{})
		if bound.Match(row) {
			list, rows[id] = append(list, i), row
		}
	}
	slices.SortFunc(list, func(a, b item) int { return bound.Compare(rows[a.ID], rows[b.ID]) })
	list = list[min(bound.Offset, len(list)):]
	if bound.Limit >= 0 {
		list = list[:min(bound.Limit, len(list))]
	}
	return list
}

// confirm brings the members to what the server's window is now.
func (w *windowRig) confirm() {
	t := w.r.tables[0]
	now := make(map[value.Key]item)
	for _, i := range result(w.q.q, t.c, w.codec, w.server) {
		key, _ := w.codec.Key(&i)
		now[key] = i
	}
	for key := range w.q.members {
		if _, ok := now[key]; !ok {
			t.release(w.q, key)
		}
	}
	for key, i := range now {
		row, _ := w.codec.Encode(&i, value.Meta{})
		t.hold(w.q, key, row)
	}
}

// check compares the window with the naive one: the members with the pending
// writes on top.
func (w *windowRig) check() {
	believed := make(map[string]item)
	t := w.r.tables[0]
	for key := range w.q.members {
		w.believe(believed, t, key)
	}
	for key := range t.own {
		w.believe(believed, t, key)
	}
	q := w.q.q
	q.Offset = 0 // the members are the page already
	want := result(q, t.c, w.codec, believed)
	var got []item
	for _, e := range w.q.shown() {
		got = append(got, *e.record.(*item))
	}
	if w.q.q.Offset == 0 && !slices.Equal(got, want) {
		w.Fatalf("shown %v, want %v", got, want)
	}
	if len(got) != len(w.showing) {
		w.Fatalf("shown %v, told %v", got, w.showing)
	}
	for _, i := range got {
		if w.showing[i.ID] != i {
			w.Fatalf("shown %v, told %v", i, w.showing[i.ID])
		}
	}
}

func (w *windowRig) believe(into map[string]item, t *replicaTable, key value.Key) {
	var i item
	if row := t.row(key); row != nil && w.codec.Decode(row, &i) == nil {
		into[i.ID] = i
	}
}

// For any data, query and pending writes the window is that of the naive
// evaluation, and the changes that are told lead to it.
func TestR9_3_WindowWithPendingWrites(t *testing.T) {
	s, codec := board(t)
	rapid.Check(t, func(t *rapid.T) {
		w := newWindowRig(t, s, codec)
		some := func() item {
			id := fmt.Sprint("i", rapid.IntRange(0, 30).Draw(t, "id"))
			return item{ID: id, Title: id, List: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "list"), Votes: rapid.IntRange(0, 5).Draw(t, "votes")}
		}
		change := map[string]func(*rapid.T){
			"server": func(t *rapid.T) {
				for range rapid.IntRange(1, 12).Draw(t, "rows") {
					if i := some(); rapid.IntRange(0, 3).Draw(t, "delete") == 0 {
						delete(w.server, i.ID)
					} else {
						w.server[i.ID] = i
					}
				}
				w.confirm()
			},
			"write": func(t *rapid.T) {
				i := some()
				key, _ := codec.Key(&i)
				op := value.Operation{Kind: value.Remove, Key: key}
				if rapid.Bool().Draw(t, "put") {
					op.Kind = value.Put
					op.Patch, _ = codec.Patch(nil, &i)
				}
				w.writes = append(w.writes, &write{args: value.AppendOperations(nil, op), made: time.UnixMicro(1)})
			},
			"confirm": func(*rapid.T) {
				if len(w.writes) > 0 {
					w.writes = w.writes[1:]
				}
			},
			"query": func(t *rapid.T) {
				q := query.All().By("Votes", query.Desc).By("Title")
				if rapid.Bool().Draw(t, "where") {
					q = query.Where(query.Eq("List", "a")).By("Votes")
				}
				if n := rapid.IntRange(-1, 6).Draw(t, "limit"); n >= 0 {
					q = q.Take(n).Skip(rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "offset"))
				}
				w.ask(q)
				w.confirm()
			},
			"": func(t *rapid.T) {
				w.r.replay(w.writes, "ada")
				w.r.settle(func(f func()) { f() })
				w.check()
			},
		}
		t.Repeat(change)
	})
}
