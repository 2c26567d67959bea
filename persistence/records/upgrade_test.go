package records_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

// greetV1 is the arguments of a mutation in its first version; tests have
// later ones of the same name.
type greetV1 struct{ Name string }

// greeter is a room whose mutation Greet has the arguments A.
func greeter[A any](version uint32, name func(A) string, older ...records.Older[A]) records.Room[people[Person]] {
	return records.Room[people[Person]]{Version: version, Mutations: []records.Mutation[people[Person]]{
		records.Call(func(p *people[Person], _ *records.Ctx, a A) error {
			return p.People.Put(Person{ID: name(a)})
		}).Upgrade(older...),
	}}
}

func TestR1_5_AnotherSchema(t *testing.T) {
	room := recordstest.New(t, peopleRoom[Person](1))
	store := room.Store()
	hash := room.Machine().Schema().Hash()
	attach := func(r interface {
		Attach(records.Attach) (*recordstest.Client, error)
	}, version uint32, hash uint64,
	) (*recordstest.Client, error) {
		return r.Attach(records.Attach{User: records.User{ID: "ann"}, Version: version, SchemaHash: hash})
	}
	if c, err := attach(room, 1, hash); err != nil || c.Opened.Schema != nil {
		t.Errorf("the same schema: %v, %d bytes", err, len(c.Opened.Schema))
	}
	_, err := attach(room, 2, 0)
	refused(t, err, schema.CodeSchemaMismatch)

	added := recordstest.New(t, peopleRoom[PersonMore](2), recordstest.From(store))
	if c, err := attach(added, 1, hash); err != nil || c.Opened.Schema == nil || c.Opened.Version != 2 {
		t.Errorf("an addition: %v", err)
	}
	ran := 0
	changed := recordstest.New(t, peopleRoom[PersonLess](3, records.Rewrite(1, "People", func(old PersonMore) (PersonLess, error) {
		ran++
		return PersonLess{ID: old.ID, Name: old.Name}, nil
	})), recordstest.From(store))
	for version, want := range map[uint32]schema.Code{0: 0, 1: schema.CodeSchemaMismatch, 2: schema.CodeSchemaMismatch, 3: 0} {
		if _, err := attach(changed, version, hash); code(err) != want {
			t.Errorf("version %d after a change: %v", version, err)
		}
	}
	if _, err := recordstest.Open(t, peopleRoom[PersonMore](3, records.Rewrite(2, "People", func(old PersonLess) (PersonMore, error) {
		return PersonMore{ID: old.ID}, nil
	})), recordstest.From(store)); code(err) != schema.CodeMigrationFailed || !strings.Contains(err.Error(), "raise Room.Version") {
		t.Errorf("a change under the same version: %v", err)
	}
}

func TestR1_5_QueuedArgumentsAreUpgraded(t *testing.T) {
	type Greet = greetV1
	store := greeted(t)
	queued := queuedGreeting(t, store)
	type greetV1 struct { // the same name, other arguments
		First, Last string
	}
	full := func(g greetV1) string { return g.First + " " + g.Last }
	upgrade := records.From(1, func(old Greet) (greetV1, error) {
		if old.Name == "nobody" {
			return greetV1{}, records.Invalid("Name", "nobody is greeted")
		}
		return greetV1{First: old.Name, Last: "?"}, nil
	})
	upgraded := recordstest.New(t, greeter(2, full, upgrade), recordstest.From(store.Clone()))
	ann := upgraded.Join("ann")
	if _, err := ann.Push(queued); err != nil {
		t.Fatal(err)
	}
	equal(t, "with an upgrade", found(upgraded), "Max ?  0")

	refusing := recordstest.New(t, greeter(2, full), recordstest.From(store.Clone()))
	ann = refusing.Join("ann")
	_, err := ann.Push(queued)
	refused(t, err, schema.CodeSchemaMismatch)
	ann.Call(greetV1{"Eve", "Smith"}) // the rest of the queue goes on
	equal(t, "without one", found(refusing), "Eve Smith  0")
	_, err = ann.Push(records.Mutate{ID: 1, Name: queued.Name, Args: queued.Args, Version: 1})
	refused(t, err, schema.CodeSchemaMismatch) // the refusal is stored
	_, err = ann.Push(records.Mutate{Name: queued.Name, Args: queued.Args, Version: 9})
	refused(t, err, schema.CodeSchemaMismatch)
}

func TestR1_5_AddedArgumentsNeedNoUpgrade(t *testing.T) {
	store := greeted(t)
	queued := queuedGreeting(t, store)
	type greetV1 struct {
		Times int `parlor:"default=3"`
		Name  string
	}
	room := recordstest.New(t, greeter(2, func(g greetV1) string { return fmt.Sprint(g.Name, g.Times) }), recordstest.From(store))
	if _, err := room.Join("ann").Push(queued); err != nil {
		t.Fatal(err)
	}
	equal(t, "greeted", found(room), "Max3  0")
}

// greeted is a room of version 1 whose mutation is greetV1.
func greeted(t *testing.T) *recordstest.Store {
	t.Helper()
	return recordstest.New(t, greeter(1, func(g greetV1) string { return g.Name })).Store()
}

// queuedGreeting is what a client made for version 1 and did not send.
func queuedGreeting(t *testing.T, store *recordstest.Store) records.Mutate {
	t.Helper()
	room := recordstest.New(t, greeter(1, func(g greetV1) string { return g.Name }), recordstest.From(store))
	name, args, err := room.Machine().EncodeArgs(greetV1{"Max"})
	if err != nil {
		t.Fatal(err)
	}
	return records.Mutate{Name: name, Args: args, Version: 1}
}

func TestR1_5_OldBuiltInOperationsAreReadByPlace(t *testing.T) {
	definition := func(grant records.Grant[Person]) records.Room[people[Person]] {
		r := peopleRoom[Person](1)
		r.Access = []records.Access[people[Person]]{records.On(func(p *people[Person]) *records.Collection[string, Person] { return &p.People }, grant)}
		return r
	}
	room := recordstest.New(t, definition(records.Grant[Person]{Read: records.All, Create: records.All}))
	ann := room.Join("ann")
	op := ann.Operation(1, "People", Person{"z", "Zoe", 9})
	more := peopleRoom[PersonMore](2)
	more.Access = []records.Access[people[PersonMore]]{records.On(
		func(p *people[PersonMore]) *records.Collection[string, PersonMore] { return &p.People },
		records.Grant[PersonMore]{Read: records.All, Create: records.All})}
	later := recordstest.New(t, more, recordstest.From(room.Store()))
	eve := later.Join("eve")
	if _, err := eve.Push(mutate(1, op)); err != nil {
		t.Fatal(err)
	}
	equal(t, "people", found(later), "z none Zoe 9 <nil>")
	_, err := eve.Push(mutate(3, op))
	refused(t, err, schema.CodeSchemaMismatch)
	if rows, err := later.Query("", "People", query.All()); err != nil || len(rows) != 1 {
		t.Error(rows, err)
	}
}
