package board

import (
	"maps"
	"slices"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// subscription is the number of a board's only one (W2).
const subscription = 1

// partBytes is what a part of a snapshot is filled to.
const partBytes = 32<<10 - 128

// publish tells the clients what an edit has done, and keeps what undo needs.
func (b *Board) publish(e *edit, out *canvas.Outbox) {
	b.seq++
	b.snapshot = nil
	b.putSeq(out)
	b.scratch = e.appendDelta(b.scratch[:0])
	body := slices.Clone(b.builder.Delta(subscription, b.seq-1, b.seq, b.scratch))
	b.lately.keep(late{b.seq - 1, b.seq, body})
	later := b.Later(out)
	for _, p := range b.order {
		if p.typed {
			*later = append(*later, canvas.Send{Conn: p.conn, Kind: schema.KindDelta, Body: body})
		}
	}
	if e.keep {
		b.record(e, out)
	}
	gone := 0
	for i := range e.changes {
		if s := e.changes[i].s; s.dead && s.move != nil {
			b.free(s.move)
			gone++
		}
	}
	if gone > 0 {
		b.dropFreed()
	}
}

// appendDelta appends the payload of W2, W3 and W5.
func (e *edit) appendDelta(p []byte) []byte {
	p = append(p, '{')
	sets, removes := 0, 0
	for i := range e.changes {
		c := &e.changes[i]
		k := c.changed()
		if k == 0 {
			continue
		}
		if k == allKeys {
			k = c.s.filled()
		}
		p = separate(p, sets, `"set":[`)
		p = c.s.appendEntry(p, k)
		sets++
	}
	if sets > 0 {
		p = append(p, ']')
	}
	for i := range e.changes {
		c := &e.changes[i]
		if !c.existed || !c.s.dead && !c.renewed() {
			continue
		}
		if removes == 0 && sets > 0 {
			p = append(p, ',')
		}
		p = separate(p, removes, `"remove":[`)
		p = appendText(p, c.s.id)
		removes++
	}
	if removes > 0 {
		p = append(p, ']')
	}
	if len(e.settings) > 0 {
		if sets+removes > 0 {
			p = append(p, ',')
		}
		p = e.appendSettings(p)
	}
	return append(p, '}')
}

// separate begins a list before its first element, else puts a comma.
func separate(p []byte, n int, open string) []byte {
	if n == 0 {
		return append(p, open...)
	}
	return append(p, ',')
}

func (e *edit) appendSettings(p []byte) []byte {
	for i, key := range slices.Sorted(maps.Keys(e.settings)) {
		p = append(appendText(separate(p, i, `"board":{`), key), ':')
		if value, ok := e.b.settings[key]; ok {
			p = append(p, value...)
		} else {
			p = append(p, "null"...)
		}
	}
	return append(p, '}')
}

// sendSnapshot sends all shapes (W2).
func (b *Board) sendSnapshot(p *person, out *canvas.Outbox) {
	if b.snapshot == nil {
		b.makeSnapshot()
	}
	later := b.Later(out)
	for i, body := range b.snapshot {
		flags := uint8(schema.DeltaSnapshot)
		if i < len(b.snapshot)-1 {
			flags |= schema.DeltaPart
		}
		*later = append(*later, canvas.Send{Conn: p.conn, Kind: schema.KindDelta, Flags: flags, Body: body, Whole: true})
	}
}

// makeSnapshot encodes all shapes, each after its parent. Who joins before the
// next change gets the same bytes.
func (b *Board) makeSnapshot() {
	p := append(b.scratch[:0], '{')
	if len(b.settings) > 0 {
		for i, key := range slices.Sorted(maps.Keys(b.settings)) {
			p = append(appendText(separate(p, i, `"board":{`), key), ':')
			p = append(p, b.settings[key]...)
		}
		p = append(p, "},"...)
	}
	p = append(p, `"set":[`...)
	n := 0
	var entry []byte
	b.each(func(s *shape, _ int) {
		entry = s.appendEntry(entry[:0], s.filled())
		if n > 0 && len(p)+len(entry) > partBytes {
			b.endPart(append(p, "]}"...))
			p, n = append(p[:0], `{"set":[`...), 0
		}
		if n > 0 {
			p = append(p, ',')
		}
		p = append(p, entry...)
		n++
	})
	b.endPart(append(p, "]}"...))
	b.scratch = p
}

func (b *Board) endPart(payload []byte) {
	b.snapshot = append(b.snapshot, slices.Clone(b.builder.Delta(subscription, 0, b.seq, payload)))
}

// lately is the newest Deltas: for connections that come back soon. When full it
// forgets the oldest.
type lately struct {
	list  []late
	bytes int
}

type late struct {
	from, seq uint64
	body      []byte
}

const (
	latelyCount = 256
	latelyBytes = 256 << 10
)

func (l *lately) keep(d late) {
	l.list = append(l.list, d)
	l.bytes += len(d.body)
	n := 0
	for len(l.list)-n > latelyCount || l.bytes > latelyBytes {
		l.bytes -= len(l.list[n].body)
		n++
	}
	if n > 0 {
		l.list = slices.Delete(l.list, 0, n)
	}
}

// sendSince sends what came after cursor, if it is known.
func (b *Board) sendSince(p *person, cursor uint64, out *canvas.Outbox) bool {
	first := len(b.lately.list)
	for first > 0 && b.lately.list[first-1].seq > cursor {
		first--
	}
	missed := b.lately.list[first:]
	if len(missed) == 0 && cursor != b.seq || len(missed) > 0 && missed[0].from != cursor {
		return false
	}
	later := b.Later(out)
	for _, d := range missed {
		*later = append(*later, canvas.Send{Conn: p.conn, Kind: schema.KindDelta, Body: d.body})
	}
	return true
}
