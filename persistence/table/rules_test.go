package table

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

func insert(t *testing.T, set *Set, seq uint64, tasks ...task) {
	t.Helper()
	tx := set.Begin(seq)
	for _, k := range tasks {
		if err := tx.Put(0, k.row(set.Table(0).Collection())); err != nil {
			t.Fatal(err)
		}
	}
	tx.Commit()
}

// R1.4: an update that collides with another record is a DUPLICATE that names
// the index's fields, and writes nothing; keeping one's own tuple is fine.
func TestR1_4_Unique(t *testing.T) {
	set := NewSet(tasks())
	c := set.Table(0).Collection()
	insert(t, set, 1, task{1, "x", 1, 1}, task{2, "x", 2, 2})
	tx := set.Begin(2)
	e, ok := errors.AsType[*DuplicateError](tx.Put(0, task{2, "x", 1, 1}.row(c)))
	if !ok || e.Collection != "Tasks" || e.Index != "votesDue" || !slices.Equal(e.Fields, []string{"Votes", "Due"}) || e.Key != keyOf(1) {
		t.Fatalf("%+v", e)
	}
	if err := tx.Put(0, task{1, "y", 1, 1}.row(c)); err != nil {
		t.Fatalf("its own tuple: %v", err)
	}
	changes := tx.Commit()
	if len(changes) != 1 || changes[0].Key != keyOf(1) {
		t.Fatalf("%+v", changes)
	}
	if e, ok := errors.AsType[*DuplicateError](set.Begin(3).Insert(0, task{1, "", 9, 9}.row(c))); !ok || e.Index != "" || e.Fields[0] != "ID" {
		t.Fatalf("%+v", e)
	}
}

// R1.4: nulls do not collide, and tuples are swapped by way of a delete.
func TestR1_4_NullsAndSwaps(t *testing.T) {
	set := NewSet(tasks())
	c := set.Table(0).Collection()
	insert(t, set, 1, task{1, "", 1, -1}, task{2, "", 1, -1}, task{3, "", 3, 3}, task{4, "", 4, 4})
	tx := set.Begin(2)
	if _, ok := errors.AsType[*DuplicateError](tx.Put(0, task{3, "", 4, 4}.row(c))); !ok {
		t.Fatal("the first half of a swap collides")
	}
	tx.Delete(0, keyOf(4))
	if err := errors.Join(tx.Put(0, task{3, "", 4, 4}.row(c)), tx.Insert(0, task{4, "", 3, 3}.row(c))); err != nil {
		t.Fatal(err)
	}
	for _, change := range tx.Commit() {
		if change.Old == nil || change.New == nil {
			t.Fatalf("a swap is two changes: %+v", change)
		}
	}
}

// R9.5: a query on an indexed field reads only what matches.
func TestR9_5_IndexesAreUsed(t *testing.T) {
	set := NewSet(tasks())
	for i := range int64(1000) {
		insert(t, set, uint64(i+1), task{i, fmt.Sprint("list", i%100), i % 50, i})
	}
	for _, v := range []struct {
		name     string
		query    query.Query
		examined int
		index    string
	}{
		{"primary key", query.Where(query.Eq("ID", 7)), 1, "key"},
		{"primary key, a range", query.Where(query.Gte("ID", 10), query.Lt("ID", 15)), 5, "key"},
		{"unique tuple", query.Where(query.Eq("Votes", 7), query.Eq("Due", 57)), 1, "votesDue"},
		{"secondary", query.Where(query.Eq("List", "list7")), 10, "list"},
		{"composite prefix and range", query.Where(query.Eq("List", "list7"), query.Gt("Votes", 7)), 0, "listVotes"},
		{"one of", query.Where(query.In("List", "list7", "list9")), 20, "list"},
		{"order with limit", query.All().By("Votes").By("Due", query.NullsFirst).Take(5), 5, "votesDue"},
		{"order from the end", query.All().By("Votes", query.Desc).By("Due", query.Desc, query.NullsLast).Take(5), 5, "votesDue"},
		{"order by the key", query.All().By("ID", query.Desc).Take(3).Skip(2), 5, ""},
		{"prefix and order", query.Where(query.Eq("List", "list7")).By("Votes", query.Desc).Take(3), 3, "listVotes"},
		{"nothing can match", query.Where(query.In[string]("List")), 0, ""},
		{"no index", query.Where(query.Like("List", "%7")), 1000, ""},
		{"limit 0", query.All().Take(0), 0, ""},
	} {
		b, err := v.query.Bind(set.Table(0).Collection())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		s := set.Table(0).Select(b, func(r *Record) bool { n++; return true })
		if s.Examined != v.examined || s.Index != v.index && v.examined > 0 {
			t.Errorf("%s: %+v, want %d by %q", v.name, s, v.examined, v.index)
		}
	}
}

// A visit may write: the query sees the rows as they were.
func TestVisitsMayWrite(t *testing.T) {
	set := NewSet(tasks())
	for i := range int64(200) {
		insert(t, set, uint64(i+1), task{i, "x", i, i})
	}
	b, err := query.Where(query.Eq("List", "x")).By("Votes").Bind(set.Table(0).Collection())
	if err != nil {
		t.Fatal(err)
	}
	tx := set.Begin(1000)
	n := int64(0)
	tx.Select(0, b, func(r *Record) bool {
		if r.Key != keyOf(n) {
			t.Fatalf("row %d is %x", n, r.Key)
		}
		tx.Delete(0, r.Key)
		if err := tx.Insert(0, task{n, "x", 1000 - n, n}.row(set.Table(0).Collection())); err != nil {
			t.Fatal(err)
		}
		n++
		return true
	})
	if n != 200 || len(tx.Commit()) != 200 {
		t.Fatalf("%d rows visited", n)
	}
}

// A full set refuses growth only.
func TestFullSetRefusesGrowth(t *testing.T) {
	set := NewSet(tasks())
	c := set.Table(0).Collection()
	insert(t, set, 1, task{1, "x", 1, 1}, task{2, "x", 2, 2})
	set.SetLimit(set.Bytes())
	tx := set.Begin(2)
	if err := tx.Insert(0, task{3, "", 3, 3}.row(c)); !errors.Is(err, ErrFull) {
		t.Fatalf("insert: %v", err)
	}
	if err := tx.Put(0, task{1, "xx", 1, 1}.row(c)); !errors.Is(err, ErrFull) {
		t.Fatalf("a longer row: %v", err)
	}
	if err := tx.Put(0, task{1, "y", 3, 1}.row(c)); err != nil {
		t.Fatalf("a row as long: %v", err)
	}
	tx.Delete(0, keyOf(2))
	if err := tx.Insert(0, task{3, "", 4, 3}.row(c)); err != nil {
		t.Fatalf("in the room of another: %v", err)
	}
	tx.Undo()
	if set.Bytes() != set.limit || set.Table(0).Len() != 2 {
		t.Fatal("undo")
	}
}

// UndoTo takes back the last part of a transaction.
func TestUndoTo(t *testing.T) {
	set := NewSet(tasks())
	c := set.Table(0).Collection()
	tx := set.Begin(1)
	first := tx.Insert(0, task{1, "", 1, 1}.row(c))
	mark := tx.Mark()
	second := tx.Put(0, task{1, "", 2, 2}.row(c))
	tx.Delete(0, keyOf(1))
	tx.UndoTo(mark)
	if first != nil || second != nil {
		t.Fatal(first, second)
	}
	if changes := tx.Commit(); len(changes) != 1 || string(changes[0].New.Row) != string(task{1, "", 1, 1}.row(c)) {
		t.Fatalf("%+v", changes)
	}
}

// A load names keys out of order and duplicates.
func TestLoadErrors(t *testing.T) {
	s := tasks()
	c := &s.Collections[0]
	l := New(c).Load(2)
	add := func(k task) error { return l.Add([]byte(keyOf(k.id)), k.row(c), 1) }
	if err := errors.Join(add(task{1, "", 1, 1}), add(task{2, "", 1, 1})); err != nil {
		t.Fatal(err)
	}
	if add(task{2, "", 2, 2}) == nil {
		t.Fatal("the same key again")
	}
	if e, ok := errors.AsType[*DuplicateError](l.Done()); !ok || e.Index != "votesDue" {
		t.Fatalf("%v", e)
	}
}

// Snapshots are read by other goroutines while transactions go on; the race
// detector watches.
func TestSnapshotsOnOtherGoroutines(t *testing.T) {
	set := NewSet(tasks())
	var group sync.WaitGroup
	for seq := range uint64(50) {
		for i := range int64(20) {
			insert(t, set, seq*20+uint64(i)+1, task{i * int64(seq%7), "x", int64(seq), i + int64(seq)*100})
		}
		s, n := set.Table(0).Snapshot(), set.Table(0).Len()
		group.Go(func() {
			last := value.Key("")
			s.Scan("", "", func(r *Record) bool {
				n--
				if r.Key <= last || s.Get(r.Key) != r {
					t.Errorf("row %x", r.Key)
				}
				last = r.Key
				return true
			})
			if n != 0 {
				t.Errorf("%d rows more or less", n)
			}
		})
	}
	group.Wait()
}
