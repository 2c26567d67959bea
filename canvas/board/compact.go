package board

import (
	"hash/fnv"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/canvas/yjs"
)

// compactFrom is how many bytes of a document's state there must be before the
// traces of what was deleted are worth a new one.
const compactFrom = 64 << 10

// compact makes the document anew, without the traces of what was deleted, when
// nobody is here and half of it is such traces. The epoch is then another one:
// clients that hold the old document must not merge it into this one. So it is
// only for rooms that stock clients, which know no epochs, cannot reach; and
// only if the model is all that the document says.
func (b *Board) compact(out *canvas.Outbox) {
	if !b.def.Private || len(b.order) > 0 || len(b.hidden) > 0 || b.partial {
		return
	}
	old := b.Doc()
	before := len(old.EncodeState(nil))
	if before < compactFrom || !b.plain(old) {
		return
	}
	client := b.nextClient()
	doc := yjs.New(client, yjs.Limits{Bytes: b.def.MaxBytes})
	_, err := doc.Transact(func(tx *yjs.Tx) error {
		shapes := doc.Map(shapesRoot)
		var err error
		b.each(func(s *shape, _ int) {
			if err == nil {
				err = writeShape(tx, shapes, s)
			}
		})
		if err != nil {
			return err
		}
		settings := edit{b: b, remote: true}
		for key := range b.settings {
			settings.resettle = append(settings.resettle, key)
		}
		return settings.writeSettings(tx, doc.Map(settingsRoot))
	})
	if err != nil {
		b.log.Error("failed to compact a board", "room", b.room, "error", err)
		return
	}
	if len(doc.EncodeState(nil)) > before/2 {
		return
	}
	b.Replace(client, doc, out)
	b.renewals++
	b.setEpoch()
	b.lately, b.snapshot = lately{}, nil
	b.putSeq(out)
}

// plain tells whether the document has nothing that the model lacks: roots and
// keys of others' making, formats and embeds in texts.
func (b *Board) plain(doc *yjs.Doc) bool {
	for _, name := range doc.Roots() {
		if name != shapesRoot && name != settingsRoot {
			return false
		}
	}
	shapes := doc.Map(shapesRoot)
	if doc.Array(shapesRoot).Len() > 0 || doc.Array(settingsRoot).Len() > 0 {
		return false // a root may be read as both
	}
	for id := range b.shapes {
		v, _ := shapes.Get(id)
		m, ok := v.(*yjs.Map)
		if !ok || !plainShape(m) {
			return false
		}
	}
	return true
}

func plainShape(m *yjs.Map) bool {
	for _, name := range m.Keys() {
		if keyNamed(name) == 0 {
			return false
		}
	}
	v, _ := m.Get("text")
	t, ok := v.(*yjs.Text)
	if !ok {
		return v == nil
	}
	for _, run := range t.Delta() {
		if _, ok := run.Insert.(string); !ok || len(run.Attributes) > 0 {
			return false
		}
	}
	return true
}

// nextClient is an ID for a new document's edits that nobody has used.
func (b *Board) nextClient() uint64 {
	h := fnv.New64a()
	for b.seed++; ; b.seed++ {
		for i := range 8 {
			h.Write([]byte{byte(b.seed >> (8 * i))})
		}
		client := h.Sum64() & (1<<32 - 1)
		if _, used := b.Doc().State()[client]; !used && client != 0 {
			return client
		}
	}
}
