package client

import (
	"maps"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
)

// What follows is for programs that know a room by its descriptor alone: bots,
// inspectors. A program with a Go type for what is shown does not need it.

// Descriptor says what members of the room show and cast. It is not to be
// changed; after a reconnection there may be another one.
func (p *Presence[T]) Descriptor() *wire.Descriptor {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.descriptor
}

// Rows are the states of all members that this client is shown, its own
// included, by number, as the server sends them. They are not to be changed.
func (p *Presence[T]) Rows() map[uint32]value.Row {
	p.mu.Lock()
	defer p.mu.Unlock()
	rows := make(map[uint32]value.Row, len(p.members))
	for number, m := range p.members {
		rows[number] = m.row
	}
	return rows
}

// ShowRow is Show of a row of Descriptor.State. It counts until the next Show or
// Update, or until the room has another descriptor.
func (p *Presence[T]) ShowRow(row value.Row) error {
	p.mu.Lock()
	if p.ended != nil {
		defer p.mu.Unlock()
		return p.ended
	}
	if err := p.descriptor.State.CheckRow(row); err != nil {
		p.mu.Unlock()
		return err
	}
	p.show.raw, p.show.dirty = slices.Clone(row), true
	p.mu.Unlock()
	p.push()
	return nil
}

// CastRow sends a row of a cast's fields, as Cast.Send does.
func (p *Presence[T]) CastRow(name string, row value.Row) error {
	return p.cast(schema.CastInfo{Name: name, Data: row})
}

// ShapeKind is a kind of shape, as a board describes it.
type ShapeKind struct {
	Props map[string]string `json:"props"` // by name, the type in JSON: "number", "string", "boolean", "array" or "object"
	Frame bool              `json:"frame"` // other shapes may be in it
}

// Kinds are the board's kinds of shape, besides groups.
func (b *Board) Kinds() map[string]ShapeKind {
	b.mu.Lock()
	defer b.mu.Unlock()
	return maps.Clone(b.kinds)
}
