package netcode

import (
	"context"
	"sync"
	"testing"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// fakeRecords is a record room that keeps what it is told.
type fakeRecords struct {
	mu     sync.Mutex // guards all below
	link   *Link
	got    []string
	left   int
	lost   int
	refuse error // of everything but Leave and Lost
}

func (s *fakeRecords) Open(_ context.Context, req OpenRequest) (OpenSeat, error) {
	if req.Room == "no/room" {
		return nil, schema.Errorf(schema.CodeNoSuchKind, "no such kind")
	}
	return s, nil
}

func (s *fakeRecords) take(what string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.got = append(s.got, what)
	return s.refuse
}

func (s *fakeRecords) Enter(l *Link) error {
	s.link = l
	return s.take("enter")
}

func (s *fakeRecords) Subscribe(sub Subscription) error {
	return s.take("subscribe " + string(sub.Collection) + " " + string(sub.Query))
}

func (s *fakeRecords) Unsubscribe(uint32) error { return s.take("unsubscribe") }

func (s *fakeRecords) Mutate(m Mutation) error {
	return s.take("mutate " + string(m.Name) + " " + string(m.Args))
}

func (s *fakeRecords) Renew(user auth.User) { _ = s.take("renew " + user.ID) }

func (s *fakeRecords) Leave() { s.left++ }
func (s *fakeRecords) Lost()  { s.lost++ }

// openRecords is newRig with a session that is in a record room.
func openRecords(t *testing.T, cfg Config) (*rig, *fakeRecords) {
	t.Helper()
	room := &fakeRecords{}
	cfg.Open = room
	r := newRig(t, cfg)
	r.hello("ann")
	r.openRoom("tasks/main")
	if room.link == nil {
		t.Fatal("the room was not entered")
	}
	return r, room
}

func (r *rig) openRoom(room string) {
	r.t.Helper()
	r.send(schema.KindOpen, 0, r.build.Open(schema.OpenInfo{Request: 9, Room: room}))
	r.session.joins.Wait()
}

func (r *rig) send(kind schema.Kind, handle uint16, body []byte) {
	r.t.Helper()
	if err := r.receive(kind, handle, 0, body); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) onlyReceipt(code schema.Code, id uint64) {
	r.t.Helper()
	m := fb.GetRootAsReceipt(r.only(schema.KindReceipt).body, 0)
	if schema.Code(m.Code()) != code || m.Mutation() != id || m.Seq() != 0 {
		r.t.Fatalf("receipt of %d with %v at %d, want %d with %v at 0", m.Mutation(), schema.Code(m.Code()), m.Seq(), id, code)
	}
}

// TestR14_1_GamesAndRecordsShareASession has both kinds of room in one session.
func TestR14_1_GamesAndRecordsShareASession(t *testing.T) {
	r, room := openRecords(t, Config{MaxLinks: 2})
	defer r.close()
	game := &fakeSeat{commands: []uint32{}}
	link := r.enter(game)
	h := room.link.handle
	r.send(schema.KindSubscribe, h, r.build.Subscribe(schema.SubscribeInfo{ID: 1, Collection: "Tasks", Query: []byte("{}")}))
	r.send(schema.KindMutate, h, r.build.Mutate(schema.MutateInfo{ID: 1, Name: "Vote", Args: []byte("x")}))
	r.send(schema.KindCommand, link.handle, r.build.Command(7, 0, nil))
	r.send(schema.KindUnsubscribe, h, r.build.Unsubscribe(1))
	r.send(schema.KindAuth, 0, r.build.Auth("ann"))
	want := []string{"enter", "subscribe Tasks {}", "mutate Vote x", "unsubscribe", "renew ann"}
	for i, w := range want {
		if room.got[i] != w {
			t.Errorf("the room was told %q, want %q", room.got[i], w)
		}
	}
	if len(game.commands) != 1 {
		t.Error("the game did not get its command")
	}

	r.openRoom("tasks/other")
	r.onlyError(schema.CodeTooManyRooms, 9)
	r.send(schema.KindCommand, h, r.build.Command(1, 0, nil))
	r.onlyError(schema.CodeBadInput, 0)
	r.send(schema.KindSubscribe, link.handle, r.build.Subscribe(schema.SubscribeInfo{ID: 4}))
	r.onlyError(schema.CodeBadInput, 4)
	r.send(schema.KindMutate, 77, r.build.Mutate(schema.MutateInfo{ID: 5}))
	r.onlyReceipt(schema.CodeNotInRoom, 5)
	r.send(schema.KindMutate, 77, r.build.Mutate(schema.MutateInfo{}))
	r.onlyError(schema.CodeNotInRoom, 0)
	r.send(schema.KindLeave, h, r.build.Leave())
	room.link.Done()
	r.end()
	if room.left != 1 || room.lost != 0 || game.lost != 1 {
		t.Errorf("left %d, lost %d; the game lost %d", room.left, room.lost, game.lost)
	}
}

func TestOpenRefused(t *testing.T) {
	r, room := openRecords(t, Config{})
	defer r.close()
	r.openRoom("no/room")
	r.onlyError(schema.CodeNoSuchKind, 9)
	room.refuse = schema.Errorf(schema.CodeRoomClosed, "just closed")
	r.openRoom("tasks/main")
	r.onlyError(schema.CodeRoomClosed, 9)
	if r.session.Rooms() != 1 {
		t.Errorf("in %d rooms, want the first only", r.session.Rooms())
	}
	bare := newRig(t, Config{})
	defer bare.close()
	bare.hello("bob")
	bare.openRoom("tasks/main")
	bare.onlyError(schema.CodeNoSuchKind, 9)
}

// TestR14_3_LimitsAreNamed sends too much and too long messages.
func TestR14_3_LimitsAreNamed(t *testing.T) {
	r, room := openRecords(t, Config{RecordRate: 2, RecordBurst: 3, RecordMessage: 1000})
	defer r.close()
	h := room.link.handle
	if got := r.session.ReadLimit(); got != 1000+recordSlack {
		t.Errorf("the transport may read %d bytes", got)
	}
	r.send(schema.KindMutate, h, r.build.Mutate(schema.MutateInfo{ID: 1, Args: make([]byte, 2000)}))
	r.onlyReceipt(schema.CodeTooLarge, 1)
	for range 2 {
		r.send(schema.KindMutate, h, r.build.Mutate(schema.MutateInfo{}))
	}
	for id := range uint64(3) { // each gets an answer: the client waits for one
		r.send(schema.KindMutate, h, r.build.Mutate(schema.MutateInfo{ID: 2 + id}))
		r.onlyReceipt(schema.CodeRateLimited, 2+id)
	}
	r.send(schema.KindPing, 0, r.build.Ping(1, 1)) // other messages have their own limit
	r.only(schema.KindPong)
	if len(room.got) != 3 {
		t.Errorf("the room was told %q", room.got)
	}
	for id := uint64(9); ; id++ {
		if r.receive(schema.KindMutate, h, 0, r.build.Mutate(schema.MutateInfo{ID: id})) != nil {
			break
		}
	}
	r.expectClosed(schema.CodeRateLimited)
}

func TestReadLimitNeedsARecordRoom(t *testing.T) {
	r := newRig(t, Config{Open: &fakeRecords{}})
	defer r.close()
	r.hello("ann")
	if got := r.session.ReadLimit(); got != 0 {
		t.Errorf("a client in no record room may send %d bytes", got)
	}
}

func TestMutateDoesNotAllocate(t *testing.T) {
	r, room := openRecords(t, Config{RecordRate: 1 << 30, ByteRate: 1 << 30})
	defer r.close()
	quiet := &quietSeat{}
	for _, l := range r.session.table() {
		l.open = quiet
	}
	msg := append(schema.Header{Kind: schema.KindMutate, Handle: room.link.handle}.Append(nil),
		r.build.Mutate(schema.MutateInfo{ID: 1, Name: "Transfer", Args: make([]byte, 24)})...)
	if n := testing.AllocsPerRun(1000, func() { _ = r.session.Receive(msg) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

type quietSeat struct{ fakeRecords }

func (*quietSeat) Mutate(Mutation) error { return nil }

// showing is a host of rooms during whose Open the client shows a new token.
type showing struct {
	*fakeRecords
	show func()
}

func (s *showing) Open(context.Context, OpenRequest) (OpenSeat, error) {
	s.show()
	return s, nil
}

// TestTokenShownWhileARoomOpens reaches the room all the same.
func TestTokenShownWhileARoomOpens(t *testing.T) {
	room := &showing{fakeRecords: &fakeRecords{}}
	r := newRig(t, Config{Open: room})
	defer r.close()
	r.hello("ann")
	room.show = func() { r.send(schema.KindAuth, 0, r.build.Auth("ann")) }
	r.openRoom("tasks/main")
	if len(room.got) != 2 || room.got[1] != "renew ann" {
		t.Errorf("the room was told %q", room.got)
	}
}

// shared is a seat in a Yjs room.
type shared struct {
	*fakeRecords
	received, overruns int
}

func (s *shared) Open(context.Context, OpenRequest) (OpenSeat, error) { return s, nil }

func (s *shared) Receive(schema.Header, []byte) error { s.received++; return nil }

func (s *shared) Overrun() bool { s.overruns++; return s.overruns == 1 }

// TestLateSyncIsAskedForAgain: an edit beyond a limit must not be lost in silence.
func TestLateSyncIsAskedForAgain(t *testing.T) {
	room := &shared{fakeRecords: &fakeRecords{}}
	r := newRig(t, Config{Open: room, RecordRate: 2, RecordBurst: 3})
	defer r.close()
	r.hello("ann")
	r.send(schema.KindOpen, 0, r.build.Open(schema.OpenInfo{Room: "notes/a"}))
	r.session.joins.Wait()
	h := r.session.table()[0].handle
	for range 8 {
		r.send(schema.KindSync, h, r.build.Sync([]byte{0, 0, 0}))
	}
	if room.received != 3 || room.overruns != 5 {
		t.Errorf("the room received %d and heard of %d that were ignored", room.received, room.overruns)
	}
}

// TestLateShowsAreAnswered: the newest counts, so that its sender has to know that
// it was ignored, and of which room; and who asked for a group waits for an answer.
func TestLateShowsAreAnswered(t *testing.T) {
	room := &shared{fakeRecords: &fakeRecords{}}
	r := newRig(t, Config{Open: room, MessageRate: 2, MessageBurst: 4})
	defer r.close()
	r.hello("ann")
	r.send(schema.KindOpen, 0, r.build.Open(schema.OpenInfo{Room: "cursors/a"}))
	r.session.joins.Wait()
	h := r.session.table()[0].handle
	for range 2 {
		r.send(schema.KindShow, h, r.build.Show(nil, ""))
	}
	r.send(schema.KindShow, h, r.build.Show(nil, ""))
	r.onlyError(schema.CodeRateLimited, 0)
	r.send(schema.KindGroup, h, r.build.Group(7, "red", false))
	r.onlyError(schema.CodeRateLimited, 7)
	if room.received != 2 {
		t.Errorf("the room received %d", room.received)
	}
}
