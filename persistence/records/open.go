package records

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// catalogue is what a room remembers of its own types (R13). It is stored as
// JSON, under one key.
type catalogue struct {
	Format int             `json:"format"`
	Schema json.RawMessage `json:"schema"` // as value.Schema encodes it
	// Spaces are where each collection is stored. A space is never used again.
	Spaces    map[string]uint32 `json:"spaces"`
	NextSpace uint32            `json:"nextSpace"`
	// Plans are the arguments of the schedules, as mutations of a schema.
	Plans json.RawMessage `json:"plans"`
	Steps []int           `json:"steps"` // that have run
	// Compatible is the version after which the schema was added to only.
	Compatible uint32 `json:"compatible"`
	// Past are the mutations of earlier versions, oldest first.
	Past []json.RawMessage `json:"past,omitempty"`

	past []*value.Schema
}

const catalogueFormat = 1

const catalogueKey = "catalogue"

// argsAt are the arguments that a mutation had in an earlier version, or nil.
func (c *catalogue) argsAt(name string, version uint32) []value.Field {
	for _, s := range slices.Backward(c.past) { // the newest that is not newer
		if s.Version <= version {
			if m := s.Mutation(name); m != nil {
				return m.Args
			}
			return nil
		}
	}
	return nil
}

// open makes a machine of what is stored, or a new one.
func open(d *definition, loaded Loader, o OpenOptions, out *Outbox) (*Machine, error) {
	stored, err := loadCatalogue(loaded)
	if err != nil {
		return nil, failed(err)
	}
	if stored == nil {
		if o.Seq != 0 {
			return nil, failed(errors.New("the room has data, but not its schema"))
		}
		return create(d, o, out)
	}
	w, err := d.world()
	if err != nil {
		return nil, failed(err)
	}
	p, err := newPassage(d, w, stored)
	if err != nil {
		return nil, failed(err)
	}
	m, err := newMachine(d, w, p.schema, o)
	if err != nil {
		return nil, failed(err)
	}
	m.catalogue = p.catalogue
	m.placeTables()
	mark := len(out.Puts)
	if err := m.load(loaded, p, out); err != nil {
		out.Puts = out.Puts[:mark]
		return nil, failed(err)
	}
	return m, nil
}

// failed is why a room stays closed.
func failed(err error) error {
	if e, ok := errors.AsType[*schema.Error](err); ok && e.Code == schema.CodeMigrationFailed {
		return e
	}
	return schema.Errorf(schema.CodeMigrationFailed, "%s", err)
}

func loadCatalogue(loaded Loader) (*catalogue, error) {
	var c *catalogue
	err := loaded.Each(SpaceCatalogue, func(key, data []byte, _ uint64) error {
		if string(key) != catalogueKey {
			return nil
		}
		c = new(catalogue)
		return json.Unmarshal(data, c)
	})
	if err != nil || c == nil {
		return nil, err
	}
	if c.Format != catalogueFormat {
		return nil, fmt.Errorf("the room's catalogue has format %d; this version of Parlor reads %d", c.Format, catalogueFormat)
	}
	for _, raw := range c.Past {
		s, err := value.ParseSchema(raw)
		if err != nil {
			return nil, fmt.Errorf("failed to read an earlier schema: %w", err)
		}
		c.past = append(c.past, s)
	}
	return c, nil
}

// create makes a new room: its first transaction holds the catalogue and what
// the Create hook wrote.
func create(d *definition, o OpenOptions, out *Outbox) (*Machine, error) {
	w, err := d.world()
	if err != nil {
		return nil, failed(err)
	}
	m, err := newMachine(d, w, d.schema, o)
	if err != nil {
		return nil, failed(err)
	}
	c := &m.catalogue
	c.Format, c.NextSpace, c.Spaces, c.Compatible = catalogueFormat, FirstCollection, make(map[string]uint32), d.schema.Version
	for _, s := range d.steps {
		c.Steps = append(c.Steps, s.number) // there is nothing to migrate
	}
	c.Schema, c.Plans = m.descriptor, w.plansSchema().Encode()
	c.addSpaces(&m.schema)
	m.placeTables()
	m.serve()
	m.sink.out = out
	m.begin(&User{}, "", true, 0)
	if w.create != nil {
		if err := m.call(w.create); err != nil {
			m.refused("Create", err)
			m.undo()
			return nil, failed(fmt.Errorf("the Create hook failed: %w", err))
		}
	}
	out.put(m.seq+1, SpaceCatalogue, catalogueKey, c.encode())
	if m.commit(out, nil) == o.Seq {
		m.seq++ // the catalogue is a transaction by itself
		m.hub.Apply(m.seq, nil, nil, &m.sink)
	}
	return m, nil
}

func (c *catalogue) encode() []byte {
	data, err := json.Marshal(c)
	if err != nil {
		panic(err) // raw messages that were encoded here
	}
	return data
}

// addSpaces finds a place for collections that are new.
func (c *catalogue) addSpaces(s *value.Schema) {
	for i := range s.Collections {
		name := s.Collections[i].Name
		if c.Spaces[name] == 0 && !s.Collections[i].Event {
			c.Spaces[name] = c.NextSpace
			c.NextSpace++
		}
	}
}

// placeTables tells the tables where they are stored.
func (m *Machine) placeTables() {
	for i := range m.tables {
		m.tables[i].space = m.catalogue.Spaces[m.tables[i].collection.Name]
	}
}

// plansSchema describes the arguments of the schedules.
func (w *world) plansSchema() *value.Schema {
	s := &value.Schema{}
	for i, name := range w.names {
		if w.described[i].collection == nil {
			s.Mutations = append(s.Mutations, value.Mutation{Name: name, Args: w.runs[name].descriptor.Args})
		}
	}
	slices.SortFunc(s.Mutations, func(a, b value.Mutation) int { return cmpText(a.Name, b.Name) })
	return s
}

// load fills the machine and migrates what must be.
func (m *Machine) load(loaded Loader, p *passage, out *Outbox) error {
	for i := range m.tables {
		if t := &m.tables[i]; !t.event {
			if err := m.loadTable(loaded, i, p.rewritten(t.collection.Name)); err != nil {
				return fmt.Errorf("%s: %w", t.collection.Name, err)
			}
		}
	}
	err := loaded.Each(SpaceCounters, func(key, data []byte, _ uint64) error {
		for i := range m.tables {
			if t := &m.tables[i]; t.auto && len(key) == 4 && binary.BigEndian.Uint32(key) == t.space {
				next, _ := binary.Uvarint(data)
				t.next = max(t.next, next+1) // one that a crash may have lost is not given again
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := m.loadClients(loaded); err != nil {
		return err
	}
	if err := m.loadPlans(loaded, p); err != nil {
		return err
	}
	m.serve()
	m.sink.out = out
	return p.run(m, loaded, out)
}

// loadTable reads the records of a collection, unless a rewrite makes them.
func (m *Machine) loadTable(loaded Loader, at int, rewritten bool) error {
	t := &m.tables[at]
	if rewritten {
		return nil
	}
	into := m.set.Table(at).Load(0)
	var last []byte
	err := loaded.Each(t.space, func(key, row []byte, seq uint64) error {
		if t.auto {
			last = append(last[:0], key...)
		}
		return into.Add(key, row, seq)
	})
	if err != nil {
		return err
	}
	if err := into.Done(); err != nil {
		if e, ok := errors.AsType[*table.DuplicateError](err); ok {
			return fmt.Errorf("%s cannot be unique: two records have the same; make them differ in a step first", joinFields(e.Fields))
		}
		return err
	}
	if r := m.set.Table(at).Get(value.Key(last)); t.auto && r != nil {
		if used := t.collection.Get(r.Row, t.collection.Key).Uint(); used >= t.next {
			t.next = used + 1 // the key was not automatic before
		}
	}
	return nil
}

// loadPlans reads the schedules, and brings arguments into their present shape.
func (m *Machine) loadPlans(loaded Loader, p *passage) error {
	return loaded.Each(SpaceSchedules, func(key, data []byte, _ uint64) error {
		pl, err := parsePlan(string(key), data)
		if err != nil {
			return err
		}
		name, _, _ := cutPlanKey(pl.key)
		f := m.world.runs[name]
		if f == nil {
			return fmt.Errorf("the schedule %s is gone, but has a plan; bring it back, and cancel its plans first", name)
		}
		if old := p.plans.Mutation(name); old != nil && !sameFields(old.Args, f.args.Fields) {
			if pl.args, err = convertArgs(old.Collection(), pl.args, f.args); err != nil {
				return fmt.Errorf("the schedule %s: %w", name, err)
			}
			p.converted = append(p.converted, pl)
		}
		m.putPlan(pl.key, pl)
		return nil
	})
}
