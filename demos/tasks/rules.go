// Package tasks is a task board that a team shares: lists, votes, private
// notes, roles. This file is all of its rules; the page in web works offline
// and catches up when it is back.
package tasks

import (
	"errors"
	"fmt"

	"github.com/parlor-server/parlor/persistence/records"
)

// The roles. Who comes first is the admin; others are editors until the admin
// says otherwise.
const (
	viewer = "viewer"
	editor = "editor"
	admin  = "admin"
)

// Task is one line of the board.
type Task struct {
	ID     string `parlor:"key"`
	List   string `parlor:"index,required"`
	Title  string `parlor:"required"`
	Done   bool
	Votes  int32  `parlor:"index,server"` // counted by the mutation Vote
	Author string `parlor:"user"`
	records.Meta
}

// Ballot says that a user is for a task.
type Ballot struct {
	ID   string `parlor:"key"` // task and user
	Task string `parlor:"index"`
	User string `parlor:"user"`
}

// Note is what a user writes to a task for no other eyes.
type Note struct {
	ID    string `parlor:"key"`
	Task  string `parlor:"index"`
	Text  string
	Owner string `parlor:"user"`
}

// Member is somebody on the board.
type Member struct {
	User string `parlor:"key"`
	Name string
	Role string
}

// Board is all that the room remembers.
type Board struct {
	Tasks   records.Collection[string, Task]
	Ballots records.Collection[string, Ballot]
	Notes   records.Collection[string, Note]
	Members records.Collection[string, Member]
}

// What clients ask for, beside creating, changing and removing records.
type (
	// Hello says who one is.
	Hello struct{ Name string }
	// Vote is for a task, or no longer.
	Vote struct {
		Task string
		For  bool
	}
	// SetRole is for admins.
	SetRole struct{ User, Role string }
)

// Room is a board that begins with examples.
func Room(examples int) records.Room[Board] {
	tasks := func(b *Board) *records.Collection[string, Task] { return &b.Tasks }
	return records.Room[Board]{
		Version: 1,
		Roles:   []string{viewer, editor, admin},
		Role:    (*Board).role,
		Create:  func(b *Board, ctx *records.Ctx) error { return b.fill(ctx, examples) },
		Access: []records.Access[Board]{
			records.On(tasks,
				records.Grant[Task]{Role: viewer, Read: records.All},
				records.Grant[Task]{Role: editor, Read: records.All, Create: records.All, Update: records.All, Remove: records.Own},
				records.Grant[Task]{Role: admin, Read: records.All, Create: records.All, Update: records.All, Remove: records.All}),
			records.On(func(b *Board) *records.Collection[string, Ballot] { return &b.Ballots },
				records.Grant[Ballot]{Read: records.Own}),
			records.On(func(b *Board) *records.Collection[string, Note] { return &b.Notes },
				records.Grant[Note]{Read: records.Own, Create: records.All, Update: records.Own, Remove: records.Own}),
			records.On(func(b *Board) *records.Collection[string, Member] { return &b.Members },
				records.Grant[Member]{Read: records.All}),
		},
		Mutations: []records.Mutation[Board]{
			records.Call((*Board).hello),
			records.Call((*Board).vote).Authorize((*Board).mayVote),
			records.Call((*Board).setRole).Roles(admin),
		},
	}
}

func (b *Board) role(u records.User) string {
	if m, ok := b.Members.Get(u.ID); ok {
		return m.Role
	}
	return editor
}

func (b *Board) hello(ctx *records.Ctx, h Hello) error {
	m, known := b.Members.Get(ctx.User().ID)
	if !known {
		m = Member{User: ctx.User().ID, Role: editor}
		if b.Members.Len() == 0 {
			m.Role = admin
		}
	}
	if m.Name = h.Name; len(m.Name) > 40 {
		return records.Invalid("Name", "a name has 40 letters at most")
	}
	return b.Members.Put(m)
}

func (b *Board) mayVote(ctx *records.Ctx, _ Vote) error {
	if ctx.Role() == viewer {
		return errors.New("viewers do not vote")
	}
	return nil
}

// vote counts each user once for each task, however often it is said.
func (b *Board) vote(ctx *records.Ctx, v Vote) error {
	id := v.Task + " " + ctx.User().ID
	if !b.Tasks.Has(v.Task) {
		return records.Invalid("Task", "the task is gone")
	}
	change := int32(1)
	if v.For {
		if b.Ballots.Has(id) {
			return nil
		}
		if _, err := b.Ballots.Insert(Ballot{ID: id, Task: v.Task, User: ctx.User().ID}); err != nil {
			return err
		}
	} else if change = -1; !b.Ballots.Delete(id) {
		return nil
	}
	return b.Tasks.Update(v.Task, func(t *Task) { t.Votes += change })
}

func (b *Board) setRole(_ *records.Ctx, s SetRole) error {
	if s.Role != viewer && s.Role != editor && s.Role != admin {
		return records.Invalid("Role", "a role is viewer, editor or admin")
	}
	return b.Members.Update(s.User, func(m *Member) { m.Role = s.Role })
}

// fill makes examples, so that there is something to scroll.
func (b *Board) fill(ctx *records.Ctx, examples int) error {
	for i := range examples {
		_, err := b.Tasks.Insert(Task{
			ID:    fmt.Sprintf("example-%05d", i),
			List:  lists[i%len(lists)],
			Title: fmt.Sprintf("%s the %s", verbs[i/len(things)%len(verbs)], things[i%len(things)]),
			Done:  ctx.Rand().IntN(5) == 0,
			Votes: int32(ctx.Rand().IntN(20)) * int32(ctx.Rand().IntN(10)),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

var (
	lists  = [...]string{"Ideas", "Next", "Doing", "Bugs", "Someday"}
	verbs  = [...]string{"Paint", "Tune", "Polish", "Rewrite", "Test", "Ship", "Explain", "Shorten", "Record", "Measure", "Light", "Animate"}
	things = [...]string{"menu", "tutorial", "boss fight", "trailer", "credits", "jump", "camera", "lobby", "save file",
		"leaderboard", "intro", "shop", "footsteps", "sky", "loading screen", "map", "icon", "dialogue", "chest", "water"}
)
