package board

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

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
