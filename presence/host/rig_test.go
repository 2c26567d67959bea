package host_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/presence/host"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/tick"
)

// Cursor is what the tests' members show.
type Cursor struct {
	Name string
	X    float32
}

// Wave is a cast of the tests.
type Wave struct{ At float32 }

func cursors(change func(*presence.Room[Cursor])) presence.Kind {
	room := presence.Room[Cursor]{
		Hz: 20, Timeout: 10 * time.Second,
		Group: func(presence.User, string) error { return nil },
		See: func(u presence.User, room string) error {
			if u.Guest {
				return errors.New("guests may not ask")
			}
			return nil
		},
		Casts: []presence.Cast[Cursor]{presence.OnCast[Cursor, Wave](5)},
	}
	if change != nil {
		change(&room)
	}
	return presence.Define("cursors", room)
}

// link is a client's connection: it keeps what it is sent.
type link struct {
	mu      sync.Mutex
	got     []message
	flushes int
	blocked bool
	bombed  bool
	pending int
	done    bool
	delay   time.Duration // of Done
	member  uint32
	held    map[uint32]Cursor
	codec   *value.Codec[Cursor]
}

type message struct {
	head schema.Header
	body []byte
}

func newLink() *link {
	codec, _, _ := value.BindArgs[Cursor]()
	return &link{held: make(map[uint32]Cursor), codec: codec}
}

func (l *link) Message(head schema.Header, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.take(head, body)
}

func (l *link) Offer(head schema.Header, body []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bombed {
		panic("bomb")
	}
	if l.blocked {
		return false
	}
	l.take(head, body)
	return true
}

// bomb makes the next Crowd end the room.
func (l *link) bomb(on bool) { l.mu.Lock(); l.bombed = on; l.mu.Unlock() }

func (l *link) take(head schema.Header, body []byte) {
	if l.done {
		panic("a message after Done")
	}
	if err := schema.Verify(head.Kind, body); err != nil {
		panic(err)
	}
	l.got = append(l.got, message{head, slices.Clone(body)})
	switch head.Kind {
	case schema.KindOpened:
		l.member = fb.GetRootAsOpened(body, 0).Member()
	case schema.KindCrowd:
		l.crowd(head.Flags == schema.FlagWhole, fb.GetRootAsCrowd(body, 0).PayloadBytes())
	}
}

func (l *link) crowd(whole bool, payload []byte) {
	if whole {
		clear(l.held)
	}
	c := l.codec.Collection()
	r := wire.ReadCrowd(c, slices.Clone(payload))
	for e := (wire.Entry{}); r.Next(&e); {
		switch e.Op {
		case wire.Enter:
			var state Cursor
			_ = l.codec.Decode(e.Row, &state)
			l.held[e.Member] = state
		case wire.Change:
			state := l.held[e.Member]
			row, _ := l.codec.Encode(&state, value.Meta{})
			_ = l.codec.Decode(c.ApplyPatch(row, e.Patch), &state)
			l.held[e.Member] = state
		case wire.Leave:
			delete(l.held, e.Member)
		}
	}
	if r.Err() != nil {
		panic(r.Err())
	}
}

func (l *link) Flush()                    { l.mu.Lock(); l.flushes++; l.mu.Unlock() }
func (l *link) Pending() int              { l.mu.Lock(); defer l.mu.Unlock(); return l.pending }
func (l *link) Over() bool                { return false }
func (l *link) Done()                     { time.Sleep(l.delay); l.mu.Lock(); l.done = true; l.mu.Unlock() }
func (l *link) Close(schema.Code, string) { panic("a presence room closes nobody's connection") }

// of returns the messages of a kind so far.
func (l *link) of(kind schema.Kind) (list []message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range l.got {
		if m.head.Kind == kind {
			list = append(list, m)
		}
	}
	return list
}

func (l *link) sees(member uint32) (Cursor, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, ok := l.held[member]
	return c, ok
}

func (l *link) over() bool { l.mu.Lock(); defer l.mu.Unlock(); return l.done }

// code is that of the last message of the kind, an Error or a Left.
func (l *link) code(kind schema.Kind) schema.Code {
	list := l.of(kind)
	if len(list) == 0 {
		return 0
	}
	body := list[len(list)-1].body
	if kind == schema.KindLeft {
		return schema.Code(fb.GetRootAsLeft(body, 0).Code())
	}
	return schema.Code(fb.GetRootAsError(body, 0).Code())
}

// rig is a host in a bubble of synctest.
type rig struct {
	t *testing.T
	h *host.Host
	s *tick.Scheduler
	b *schema.Builder
}

// bubble runs a test with a host, whose time passes by waiting.
func bubble(t *testing.T, cfg host.Config, test func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, s: tick.NewScheduler(tick.SchedulerConfig{}), b: schema.NewBuilder()}
		defer r.s.Close()
		cfg.Scheduler = r.s
		if cfg.Kinds == nil {
			cfg.Kinds = []presence.Kind{cursors(nil)}
		}
		var err error
		if r.h, err = host.New(cfg); err != nil {
			t.Fatal(err)
		}
		defer r.h.Close()
		test(r)
	})
}

// wait lets some ticks pass.
func (r *rig) wait() {
	time.Sleep(200 * time.Millisecond)
	synctest.Wait()
}

func (r *rig) open(room, user string) (*host.Seat, *link) {
	r.t.Helper()
	seat, err := r.h.Open(context.Background(), host.OpenRequest{Request: 1, Room: room, User: presence.User{ID: user, Name: user}})
	if err != nil {
		r.t.Fatal(err)
	}
	l := newLink()
	if err := seat.Enter(l); err != nil {
		r.t.Fatal(err)
	}
	return seat, l
}

// join opens and waits until it is in.
func (r *rig) join(room, user string) (*host.Seat, *link) {
	r.t.Helper()
	seat, l := r.open(room, user)
	r.wait()
	if len(l.of(schema.KindOpened)) != 1 {
		r.t.Fatalf("%s got no Opened", user)
	}
	return seat, l
}

func (r *rig) show(s *host.Seat, c Cursor, group string) {
	r.t.Helper()
	codec, _, _ := value.BindArgs[Cursor]()
	row, _ := codec.Encode(&c, value.Meta{})
	if err := s.Receive(schema.Header{Kind: schema.KindShow}, r.b.Show(codec.Collection().PatchOf(row, 0), group)); err != nil {
		r.t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code schema.Code) {
	t.Helper()
	if !errors.Is(err, &schema.Error{Code: code}) {
		t.Errorf("error %v, want %s", err, code)
	}
}
