package records

import (
	"fmt"
	"maps"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
)

// run makes the passage in one transaction, and adds it to out. An error leaves
// everything as it was: nothing of out may be used then.
func (p *passage) run(m *Machine, loaded Loader, out *Outbox) error {
	if !p.changed {
		return nil
	}
	seq := m.seq + 1
	for _, space := range p.dropped {
		err := loaded.Each(space, func(key, _ []byte, _ uint64) error {
			out.delete(seq, space, string(key))
			return nil
		})
		if err != nil {
			return err
		}
	}
	m.begin(&User{}, "", true, 0)
	m.migrating = true
	defer func() { m.migrating = false }()
	names := slices.Sorted(maps.Keys(p.rewrites))
	for _, name := range slices.Compact(append(names, p.fill...)) {
		if at := m.schema.CollectionIndex(name); at >= 0 {
			if err := p.rewrite(m, at, loaded, out); err != nil {
				m.undo()
				return fmt.Errorf("rewriting %s: %w", name, err)
			}
		}
	}
	for _, s := range p.pending {
		if s.run == nil {
			continue
		}
		if err := m.call(func(ctx *Ctx) error { return s.run(m.world.w, ctx) }); err != nil {
			m.undo()
			return fmt.Errorf("the step %d failed: %w", s.number, err)
		}
	}
	for _, pl := range p.converted {
		m.planned = append(m.planned, planChange{pl.key, pl})
	}
	out.put(seq, SpaceCatalogue, catalogueKey, p.catalogue.encode())
	m.catalogue = p.catalogue
	if m.commit(out, nil) != seq {
		m.seq = seq // the catalogue is a transaction by itself
		m.hub.Apply(seq, nil, nil, &m.sink)
	}
	return nil
}

// rewrite fills a table with what the rewrites make of its stored records.
func (p *passage) rewrite(m *Machine, at int, loaded Loader, out *Outbox) error {
	t := &m.tables[at]
	stored := p.stored.Collection(t.collection.Name)
	seq := m.seq + 1
	err := loaded.Each(t.space, func(key, data []byte, _ uint64) error {
		row := value.Row(slices.Clone(data))
		from := stored
		for _, r := range p.rewrites[t.collection.Name] {
			var err error
			if row, err = r.rewrite(from, row); err != nil {
				return fmt.Errorf("the record %s: %w", keyText(stored, data), err)
			}
			from = &r.new
		}
		if len(p.rewrites[t.collection.Name]) == 0 {
			row = stored.ApplyPatch(row, nil) // with the defaults that it was made with
		} else if !sameFields(from.Fields, t.collection.Fields) || len(from.Fields) != len(t.collection.Fields) {
			return errRewritten
		}
		if string(t.collection.KeyOf(row)) != string(key) {
			out.delete(seq, t.space, string(key))
		}
		return m.tx.Insert(at, row)
	})
	if err != nil {
		return err
	}
	if t.auto {
		for r := range m.rows(at) {
			m.useKey(t, r.Row)
		}
	}
	return nil
}

// keyText is a record's key, for an error.
func keyText(c *value.Collection, row value.Row) string {
	return string(value.AppendValueJSON(nil, c.Get(row, c.Key)))
}
