// Package tasks is a task board that a team shares: lists, votes, private
// notes, roles. This file is all of its rules; the page in web works offline
// and catches up when it is back.
package tasks

import (
	"errors"
	"unicode/utf8"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
)

// The roles. Who comes first is the admin; others are editors until an admin
// says otherwise.
const (
	viewer = "viewer"
	editor = "editor"
	admin  = "admin"
)

// In characters, unless it says otherwise.
const (
	maxName  = 40
	maxTitle = 200
	maxBytes = 64 // of a task's ID

	// maxOperations bounds one mutation: a task takes its ballots with it.
	maxOperations = 1_000
)

// List is one list of the board.
type List struct {
	Name  string `parlor:"key"`
	Place int32  // from the left
	Tasks int32  // that are in it
}

// Task is one line of a list. Lists are read in the order of votes.
type Task struct {
	ID    string `parlor:"key"`
	List  string `parlor:"index=top"`
	Votes int32  `parlor:"index=top"`
	Title string
	Done  bool
	records.Meta
}

// Ballot says that a user is for a task.
type Ballot struct {
	ID   string `parlor:"key"` // task and user
	Task string `parlor:"index"`
	User string `parlor:"user"`
}

// Note is what a user writes to a task, for no other eyes.
type Note struct {
	ID    string `parlor:"key"` // task and user
	Task  string `parlor:"index,required,immutable"`
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
	Lists   records.Collection[string, List]
	Tasks   records.Collection[string, Task]
	Ballots records.Collection[string, Ballot]
	Notes   records.Collection[string, Note]
	Members records.Collection[string, Member]
}

// What clients ask for. Notes they write as they like: a note is its owner's
// own.
type (
	// Hello says who one is.
	Hello struct{ Name string }
	// Add puts a new task into a list. Its author is for it.
	Add struct{ ID, List, Title string }
	// Rename gives a task another title.
	Rename struct{ Task, Title string }
	// Finish says that a task is done, or that it is not.
	Finish struct {
		Task string
		Done bool
	}
	// Move puts a task into another list.
	Move struct{ Task, List string }
	// Remove takes a task away, with all that was said about it.
	Remove struct{ Task string }
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
	return records.Room[Board]{
		Version: 1,
		Roles:   []string{viewer, editor, admin},
		Role:    (*Board).role,
		Create:  func(b *Board, ctx *records.Ctx) error { return b.fill(ctx, examples) },
		Limits:  records.Limits{Operations: maxOperations},
		Access: []records.Access[Board]{
			records.On(func(b *Board) *records.Collection[string, Ballot] { return &b.Ballots },
				records.Grant[Ballot]{Read: records.Own}),
			records.On(func(b *Board) *records.Collection[string, Note] { return &b.Notes },
				records.Grant[Note]{Read: records.Own, CreateIf: isOwn, Update: records.Own, Remove: records.Own}),
		}, // the other collections everybody reads, and nobody writes
		Mutations: []records.Mutation[Board]{
			records.Call((*Board).hello),
			records.Call((*Board).add).Authorize(mayEdit[Add]),
			records.Call((*Board).rename).Authorize(mayEdit[Rename]),
			records.Call((*Board).finish).Authorize(mayEdit[Finish]),
			records.Call((*Board).move).Authorize(mayEdit[Move]),
			records.Call((*Board).remove).Authorize((*Board).mayRemove),
			records.Call((*Board).vote).Authorize(mayEdit[Vote]),
			records.Call((*Board).setRole).Authorize(mayRule[SetRole]),
		},
	}
}

func (b *Board) role(u records.User) string {
	if m, ok := b.Members.Get(u.ID); ok {
		return m.Role
	}
	return editor
}

// isOwn leaves the IDs of other users' notes to them.
func isOwn(u records.User, n *Note) bool { return n.ID == n.Task+" "+u.ID }

func mayEdit[A any](_ *Board, ctx *records.Ctx, _ A) error {
	if ctx.Role() == viewer {
		return errors.New("viewers only look; ask an admin to become an editor")
	}
	return nil
}

func mayRule[A any](_ *Board, ctx *records.Ctx, _ A) error {
	if ctx.Role() != admin {
		return errors.New("only admins say who does what")
	}
	return nil
}

func (b *Board) mayRemove(ctx *records.Ctx, r Remove) error {
	if err := mayEdit(b, ctx, r); err != nil {
		return err
	}
	t, ok := b.Tasks.Get(r.Task)
	if ok && t.CreatedBy != ctx.User().ID && ctx.Role() != admin {
		return errors.New("only its author or an admin removes a task")
	}
	return nil
}

func (b *Board) hello(ctx *records.Ctx, h Hello) error {
	if err := text("Name", h.Name, maxName); err != nil {
		return err
	}
	m, known := b.Members.Get(ctx.User().ID)
	if !known {
		m = Member{User: ctx.User().ID, Role: editor}
		if b.Members.Len() == 0 {
			m.Role = admin
		}
	}
	m.Name = h.Name
	return b.Members.Put(m)
}

func (b *Board) add(ctx *records.Ctx, a Add) error {
	if a.ID == "" || len(a.ID) > maxBytes {
		return records.Invalid("ID", "an ID has 1 to %d bytes", maxBytes)
	}
	if err := text("Title", a.Title, maxTitle); err != nil {
		return err
	}
	if err := b.count(a.List, 1); err != nil {
		return err
	}
	if _, err := b.Tasks.Insert(Task{ID: a.ID, List: a.List, Title: a.Title}); err != nil {
		return err
	}
	return b.vote(ctx, Vote{Task: a.ID, For: true})
}

func (b *Board) rename(_ *records.Ctx, r Rename) error {
	if err := text("Title", r.Title, maxTitle); err != nil {
		return err
	}
	return b.change(r.Task, func(t *Task) { t.Title = r.Title })
}

func (b *Board) finish(_ *records.Ctx, f Finish) error {
	return b.change(f.Task, func(t *Task) { t.Done = f.Done })
}

func (b *Board) move(_ *records.Ctx, m Move) error {
	t, ok := b.Tasks.Get(m.Task)
	if !ok {
		return errGone
	}
	if err := b.count(t.List, -1); err != nil {
		return err
	}
	if err := b.count(m.List, 1); err != nil {
		return err
	}
	return b.change(m.Task, func(t *Task) { t.List = m.List })
}

// remove succeeds if the task is gone already: that is what was asked for.
func (b *Board) remove(_ *records.Ctx, r Remove) error {
	t, ok := b.Tasks.Get(r.Task)
	if !ok {
		return nil
	}
	of := query.Where(query.Eq("Task", r.Task))
	for id := range b.Ballots.Where(of) {
		b.Ballots.Delete(id)
	}
	for id := range b.Notes.Where(of) {
		b.Notes.Delete(id)
	}
	b.Tasks.Delete(r.Task)
	return b.count(t.List, -1)
}

// vote counts each user once for each task, however often it is said.
func (b *Board) vote(ctx *records.Ctx, v Vote) error {
	if !b.Tasks.Has(v.Task) {
		return errGone
	}
	id := v.Task + " " + ctx.User().ID
	if v.For == b.Ballots.Has(id) {
		return nil
	}
	if !v.For {
		b.Ballots.Delete(id)
		return b.change(v.Task, func(t *Task) { t.Votes-- })
	}
	if _, err := b.Ballots.Insert(Ballot{ID: id, Task: v.Task, User: ctx.User().ID}); err != nil {
		return err
	}
	return b.change(v.Task, func(t *Task) { t.Votes++ })
}

func (b *Board) setRole(_ *records.Ctx, s SetRole) error {
	if s.Role != viewer && s.Role != editor && s.Role != admin {
		return records.Invalid("Role", "a role is viewer, editor or admin")
	}
	m, ok := b.Members.Get(s.User)
	if !ok {
		return records.Invalid("User", "there is no such member")
	}
	if m.Role = s.Role; m.Role != admin && !b.hasAdminBeside(s.User) {
		return records.Invalid("Role", "the board needs an admin: name another one first")
	}
	return b.Members.Put(m)
}

func (b *Board) hasAdminBeside(user string) bool {
	for _, m := range b.Members.All() {
		if m.User != user && m.Role == admin {
			return true
		}
	}
	return false
}

var errGone = records.Invalid("Task", "the task is gone")

func (b *Board) change(task string, change func(t *Task)) error {
	if !b.Tasks.Has(task) {
		return errGone
	}
	return b.Tasks.Update(task, change)
}

// count says that a list has more or fewer tasks.
func (b *Board) count(list string, change int32) error {
	if !b.Lists.Has(list) {
		return records.Invalid("List", "there is no such list")
	}
	return b.Lists.Update(list, func(l *List) { l.Tasks += change })
}

func text(field, s string, most int) error {
	if n := utf8.RuneCountInString(s); n == 0 || n > most {
		return records.Invalid(field, "%s has 1 to %d characters", field, most)
	}
	return nil
}
