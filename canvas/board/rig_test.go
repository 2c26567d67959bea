package board

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// disk is a store of one room: what was put.
type disk map[store.Space]map[string][]byte

func (d disk) Each(space store.Space, f func(key, value []byte, seq uint64) error) error {
	for _, key := range slices.SortedFunc(maps.Keys(d[space]), cmp.Compare[string]) {
		if err := f([]byte(key), d[space][key], 0); err != nil {
			return err
		}
	}
	return nil
}

func (d disk) take(puts []canvas.Put) {
	for _, p := range puts {
		if p.Key == "" {
			panic("a store takes no empty key")
		}
		if d[p.Space] == nil {
			d[p.Space] = map[string][]byte{}
		}
		if p.Value == nil {
			delete(d[p.Space], p.Key)
		} else {
			d[p.Space][p.Key] = bytes.Clone(p.Value)
		}
	}
}

// rig runs a board as a host would.
type rig struct {
	t       testing.TB
	now     time.Time
	def     *definition
	b       *Board
	disk    disk
	builder *schema.Builder
	clients map[canvas.Conn]*typed
	opened  uint64
	slow    map[canvas.Conn]bool // takes no volatile frames
	out     canvas.Outbox
}

type Rect struct {
	Radius float64 `json:"radius,omitempty"`
	Label  string  `json:"label,omitempty"`
}

func (r *Rect) Validate() error {
	if r.Radius < 0 {
		return fmt.Errorf("a radius is not negative")
	}
	return nil
}

type Pen struct {
	Points []float64 `json:"points"`
}

func testRoom() Room {
	return Room{Kinds: []Kind{Shape[Rect]("rect"), Shape[Pen]("pen"), Frame[struct{}]("frame")}}
}

func newRig(t testing.TB, room Room) *rig {
	def, err := newDefinition("board", room)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, now: time.Unix(1000, 0), def: def, disk: disk{}, builder: schema.NewBuilder(), slow: map[canvas.Conn]bool{}}
	r.out.Offer = func(conn canvas.Conn, head schema.Header, body []byte) bool {
		if r.slow[conn] {
			return false
		}
		if c := r.clients[conn]; c != nil {
			c.take(head.Kind, head.Flags, body)
		}
		return true
	}
	r.out.Backlog = func(canvas.Conn) int { return 0 }
	r.open()
	return r
}

// open loads the board from the disk; all connections are gone.
func (r *rig) open() {
	r.t.Helper()
	r.opened++
	r.clients = map[canvas.Conn]*typed{}
	r.out.Reset()
	b, err := open(r.def, r.disk, canvas.OpenOptions{Room: "board/a", Epoch: 7, Now: r.now, Seed: r.opened, Client: r.opened}, &r.out)
	if err != nil {
		r.t.Fatal(err)
	}
	r.b = b
	r.deliver()
}

func (r *rig) deliver() {
	r.disk.take(r.out.Puts)
	for _, s := range slices.Concat(r.out.Now, r.out.After) {
		c := r.clients[s.Conn]
		if c == nil {
			continue
		}
		if s.Error != nil {
			c.errors = append(c.errors, s.Error)
			continue
		}
		c.take(s.Kind, s.Flags, s.Body)
	}
	r.out.Reset()
}

func (r *rig) apply(op canvas.Op) {
	r.b.Apply(r.now, op, &r.out)
	r.deliver()
}

// pass lets time pass, with the ticks that the board asks for.
func (r *rig) pass(d time.Duration) {
	end := r.now.Add(d)
	for next := r.b.Next(); !next.IsZero() && !next.After(end); next = r.b.Next() {
		if next.After(r.now) {
			r.now = next
		}
		r.apply(&canvas.Tick{})
		if again := r.b.Next(); !again.IsZero() && !again.After(r.now) {
			r.t.Fatalf("after a tick at %v the next is at %v", r.now, again)
		}
	}
	r.now = end
}

func (r *rig) enter(conn canvas.Conn, user string, role canvas.Role) *typed {
	return r.enterAs(conn, user, role, fmt.Sprintf("client-%s-%d", user, conn), 0, 0)
}

func (r *rig) enterAs(conn canvas.Conn, user string, role canvas.Role, client string, epoch, cursor uint64) *typed {
	c := &typed{r: r, conn: conn, user: user, shapes: map[string]map[string]any{}, settings: map[string]any{}, drags: map[string][5]float32{}}
	r.clients[conn] = c
	r.apply(&canvas.Enter{Conn: conn, User: canvas.User{ID: user}, Role: role, Client: client, Request: 1, Epoch: epoch, Cursor: cursor})
	return c
}

// comeBack is a client that returns with what it holds.
func (r *rig) comeBack(conn canvas.Conn, old *typed) *typed {
	c := *old
	c.conn = conn
	r.clients[conn] = &c
	r.apply(&canvas.Enter{Conn: conn, User: canvas.User{ID: c.user}, Role: canvas.Writer, Client: "back", Request: 1, Epoch: c.info.Epoch, Cursor: c.seq})
	return &c
}

// dump is what the machine holds, as clients hold it.
func (r *rig) dump() map[string]map[string]any {
	shapes := map[string]map[string]any{}
	for id, s := range r.b.shapes {
		var m map[string]any
		if err := json.Unmarshal(s.appendEntry(nil, allKeys), &m); err != nil {
			r.t.Fatal(err)
		}
		shapes[id] = m
	}
	return shapes
}

// check compares all that should be the same: the clients, the document, and the
// model's own parts with each other.
func (r *rig) check() {
	r.t.Helper()
	model := jsonOf(r.t, r.dump())
	for conn, c := range r.clients {
		if p := r.b.people[conn]; p == nil || !p.typed {
			continue
		}
		if held := jsonOf(r.t, c.shapes); held != model {
			r.t.Fatalf("client %d holds\n%s\nthe board is\n%s", conn, held, model)
		}
	}
	if doc := jsonOf(r.t, shapesOf(r.t, r.b.Doc())); doc != model {
		r.t.Fatalf("the document says\n%s\nthe board is\n%s", doc, model)
	}
	r.checkTree()
}

func (r *rig) checkTree() {
	r.t.Helper()
	n := 0
	r.b.each(func(s *shape, _ int) { n++ })
	if n != len(r.b.shapes) {
		r.t.Fatalf("%d of %d shapes are in the tree", n, len(r.b.shapes))
	}
	for parent, family := range r.b.children {
		for i, s := range family {
			if s.parent != parent || r.b.shapes[s.id] != s || s.touched != 0 || s.dead {
				r.t.Fatalf("%s is among the children of %q", s.id, parent)
			}
			if i > 0 && family[i-1].index >= s.index {
				r.t.Fatalf("%s and %s in %q: %s, %s", family[i-1].id, s.id, parent, family[i-1].index, s.index)
			}
			if err := checkIndex(s.index); err != nil {
				r.t.Fatalf("%s: %v %q", s.id, err, s.index)
			}
		}
	}
}

// shapesOf reads a document as a Yjs client does.
func shapesOf(t testing.TB, doc *yjs.Doc) map[string]map[string]any {
	t.Helper()
	shapes := map[string]map[string]any{}
	root := doc.Map(shapesRoot)
	for _, id := range root.Keys() {
		v, _ := root.Get(id)
		m, ok := v.(*yjs.Map)
		if !ok {
			t.Fatalf("%s is no map", id)
		}
		s := map[string]any{"id": id, "style": map[string]any{}, "props": map[string]any{}, "parent": "", "text": "", "by": "", "locked": false}
		for _, key := range m.Keys() {
			if keyNamed(key) == 0 {
				continue // left alone
			}
			value, _ := m.AppendJSON(nil, key)
			var v any
			if err := json.Unmarshal(value, &v); err != nil {
				t.Fatalf("%s.%s: %v in %s", id, key, err, value)
			}
			s[key] = v
		}
		shapes[id] = s
	}
	return shapes
}

func jsonOf(t testing.TB, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
