package client_test

import (
	"errors"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/board"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/demos/walkers"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/rooms"
)

// cursor is what members show in the server's presence rooms; wave a cast.
type (
	cursor struct {
		Name string
		X, Y float32
	}
	wave struct{ Strength int }
	box  struct {
		Radius float64 `json:"radius,omitempty"`
	}
)

// newTogether is a server with a room of every sort.
func newTogether(t *testing.T) (url string) {
	t.Helper()
	s, err := parlor.New(parlor.Config{
		Rooms:   []rooms.Kind{rooms.Define("walkers", walkers.Game())},
		Records: []records.Kind{registersKind()},
		Presence: []presence.Kind{presence.Define("cursors", presence.Room[cursor]{
			Hz: 100, Group: func(presence.User, string) error { return nil },
			Casts: []presence.Cast[cursor]{presence.OnCast[cursor, wave](1000)},
		})},
		Canvas: []canvas.Kind{
			canvas.Define("notes", canvas.Room{}),
			board.Define("board", board.Room{Hz: 100, Kinds: []board.Kind{board.Shape[box]("rect")}}),
		},
		Data: t.TempDir(), Record: "off", AdminAddr: "off", UDPAddr: "off", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
	})
	return strings.Replace(server.URL, "http", "ws", 1)
}

// guest is a client in every room of the server.
type guest struct {
	t        *testing.T
	c        *client.Client
	presence *client.Presence[cursor]
	waves    *client.Cast[wave]
	board    *client.Board
	doc      *client.Document

	mu      sync.Mutex // guards what follows
	changed *sync.Cond // something has
	waved   int
}

func newGuest(t *testing.T, url, name string) *guest {
	t.Helper()
	c, err := client.Dial(within(t), url, client.Options{Reconnect: client.Reconnect{Base: time.Millisecond, Max: 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	g := &guest{t: t, c: c}
	g.changed = sync.NewCond(&g.mu)
	var err1, err2, err3, err4 error
	g.presence, err1 = client.OpenPresence(within(t), c, "cursors/lobby", cursor{Name: name})
	g.board, err2 = client.OpenBoard(within(t), c, "board/main", client.BoardOptions{First: client.Person{Name: name}})
	g.doc, err3 = client.OpenDocument(within(t), c, "notes/x", client.DocumentOptions{})
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	g.waves, err4 = client.CastOf[wave](g.presence)
	if err4 != nil {
		t.Fatal(err4)
	}
	g.waves.On(func(client.Casted[wave]) { g.tell(func() { g.waved++ }) })
	g.presence.OnChange(func([]uint32) { g.tell(func() {}) })
	g.board.Presence().OnChange(func([]uint32) { g.tell(func() {}) })
	g.board.OnChange(func([]string) { g.tell(func() {}) })
	g.doc.OnChange(func(client.DocumentChange) { g.tell(func() {}) })
	g.doc.OnAwareness(func([]uint64) { g.tell(func() {}) })
	return g
}

func (g *guest) tell(f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	f()
	g.changed.Broadcast()
}

// wait blocks until cond holds, which is asked after each change.
func (g *guest) wait(what string, cond func() bool) {
	g.t.Helper()
	late := false
	defer time.AfterFunc(10*time.Second, func() { g.tell(func() { late = true }) }).Stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	for !cond() {
		if late {
			g.t.Fatalf("waited in vain for %s", what)
		}
		g.changed.Wait()
	}
}

// shape is where the guest sees a shape.
func (g *guest) shape(id string) float64 {
	s, ok := g.board.Shape(id)
	if !ok {
		return -1
	}
	return s.Geo.X
}

func (g *guest) text() (text string) {
	g.doc.View(func(d *yjs.Doc) { text = d.Text("t").String() })
	return text
}

func (g *guest) write(word string) {
	g.t.Helper()
	err := g.doc.Transact(func(d *yjs.Doc, tx *yjs.Tx) error { return d.Text("t").Insert(tx, d.Text("t").Len(), word) })
	if err != nil {
		g.t.Fatal(err)
	}
}

// others are the names that the guest sees in the presence room.
func (g *guest) others() []string {
	var names []string
	for _, m := range g.presence.Members() {
		names = append(names, m.State.Name+"@"+strconv.Itoa(int(m.State.X)))
	}
	slices.Sort(names)
	return names
}

func (g *guest) done(p *client.Pending, err error) client.Receipt {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
	r, err := p.Wait(within(g.t))
	if err != nil {
		g.t.Error(err)
	}
	return r
}

func rect(id string, x float64) client.Op {
	return client.AddShape(client.Shape{ID: id, Kind: "rect", Geo: client.Geo{X: x, W: 10, H: 10}})
}

// One client plays, keeps records, shows itself, draws and writes over one
// session, and all of it goes on when the connection was lost.
func TestEverythingOverOneSession(t *testing.T) {
	url := newTogether(t)
	ada, bob := newGuest(t, url, "Ada"), newGuest(t, url, "Bob")
	game, err := ada.c.JoinOrCreate(within(t), "walkers", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	came := frames(game)
	var set func(Set) client.Write
	room, err := ada.c.OpenRecords(within(t), "registers/main", client.RecordsOptions{Setup: func(r *client.RecordRoom) (err error) {
		set, err = client.Mutation[Set](r, nil)
		return err
	}})
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		x := float32(round + 1)
		if err := ada.presence.Update(func(c *cursor) { c.X = x }); err != nil {
			t.Fatal(err)
		}
		bob.wait("Ada's cursor", func() bool { return slices.Equal(bob.others(), []string{"Ada@" + strconv.Itoa(round+1)}) })
		ada.wait("Bob's cursor", func() bool { return slices.Equal(ada.others(), []string{"Bob@0"}) })
		ada.done(ada.board.Edit(rect("s"+strconv.Itoa(round), float64(round))))
		ada.write(strconv.Itoa(round))
		bob.wait("the shape", func() bool { return bob.shape("s"+strconv.Itoa(round)) == float64(round) })
		bob.wait("the text", func() bool { return bob.text() == ada.text() })
		ada.done(room.Durable(set(Set{Op: strconv.Itoa(round), Key: "k", Value: "v"})))
		until(t, came, game.Tick()+1)
		ada.c.Cut()
		ada.write("-") // whether the connection is back or not
		late, err := ada.board.Edit(client.PatchShape("s0", client.ShapePatch{Geo: &client.Geo{X: 100 + float64(round), W: 10, H: 10}}))
		ada.done(late, err)
		bob.wait("what was done without a connection", func() bool { return bob.shape("s0") == 100+float64(round) })
		bob.wait("the text", func() bool { return bob.text() == ada.text() && strings.HasSuffix(bob.text(), "-") })
	}
	if s := ada.c.Stats(); s.Reconnects != 3 || s.Desyncs+s.Errors+s.BadFrames != 0 {
		t.Errorf("stats %+v", s)
	}
	if got := bob.text(); got != "0-1-2-" {
		t.Errorf("the text is %q", got)
	}
}

func TestServerDrags(t *testing.T) {
	url := newTogether(t)
	ada, bob := newGuest(t, url, "Ada"), newGuest(t, url, "Bob")
	ada.done(ada.board.Edit(rect("a", 1), rect("b", 2)))
	bob.wait("the shapes", func() bool { return bob.shape("b") == 2 })
	g := ada.board.Gesture()
	move := func(x float64) {
		if err := g.Drag(client.Place{ID: "a", Geo: client.Geo{X: x, W: 10, H: 10}}); err != nil {
			t.Fatal(err)
		}
	}
	move(50)
	bob.wait("the drag", func() bool { return bob.shape("a") == 50 })
	move(60)
	g.End()
	bob.wait("its end", func() bool {
		return slices.ContainsFunc(bob.board.Confirmed(), func(s client.Shape) bool { return s.ID == "a" && s.Geo.X == 60 }) && bob.shape("a") == 60
	})
	ada.done(ada.board.Undo())
	bob.wait("undone", func() bool { return bob.shape("a") == 1 })
	ada.wait("undone", func() bool { return ada.shape("a") == 1 })
	ada.done(ada.board.Redo())
	bob.wait("redone", func() bool { return bob.shape("a") == 60 })
	given := ada.board.Gesture()
	if err := given.Drag(client.Place{ID: "b", Geo: client.Geo{X: 70, W: 10, H: 10}}); err != nil {
		t.Fatal(err)
	}
	bob.wait("another drag", func() bool { return bob.shape("b") == 70 })
	given.Cancel()
	bob.wait("given up", func() bool { return bob.shape("b") == 2 })
	left := ada.board.Gesture()
	if err := left.Drag(client.Place{ID: "b", Geo: client.Geo{X: 80, W: 10, H: 10}}); err != nil {
		t.Fatal(err)
	}
	bob.wait("a third", func() bool { return bob.shape("b") == 80 })
	_ = ada.c.Close()
	bob.wait("rolled back when the dragger has gone", func() bool { return bob.shape("b") == 2 })
}

func TestServerBoardVersionsAndRefusals(t *testing.T) {
	ada := newGuest(t, newTogether(t), "Ada")
	ada.done(ada.board.Edit(rect("a", 1)))
	if err := ada.board.Save(within(t), "one"); err != nil {
		t.Fatal(err)
	}
	ada.done(ada.board.Edit(client.RemoveShapes("a"), rect("b", 2)))
	versions, err := ada.board.Versions(within(t))
	if err != nil || len(versions) != 1 || versions[0].Name != "one" || versions[0].Shapes != 1 {
		t.Errorf("versions %+v, %v", versions, err)
	}
	if err := ada.board.Restore(within(t), "one"); err != nil {
		t.Fatal(err)
	}
	if list := ada.board.Shapes(); len(list) != 1 || list[0].ID != "a" || list[0].By == "" || list[0].Index == "" {
		t.Errorf("restored: %+v", list)
	}
	var refused *client.RefusedError
	p, err := ada.board.Edit(client.AddShape(client.Shape{ID: "c", Kind: "star"}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(within(t)); !errors.As(err, &refused) || ada.shape("c") != -1 {
		t.Errorf("a kind that the board does not have: %v", err)
	}
	ada.done(ada.board.Edit(client.GroupShapes("g", "a")))
	if s, _ := ada.board.Shape("a"); s.Parent != "g" {
		t.Errorf("grouped: %+v", s)
	}
	if err := ada.board.Restore(within(t), "none"); !errors.As(err, &refused) {
		t.Errorf("a version that is not there: %v", err)
	}
}

func TestServerCastsGroupsAndAwareness(t *testing.T) {
	url := newTogether(t)
	ada, bob := newGuest(t, url, "Ada"), newGuest(t, url, "Bob")
	ada.wait("Bob", func() bool { return len(ada.others()) == 1 })
	if err := errors.Join(ada.waves.Send(wave{1}), ada.waves.SendTo(bob.presence.Number(), wave{2})); err != nil {
		t.Fatal(err)
	}
	bob.wait("the waves", func() bool { return bob.waved == 2 })
	if err := errors.Join(ada.presence.EnterGroup("red"), bob.presence.EnterGroup("red")); err != nil {
		t.Fatal(err)
	}
	ada.presence.ShowTo("red")
	bob.wait("Ada among the red", func() bool {
		m := bob.presence.Members()
		return len(m) == 1 && m[0].Group == "red"
	})
	if err := ada.doc.ShowAwareness("here"); err != nil {
		t.Fatal(err)
	}
	bob.wait("Ada's awareness", func() bool { return string(bob.doc.Awareness()[ada.doc.ID()]) == `"here"` })
	_ = ada.c.Close()
	bob.wait("Ada gone", func() bool {
		return len(bob.others()) == 0 && len(bob.doc.Awareness()) == 0 && len(bob.board.Presence().Members()) == 0
	})
}
