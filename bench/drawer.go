//go:build linux

package main

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

const (
	drawerSample = 5  // of so many people on a board one reads everything
	gestureBeats = 60 // after which a drag ends, and another begins
)

// drawer is a person on a board: at every beat it moves its cursor and drags a
// shape of its own.
type drawer struct {
	shower
	shape   string
	gesture uint32
	beats   int
}

func newDrawer(index int) *drawer {
	return &drawer{shower: shower{room: "board/main", sampled: index%drawerSample == 0}, shape: fmt.Sprint("shape-", index), gesture: 1}
}

func (d *drawer) message(c *client, m []byte) {
	head, body, err := schema.ParseHeader(m)
	if err != nil {
		c.die(err.Error())
		return
	}
	switch head.Kind {
	case schema.KindWelcome:
		c.say(schema.Header{Kind: schema.KindOpen}, c.load.build.Open(schema.OpenInfo{Request: 1, Room: d.room, Client: "bench-" + d.shape}))
	case schema.KindOpened:
		d.arrive(c, head, fb.GetRootAsOpened(body, 0))
	case schema.KindReceipt:
		if r := fb.GetRootAsReceipt(body, 0); r.Code() != 0 {
			c.load.fail(fmt.Sprintf("the board answers %v: %s", schema.Code(r.Code()), r.Message()))
		}
		c.isReady()
	case schema.KindCrowd:
		d.see(c, head, body)
	case schema.KindDrags, schema.KindDelta:
	default:
		common(c, head, body)
	}
}

// arrive adds the shape that is going to be dragged.
func (d *drawer) arrive(c *client, head schema.Header, m *fb.Opened) {
	var described struct {
		Presence json.RawMessage `json:"presence"`
	}
	err := json.Unmarshal(m.SchemaBytes(), &described)
	if err != nil {
		c.die(err.Error())
		return
	}
	crowd, err := wire.Parse(described.Presence)
	if err != nil {
		c.die(err.Error())
		return
	}
	if !d.know(c, head, m, crowd) {
		return
	}
	args := fmt.Sprintf(`{"ops":[{"add":{"id":%q,"kind":"rect","geo":{"x":0,"y":0,"w":100,"h":50,"r":0}}}]}`, d.shape)
	c.say(schema.Header{Kind: schema.KindMutate, Handle: d.handle}, c.load.build.Mutate(schema.MutateInfo{ID: 1, Name: "edit", Args: []byte(args)}))
}

func (d *drawer) beat(c *client) {
	d.shower.beat(c)
	phase := schema.DragOn
	if d.beats++; d.beats%gestureBeats == 0 {
		phase = schema.DragEnd
	}
	payload := value.AppendHeld(nil, value.Key(d.shape)) // a length and the bytes
	for _, v := range []float64{c.load.rand.Float64() * 1000, c.load.rand.Float64() * 1000, 100, 50, 0} {
		payload = binary.LittleEndian.AppendUint32(payload, math.Float32bits(float32(v)))
	}
	c.say(schema.Header{Kind: schema.KindDrag, Handle: d.handle}, c.load.build.Drag(d.gesture, phase, payload))
	if phase == schema.DragEnd {
		d.gesture++
	}
}
