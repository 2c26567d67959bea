package board

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
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

// typed is a client that knows no Yjs: what it has been told.
type typed struct {
	r         *rig
	conn      canvas.Conn
	id        uint64 // of its last Mutate
	user      string
	shapes    map[string]map[string]any
	settings  map[string]any
	parts     map[string]map[string]any // of a snapshot that is coming
	seq       uint64
	info      schema.OpenedInfo
	receipts  []schema.ReceiptInfo
	drags     map[string][5]float32
	errors    []*schema.Error
	crowds    int
	frames    int
	syncs     [][]byte
	snapshots int
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

func (c *typed) leave() {
	delete(c.r.clients, c.conn)
	c.r.apply(&canvas.Leave{Conn: c.conn})
}

// take reads a message.
func (c *typed) take(kind schema.Kind, flags uint8, body []byte) {
	t := c.r.t
	t.Helper()
	if kind == schema.KindSync { // the host makes the envelope
		c.syncs = append(c.syncs, bytes.Clone(body))
		return
	}
	if err := schema.Verify(kind, body); err != nil {
		t.Fatalf("%v: %v", kind, err)
	}
	switch kind {
	case schema.KindOpened:
		o := fb.GetRootAsOpened(body, 0)
		c.info = schema.OpenedInfo{Epoch: o.Epoch(), Seq: o.Seq(), Known: o.Known(), Last: o.Last(), Member: o.Member(), Schema: o.SchemaBytes()}
		c.id = o.Last()
	case schema.KindDelta:
		c.delta(flags, fb.GetRootAsDelta(body, 0))
	case schema.KindReceipt:
		m := fb.GetRootAsReceipt(body, 0)
		if m.Seq() > c.seq && c.shapes != nil && m.Seq() != 0 {
			t.Errorf("receipt %d of seq %d came before its delta; at %d", m.Mutation(), m.Seq(), c.seq)
		}
		c.receipts = append(c.receipts, schema.ReceiptInfo{Mutation: m.Mutation(), Seq: m.Seq(), Code: schema.Code(m.Code()),
			Message: string(m.Message()), Field: string(m.Field()), Result: bytes.Clone(m.ResultBytes())})
	case schema.KindDrags:
		c.drag(flags, fb.GetRootAsDrags(body, 0).PayloadBytes())
	case schema.KindCrowd:
		c.crowds++
	}
}

func (c *typed) delta(flags uint8, d *fb.Delta) {
	t := c.r.t
	t.Helper()
	if len(d.PayloadBytes()) > 32<<10 && flags&schema.DeltaSnapshot != 0 {
		t.Errorf("a part of %d bytes", len(d.PayloadBytes()))
	}
	var payload struct {
		Set    []map[string]any
		Remove []string
		Board  map[string]any
	}
	if err := json.Unmarshal(d.PayloadBytes(), &payload); err != nil {
		t.Fatalf("%v in %s", err, d.PayloadBytes())
	}
	into := c.shapes
	if flags&schema.DeltaSnapshot != 0 {
		if c.parts == nil {
			c.parts, c.settings = map[string]map[string]any{}, map[string]any{}
			c.snapshots++
		}
		into = c.parts
	} else if d.From() != c.seq || d.Seq() <= c.seq {
		t.Errorf("a delta from %d to %d comes to a client at %d", d.From(), d.Seq(), c.seq)
	}
	for _, id := range payload.Remove {
		delete(into, id)
	}
	for _, s := range payload.Set {
		id := s["id"].(string)
		if s["kind"] != nil {
			into[id] = map[string]any{"style": map[string]any{}, "props": map[string]any{}, "parent": "", "text": "", "by": "", "locked": false}
		}
		maps.Copy(into[id], s)
	}
	for key, value := range payload.Board {
		if c.settings[key] = value; value == nil {
			delete(c.settings, key)
		}
	}
	if flags&schema.DeltaPart == 0 {
		if flags&schema.DeltaSnapshot != 0 {
			c.shapes, c.parts = c.parts, nil
		}
		c.seq = d.Seq()
	}
}

func (c *typed) drag(flags uint8, b []byte) {
	c.frames++
	if flags&schema.FlagWhole != 0 {
		clear(c.drags)
	}
	for len(b) > 0 {
		op := b[0]
		b = b[1:]
		if op == opMoves {
			_, n := binary.Uvarint(b)
			b = b[n:]
		}
		size, n := binary.Uvarint(b)
		id := string(b[n : n+int(size)])
		b = b[n+int(size):]
		if op == opEnded {
			delete(c.drags, id)
			continue
		}
		var geo [5]float32
		for i := range geo {
			geo[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
		b = b[20:]
		c.drags[id] = geo
	}
}

// call sends a Mutate and returns the receipt.
func (c *typed) call(name, args string) schema.ReceiptInfo {
	c.r.t.Helper()
	c.id++
	return c.again(c.id, name, args)
}

func (c *typed) again(id uint64, name, args string) schema.ReceiptInfo {
	c.r.t.Helper()
	before := len(c.receipts)
	c.send(schema.KindMutate, c.r.builder.Mutate(schema.MutateInfo{ID: id, Name: name, Args: []byte(args)}))
	if len(c.receipts) != before+1 {
		c.r.t.Fatalf("%d receipts for one %s", len(c.receipts)-before, name)
	}
	if c.receipts[before].Mutation != id {
		c.r.t.Fatalf("receipt of %d for %d", c.receipts[before].Mutation, id)
	}
	return c.receipts[before]
}

func (c *typed) send(kind schema.Kind, body []byte) {
	c.r.apply(&canvas.Receive{Conn: c.conn, Head: schema.Header{Kind: kind}, Body: bytes.Clone(body)})
}

// edit sends ops that must be done.
func (c *typed) edit(ops string) schema.ReceiptInfo { return c.editIn(0, ops) }

func (c *typed) editIn(gesture int, ops string) schema.ReceiptInfo {
	c.r.t.Helper()
	r := c.try(gesture, ops)
	if r.Code != 0 {
		c.r.t.Fatalf("%s: %v %s %s", ops, r.Code, r.Field, r.Message)
	}
	return r
}

func (c *typed) try(gesture int, ops string) schema.ReceiptInfo {
	c.r.t.Helper()
	return c.call("edit", fmt.Sprintf(`{"gesture":%d,"ops":[%s]}`, gesture, ops))
}

// move sends a step of a drag.
func (c *typed) move(gesture uint32, phase uint8, moves ...any) {
	var payload []byte
	for i := 0; i < len(moves); i += 2 {
		payload = appendMove(payload, moves[i].(string), moves[i+1].(Geo))
	}
	c.send(schema.KindDrag, c.r.builder.Drag(gesture, phase, payload))
}

func appendMove(b []byte, id string, g Geo) []byte {
	b = appendString(b, id)
	for _, f := range []float64{g.X, g.Y, g.W, g.H, g.R} {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(f)))
	}
	return b
}

// geo is a shape's, as a client holds it.
func (c *typed) geo(id string) (g Geo) {
	if s := c.shapes[id]; s != nil {
		m := s["geo"].(map[string]any)
		g = Geo{m["x"].(float64), m["y"].(float64), m["w"].(float64), m["h"].(float64), m["r"].(float64)}
	}
	return g
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
