package board

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

// open makes a board from what is stored of it.
func open(d *definition, load canvas.Loader, o canvas.OpenOptions, out *canvas.Outbox) (*Board, error) {
	b := &Board{
		def: d, room: o.Room, log: o.Log, builder: schema.NewBuilder(), model: newModel(), hidden: map[string]bool{},
		seq: 1, stored: o.Epoch, seed: o.Seed, presence: presence.NewMachine(d.presence),
		people: map[canvas.Conn]*person{}, clients: map[string]*client{}, undos: map[string]*history{}, tickAt: o.Now,
	}
	if b.log == nil {
		b.log = slog.New(slog.DiscardHandler)
	}
	var err error
	b.Document, err = canvas.OpenDocument(load, o, canvas.Settings{
		Durable: d.Durable, Limits: yjs.Limits{Bytes: d.MaxBytes}, Changed: b.changed,
	})
	if err != nil {
		return nil, err
	}
	for _, f := range []func(canvas.Loader) error{b.loadSeq, b.loadReceipts, b.loadUndo, b.loadVersions} {
		if err := f(load); err != nil {
			return nil, fmt.Errorf("failed to load the board %s: %w", o.Room, err)
		}
	}
	return b, b.loadShapes(o, out)
}

func (b *Board) loadSeq(load canvas.Loader) error {
	err := load.Each(spaceSeq, func(_, value []byte, _ uint64) error {
		if len(value) != 16 {
			return errStored
		}
		b.seq, b.renewals = binary.BigEndian.Uint64(value), binary.BigEndian.Uint64(value[8:])
		return nil
	})
	b.setEpoch()
	return err
}

// leap begins the sequence behind all that anybody can have seen: a board that
// is not durable may have lost edits that were sent, and one whose kinds were
// changed may show what it did not. A cursor from before then names nothing,
// but for the one that is stored, if all is as it was.
func (b *Board) leap(seed uint64, same bool) {
	from := b.seq
	b.seq += 1 + seed%(1<<32)
	if same {
		b.lately.keep(late{from, b.seq, slices.Clone(b.builder.Delta(subscription, from, b.seq, []byte("{}")))})
	}
}

// setEpoch makes the epoch from how often the board was compacted and which room
// of the store it is.
func (b *Board) setEpoch() {
	h := fnv.New64a()
	h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, b.stored), b.renewals))
	b.epoch = max(1, h.Sum64()>>12) // a number that JavaScript holds
}

// loadShapes makes the model of the document. What cannot be shown any more,
// because the room's kinds are others now, stays in the document as it is.
func (b *Board) loadShapes(o canvas.OpenOptions, out *canvas.Outbox) error {
	e := b.begin(o.Now, 0, "", canvas.Owner)
	e.remote = true
	shapes := b.Doc().Map(shapesRoot)
	for _, id := range shapes.Keys() {
		v, _ := shapes.Get(id)
		m, ok := v.(*yjs.Map)
		var c content
		var bad keys
		if ok {
			c, bad = e.read(m, c, allKeys)
		}
		if !ok || c.kind == nil || bad&(keyKind|keyGeo) != 0 || !validID(id) {
			b.hidden[id] = true
			continue
		}
		if bad&keyIndex != 0 {
			c.index = between(b.front(c.parent), "")
		}
		b.partial = b.partial || bad != 0
		s := e.insert(id, c)
		e.changes[s.touched-1].write |= bad & keyIndex
	}
	e.followSettings(b.Doc().Map(settingsRoot), b.Doc().Map(settingsRoot).Keys())
	e.repair()
	var err error
	if e.writes() {
		err = b.Document.Transact(o.Now, out, e.write)
		b.partial = true
	}
	e.done()
	b.leap(o.Seed, !b.partial && len(b.hidden) == 0)
	if len(b.hidden) > 0 {
		b.log.Warn("shapes of kinds that the room does not have are not shown", "room", b.room, "shapes", len(b.hidden))
	}
	return err
}

// describe writes Opened.schema (W1).
func (d *definition) describe() error {
	type kind struct {
		Props map[string]string `json:"props"`
		Frame bool              `json:"frame"`
	}
	kinds := map[string]kind{}
	for name, k := range d.kinds {
		props := k.props
		if props == nil {
			props = map[string]string{}
		}
		kinds[name] = kind{props, k.frame}
	}
	b, err := json.Marshal(struct {
		Kinds    map[string]kind `json:"kinds"`
		Presence json.RawMessage `json:"presence"`
		Limits   Limits          `json:"limits"`
	}{kinds, d.presence.Descriptor(), d.Limits})
	if err != nil {
		return fmt.Errorf("failed to describe the boards: %w", err)
	}
	h := fnv.New64a()
	h.Write(b)
	d.schema, d.hash = b, h.Sum64()
	return nil
}
