package tasks

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

// team is a board with three members and one task of Ed's.
type team struct {
	room          *recordstest.Room[Board]
	ann, ed, vera *recordstest.Client
}

func open(t *testing.T) *team {
	room := recordstest.New(t, Room(0))
	b := &team{room, room.Join("ann"), room.Join("ed"), room.Join("vera")}
	b.ann.Call(Hello{"Ann"})
	b.ed.Call(Hello{"Ed"})
	b.vera.Call(Hello{"Vera"})
	b.ann.Call(SetRole{"vera", viewer})
	b.ed.Call(Add{"t1", "Next", "Paint the menu"})
	return b
}

func (b *team) task(t *testing.T, id string) (task Task) {
	t.Helper()
	b.room.View(func(w *Board) {
		var ok bool
		if task, ok = w.Tasks.Get(id); !ok {
			t.Errorf("there is no task %s", id)
		}
	})
	return task
}

// counts returns how many tasks each list says that it has, where that is not 0.
func (b *team) counts() map[string]int32 {
	counts := make(map[string]int32)
	b.room.View(func(w *Board) {
		for name, l := range w.Lists.All() {
			if l.Tasks != 0 {
				counts[name] = l.Tasks
			}
		}
	})
	return counts
}

func refused(t *testing.T, err error, code schema.Code, text string) {
	t.Helper()
	var e *schema.Error
	if !errors.As(err, &e) || e.Code != code || e.Message != text {
		t.Errorf("refused with %v, want %v %q", err, code, text)
	}
}

func TestFirstMemberIsTheAdminAndOthersAreEditors(t *testing.T) {
	room := recordstest.New(t, Room(0))
	for i, want := range []string{admin, editor, editor} {
		user := fmt.Sprintf("user%d", i)
		c := room.Join(user)
		if c.Opened.Role != editor {
			t.Errorf("%s came as %q", user, c.Opened.Role)
		}
		c.Call(Hello{"Somebody"})
		c.Call(Hello{"Somebody else"}) // changes the name only
		room.View(func(b *Board) {
			if m, _ := b.Members.Get(user); m.Role != want || m.Name != "Somebody else" {
				t.Errorf("%s is %+v, want the role %s", user, m, want)
			}
		})
	}
}

func TestR10_2_ARoleChangeCountsAtOnce(t *testing.T) {
	b := open(t)
	if b.vera.Opened.Role != viewer {
		t.Errorf("vera was told the role %q", b.vera.Opened.Role)
	}
	members := recordstest.Subscribe[Member](b.vera, "Members", query.Where(query.Eq("User", "vera")))
	b.ann.Call(SetRole{"vera", editor})
	if b.vera.Opened.Role != editor || members.Rows()[0].Role != editor {
		t.Errorf("vera was told the role %q, and reads %+v", b.vera.Opened.Role, members.Rows())
	}
	b.vera.Call(Vote{"t1", true})
	if votes := b.task(t, "t1").Votes; votes != 2 {
		t.Errorf("%d votes, want Ed's and Vera's", votes)
	}
}

func TestR6_3_ViewersAreRefusedWordForWord(t *testing.T) {
	b := open(t)
	for _, args := range []any{Add{"t2", "Next", "Mine"}, Rename{"t1", "Mine"}, Finish{"t1", true}, Move{"t1", "Bugs"}, Remove{"t1"}, Vote{"t1", true}} {
		_, err := b.vera.TryCall(args)
		refused(t, err, schema.CodeForbidden, "viewers only look; ask an admin to become an editor")
	}
	for _, c := range []*recordstest.Client{b.vera, b.ed} {
		_, err := c.TryCall(SetRole{"vera", admin})
		refused(t, err, schema.CodeForbidden, "only admins say who does what")
	}
	if task := b.task(t, "t1"); task.Title != "Paint the menu" || task.List != "Next" || task.Done || task.Votes != 1 {
		t.Errorf("a viewer left %+v", task)
	}
}

func TestOnlyAuthorsAndAdminsRemoveTasks(t *testing.T) {
	b := open(t)
	b.ann.Call(Add{"t2", "Next", "Ann's own"})
	_, err := b.ed.TryCall(Remove{"t2"})
	refused(t, err, schema.CodeForbidden, "only its author or an admin removes a task")
	b.ed.Call(Remove{"t1"})
	b.ann.Call(Remove{"t2"})
	b.ed.Call(Remove{"t2"}) // is gone: that is what was asked for
	if counts := b.counts(); len(counts) != 0 {
		t.Errorf("lists still count %v", counts)
	}
}

func TestTheBoardKeepsAnAdmin(t *testing.T) {
	b := open(t)
	_, err := b.ann.TryCall(SetRole{"ann", editor})
	refused(t, err, schema.CodeValidation, "the board needs an admin: name another one first")
	b.ann.Call(SetRole{"ed", admin})
	b.ann.Call(SetRole{"ann", viewer})
	if b.ann.Opened.Role != viewer {
		t.Errorf("ann is still %q", b.ann.Opened.Role)
	}
}

func TestEachUserVotesOnce(t *testing.T) {
	b := open(t)
	for _, step := range []struct {
		by   *recordstest.Client
		want bool
		sum  int32
	}{
		{b.ed, true, 1}, // by adding it
		{b.ann, true, 2},
		{b.ann, true, 2},
		{b.ann, false, 1},
		{b.ann, false, 1},
		{b.ed, false, 0},
		{b.ann, true, 1},
	} {
		step.by.Call(Vote{"t1", step.want})
		if votes := b.task(t, "t1").Votes; votes != step.sum {
			t.Fatalf("%d votes, want %d", votes, step.sum)
		}
	}
	ballots := recordstest.Subscribe[Ballot](b.ann, "Ballots", query.All())
	if rows := ballots.Rows(); len(rows) != 1 || rows[0].User != "ann" {
		t.Errorf("ann reads the ballots %+v", rows)
	}
}

func TestVotesReorderALimitedWindow(t *testing.T) {
	b := open(t)
	for i := range 9 {
		b.ed.Call(Add{fmt.Sprintf("u%d", i), "Next", "Another"})
	}
	top := recordstest.Subscribe[Task](b.vera, "Tasks", query.Where(query.Eq("List", "Next")).By("Votes", query.Desc).Take(3))
	b.ann.Call(Vote{"u0", true})
	if rows := top.Rows(); len(rows) != 3 || rows[0].ID != "u0" || top.Most() > 4 {
		t.Errorf("the top is %+v, and %d were held", rows, top.Most())
	}
	b.ed.Call(Remove{"u0"})
	if rows := top.Rows(); len(rows) != 3 || rows[0].ID == "u0" {
		t.Errorf("after the removal the top is %+v", rows)
	}
}

func TestR10_4_NotesAreTheirOwnersOnly(t *testing.T) {
	b := open(t)
	anns := recordstest.Subscribe[Note](b.ann, "Notes", query.All())
	eds := recordstest.Subscribe[Note](b.ed, "Notes", query.All())
	put := func(c *recordstest.Client, id, text string) error {
		return c.Put("Notes", recordstest.Fields{"ID": id, "Task": "t1", "Text": text})
	}
	if err := errors.Join(put(b.ann, "t1 ann", "ask Ed"), put(b.ed, "t1 ed", "ask Ann"), put(b.vera, "t1 vera", "viewers have notes too")); err != nil {
		t.Fatal(err)
	}
	if err := put(b.ann, "t1 ann", "ask Ed again"); err != nil {
		t.Fatal(err)
	}
	for _, own := range []struct {
		rows []Note
		text string
	}{{anns.Rows(), "ask Ed again"}, {eds.Rows(), "ask Ann"}} {
		if len(own.rows) != 1 || own.rows[0].Text != own.text {
			t.Errorf("reads %+v, want %q alone", own.rows, own.text)
		}
	}
	for _, id := range []string{"t1 ann", "t1 bob", "t1"} {
		if err := put(b.ed, id, "mine now"); err == nil {
			t.Errorf("Ed wrote the note %q", id)
		}
	}
	b.ed.Call(Remove{"t1"})
	if n := len(anns.Rows()) + len(eds.Rows()); n != 0 {
		t.Errorf("%d notes outlived their task", n)
	}
}

func TestListsCountTheirTasks(t *testing.T) {
	b := open(t)
	b.ed.Call(Add{"t2", "Next", "Another"})
	b.ed.Call(Move{"t1", "Bugs"})
	b.ed.Call(Move{"t1", "Bugs"})
	if got := fmt.Sprint(b.counts()); got != "map[Bugs:1 Next:1]" {
		t.Errorf("counts %s", got)
	}
	_, err := b.ed.TryCall(Move{"t1", "Nowhere"})
	refused(t, err, schema.CodeValidation, "there is no such list")
	if got := fmt.Sprint(b.counts()); got != "map[Bugs:1 Next:1]" {
		t.Errorf("a refused move left %s", got)
	}
}

func TestWhatIsGoneIsNotChanged(t *testing.T) {
	b := open(t)
	b.ann.Call(Remove{"t1"})
	for _, args := range []any{Rename{"t1", "Mine"}, Finish{"t1", true}, Move{"t1", "Bugs"}, Vote{"t1", true}} {
		_, err := b.ed.TryCall(args)
		refused(t, err, schema.CodeValidation, "the task is gone")
	}
	if err := b.ed.Put("Tasks", recordstest.Fields{"ID": "t1", "Title": "Back"}); err == nil {
		t.Error("a built-in write brought a task back")
	}
}

func TestTextsAreChecked(t *testing.T) {
	b := open(t)
	for _, bad := range []any{
		Hello{""}, Hello{strings.Repeat("é", 41)}, Add{"", "Next", "x"}, Add{strings.Repeat("i", 65), "Next", "x"},
		Add{"t2", "Next", ""}, Add{"t2", "Nowhere", "x"}, Rename{"t1", strings.Repeat("x", 201)}, SetRole{"ed", "king"}, SetRole{"nobody", viewer},
	} {
		var e *schema.Error
		if _, err := b.ann.TryCall(bad); !errors.As(err, &e) || e.Code != schema.CodeValidation {
			t.Errorf("%T%+v: %v", bad, bad, err)
		}
	}
	b.ann.Call(Hello{strings.Repeat("é", 40)})
	_, err := b.ed.TryCall(Add{"t1", "Next", "Twice"})
	var e *schema.Error
	if !errors.As(err, &e) || e.Code != schema.CodeDuplicate {
		t.Errorf("the same ID again: %v", err)
	}
}

func TestExamplesFillTheListsAndSurviveARestart(t *testing.T) {
	room := recordstest.New(t, Room(5_000))
	room.Join("ann").Call(Hello{"Ann"})
	room.Restart(time.Hour)
	room.View(func(b *Board) {
		for name, l := range b.Lists.All() {
			n := 0
			for range b.Tasks.Where(query.Where(query.Eq("List", name))) {
				n++
			}
			if n != 1_000 || l.Tasks != 1_000 {
				t.Errorf("%s has %d tasks and says %d", name, n, l.Tasks)
			}
		}
		if b.Lists.Len() != 5 || b.Members.Len() != 1 {
			t.Errorf("%d lists, %d members", b.Lists.Len(), b.Members.Len())
		}
	})
}
