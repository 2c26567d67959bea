package client

import (
	"bytes"
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// item is what the scripts' rooms hold.
type item struct {
	ID    string `parlor:"key"`
	List  string
	Title string
	Votes int
}

// vote is their mutation.
type vote struct{ Item string }

// board is a schema of two collections of items.
func board(t *testing.T) (*value.Schema, *value.Codec[item]) {
	t.Helper()
	codec, items, err := value.Bind[item]("Items")
	if err != nil {
		t.Fatal(err)
	}
	_, others, err := value.Bind[item]("Others")
	if err != nil {
		t.Fatal(err)
	}
	_, v, err := value.BindArgs[vote]()
	if err != nil {
		t.Fatal(err)
	}
	return &value.Schema{Version: 1, Collections: []value.Collection{items, others}, Mutations: []value.Mutation{v}}, codec
}

// script is a server whose every word is a test's own. It runs in a synctest
// bubble; connections are pairs of channels.
type script struct {
	t      *testing.T
	schema *value.Schema
	codec  *value.Codec[item]
	dialed chan *pipe
	mu     sync.Mutex // guards down
	down   bool
	conn   *pipe // the newest
}

// pipe is one connection. It implements Transport for the client.
type pipe struct {
	s          *script
	in, out    chan []byte // to the server, to the client
	over       chan struct{}
	end        sync.Once
	handle     uint16
	request    uint32 // of the last Open
	builder    *schema.Builder
	lastClient string        // of the last Open
	full       chan struct{} // until it is closed the network takes nothing; nil: it does
}

func newScript(t *testing.T) *script {
	s, codec := board(t)
	return &script{t: t, schema: s, codec: codec, dialed: make(chan *pipe, 100)}
}

func (s *script) dial(context.Context, string) (Transport, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, io.ErrClosedPipe
	}
	l := &pipe{s: s, in: make(chan []byte, 10000), out: make(chan []byte, 10000), over: make(chan struct{}), builder: schema.NewBuilder()}
	s.dialed <- l
	return l, nil
}

func (l *pipe) Read() ([]byte, error) {
	select {
	case m := <-l.out:
		return m, nil
	default:
	}
	select {
	case m := <-l.out:
		return m, nil
	case <-l.over:
		return nil, io.EOF
	}
}

func (l *pipe) Write(m []byte) error {
	m = bytes.Clone(m)
	if l.full != nil {
		<-l.full
	}
	if schema.Kind(m[0]) == schema.KindHello { // always welcome
		l.send(schema.KindWelcome, 0, 0, l.builder.Welcome(schema.WelcomeInfo{Session: "s", User: "ada", GuestToken: "g", PingInterval: 60_000}))
		return nil
	}
	select {
	case <-l.over:
		return io.ErrClosedPipe
	case l.in <- m:
		return nil
	}
}

func (l *pipe) Close() { l.end.Do(func() { close(l.over) }) }

func (l *pipe) send(kind schema.Kind, flags uint8, handle uint16, body []byte) {
	l.out <- append(schema.Header{Kind: kind, Flags: flags, Handle: handle}.Append(nil), body...)
}

// connect dials a client, and hangs up at the test's end.
func (s *script) connect(o Options) *Client {
	s.t.Helper()
	o.Dialer = s.dial
	c, err := Dial(s.t.Context(), "script", o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.conn = <-s.dialed
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// hangUp breaks the connection; again waits for the next.
func (s *script) hangUp() {
	s.conn.Close()
	synctest.Wait()
}

func (s *script) again() { s.conn = <-s.dialed }

// next is the client's next message of a kind; others that are not about
// records are skipped, another one fails the test.
func (s *script) next(kind schema.Kind) (schema.Header, []byte) {
	s.t.Helper()
	head, body, ok := s.peek()
	if !ok {
		s.t.Fatalf("no message, want %v", kind)
	}
	if head.Kind != kind {
		s.t.Fatalf("the client sent %v, want %v", head.Kind, kind)
	}
	return head, body
}

// peek is the client's next message about records, once it has come to rest.
func (s *script) peek() (schema.Header, []byte, bool) {
	s.t.Helper()
	for {
		synctest.Wait()
		select {
		case m := <-s.conn.in:
			head, body, err := verified(m)
			if err != nil {
				s.t.Fatal(err)
			}
			if head.Kind != schema.KindPing && head.Kind != schema.KindPong {
				return head, body, true
			}
		default:
			return schema.Header{}, nil, false
		}
	}
}

// silent fails the test if the client has said anything.
func (s *script) silent() {
	s.t.Helper()
	if head, _, ok := s.peek(); ok {
		s.t.Fatalf("the client sent %v, want nothing", head.Kind)
	}
}

// opening answers the client's Open.
func (s *script) opening(o schema.OpenedInfo) *fb.Open {
	s.t.Helper()
	_, body := s.next(schema.KindOpen)
	m := fb.GetRootAsOpen(body, 0)
	s.conn.handle++
	s.conn.request, s.conn.lastClient = m.Request(), string(m.Client())
	o.Request, o.Room, o.Version, o.SchemaHash = m.Request(), string(m.Room()), s.schema.Version, s.schema.Hash()
	if m.SchemaHash() != o.SchemaHash {
		o.Schema = s.schema.Encode()
	}
	if o.Epoch == 0 {
		o.Epoch = 7
	}
	s.conn.send(schema.KindOpened, 0, s.conn.handle, s.conn.builder.Opened(o))
	synctest.Wait()
	return m
}

// enter opens a room.
func (s *script) enter(c *Client, o RecordsOptions, opened schema.OpenedInfo) *RecordRoom {
	s.t.Helper()
	entered := make(chan *RecordRoom, 1)
	go func() {
		r, err := c.OpenRecords(s.t.Context(), "board/main", o)
		if err != nil {
			s.t.Error(err)
		}
		entered <- r
	}()
	s.opening(opened)
	return <-entered
}

// subscribed reads the client's Subscribe.
func (s *script) subscribed() *fb.Subscribe {
	s.t.Helper()
	_, body := s.next(schema.KindSubscribe)
	return fb.GetRootAsSubscribe(body, 0)
}

// mutated reads the client's Mutate.
func (s *script) mutated() *fb.Mutate {
	s.t.Helper()
	_, body := s.next(schema.KindMutate)
	return fb.GetRootAsMutate(body, 0)
}

func (s *script) delta(id uint32, from, seq uint64, flags uint8, payload []byte) {
	s.conn.send(schema.KindDelta, flags, s.conn.handle, s.conn.builder.Delta(id, from, seq, payload))
	synctest.Wait()
}

func (s *script) receipt(r schema.ReceiptInfo) {
	s.conn.send(schema.KindReceipt, 0, s.conn.handle, s.conn.builder.Receipt(r))
	synctest.Wait()
}

// entering is a payload of whole rows.
func (s *script) entering(items ...item) []byte {
	var payload []byte
	for _, i := range items {
		row, err := s.codec.Encode(&i, value.Meta{CreatedBy: "someone"})
		if err != nil {
			s.t.Fatal(err)
		}
		payload = value.AppendEnter(payload, s.key(i.ID), row)
	}
	return payload
}

// changing is a payload of all of a row's fields.
func (s *script) changing(i item) []byte {
	patch, err := s.codec.Patch(nil, &i)
	if err != nil {
		s.t.Fatal(err)
	}
	return value.AppendChange(nil, s.key(i.ID), patch)
}

func (s *script) leaving(id string) []byte { return value.AppendLeave(nil, s.key(id)) }

func (s *script) key(id string) value.Key {
	k, err := s.schema.Collections[0].MakeKey(value.OfString(id))
	if err != nil {
		s.t.Fatal(err)
	}
	return k
}

// items is the handle on a collection; follow a live query of it that the
// server has answered with rows at seq.
func (s *script) items(r *RecordRoom, name string) *Collection[item] {
	s.t.Helper()
	c, err := Records[item](r, name)
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

func (s *script) follow(c *Collection[item], q query.Query, seq uint64, rows ...item) (*Live[item], uint32) {
	s.t.Helper()
	live, err := c.Subscribe(q)
	if err != nil {
		s.t.Fatal(err)
	}
	id := s.subscribed().Id()
	s.delta(id, 0, seq, schema.DeltaSnapshot, s.entering(rows...))
	return live, id
}

// titles are those of the rows.
func titles(l *Live[item]) []string {
	list := []string{}
	for _, i := range l.All() {
		list = append(list, i.Title)
	}
	return list
}

func (s *script) want(what string, got []string, want ...string) {
	s.t.Helper()
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// inBubble runs a test of a script under virtual time.
func inBubble(t *testing.T, f func(t *testing.T, s *script)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newScript(t)) })
}
