package client

import (
	"encoding/json"
	"fmt"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// boardDelta is a Delta's payload (W2).
type boardDelta struct {
	Remove []string                   `json:"remove"`
	Set    []boardEntry               `json:"set"`
	Board  map[string]json.RawMessage `json:"board"`
}

// boardEntry is a shape, or the keys of one that change (W3).
type boardEntry struct {
	ID     string          `json:"id"`
	Kind   string          `json:"kind"` // "": the shape is there, and keys that are missing stay
	Geo    *Geo            `json:"geo"`
	Style  json.RawMessage `json:"style"`
	Index  *string         `json:"index"`
	Parent *string         `json:"parent"`
	Props  json.RawMessage `json:"props"`
	Text   *string         `json:"text"`
	By     *string         `json:"by"`
	Locked *bool           `json:"locked"`
}

// over is the shape that the entry makes of what was held.
func (e *boardEntry) over(old *Shape) (*Shape, error) {
	var s Shape
	switch {
	case e.ID == "":
		return nil, fmt.Errorf("a shape without an id")
	case e.Kind != "":
		s = Shape{ID: e.ID, Kind: e.Kind}
	case old == nil:
		return nil, fmt.Errorf("a change of shape %q, which the server has not sent", e.ID)
	default:
		s = *old
	}
	if e.Geo != nil {
		s.Geo = *e.Geo
	}
	if e.Style != nil {
		s.Style = e.Style
	}
	if e.Props != nil {
		s.Props = e.Props
	}
	replace(&s.Index, e.Index)
	replace(&s.Parent, e.Parent)
	replace(&s.Text, e.Text)
	replace(&s.By, e.By)
	replace(&s.Locked, e.Locked)
	return &s, nil
}

func replace[V any](at, by *V) {
	if by != nil {
		*at = *by
	}
}

// delta takes a Delta; mu is held.
func (b *Board) delta(flags uint8, m *fb.Delta) error {
	snapshot, part := flags&schema.DeltaSnapshot != 0, flags&schema.DeltaPart != 0
	switch {
	case !snapshot && m.Seq() <= b.seq:
		return nil // known
	case !snapshot && m.From() > b.seq:
		b.missing()
		return nil
	}
	var d boardDelta
	if err := json.Unmarshal(m.PayloadBytes(), &d); err != nil {
		return err
	}
	if snapshot {
		return b.snapshot(&d, part, m.Seq())
	}
	changed := make(map[string]struct{}, len(d.Set)+len(d.Remove))
	if err := d.apply(b.shapes, b.settings, changed); err != nil {
		return err
	}
	b.seq = m.Seq()
	b.gaps.filled()
	b.arrived(changed)
	return nil
}

// missing has the board entered again, because a change did not follow on what
// is here. Until then it stays as it is. mu is held.
func (b *Board) missing() {
	if b.anew {
		return
	}
	b.c.log.Warn("a change of the board is missing; entering it again", "room", b.name, "times", b.gaps.count+1)
	b.seq = 0
	b.gaps.repair(b.seat, func() { b.anew = true })
}

// arrived shows what a Delta has changed; mu is held.
func (b *Board) arrived(changed map[string]struct{}) {
	b.complete = true
	b.isOpen()
	b.rebase(changed)
	b.tellChange(changed)
}

// snapshot takes a part of one, and with the last part puts it in the place of
// what was held; mu is held.
func (b *Board) snapshot(d *boardDelta, part bool, seq uint64) error {
	if b.fresh == nil {
		b.fresh = &boardSnapshot{make(map[string]*Shape), make(map[string]json.RawMessage)}
	}
	if err := d.apply(b.fresh.shapes, b.fresh.settings, nil); err != nil {
		return err
	}
	if part {
		return nil
	}
	changed := make(map[string]struct{})
	for id := range b.shapes {
		changed[id] = struct{}{}
	}
	for id := range b.fresh.shapes {
		changed[id] = struct{}{}
	}
	b.gaps.stop()
	b.shapes, b.settings, b.fresh, b.seq = b.fresh.shapes, b.fresh.settings, nil, seq
	b.arrived(changed)
	return nil
}

// apply does what the delta says; changed, if not nil, notes to which shapes.
func (d *boardDelta) apply(shapes map[string]*Shape, settings map[string]json.RawMessage, changed map[string]struct{}) error {
	note := func(id string) {
		if changed != nil {
			changed[id] = struct{}{}
		}
	}
	for _, id := range d.Remove {
		delete(shapes, id)
		note(id)
	}
	for i := range d.Set {
		s, err := d.Set[i].over(shapes[d.Set[i].ID])
		if err != nil {
			return err
		}
		shapes[s.ID] = s
		note(s.ID)
	}
	for key, value := range d.Board {
		if string(value) == "null" {
			delete(settings, key)
		} else {
			settings[key] = value
		}
	}
	return nil
}
