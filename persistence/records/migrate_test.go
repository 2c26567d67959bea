package records_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

// The earlier and later types of one collection.
type (
	Person struct {
		ID   string `parlor:"key"`
		Name string
		Age  int32
	}
	PersonMore struct { // additions, one of them in the middle
		ID    string `parlor:"key"`
		Email string `parlor:"default=none"`
		Name  string `parlor:"index"`
		Age   int32
		Born  *int
	}
	PersonUnique struct {
		ID   string `parlor:"key"`
		Name string `parlor:"unique"`
		Age  int32
	}
	PersonLess struct {
		ID   string `parlor:"key"`
		Name string
	}
	PersonRetyped struct {
		ID   string `parlor:"key"`
		Name string
		Age  string
	}
	PersonRequired struct {
		ID   string `parlor:"key"`
		Name string
		Age  int32
		Mail string `parlor:"required"`
	}
	PersonKey struct {
		ID   string
		Name string `parlor:"key"`
		Age  int32
	}
)

// people is a world with one collection of that name.
type people[T any] struct{ People records.Collection[string, T] }

func peopleRoom[T any](version uint32, steps ...records.Migration) records.Room[people[T]] {
	return records.Room[people[T]]{Version: version, Migrations: steps}
}

// peopled is the store of a room of version 1 with two people.
func peopled(t *testing.T) *recordstest.Store {
	t.Helper()
	room := recordstest.New(t, peopleRoom[Person](1))
	room.Write(func(p *people[Person], _ *records.Ctx) error {
		return errors.Join(p.People.Put(Person{"a", "Ann", 30}), p.People.Put(Person{"b", "Ann", 40}))
	})
	return room.Store()
}

// found is all people of a room, as text.
func found[T any](room *recordstest.Room[people[T]]) (list []string) {
	room.View(func(p *people[T]) {
		for _, person := range p.People.All() {
			v := reflect.ValueOf(person)
			text := ""
			for i := range v.NumField() {
				field := v.Field(i)
				if field.Kind() == reflect.Pointer && !field.IsNil() {
					field = field.Elem()
				}
				text += fmt.Sprint(field.Interface(), " ")
			}
			list = append(list, strings.TrimSpace(text))
		}
	})
	return list
}

func TestR13_1_AdditionsAreAutomatic(t *testing.T) {
	store := peopled(t)
	seq := store.Seq()
	room := recordstest.New(t, peopleRoom[PersonMore](1), recordstest.From(store))
	equal(t, "people", found(room), "a none Ann 30 <nil>", "b none Ann 40 <nil>")
	if got := room.Machine().Seq(); got != seq+1 {
		t.Errorf("the migration went from %d to %d", seq, got)
	}
	room.Write(func(p *people[PersonMore], _ *records.Ctx) error {
		n := 7
		return p.People.Put(PersonMore{ID: "c", Email: "c@x", Name: "Cleo", Age: 5, Born: &n})
	})
	seq = room.Machine().Seq()
	again := recordstest.New(t, peopleRoom[PersonMore](1), recordstest.From(store))
	equal(t, "people", found(again), "a none Ann 30 <nil>", "b none Ann 40 <nil>", "c c@x Cleo 5 7")
	if got := again.Machine().Seq(); got != seq {
		t.Errorf("running the program twice changed something: %d to %d", seq, got)
	}
	if names := fieldNames(again); !reflect.DeepEqual(names[3:], []string{"ID", "Name", "Age", "Email", "Born"}) {
		t.Errorf("the fields are %v", names)
	}
}

func fieldNames[W any](room *recordstest.Room[W]) (names []string) {
	for _, f := range room.Machine().Schema().Collections[0].Fields {
		names = append(names, f.Name)
	}
	return names
}

func TestR13_1_AChangedDefaultIsForNewRecords(t *testing.T) {
	type PersonOther struct {
		ID    string `parlor:"key"`
		Email string `parlor:"default=other"`
		Name  string
		Age   int32
		Born  *int
	}
	store := peopled(t)
	recordstest.New(t, peopleRoom[PersonMore](1), recordstest.From(store))
	room := recordstest.New(t, peopleRoom[PersonOther](2), recordstest.From(store))
	equal(t, "people", found(room), "a none Ann 30 <nil>", "b none Ann 40 <nil>")
	again := recordstest.New(t, peopleRoom[PersonOther](2), recordstest.From(store))
	equal(t, "people", found(again), "a none Ann 30 <nil>", "b none Ann 40 <nil>")
}

func TestR13_1_IndexesAndUniqueness(t *testing.T) {
	store := peopled(t)
	_, err := recordstest.Open(t, peopleRoom[PersonUnique](1), recordstest.From(store.Clone()))
	if code(err) != schema.CodeMigrationFailed || !strings.Contains(err.Error(), "People") || !strings.Contains(err.Error(), "Name cannot be unique") {
		t.Errorf("a new unique over duplicates: %v", err)
	}
	// A step makes them differ; then the index can come.
	differ := records.Step(1, func(p *people[Person], _ *records.Ctx) error {
		return p.People.Update("b", func(person *Person) { person.Name = "Bob" })
	})
	room := recordstest.New(t, peopleRoom[Person](1, differ), recordstest.From(store))
	equal(t, "people", found(room), "a Ann 30", "b Bob 40")
	unique := recordstest.New(t, peopleRoom[PersonUnique](1), recordstest.From(store))
	if err := unique.TryWrite(func(p *people[PersonUnique], _ *records.Ctx) error {
		return p.People.Put(PersonUnique{ID: "c", Name: "Bob"})
	}); err == nil {
		t.Error("the new index is not unique")
	}
	dropped := recordstest.New(t, peopleRoom[Person](1), recordstest.From(store))
	dropped.Write(func(p *people[Person], _ *records.Ctx) error { return p.People.Put(Person{ID: "c", Name: "Bob"}) })
}

func TestR13_1_WhatIsRefusedNamesTheField(t *testing.T) {
	for name, test := range map[string]struct {
		open func(s *recordstest.Store) error
		says string
	}{
		"dropped":     {opens(peopleRoom[PersonLess](2)), "the field People.Age is gone"},
		"retyped":     {opens(peopleRoom[PersonRetyped](2)), "the field People.Age was int32, and is now string"},
		"required":    {opens(peopleRoom[PersonRequired](1)), "the new field People.Mail is required"},
		"another key": {opens(peopleRoom[PersonKey](2)), "the key of People was the field ID"},
		"no collection": {opens(records.Room[struct {
			Others records.Collection[string, Person]
		}]{}), "the collection People is no longer in the world"},
	} {
		store := peopled(t)
		before := store.Clone()
		err := test.open(store)
		if code(err) != schema.CodeMigrationFailed || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(store, before) {
			t.Errorf("%s: the data has changed", name)
		}
	}
	store := peopled(t)
	recordstest.New(t, peopleRoom[Person](3), recordstest.From(store))
	if _, err := recordstest.Open(t, peopleRoom[Person](2), recordstest.From(store)); code(err) != schema.CodeMigrationFailed || !strings.Contains(err.Error(), "run the newer one") {
		t.Errorf("an older program: %v", err)
	}
}

func opens[W any](room records.Room[W]) func(s *recordstest.Store) error {
	return func(s *recordstest.Store) error {
		_, err := recordstest.Open(new(testing.T), room, recordstest.From(s))
		return err
	}
}

func retype(ran *int) records.Migration {
	return records.Rewrite(1, "People", func(old Person) (PersonRetyped, error) {
		*ran++
		return PersonRetyped{ID: old.ID, Name: old.Name, Age: fmt.Sprint(old.Age, " years")}, nil
	})
}

func TestR13_1_StepsRunOnce(t *testing.T) {
	store := peopled(t)
	rewritten, stepped := 0, 0
	step := records.Step(2, func(p *people[PersonRetyped], _ *records.Ctx) error {
		stepped++
		return p.People.Put(PersonRetyped{ID: "c", Name: "Cleo"})
	})
	seq := store.Seq()
	for range 3 {
		room := recordstest.New(t, peopleRoom[PersonRetyped](2, retype(&rewritten), step), recordstest.From(store))
		equal(t, "people", found(room), "a Ann 30 years", "b Ann 40 years", "c Cleo")
		if got := room.Machine().Seq(); got != seq+1 {
			t.Errorf("it is at %d, after %d", got, seq)
		}
	}
	if rewritten != 2 || stepped != 1 {
		t.Errorf("%d records were rewritten, and the step ran %d times", rewritten, stepped)
	}
	fresh := recordstest.New(t, peopleRoom[PersonRetyped](2, retype(&rewritten), step))
	equal(t, "a new room has nothing to migrate", found(fresh))
}

func TestR13_1_RewritesFollowEachOther(t *testing.T) {
	store := peopled(t)
	ran := 0
	drop := records.Rewrite(2, "People", func(old PersonRetyped) (PersonLess, error) {
		return PersonLess{ID: "new " + old.ID, Name: old.Name + " " + old.Age}, nil
	})
	room := recordstest.New(t, peopleRoom[PersonLess](3, retype(&ran), drop), recordstest.From(store))
	equal(t, "people", found(room), "new a Ann 30 years", "new b Ann 40 years")
	again := recordstest.New(t, peopleRoom[PersonLess](3, retype(&ran), drop), recordstest.From(store))
	equal(t, "people", found(again), "new a Ann 30 years", "new b Ann 40 years")
	_, err := recordstest.Open(t, peopleRoom[PersonRetyped](3, drop), recordstest.From(peopled(t)))
	if code(err) != schema.CodeMigrationFailed {
		t.Errorf("a rewrite of a type that is not stored: %v", err)
	}
}

func TestR13_1_ADroppedCollectionIsGone(t *testing.T) {
	store := peopled(t)
	type World struct {
		Others records.Collection[string, Person]
	}
	drop := records.Drop(1, "People")
	recordstest.New(t, records.Room[World]{Version: 2, Migrations: []records.Migration{drop}}, recordstest.From(store))
	room := recordstest.New(t, records.Room[people[PersonRetyped]]{Version: 3, Migrations: []records.Migration{drop, records.Drop(2, "Others")}}, recordstest.From(store))
	equal(t, "a collection of the old name is new", found(room))
	both := recordstest.New(t, records.Room[people[PersonRetyped]]{Version: 3, Migrations: []records.Migration{drop, records.Drop(2, "Others")}}, recordstest.From(peopled(t)))
	equal(t, "also when both happen at once", found(both))
}

func TestR13_2_AFailedMigrationLeavesTheData(t *testing.T) {
	fail := errors.New("there is an odd one")
	for name, step := range map[string]records.Migration{
		"an error": records.Step(2, func(p *people[PersonRetyped], _ *records.Ctx) error {
			p.People.Delete("a")
			return fail
		}),
		"a panic": records.Step(2, func(p *people[PersonRetyped], _ *records.Ctx) error { panic(fail.Error()) }),
		"a rewrite": records.Rewrite(2, "People", func(old PersonRetyped) (PersonRetyped, error) {
			if old.ID == "b" {
				return old, fail
			}
			return old, nil
		}),
		"a duplicate": records.Rewrite(2, "People", func(old PersonRetyped) (PersonRetyped, error) {
			return PersonRetyped{ID: "same"}, nil
		}),
	} {
		store := peopled(t)
		before := store.Clone()
		ran := 0
		_, err := recordstest.Open(t, peopleRoom[PersonRetyped](2, retype(&ran), step), recordstest.From(store))
		if code(err) != schema.CodeMigrationFailed || name != "a duplicate" && !strings.Contains(err.Error(), fail.Error()) {
			t.Errorf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(store, before) {
			t.Errorf("%s: the data has changed", name)
		}
		room := recordstest.New(t, peopleRoom[Person](1), recordstest.From(store))
		equal(t, name+": the earlier program reads", found(room), "a Ann 30", "b Ann 40")
	}
}
