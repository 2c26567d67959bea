package table

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// Fields of the tests' collection, after the envelope.
const (
	fieldID = iota + 3
	fieldList
	fieldVotes
	fieldDue
)

// tasks is a collection with indexes of all sorts.
func tasks() *value.Schema {
	return &value.Schema{Version: 1, Collections: []value.Collection{{
		Name: "Tasks",
		Fields: append(value.Envelope(),
			value.Field{Name: "ID", Kind: value.Int64},
			value.Field{Name: "List", Kind: value.String},
			value.Field{Name: "Votes", Kind: value.Int32},
			value.Field{Name: "Due", Kind: value.Int64, Optional: true}),
		Key: fieldID,
		Indexes: []value.Index{
			{Name: "list", Fields: []int{fieldList}},
			{Name: "listVotes", Fields: []int{fieldList, fieldVotes}},
			{Name: "votesDue", Fields: []int{fieldVotes, fieldDue}, Unique: true},
		},
	}}}
}

type task struct {
	id         int64
	list       string
	votes, due int64 // a due < 0 is null
}

func (k task) row(c *value.Collection) value.Row {
	due := value.Null()
	if k.due >= 0 {
		due = value.OfInt(k.due)
	}
	row, err := c.Make([]value.Value{
		value.OfString("ann"), value.OfMicros(1), value.OfMicros(1),
		value.OfInt(k.id), value.OfString(k.list), value.OfInt(k.votes), due})
	if err != nil {
		panic(err)
	}
	return row
}

func keyOf(id int64) value.Key { return value.Key(value.AppendKeyValue(nil, value.OfInt(id))) }

func drawTask(t *rapid.T) task {
	return task{
		id:    rapid.Int64Range(-5, 20).Draw(t, "id"),
		list:  rapid.SampledFrom([]string{"", "x", "x\x00", "y"}).Draw(t, "list"),
		votes: rapid.Int64Range(-1, 4).Draw(t, "votes"),
		due:   rapid.Int64Range(-1, 3).Draw(t, "due"),
	}
}

// model is what a table should hold.
type model map[value.Key]task

// duplicate says whether a write collides by the unique index.
func (m model) duplicate(k task) bool {
	for key, other := range m {
		if key != keyOf(k.id) && k.due >= 0 && other.votes == k.votes && other.due == k.due {
			return true
		}
	}
	return false
}

// TestTableEqualsAModel writes, undoes, loads, queries and takes snapshots: all
// equal a map, the net changes lead from one state to the next, and nothing
// changes what a snapshot shows.
func TestTableEqualsAModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tasks()
		set := NewSet(s)
		m := model{}
		type kept struct {
			snapshot *Snapshot
			model    model
		}
		var snapshots []kept
		for seq := uint64(1); seq <= uint64(rapid.IntRange(1, 12).Draw(t, "transactions")); seq++ {
			if rapid.Bool().Draw(t, "snapshot") {
				snapshots = append(snapshots, kept{set.Table(0).Snapshot(), maps.Clone(m)})
			}
			m = transact(t, set, m, seq)
			compare(t, set.Table(0).Snapshot(), m)
			set.Table(0).Release(set.Table(0).Snapshot())
			if n := set.Bytes(); (n == 0) != (len(m) == 0) {
				t.Fatalf("%d bytes for %d rows", n, len(m))
			}
			ask(t, set, m)
		}
		for _, k := range snapshots {
			compare(t, k.snapshot, k.model)
		}
		load(t, s, set, m)
	})
}

// transact runs one transaction on both, and returns the model after it.
func transact(t *rapid.T, set *Set, m model, seq uint64) model {
	c := set.Table(0).Collection()
	before := maps.Clone(m)
	m = maps.Clone(m)
	tx := set.Begin(seq)
	for range rapid.IntRange(0, 12).Draw(t, "operations") {
		k := drawTask(t)
		key := keyOf(k.id)
		_, exists := m[key]
		switch rapid.IntRange(0, 3).Draw(t, "operation") {
		case 0:
			if tx.Delete(0, key) != exists {
				t.Fatalf("delete of %d", k.id)
			}
			delete(m, key)
		case 1:
			check(t, tx.Insert(0, k.row(c)), exists || m.duplicate(k))
			if !exists && !m.duplicate(k) {
				m[key] = k
			}
		default:
			check(t, tx.Put(0, k.row(c)), m.duplicate(k))
			if !m.duplicate(k) {
				m[key] = k
			}
		}
		if r := tx.Get(0, key); (r != nil) != has(m, key) || r != nil && string(r.Row) != string(m[key].row(c)) {
			t.Fatalf("a transaction reads %v of %d", r, k.id)
		}
	}
	if rapid.IntRange(0, 3).Draw(t, "undo") == 0 {
		tx.Undo()
		return before
	}
	for _, change := range tx.Commit() {
		old, had := before[change.Key]
		now, got := m[change.Key]
		switch {
		case (change.Old != nil) != had, (change.New != nil) != got, !had && !got, had && got && old == now,
			had && string(change.Old.Row) != string(old.row(c)), got && string(change.New.Row) != string(now.row(c)),
			got && change.New.Seq != seq:
			t.Fatalf("change %+v from %v to %v", change, old, now)
		}
		delete(before, change.Key)
		if got {
			before[change.Key] = now
		}
	}
	if !maps.Equal(before, m) {
		t.Fatalf("the changes lead to %v, not to %v", before, m)
	}
	return m
}

func has(m model, key value.Key) bool {
	_, ok := m[key]
	return ok
}

func check(t *rapid.T, err error, duplicate bool) {
	if _, ok := errors.AsType[*DuplicateError](err); ok != duplicate || !ok && err != nil {
		t.Fatalf("%v, want a duplicate: %v", err, duplicate)
	}
}

// compare checks a table's rows and each of its indexes against the model.
func compare(t *rapid.T, s *Snapshot, m model) {
	c := s.state.collection
	if s.Len() != len(m) {
		t.Fatalf("%d rows, want %d", s.Len(), len(m))
	}
	last := value.Key("")
	s.Scan("", "", func(r *Record) bool {
		if r.Key <= last || string(r.Row) != string(m[r.Key].row(c)) || s.Get(r.Key) != r {
			t.Fatalf("row %x", r.Key)
		}
		last = r.Key
		return true
	})
	for i, x := range s.state.indexes {
		n := 0
		x.Scan(func(key value.Key, at *slot) bool {
			want, _ := s.state.entry(nil, i, at.record)
			if key != value.Key(want) || s.Get(at.record.Key) != at.record {
				t.Fatalf("index %d: entry %x", i, key)
			}
			n++
			return true
		})
		if n != len(m) {
			t.Fatalf("index %d has %d entries for %d rows", i, n, len(m))
		}
	}
}

// ask compares a query's result, through whatever index, with a scan.
func ask(t *rapid.T, set *Set, m model) {
	c := set.Table(0).Collection()
	q := drawQuery(t)
	b, err := q.Bind(c)
	if err != nil {
		t.Fatalf("bind: %v", err)
	}
	var want []value.Row
	for _, k := range m {
		if row := k.row(c); b.Match(row) {
			want = append(want, row)
		}
	}
	slices.SortFunc(want, b.Compare)
	want = want[min(q.Offset, len(want)):]
	if q.Limit >= 0 {
		want = want[:min(q.Limit, len(want))]
	}
	var got []value.Row
	stats := set.Table(0).Select(b, func(r *Record) bool {
		got = append(got, r.Row)
		return true
	})
	if !slices.EqualFunc(got, want, func(x, y value.Row) bool { return string(x) == string(y) }) {
		t.Fatalf("%s by %+v: %q, want %q", q.Encode(), stats, got, want)
	}
	horizon(t, set.Table(0), b)
}

// horizon checks that a cursor which may read n rows reads no more, and that it
// names exactly the rows that lie beyond.
func horizon(t *rapid.T, tab *Table, b *query.Bound) {
	n := rapid.IntRange(0, 8).Draw(t, "scan")
	c := tab.Cursor(b)
	h := c.Horizon(n)
	within := map[value.Key]bool{}
	for r := c.Next(); r != nil; r = c.Next() {
		within[r.Key] = true
	}
	if h != nil && c.Examined != n || c.Examined > n {
		t.Fatalf("%d rows read, %d allowed, %v", c.Examined, n, h)
	}
	all := tab.Cursor(b)
	for r := all.Next(); r != nil; r = all.Next() {
		if beyond := h != nil && h.Beyond(r); beyond == within[r.Key] {
			t.Fatalf("%x: beyond %v", r.Key, beyond)
		}
	}
}

func drawCond(t *rapid.T) query.Cond {
	n := rapid.Int64Range(-1, 4).Draw(t, "n")
	list := rapid.SampledFrom([]string{"", "x", "x\x00"}).Draw(t, "of")
	switch rapid.IntRange(0, 8).Draw(t, "cond") {
	case 0:
		return query.Eq("List", list)
	case 1:
		return query.Gt("Votes", n)
	case 2:
		return query.Lte("Votes", n)
	case 3:
		return query.In("Votes", n, n+1, n+3)
	case 4:
		return query.IsNull("Due")
	case 5:
		return query.Eq("Due", n)
	case 6:
		return query.Gte("ID", n)
	case 7:
		return query.And(query.Eq("List", list), query.Eq("Votes", n))
	}
	return query.Or(query.Eq("Votes", n), query.Eq("List", list))
}

func drawQuery(t *rapid.T) query.Query {
	var conds []query.Cond
	for range rapid.IntRange(0, 2).Draw(t, "conds") {
		conds = append(conds, drawCond(t))
	}
	q := query.Where(conds...)
	fields := rapid.Permutation([]string{"List", "Votes", "Due", "ID"}).Draw(t, "fields")
	for _, f := range fields[:rapid.IntRange(0, 2).Draw(t, "orders")] {
		if rapid.Bool().Draw(t, "desc") {
			q = q.By(f, query.Desc)
		} else {
			q = q.By(f)
		}
	}
	if rapid.Bool().Draw(t, "limited") {
		q = q.Take(rapid.IntRange(0, 5).Draw(t, "limit")).Skip(rapid.IntRange(0, 3).Draw(t, "offset"))
	}
	return q
}

// load fills another table with the rows of the first.
func load(t *rapid.T, s *value.Schema, from *Set, m model) {
	set := NewSet(s)
	l := set.Table(0).Load(0)
	from.Table(0).Scan("", "", func(r *Record) bool {
		if err := l.Add([]byte(r.Key), r.Row, r.Seq); err != nil {
			t.Fatalf("load: %v", err)
		}
		return true
	})
	if err := l.Done(); err != nil {
		t.Fatalf("load: %v", err)
	}
	compare(t, set.Table(0).Snapshot(), m)
	if a, b := from.Bytes(), set.Bytes(); a != b {
		t.Fatalf("%d bytes written, %d loaded", a, b)
	}
	transact(t, set, m, 1000)
}
