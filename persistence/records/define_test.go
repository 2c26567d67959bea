package records_test

import (
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/records"
)

func TestWhatCannotWorkIsSaidAtTheStart(t *testing.T) {
	type NoKey struct{ Name string }
	type WrongKey struct {
		ID int `parlor:"key"`
	}
	type Channel struct {
		ID string `parlor:"key"`
		C  chan int
	}
	tasks := func(b *Board) *records.Collection[string, Task] { return &b.Tasks }
	with := func(change func(r *records.Room[Board])) records.Kind {
		r := BoardRoom()
		change(&r)
		return records.Define("board", r)
	}
	elsewhere := new(Board)
	for name, test := range map[string]struct {
		kind records.Kind
		says string
	}{
		"a name":         {records.Define("My Board", BoardRoom()), "a room kind's name has only a-z, 0-9, - and _"},
		"no world":       {records.Define("x", records.Room[struct{}]{}), "the world has no collections"},
		"no struct":      {records.Define("x", records.Room[int]{}), "the world must be a struct, not int"},
		"another field":  {records.Define("x", records.Room[struct{ Tasks []Task }]{}), "the world's field Tasks is []records_test.Task; it must be a records.Collection, Events or Schedule"},
		"a hidden field": {records.Define("x", records.Room[struct{ tasks records.Events[Ping] }]{}), "the world's field tasks must begin with a capital letter"},
		"no key": {records.Define("x", records.Room[struct {
			A records.Collection[string, NoKey]
		}]{}), "key"},
		"another key": {records.Define("x", records.Room[struct {
			A records.Collection[string, WrongKey]
		}]{}), "A: its keys are string, but the key of records_test.WrongKey is ID int"},
		"a field of no kind": {records.Define("x", records.Room[struct {
			A records.Collection[string, Channel]
		}]{}), "C"},
		"a schedule that nothing runs": {
			with(func(r *records.Room[Board]) { r.Schedules = nil }), "nothing runs the schedule Closing; add records.Run to Schedules",
		},
		"two mutations of one name": {
			with(func(r *records.Room[Board]) { r.Mutations = append(r.Mutations, records.Call((*Board).vote)) }), "two mutations are named Vote",
		},
		"a mutation that a schedule runs": {
			with(func(r *records.Room[Board]) { r.Mutations = append(r.Mutations, records.Call((*Board).closeTask)) }), "CloseTask is in Mutations and in Schedules",
		},
		"two entries for one collection": {
			with(func(r *records.Room[Board]) { r.Access = append(r.Access, records.On(tasks)) }), "two entries of Access are about Tasks",
		},
		"a collection of another world": {
			with(func(r *records.Room[Board]) {
				r.Access = append(r.Access, records.On(func(*Board) *records.Collection[string, Task] { return &elsewhere.Tasks }))
			}), "a collection that is not a field of the world",
		},
		"a role that there is not": {
			with(func(r *records.Room[Board]) { r.Mutations[0] = records.Call((*Board).vote).Roles("owner") }), `the mutation Vote is for the role "owner", which is not in Roles`,
		},
		"a grant to nobody": {
			with(func(r *records.Room[Board]) { r.Access[1] = records.On(tasks, records.Grant[Task]{Role: "boss"}) }), `a grant names the role "boss", which is not in Roles`,
		},
		"a field that there is not": {
			with(func(r *records.Room[Board]) {
				r.Access[1] = records.On(tasks, records.Grant[Task]{Fields: []string{"Titel"}})
			}), `a grant on Tasks names the field "Titel", which it does not have`,
		},
		"a visible field that there is not": {
			with(func(r *records.Room[Board]) {
				r.Access[1] = records.On(tasks, records.Grant[Task]{Visible: records.Visible{Field: "Votes", Value: "1"}})
			}), `a grant on Tasks has Visible.Field "Votes", which is no text field of it`,
		},
		"no roles": {with(func(r *records.Room[Board]) {
			r.Roles, r.Access, r.Mutations = nil, nil, nil
		}), "there is a Role hook; say in Roles what it may return"},
		"an empty mutation":    {with(func(r *records.Room[Board]) { r.Mutations[0] = nil }), "a mutation is nil; records.Call makes one"},
		"oldest above version": {with(func(r *records.Room[Board]) { r.Oldest = 2 }), "Oldest is 2, above Version, which is 1"},
		"two steps of a number": {with(func(r *records.Room[Board]) {
			r.Migrations = []records.Migration{records.Drop(1, "A"), records.Drop(1, "B")}
		}), "two migrations have the number 1"},
		"a step zero": {with(func(r *records.Room[Board]) { r.Migrations = []records.Migration{records.Drop(0, "A")} }), "a migration has the number 0; they count from 1"},
	} {
		if err := test.kind.Err(); err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v, want %q", name, err, test.says)
		}
	}
	if err := (records.Kind{}).Err(); err == nil {
		t.Error("the zero Kind is fine")
	}
	for _, kind := range []records.Kind{records.Define("board", BoardRoom()), records.Define("bank", BankRoom()), records.Define("zoo", ZooRoom())} {
		if err := kind.Err(); err != nil {
			t.Error(err)
		}
	}
}

func TestTheWorldIsForHooksOnly(t *testing.T) {
	room := board(t)
	var stolen *Board
	room.View(func(b *Board) { stolen = b })
	for name, use := range map[string]func(){
		"Get":  func() { stolen.Tasks.Get("a") },
		"Put":  func() { _ = stolen.Tasks.Put(Task{ID: "a"}) },
		"Send": func() { stolen.Pings.Send(Ping{}) },
		"Once": func() { stolen.Closing.Cancel("x") },
		"zero": func() { new(Board).Tasks.Len() },
	} {
		func() {
			defer func() {
				if p, ok := recover().(string); !ok || !strings.HasPrefix(p, "records: World.") {
					t.Errorf("%s: %v", name, p)
				}
			}()
			use()
			t.Errorf("%s works outside of a hook", name)
		}()
	}
}
