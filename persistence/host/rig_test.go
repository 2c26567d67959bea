package host

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

type task struct {
	ID    string `parlor:"key"`
	Title string
	Votes int
}

type (
	add     struct{ ID, Title string }
	vote    struct{ ID string }
	explode struct{ ID string }
	fetch   struct{ ID string }
	remind  struct{ ID string }
	later   struct {
		ID string
		At time.Time
	}
)

type board struct {
	Tasks     records.Collection[string, task]
	Reminders records.Schedule[remind]
}

// hooks are what a test looks at from outside of the rules.
type hooks struct {
	mu      sync.Mutex // guards after
	after   []string
	fetched func(ctx context.Context) (string, error)
}

func boardKind(h *hooks) records.Kind {
	return records.Define("tasks", records.Room[board]{
		Version: 1, Roles: []string{"member"},
		Role: func(_ *board, u records.User) string {
			if u.ID == "nobody" {
				return ""
			}
			return "member"
		},
		Mutations: []records.Mutation[board]{
			records.Call(func(b *board, _ *records.Ctx, a add) error {
				return insert(b, task{ID: a.ID, Title: a.Title})
			}).AfterCommit(func(_ context.Context, c records.Committed, a add) {
				if a.Title == "boom" {
					panic("boom")
				}
				h.mu.Lock()
				defer h.mu.Unlock()
				h.after = append(h.after, fmt.Sprint(a.ID, " ", c.Seq))
			}),
			records.Call(func(b *board, ctx *records.Ctx, v vote) error {
				t, ok := b.Tasks.Get(v.ID)
				if !ok {
					return records.Invalid("ID", "there is no task %s", v.ID)
				}
				t.Votes++
				ctx.Result(t.Votes)
				return b.Tasks.Put(t)
			}),
			records.Call(func(_ *board, _ *records.Ctx, e explode) error { panic(e.ID) }),
			records.CallPrepared(func(ctx context.Context, _ records.User, _ fetch) (string, error) { return h.fetched(ctx) },
				func(b *board, _ *records.Ctx, f fetch, title string) error {
					return insert(b, task{ID: f.ID, Title: title})
				}),
			records.Call(func(b *board, _ *records.Ctx, l later) error {
				b.Reminders.Once(l.ID, l.At, remind{l.ID})
				return nil
			}),
		},
		Schedules: []records.Scheduled[board]{
			records.Run(func(b *board) *records.Schedule[remind] { return &b.Reminders }, func(b *board, _ *records.Ctx, r remind) error {
				return insert(b, task{ID: r.ID, Title: "reminder"})
			}),
		},
	})
}

func insert(b *board, t task) error {
	_, err := b.Tasks.Insert(t)
	return err
}

// fakeLink is a connection of which a test decides how much it takes.
type fakeLink struct {
	mu      sync.Mutex // guards all below
	stuck   bool       // nothing leaves
	pending int
	sent    []message
	done    bool
	closed  schema.Code
	flushes int
}

type message struct {
	kind schema.Kind
	flag uint8
	body []byte
}

func (l *fakeLink) Message(head schema.Header, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := schema.Verify(head.Kind, body); err != nil {
		panic(err)
	}
	l.sent = append(l.sent, message{head.Kind, head.Flags, append([]byte(nil), body...)})
	l.pending += len(body) + schema.HeaderSize
}

func (l *fakeLink) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.flushes++
	if !l.stuck {
		l.pending = 0
	}
}

func (l *fakeLink) Pending() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending
}

func (l *fakeLink) Over() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.done
}

func (l *fakeLink) Done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
}

func (l *fakeLink) Close(code schema.Code, _ string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = code
}

// stop makes the network take nothing more, or everything again.
func (l *fakeLink) stop(stuck bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stuck = stuck; !stuck {
		l.pending = 0
	}
}

// take returns what was sent since the last look.
func (l *fakeLink) take() []message {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := l.sent
	l.sent = nil
	return sent
}

// rig is a host in a bubble of virtual time, over a data folder on disk.
type rig struct {
	t     *testing.T
	host  *Host
	hooks hooks
	cfg   Config
}

func run(t *testing.T, cfg Config, f func(t *testing.T, r *rig)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, cfg: cfg}
		r.cfg.Dir, r.cfg.Kinds = dir, []records.Kind{boardKind(&r.hooks)}
		if r.cfg.Workers == 0 {
			r.cfg.Workers = 2
		}
		r.start()
		f(t, r)
		r.stop()
	})
}

func (r *rig) start() {
	r.t.Helper()
	h, err := New(r.cfg)
	if err != nil {
		r.t.Fatal(err)
	}
	r.host = h
}

func (r *rig) stop() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.host.Close(ctx); err != nil {
		r.t.Error(err)
	}
}

// client is one connection to one room.
type client struct {
	r    *rig
	seat *Seat
	link *fakeLink
	next uint64
}

func (r *rig) open(room, user, id string) *client {
	r.t.Helper()
	c, err := r.tryOpen(room, user, id)
	if err != nil {
		r.t.Fatal(err)
	}
	c.expect(schema.KindOpened)
	return c
}

func (r *rig) tryOpen(room, user, id string) (*client, error) {
	seat, err := r.host.Open(r.t.Context(), OpenRequest{Request: 1, Room: room, Client: id, User: records.User{ID: user}})
	if err != nil {
		return nil, err
	}
	c := &client{r: r, seat: seat, link: &fakeLink{}}
	if err := seat.Enter(c.link); err != nil {
		return nil, err
	}
	synctest.Wait()
	return c, nil
}

func (c *client) subscribe(id uint32, query string) {
	c.r.t.Helper()
	if err := c.seat.Subscribe(Subscription{ID: id, Collection: []byte("Tasks"), Query: []byte(query)}); err != nil {
		c.r.t.Fatal(err)
	}
	synctest.Wait()
}

// call sends a mutation with the next ID.
func (c *client) call(name string, args any) {
	c.r.t.Helper()
	c.next++
	if err := c.send(c.next, name, args); err != nil {
		c.r.t.Fatal(err)
	}
	synctest.Wait()
}

func (c *client) send(id uint64, name string, args any) error {
	return c.seat.Mutate(Mutation{ID: id, Name: []byte(name), Args: encode(c.r.t, args)})
}

// encode makes the row of a mutation's arguments.
func encode(t *testing.T, args any) []byte {
	t.Helper()
	var row value.Row
	var err error
	switch a := args.(type) {
	case add:
		row, err = encodeArgs(a)
	case vote:
		row, err = encodeArgs(a)
	case explode:
		row, err = encodeArgs(a)
	case fetch:
		row, err = encodeArgs(a)
	case later:
		row, err = encodeArgs(a)
	default:
		err = errors.New("unknown arguments")
	}
	if err != nil {
		t.Fatal(err)
	}
	return row
}

func encodeArgs[A any](a A) (value.Row, error) {
	codec, _, err := value.BindArgs[A]()
	if err != nil {
		return nil, err
	}
	return codec.Encode(&a, value.Meta{})
}

// expect takes what was sent and wants exactly these kinds.
func (c *client) expect(kinds ...schema.Kind) []message {
	c.r.t.Helper()
	sent := c.link.take()
	got := make([]schema.Kind, len(sent))
	for i, m := range sent {
		got[i] = m.kind
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) {
		c.r.t.Fatalf("sent %v, want %v", got, kinds)
	}
	return sent
}

func (c *client) expectReceipt(code schema.Code) *fb.Receipt {
	c.r.t.Helper()
	m := c.expect(schema.KindReceipt)
	return checkReceipt(c.r.t, m[0], c.next, code)
}

func checkReceipt(t *testing.T, m message, id uint64, code schema.Code) *fb.Receipt {
	t.Helper()
	got := fb.GetRootAsReceipt(m.body, 0)
	if got.Mutation() != id || schema.Code(got.Code()) != code {
		t.Fatalf("receipt of %d says %v %s, want %d and %v", got.Mutation(), schema.Code(got.Code()), got.Message(), id, code)
	}
	return got
}
