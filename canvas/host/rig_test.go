package host

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// fakeLink is a connection of which a test decides how much it takes.
type fakeLink struct {
	mu      sync.Mutex // guards all below
	stuck   bool       // nothing leaves
	pending int
	sent    []message
	done    bool
	closed  schema.Code
}

type message struct {
	kind schema.Kind
	body []byte
}

func (l *fakeLink) Message(head schema.Header, body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := schema.Verify(head.Kind, body); err != nil {
		panic(err)
	}
	if head.Kind == schema.KindSync {
		body = fb.GetRootAsSync(body, 0).PayloadBytes()
	}
	l.sent = append(l.sent, message{head.Kind, bytes.Clone(body)})
	l.pending += len(body) + schema.HeaderSize
}

func (l *fakeLink) Offer(head schema.Header, body []byte) bool {
	if l.Pending() > 0 {
		return false
	}
	l.Message(head, body)
	return true
}

func (l *fakeLink) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
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
	return l.done || l.closed != 0
}

func (l *fakeLink) Done() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.done = true
}

func (l *fakeLink) Close(code schema.Code, _ string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed == 0 {
		l.closed = code
	}
}

func (l *fakeLink) code() schema.Code {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
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

// rawLink is that of a stock client.
type rawLink struct{ fakeLink }

func (l *rawLink) Raw(body []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, message{schema.KindSync, bytes.Clone(body)})
	l.pending += len(body)
}

func (l *rawLink) Message(schema.Header, []byte)    { panic("a stock client knows no such message") }
func (l *rawLink) Offer(schema.Header, []byte) bool { panic("a stock client knows no such message") }

// rig is a host in a bubble of virtual time.
type rig struct {
	t     *testing.T
	dir   string
	sim   *disk.Sim
	opts  store.Options
	cfg   Config
	store *store.Store
	host  *Host
}

// notes is a kind of rooms in which "eve" may only read and "nobody" nothing.
func notes(durable bool) canvas.Kind {
	return canvas.Define("notes", canvas.Room{Durable: durable, Role: roleOf, MaxBytes: 32 << 20})
}

func roleOf(_ context.Context, _ string, u canvas.User) (canvas.Role, error) {
	switch u.ID {
	case "eve":
		return canvas.Reader, nil
	case "nobody":
		return "", schema.Errorf(schema.CodeForbidden, "not you")
	}
	return canvas.Writer, nil
}

func run(t *testing.T, cfg Config, f func(t *testing.T, r *rig)) {
	t.Helper()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: dir, sim: disk.NewSim(1), cfg: cfg}
		r.opts.FS = r.sim
		if r.cfg.Kinds == nil {
			r.cfg.Kinds = []canvas.Kind{notes(true)}
		}
		r.start()
		f(t, r)
		r.stop()
	})
}

func (r *rig) start() {
	r.t.Helper()
	var err error
	if r.store, err = store.Open(r.dir, r.opts); err != nil {
		r.t.Fatal(err)
	}
	r.cfg.Store = r.store
	if r.cfg.Workers == 0 {
		r.cfg.Workers = 2
	}
	if r.host, err = New(r.cfg); err != nil {
		r.t.Fatal(err)
	}
}

// stop ends the host and the store, and reports whether the store was well.
func (r *rig) stop() bool {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := r.host.Close(ctx); err != nil {
		r.t.Error(err)
	}
	err := r.store.Close()
	if err != nil && !errors.Is(err, store.ErrFailed) && !errors.Is(err, disk.ErrCrashed) {
		r.t.Error(err)
	}
	return err == nil
}

// peer is a Yjs client: a document, and a connection now and then.
type peer struct {
	r     *rig
	name  string
	stock bool
	doc   *yjs.Doc
	seat  *Seat // nil: offline
	link  *fakeLink
	inbox []message
	rest  []message // that were no Yjs messages
	left  schema.Code
}

func (r *rig) peer(name string, id uint64, stock bool) *peer {
	return &peer{r: r, name: name, stock: stock, doc: yjs.New(id, yjs.Limits{})}
}

// connect enters the room and sends step 1.
func (p *peer) connect(room string) error {
	seat, err := p.r.host.Open(p.r.t.Context(), OpenRequest{Request: 7, Room: room, User: canvas.User{ID: p.name}, Remote: "10.0.0.1:5"})
	if err != nil {
		return err
	}
	var link Link
	if p.stock {
		raw := &rawLink{}
		p.link, link = &raw.fakeLink, raw
	} else {
		p.link = &fakeLink{}
		link = p.link
	}
	if err := seat.Enter(link); err != nil {
		return err
	}
	p.seat, p.inbox, p.left = seat, nil, 0
	return p.send(yjs.SyncStep1, p.doc.State().Encode())
}

func (p *peer) mustConnect(room string) *peer {
	p.r.t.Helper()
	if err := p.connect(room); err != nil {
		p.r.t.Fatal(err)
	}
	synctest.Wait()
	p.receive(-1)
	synctest.Wait()
	return p
}

// lose ends the connection: what is under way is lost.
func (p *peer) lose() {
	if p.seat != nil {
		p.seat.Lost()
		p.seat, p.inbox = nil, nil
	}
}

func (p *peer) send(kind yjs.MessageKind, payload []byte) error {
	if p.seat == nil {
		return nil
	}
	b := yjs.Message{Kind: kind, Payload: payload}.Append(nil)
	if p.stock {
		return p.seat.Sync(b)
	}
	body := schema.NewBuilder().Sync(b)
	return p.seat.Receive(schema.Header{Kind: schema.KindSync}, body)
}

// edit changes the document, and sends the update if there is a connection.
func (p *peer) edit(f func(tx *yjs.Tx) error) {
	p.r.t.Helper()
	diff, err := p.doc.Transact(f)
	if err != nil {
		p.r.t.Fatal(err)
	}
	if err := p.send(yjs.SyncUpdate, diff); err != nil && p.stock {
		p.lose() // the endpoint closes it
	}
}

func (p *peer) typed(s string) {
	p.r.t.Helper()
	p.edit(func(tx *yjs.Tx) error { return p.doc.Text("text").Insert(tx, p.doc.Text("text").Len(), s) })
}

func (p *peer) text() string { return p.doc.Text("text").String() }

// receive works on so many messages, on all if fewer than 0.
func (p *peer) receive(n int) {
	p.r.t.Helper()
	if p.seat == nil { // what was under way is lost
		return
	}
	p.inbox = append(p.inbox, p.link.take()...)
	for ; n != 0 && len(p.inbox) > 0; n-- {
		m := p.inbox[0]
		p.inbox = p.inbox[1:]
		p.handle(m)
	}
}

func (p *peer) handle(m message) {
	p.r.t.Helper()
	if m.kind != schema.KindSync {
		p.rest = append(p.rest, m)
		if m.kind == schema.KindLeft {
			p.left = schema.Code(fb.GetRootAsLeft(m.body, 0).Code())
		}
		return
	}
	got, err := yjs.ParseMessage(m.body)
	if err != nil {
		p.r.t.Fatal(err)
	}
	switch got.Kind {
	case yjs.SyncStep1:
		since, err := yjs.ParseStateVector(got.Payload)
		if err != nil {
			p.r.t.Fatal(err)
		}
		_ = p.send(yjs.SyncStep2, p.doc.EncodeState(since))
	case yjs.SyncStep2, yjs.SyncUpdate:
		if _, err := p.doc.Apply(got.Payload); err != nil {
			p.r.t.Fatalf("%s cannot apply what the server sends: %v", p.name, err)
		}
	}
}

// kinds are those of the messages that were sent since the last look.
func (p *peer) kinds() (list []schema.Kind) {
	p.receive(-1)
	for _, m := range p.rest {
		list = append(list, m.kind)
	}
	p.rest = nil
	return list
}

// server reads the document that the host has.
func (r *rig) server(room string, f func(d *yjs.Doc)) {
	r.t.Helper()
	if err := r.host.Read(r.t.Context(), room, func(d *yjs.Doc) error { f(d); return nil }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) text(room string) (s string) {
	r.server(room, func(d *yjs.Doc) { s = d.Text("text").String() })
	return s
}

// settle lets all peers work until nothing is under way.
func settle(peers ...*peer) {
	for range 10 {
		synctest.Wait()
		for _, p := range peers {
			p.receive(-1)
		}
	}
}

func equalKinds(a []schema.Kind, b ...schema.Kind) bool { return slices.Equal(a, b) }

func simDisk(seed uint64) *disk.Sim { return disk.NewSim(seed) }

var errNoRoom = code(schema.CodeNoSuchRoom)
