package records_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
)

// Board is a task board: all that its rooms remember.
type Board struct {
	Members records.Collection[string, Member]
	Tasks   records.Collection[string, Task]
	Votes   records.Collection[string, Ballot]
	Notes   records.Collection[string, Note]   // each user sees their own
	Audit   records.Collection[uint64, Record] // the server's alone
	Pings   records.Events[Ping]               // broadcast, never kept
	Closing records.Schedule[CloseTask]        // what is to happen later
}

type Member struct {
	User string `parlor:"key"`
	Role string
}

type Task struct {
	records.Meta
	ID    string `parlor:"key"`
	List  string `parlor:"index,required"`
	Title string `parlor:"required"`
	State string `parlor:"default=open"`
	Votes int    `parlor:"index,server"` // counted by Vote only
	Due   *time.Time
}

// Ballot makes one vote of one user for one task.
type Ballot struct {
	ID   string `parlor:"key"`
	User string `parlor:"unique=once,user"`
	Task string `parlor:"unique=once"`
}

type Note struct {
	ID    string `parlor:"key"`
	Owner string `parlor:"user,index"`
	Text  string
}

type Record struct {
	Number uint64 `parlor:"key,auto"`
	What   string
}

type Ping struct{ From, Text string }

// What users can do, each a type of arguments.
type (
	Vote      struct{ Task string }
	Archive   struct{ List string }
	CloseTask struct{ Task string }
	CloseAt   struct {
		Task string
		In   int // seconds
	}
	Hello struct{ Text string }
)

// BoardRoom is all of the board's rules. A misspelt hook, a handler with a
// wrong signature and a key of a wrong type do not compile.
func BoardRoom() records.Room[Board] {
	return records.Room[Board]{
		Version: 1,
		Roles:   []string{"viewer", "editor", "admin"},
		Role:    (*Board).role,
		Create:  (*Board).create,
		Access: []records.Access[Board]{
			records.On(func(b *Board) *records.Collection[string, Member] { return &b.Members },
				records.Grant[Member]{Read: records.All},
				records.Grant[Member]{Role: "admin", Create: records.All, Update: records.All, Remove: records.All}),
			records.On(func(b *Board) *records.Collection[string, Task] { return &b.Tasks },
				records.Grant[Task]{Role: "viewer", ReadIf: func(_ records.User, t *Task) bool { return t.State != "hidden" }},
				records.Grant[Task]{Role: "editor", Read: records.All, Create: records.All, Update: records.Own, Fields: []string{"List", "Title", "Due"}},
				records.Grant[Task]{Role: "admin", Read: records.All, Create: records.All, Update: records.All, Remove: records.All}),
			records.On(func(b *Board) *records.Collection[string, Note] { return &b.Notes },
				records.Grant[Note]{Read: records.Own, Create: records.Own, Update: records.Own, Remove: records.Own}),
			records.On(func(b *Board) *records.Collection[uint64, Record] { return &b.Audit }), // no grants: the server's
		},
		Mutations: []records.Mutation[Board]{
			records.Call((*Board).vote),
			records.Call((*Board).archive).Roles("editor", "admin").Authorize((*Board).mayArchive).AfterCommit(archived),
			records.Call((*Board).closeAt).Roles("admin"),
			records.Call((*Board).hello),
		},
		Schedules: []records.Scheduled[Board]{
			records.Run(func(b *Board) *records.Schedule[CloseTask] { return &b.Closing }, (*Board).closeTask),
		},
	}
}

// role is asked again for everybody when Members changes.
func (b *Board) role(u records.User) string {
	if m, ok := b.Members.Get(u.ID); ok {
		return m.Role
	}
	return "viewer"
}

func (b *Board) create(*records.Ctx) error { return b.Members.Put(Member{User: "root", Role: "admin"}) }

// vote is one transaction: the ballot and the count, both or neither.
func (b *Board) vote(ctx *records.Ctx, v Vote) error {
	if _, err := b.Votes.Insert(Ballot{ID: ctx.NewID(), Task: v.Task}); err != nil {
		return err // DUPLICATE: one vote for each user and task
	}
	return b.Tasks.Update(v.Task, func(t *Task) { t.Votes++ })
}

// mayArchive refuses with a text that reaches the caller.
func (b *Board) mayArchive(_ *records.Ctx, a Archive) error {
	if a.List == "inbox" {
		return errors.New("the inbox is never archived")
	}
	return nil
}

func (b *Board) archive(ctx *records.Ctx, a Archive) error {
	if a.List == "" {
		return records.Invalid("List", "say which list")
	}
	n := 0
	for id := range b.Tasks.Where(query.Where(query.Eq("List", a.List))) {
		b.Tasks.Delete(id)
		n++
	}
	if _, err := b.Audit.Insert(Record{What: fmt.Sprintf("%s archived %d tasks", ctx.User().ID, n)}); err != nil {
		return err
	}
	ctx.Result(map[string]int{"archived": n})
	return nil
}

// archived runs once the mutation is durable, outside of the room.
func archived(_ context.Context, c records.Committed, a Archive) {
	fmt.Printf("%s archived %s: %v\n", c.User.ID, a.List, c.Result)
}

func (b *Board) closeAt(ctx *records.Ctx, c CloseAt) error {
	b.Closing.Once(c.Task, ctx.Time().Add(time.Duration(c.In)*time.Second), CloseTask{c.Task})
	return nil
}

// closeTask is run by the clock, exactly once, also when the server was down.
func (b *Board) closeTask(_ *records.Ctx, c CloseTask) error {
	err := b.Tasks.Update(c.Task, func(t *Task) { t.State = "closed" })
	if errors.Is(err, records.ErrMissing) {
		return nil
	}
	return err
}

func (b *Board) hello(ctx *records.Ctx, h Hello) error {
	b.Pings.Send(Ping{From: ctx.User().ID, Text: h.Text})
	return nil
}
