package records_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
)

// play runs an example as a test of its own, once, whatever -count says.
func play(test func(t *testing.T)) {
	var once sync.Once
	run := func(t *testing.T) { once.Do(func() { test(t) }) }
	testing.RunTests(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "example", F: run}})
}

// A task board: its world, roles and mutations are in board_test.go. A server
// runs it with parlor.Config{Records: …}; recordstest tests it without one.
func Example() {
	kind := records.Define("tasks", BoardRoom())
	if err := kind.Err(); err != nil {
		log.Fatal(err) // it says in a sentence what cannot work
	}
	for _, m := range kind.Schema().Mutations {
		fmt.Println(kind.Name(), "has", m.Name)
	}
	play(func(t *testing.T) {
		room := recordstest.New(t, BoardRoom())
		root, bob := room.Join("root"), room.Join("bob")
		top := recordstest.Subscribe[Task](bob, "Tasks", query.Where(query.Eq("List", "fruit")).By("Votes", query.Desc).By("ID").Take(2))
		for _, title := range []string{"apple", "banana", "cherry"} {
			if err := root.Create("Tasks", Task{ID: title, List: "fruit", Title: title}); err != nil {
				t.Fatal(err)
			}
		}
		bob.Call(Vote{"cherry"})
		_, err := bob.TryCall(Vote{"cherry"})
		for _, task := range top.Rows() {
			fmt.Println(task.Title, task.Votes, "by", task.CreatedBy)
		}
		fmt.Println(err)
	})
	// Output:
	// tasks has Archive
	// tasks has CloseAt
	// tasks has Hello
	// tasks has Vote
	// cherry 1 by root
	// apple 0 by root
	// DUPLICATE: another record of Votes has the same User, Task
}

// A transfer between two accounts is one transaction: both change, or neither.
func ExampleCall() {
	play(func(t *testing.T) {
		room := recordstest.New(t, BankRoom())
		room.Write(func(b *Bank, _ *records.Ctx) error {
			return errors.Join(b.Accounts.Put(Account{ID: 1, Balance: 100}), b.Accounts.Put(Account{ID: 2}))
		})
		ann := room.Join("ann")
		ann.Call(Transfer{From: 1, To: 2, Amount: 30})
		r, err := ann.TryCall(Transfer{From: 1, To: 2, Amount: 300})
		fmt.Println(err, "in field", r.Field)
		room.View(func(b *Bank) {
			for id, account := range b.Accounts.All() {
				fmt.Println(id, account.Balance)
			}
		})
	})
	// Output:
	// VALIDATION: there are only 70 in field Amount
	// 1 70
	// 2 30
}

// Prepare may wait on a network; Execute gets what it found out.
func ExampleCallPrepared() {
	type Deposit struct {
		Account uint32
		Cheque  string
	}
	ask := func(_ context.Context, u records.User, d Deposit) (int64, error) {
		if d.Cheque != "good" {
			return 0, records.Invalid("Cheque", "the other bank does not know it, %s", u.Name)
		}
		return 50, nil
	}
	deposit := func(b *Bank, _ *records.Ctx, d Deposit, amount int64) error {
		return b.Accounts.Put(Account{ID: d.Account, Balance: amount})
	}
	definition := BankRoom()
	definition.Mutations = append(definition.Mutations, records.CallPrepared(ask, deposit))
	play(func(t *testing.T) {
		room := recordstest.New(t, definition)
		ann := room.Join("ann")
		ann.Call(Deposit{1, "good"})
		_, err := ann.TryCall(Deposit{1, "bad"})
		fmt.Println(err)
	})
	// Output:
	// VALIDATION: the other bank does not know it, ann
}

// The text of Authorize reaches the caller word for word; AfterCommit runs
// when the mutation is durable.
func ExampleCalling_Authorize() {
	play(func(t *testing.T) {
		room := board(t)
		ann, bob := room.Join("ann"), room.Join("bob")
		for _, c := range []*recordstest.Client{ann, bob} {
			_, err := c.TryCall(Archive{List: "inbox"})
			fmt.Println(err)
		}
		fmt.Println(string(ann.Call(Archive{List: "old"}).Result))
	})
	// Output:
	// FORBIDDEN: the inbox is never archived
	// FORBIDDEN: the role viewer may not call Archive
	// ann archived old: map[archived:0]
	// {"archived":0}
}

// Grants say what each role reads and writes. Notes are private to each user,
// and nobody reads the audit.
func ExampleOn() {
	play(func(t *testing.T) {
		room := board(t)
		ann, bob := room.Join("ann"), room.Join("bob")
		fmt.Println("a viewer creates a task:", bob.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}))
		fmt.Println("an editor does:", ann.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}))
		fmt.Println("and counts its votes:", ann.Put("Tasks", recordstest.Fields{"ID": "a", "Votes": 1000}))
		if err := ann.Create("Notes", Note{ID: "n", Text: "mine"}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []*recordstest.Client{ann, bob} {
			fmt.Println("notes:", len(recordstest.Subscribe[Note](c, "Notes", query.All()).Rows()))
		}
		recordstest.Subscribe[Record](ann, "Audit", query.All())
		fmt.Println(ann.Refusals()[0].Text)
	})
	// Output:
	// a viewer creates a task: FORBIDDEN: you may not create this record of Tasks
	// an editor does: <nil>
	// and counts its votes: FORBIDDEN: only the server writes Tasks.Votes
	// notes: 1
	// notes: 0
	// the role editor may not read Audit
}

// A record is visible by a value of one of its fields; those who may no longer
// read it lose it at once.
func ExampleVisible() {
	definition := wallRoom(records.Grant[Post]{Visible: records.Visible{Field: "State", Value: "public"}})
	play(func(t *testing.T) {
		room := recordstest.New(t, definition)
		live := recordstest.Subscribe[Post](room.Join("ann"), "Posts", query.All())
		for _, state := range []string{"draft", "public", "withdrawn"} {
			posts(room, Post{ID: "a", State: state, Text: "hello"})
			fmt.Println(state, len(live.Rows()))
		}
	})
	// Output:
	// draft 0
	// public 1
	// withdrawn 0
}

// Events are broadcast when their transaction is durable, and kept nowhere.
func ExampleEvents() {
	play(func(t *testing.T) {
		room := board(t)
		ann, bob := room.Join("ann"), room.Join("bob")
		heard := recordstest.Subscribe[Ping](bob, "Pings", query.All())
		ann.Call(Hello{"lunch?"})
		fmt.Println(heard.Rows())
	})
	// Output:
	// [{ann lunch?}]
}

// A schedule is as durable as records: it runs once, also when the server was
// down at its time.
func ExampleSchedule() {
	play(func(t *testing.T) {
		room := board(t)
		root := room.Join("root")
		if err := root.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}); err != nil {
			t.Fatal(err)
		}
		root.Call(CloseAt{Task: "a", In: 60})
		room.Restart(time.Hour)
		room.View(func(b *Board) {
			task, _ := b.Tasks.Get("a")
			fmt.Println(task.State)
		})
	})
	// Output:
	// closed
}

// Server code writes through the same path as clients do.
func ExampleWrite() {
	play(func(t *testing.T) {
		room := board(t) // in a program: the server, and a room's name such as "tasks/main"
		live := allTasks(room.Join("bob"))
		err := records.Write(context.Background(), room, "test/room", func(b *Board, _ *records.Ctx) error {
			return b.Tasks.Put(Task{ID: "a", Title: "from the server"})
		})
		fmt.Println(titles(live), err)
	})
	// Output:
	// [from the server] <nil>
}

// Additions to the types are taken up by themselves; a field that goes, or
// changes its type, needs a numbered step.
func ExampleRewrite() {
	play(func(t *testing.T) {
		store := peopled(t) // by a program whose Age was a number
		_, err := recordstest.Open(t, peopleRoom[PersonRetyped](2), recordstest.From(store))
		fmt.Println(err)
		step := records.Rewrite(1, "People", func(old Person) (PersonRetyped, error) {
			return PersonRetyped{ID: old.ID, Name: old.Name, Age: fmt.Sprint(old.Age, " years")}, nil
		})
		room := recordstest.New(t, peopleRoom[PersonRetyped](2, step), recordstest.From(store))
		fmt.Println(strings.Join(found(room), "; "))
	})
	// Output:
	// MIGRATION_FAILED: the field People.Age was int32, and is now string; add records.Rewrite
	// a Ann 30 years; b Ann 40 years
}

// A queue that waited for long may hold arguments of an earlier version.
func ExampleFrom() {
	type oldVote struct{ TaskNumber int }
	vote := records.Call((*Board).vote).Upgrade(records.From(1, func(old oldVote) (Vote, error) {
		return Vote{Task: fmt.Sprint("task-", old.TaskNumber)}, nil
	}))
	definition := BoardRoom()
	definition.Version, definition.Mutations[0] = 2, vote
	fmt.Println(records.Define("tasks", definition).Err())
	// Output:
	// <nil>
}

// A mutation that is pushed again gets its receipt again; it does not run.
func Example_exactlyOnce() {
	play(func(t *testing.T) {
		room := bank(t)
		ann := room.Join("ann")
		for _, id := range []uint64{1, 1, 3, 2, 1} {
			_, err := push(ann, room, id)
			fmt.Println(id, err, balances(room)[:2])
		}
	})
	// Output:
	// 1 <nil> [99 101]
	// 1 <nil> [99 101]
	// 3 OUT_OF_ORDER: the mutations before it have not arrived; push from the first one that has no receipt [99 101]
	// 2 <nil> [98 102]
	// 1 <nil> [98 102]
}
