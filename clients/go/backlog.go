package client

import (
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

const (
	backlogWait  = time.Second // the longest that a message waits for its frame
	backlogItems = 256         // that wait; beyond, the oldest goes ahead
	backlogBytes = 1 << 20     // of them together
)

// backlog keeps a room's owner sections, events and messages back, in order,
// until the frame of their tick has been applied: where frames may be lost,
// these arrive by another way and may overtake them. Only the client's
// goroutine uses it. What waits too long, or is too much, goes ahead.
type backlog struct {
	items []waiting // from first on they wait; the memory of earlier ones is used again
	first int
	bytes int
}

type waiting struct {
	kind  schema.Kind
	tick  uint32
	since time.Time
	body  []byte
}

// take handles a message of a tick now or later. body is copied if it waits.
func (b *backlog) take(r *Room, kind schema.Kind, tick uint32, body []byte, now time.Time) {
	if !b.waits() && (!r.c.send.lossy.Load() || tick <= r.applied.Load()) {
		r.deliver(kind, body)
		return
	}
	for b.waits() && (len(b.items)-b.first >= backlogItems || b.bytes+len(body) > backlogBytes) {
		b.pop(r)
	}
	if len(b.items) < cap(b.items) {
		b.items = b.items[:len(b.items)+1]
	} else {
		b.items = append(b.items, waiting{})
	}
	w := &b.items[len(b.items)-1]
	w.kind, w.tick, w.since, w.body = kind, tick, now, append(w.body[:0], body...)
	b.bytes += len(body)
}

// release handles what need not wait any longer; all: everything.
func (b *backlog) release(r *Room, now time.Time, all bool) {
	for b.waits() {
		w := &b.items[b.first]
		if !all && w.tick > r.applied.Load() && now.Sub(w.since) < backlogWait {
			return
		}
		b.pop(r)
	}
}

// pop handles the oldest.
func (b *backlog) pop(r *Room) {
	w := &b.items[b.first]
	b.first++
	b.bytes -= len(w.body)
	r.deliver(w.kind, w.body)
	switch {
	case b.first == len(b.items):
		b.items, b.first = b.items[:0], 0
	case b.first >= backlogItems: // never empty: keep the memory bounded
		n := len(b.items) - b.first
		for i := range n {
			b.items[i], b.items[b.first+i] = b.items[b.first+i], b.items[i]
		}
		b.items, b.first = b.items[:n], 0
	}
}

func (b *backlog) waits() bool { return b.first < len(b.items) }

// forget drops everything, of a membership that is over.
func (b *backlog) forget() { *b = backlog{} }

// deliver handles a message whose turn has come.
func (r *Room) deliver(kind schema.Kind, body []byte) {
	switch kind {
	case schema.KindOwner:
		r.owner(fb.GetRootAsOwner(body, 0).PayloadBytes())
	case schema.KindEvents:
		r.events(fb.GetRootAsEvents(body, 0).PayloadBytes())
	case schema.KindMessage:
		m := fb.GetRootAsMessage(body, 0)
		r.message(Message{Tick: m.Tick(), Name: string(m.Name()), Data: m.DataBytes()})
	}
}
