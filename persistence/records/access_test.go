package records_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
)

// Wall has a collection for each way of saying who may read.
type Wall struct {
	People records.Collection[string, Member]
	Posts  records.Collection[string, Post]
	Calls  records.Events[Ring]
}

type Post struct {
	ID    string `parlor:"key"`
	State string `parlor:"index"`
	Team  string
	Text  string
}

type Ring struct {
	To   string `parlor:"user"`
	Text string
}

func wallRoom(grants ...records.Grant[Post]) records.Room[Wall] {
	return records.Room[Wall]{
		Roles: []string{"guest", "member", "chief"},
		Role: func(w *Wall, u records.User) string {
			if u.ID == "banned" {
				return ""
			}
			if p, ok := w.People.Get(u.ID); ok {
				return p.Role
			}
			return "guest"
		},
		Access: []records.Access[Wall]{
			records.On(func(w *Wall) *records.Collection[string, Post] { return &w.Posts }, grants...),
			records.OnEvents(func(w *Wall) *records.Events[Ring] { return &w.Calls }, records.Hear[Ring]{Read: records.Own}),
		},
	}
}

func posts(room *recordstest.Room[Wall], list ...Post) {
	room.Write(func(w *Wall, _ *records.Ctx) error {
		for _, p := range list {
			if err := w.Posts.Put(p); err != nil {
				return err
			}
		}
		return nil
	})
}

// ids are those of the posts that a client sees.
func ids(l *recordstest.Live[Post]) (list []string) {
	for _, p := range l.Rows() {
		list = append(list, p.ID)
	}
	return list
}

func TestR10_1_WhoReadsWhat(t *testing.T) {
	room := recordstest.New(t, wallRoom(
		records.Grant[Post]{Role: "guest", Visible: records.Visible{Field: "State", Value: "public"}},
		records.Grant[Post]{Role: "member", Read: records.Own, Create: records.All,
			ReadIf: func(u records.User, p *Post) bool { return p.Team == "team of "+u.ID }},
		records.Grant[Post]{Role: "chief", Read: records.All},
	))
	room.Write(func(w *Wall, _ *records.Ctx) error {
		return errors.Join(w.People.Put(Member{"mia", "member"}), w.People.Put(Member{"max", "member"}), w.People.Put(Member{"cleo", "chief"}))
	})
	posts(room, Post{ID: "a", State: "public"}, Post{ID: "b", State: "private"}, Post{ID: "c", Team: "team of max"})
	mia := room.Join("mia")
	if err := mia.Create("Posts", Post{ID: "d"}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		user string
		want string
	}{{"guest", "a"}, {"mia", "d"}, {"max", "c"}, {"cleo", "a b c d"}} {
		c := room.Join(test.user)
		l := recordstest.Subscribe[Post](c, "Posts", query.All())
		if got := strings.Join(ids(l), " "); got != test.want {
			t.Errorf("%s sees %q, want %q", test.user, got, test.want)
		}
		posts(room, Post{ID: "e", State: "private", Text: "new"}, Post{ID: "f", State: "public", Team: "team of max"})
		want := map[string]string{"guest": "a f", "mia": "d", "max": "c f", "cleo": "a b c d e f"}[test.user]
		if got := strings.Join(ids(l), " "); got != want {
			t.Errorf("%s sees %q after a write, want %q", test.user, got, want)
		}
		rows, err := room.Query(test.user, "Posts", query.All())
		if err != nil || len(rows) != len(strings.Fields(want)) {
			t.Errorf("%s reads %v over HTTP, %v", test.user, rows, err)
		}
		room.Write(func(w *Wall, _ *records.Ctx) error { w.Posts.Delete("e"); w.Posts.Delete("f"); return nil })
		if got := strings.Join(ids(l), " "); got != test.want {
			t.Errorf("%s sees %q at the end, want %q", test.user, got, test.want)
		}
	}
}

func TestR10_1_NothingIsRead(t *testing.T) {
	room := recordstest.New(t, wallRoom())
	posts(room, Post{ID: "a"})
	c := room.Join("guest")
	recordstest.Subscribe[Post](c, "Posts", query.All())
	if got := c.Refusals(); len(got) != 1 || got[0].Code != schema.CodeForbidden || got[0].ID != 1 {
		t.Errorf("the refusals are %v", got)
	}
	_, err := room.Query("guest", "Posts", query.All())
	refused(t, err, schema.CodeForbidden)
	if rows, err := room.Query("", "Posts", query.All()); err != nil || len(rows) != 1 {
		t.Errorf("an operator reads %v, %v", rows, err)
	}
	_, err = room.TryJoin("banned")
	refused(t, err, schema.CodeForbidden)
	_, err = room.Query("banned", "People", query.All())
	refused(t, err, schema.CodeForbidden)
}

func TestR10_1_WhoWritesWhat(t *testing.T) {
	room := board(t)
	ann, bob, root := room.Join("ann"), room.Join("bob"), room.Join("root")
	type fields = recordstest.Fields
	if err := root.Create("Tasks", Task{ID: "r", List: "l", Title: "R"}); err != nil {
		t.Fatal(err)
	}
	if err := ann.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name string
		err  error
	}{
		{"a viewer creates", bob.Create("Tasks", Task{ID: "b", List: "l", Title: "B"})},
		{"a viewer updates", bob.Put("Tasks", fields{"ID": "a", "Title": "B"})},
		{"a viewer removes", bob.Remove("Tasks", Task{ID: "a"})},
		{"an editor updates another's", ann.Put("Tasks", fields{"ID": "r", "Title": "B"})},
		{"an editor removes", ann.Remove("Tasks", Task{ID: "a"})},
		{"an editor writes a field that only admins do", ann.Put("Tasks", fields{"ID": "a", "State": "hidden"})},
		{"an admin writes a server field", root.Put("Tasks", fields{"ID": "a", "Votes": 99})},
		{"a member is made by an editor", ann.Create("Members", Member{"ann", "admin"})},
		{"a ballot is made by hand", ann.Create("Votes", Ballot{ID: "1"})},
		{"a note of another", ann.Create("Notes", fields{"ID": "n", "Owner": "bob"})},
	} {
		if code(test.err) != schema.CodeForbidden {
			t.Errorf("%s: %v", test.name, test.err)
		}
	}
	for _, err := range []error{
		ann.Put("Tasks", fields{"ID": "a", "Title": "mine"}), root.Put("Tasks", fields{"ID": "a", "State": "hidden"}), root.Remove("Tasks", Task{ID: "a"}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestR10_1_RulesOfWrites(t *testing.T) {
	open := func(_ records.User, p *Post) bool { return p.State != "closed" }
	room := recordstest.New(t, wallRoom(records.Grant[Post]{
		Read: records.All, CreateIf: open, UpdateIf: open,
		RemoveIf: func(u records.User, p *Post) bool { return p.Text == u.ID },
	}))
	c := room.Join("ann")
	type fields = recordstest.Fields
	for _, err := range []error{c.Create("Posts", Post{ID: "a"}), c.Create("Posts", Post{ID: "b", Text: "ann"}), c.Put("Posts", fields{"ID": "a", "Text": "x"}), c.Remove("Posts", Post{ID: "b"})} {
		if err != nil {
			t.Fatal(err)
		}
	}
	posts(room, Post{ID: "c", State: "closed"})
	for name, err := range map[string]error{
		"a create that the rule denies": c.Create("Posts", Post{ID: "d", State: "closed"}),
		"an update of what it denies":   c.Put("Posts", fields{"ID": "c", "State": ""}),
		"an update to what it denies":   c.Put("Posts", fields{"ID": "a", "State": "closed"}),
		"a remove that it denies":       c.Remove("Posts", Post{ID: "a"}),
	} {
		if code(err) != schema.CodeForbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestR10_2_ARecordSetPrivate(t *testing.T) {
	room := recordstest.New(t, wallRoom(
		records.Grant[Post]{Role: "guest", Visible: records.Visible{Field: "State", Value: "public"}},
		records.Grant[Post]{Role: "chief", ReadIf: func(_ records.User, p *Post) bool { return p.State == "private" }},
	))
	room.Write(func(w *Wall, _ *records.Ctx) error { return w.People.Put(Member{"cleo", "chief"}) })
	posts(room, Post{ID: "a", State: "public", Text: "hello"})
	guest, cleo := room.Join("guest"), room.Join("cleo")
	theirs, hers := recordstest.Subscribe[Post](guest, "Posts", query.All()), recordstest.Subscribe[Post](cleo, "Posts", query.All())
	guest.Trace()
	cleo.Trace()
	posts(room, Post{ID: "a", State: "private", Text: "secret"})
	equal(t, "who loses access gets", guest.Trace(), "delta 1 leave")
	equal(t, "who gains it gets", cleo.Trace(), "delta 1 enter")
	if len(theirs.Rows()) != 0 || hers.Rows()[0].Text != "secret" {
		t.Errorf("they see %v and %v", theirs.Rows(), hers.Rows())
	}
	room.Write(func(w *Wall, _ *records.Ctx) error { w.Posts.Delete("a"); return nil })
	equal(t, "of a delete who does not hold it gets", guest.Trace())
	equal(t, "and who does", cleo.Trace(), "delta 1 leave")
}

func TestR10_2_ARoleChangeShowsAndHidesAtOnce(t *testing.T) {
	room := board(t)
	room.Write(func(b *Board, _ *records.Ctx) error {
		return errors.Join(b.Tasks.Put(Task{ID: "a", Title: "A"}), b.Tasks.Put(Task{ID: "h", Title: "H", State: "hidden"}))
	})
	bob := room.Join("bob")
	live := allTasks(bob)
	equal(t, "a viewer sees", titles(live), "A")
	room.Write(func(b *Board, _ *records.Ctx) error { return b.Members.Put(Member{"bob", "editor"}) })
	equal(t, "an editor sees", titles(live), "A", "H")
	if bob.Opened.Role != "editor" {
		t.Errorf("bob was not told: %+v", bob.Opened)
	}
	bob.Trace()
	// The same transaction takes the role and writes what a viewer must not see.
	room.Write(func(b *Board, _ *records.Ctx) error {
		return errors.Join(b.Members.Put(Member{"bob", "viewer"}), b.Tasks.Put(Task{ID: "i", Title: "secret", State: "hidden"}))
	})
	equal(t, "a viewer again sees", titles(live), "A")
	equal(t, "and got", bob.Trace(), "opened as viewer", "delta 1 leave")
	refused(t, bob.Create("Tasks", Task{ID: "n", List: "l", Title: "N"}), schema.CodeForbidden)
}

func TestR10_2_WhoLosesEveryRoleIsPutOut(t *testing.T) {
	definition := wallRoom(records.Grant[Post]{Read: records.All})
	definition.Role = func(w *Wall, u records.User) string {
		p, _ := w.People.Get(u.ID)
		return p.Role
	}
	room := recordstest.New(t, definition)
	room.Write(func(w *Wall, _ *records.Ctx) error { return w.People.Put(Member{"ann", "guest"}) })
	ann := room.Join("ann")
	live := recordstest.Subscribe[Post](ann, "Posts", query.All())
	room.Write(func(w *Wall, _ *records.Ctx) error {
		w.People.Delete("ann")
		return w.Posts.Put(Post{ID: "a"})
	})
	if !ann.Left || len(live.Rows()) != 0 {
		t.Errorf("ann is in the room, and sees %v", live.Rows())
	}
	_, err := room.TryJoin("ann")
	refused(t, err, schema.CodeForbidden)
}

func TestR10_2_NewClaimsAreANewReader(t *testing.T) {
	definition := wallRoom(records.Grant[Post]{ReadIf: func(u records.User, p *Post) bool { return u.Claims["team"] == p.Team }})
	room := recordstest.New(t, definition)
	posts(room, Post{ID: "a", Team: "red"}, Post{ID: "b", Team: "blue"})
	ann, err := room.Attach(records.Attach{User: records.User{ID: "ann", Claims: map[string]any{"team": "red"}}})
	if err != nil {
		t.Fatal(err)
	}
	live := recordstest.Subscribe[Post](ann, "Posts", query.All())
	equal(t, "red sees", ids(live), "a")
	ann.Renew(map[string]any{"team": "blue"})
	equal(t, "blue sees", ids(live), "b")
}

func TestR10_3_ALimitCountsReadableRecords(t *testing.T) {
	definition := wallRoom(records.Grant[Post]{Role: "guest", Visible: records.Visible{Field: "State", Value: "public"}})
	definition.Limits.Scan = 50
	room := recordstest.New(t, definition)
	var list []Post
	for i := range 20 {
		list = append(list, Post{ID: string(rune('a' + i)), State: map[bool]string{true: "public", false: "private"}[i%5 == 4]})
	}
	posts(room, list...)
	guest := room.Join("guest")
	q := query.All().By("ID").Take(3)
	live := recordstest.Subscribe[Post](guest, "Posts", q)
	equal(t, "the first three readable", ids(live), "e", "j", "o")
	rows, err := room.Query("guest", "Posts", q.Skip(1))
	if err != nil || len(rows) != 3 || !strings.Contains(rows[0], `"j"`) || !strings.Contains(rows[2], `"t"`) {
		t.Errorf("over HTTP: %v, %v", rows, err)
	}
	for i := range 60 {
		posts(room, Post{ID: "z" + string(rune('A'+i))})
	}
	capped := recordstest.Subscribe[Post](guest, "Posts", query.Where(query.Eq("Team", "")))
	if !capped.Capped() {
		t.Error("a query that ended at the scan limit does not say so")
	}
	if live.Capped() {
		t.Error("a query that found all that it wants says that it was capped")
	}
}

func TestR10_4_ThreePartitions(t *testing.T) {
	type Play struct{ Card string }
	definition := BoardRoom()
	definition.Mutations = append(definition.Mutations, records.Call(func(b *Board, ctx *records.Ctx, p Play) error {
		_, err := b.Audit.Insert(Record{What: p.Card})
		return errors.Join(err,
			b.Tasks.Put(Task{ID: p.Card, Title: "somebody played"}),
			b.Notes.Put(Note{ID: ctx.User().ID, Text: "I have " + p.Card}))
	}))
	room := recordstest.New(t, definition)
	ann, bob := room.Join("ann"), room.Join("bob")
	notes := map[*recordstest.Client]*recordstest.Live[Note]{}
	tasks := map[*recordstest.Client]*recordstest.Live[Task]{}
	for _, c := range []*recordstest.Client{ann, bob} {
		notes[c] = recordstest.Subscribe[Note](c, "Notes", query.All())
		tasks[c] = allTasks(c)
		recordstest.Subscribe[Record](c, "Audit", query.All())
		if got := c.Refusals(); len(got) != 1 || got[0].Code != schema.CodeForbidden {
			t.Errorf("the server's partition can be subscribed to: %v", got)
		}
	}
	ann.Call(Play{"ace"})
	bob.Call(Play{"ten"})
	for c, want := range map[*recordstest.Client]string{ann: "I have ace", bob: "I have ten"} {
		if got := notes[c].Rows(); len(got) != 1 || got[0].Text != want {
			t.Errorf("private: %v, want %s", got, want)
		}
		if got := tasks[c].Rows(); len(got) != 2 {
			t.Errorf("shared: %v", got)
		}
	}
	before := len(bob.Trace())
	room.Write(func(b *Board, _ *records.Ctx) error {
		return b.Notes.Put(Note{ID: "ann", Owner: "ann", Text: "hidden"})
	})
	if got := bob.Trace(); len(got) != 0 || before == 0 {
		t.Errorf("bob learns of ann's note: %v", got)
	}
}

func TestR12_1_EventsReachThoseWhoMayHear(t *testing.T) {
	room := recordstest.New(t, wallRoom())
	ann, bob := room.Join("ann"), room.Join("bob")
	hers, his := recordstest.Subscribe[Ring](ann, "Calls", query.All()), recordstest.Subscribe[Ring](bob, "Calls", query.All())
	room.Write(func(w *Wall, _ *records.Ctx) error { w.Calls.Send(Ring{To: "ann", Text: "psst"}); return nil })
	if got := hers.Rows(); len(got) != 1 || got[0].Text != "psst" {
		t.Errorf("ann heard %v", got)
	}
	if got := his.Rows(); len(got) != 0 {
		t.Errorf("bob heard %v", got)
	}
}
