package records

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/parlor-server/parlor/persistence/value"
)

// Migration is a numbered step from the data of an earlier version (R13.1):
// made by Rewrite, Step or Drop. It runs once in each room.
type Migration interface{ step() (step, error) }

// step is a Migration without its types.
type step struct {
	number     int
	collection string // of Rewrite and Drop
	drop       bool
	rewrite    *rewriting
	run        func(w any, ctx *Ctx) error
}

// rewriting makes rows of one shape from those of another.
type rewriting struct {
	old, new value.Collection
	// rewrite reads a row of the stored collection, which has the fields of old
	// in its own order, and makes one of new.
	rewrite func(stored *value.Collection, row value.Row) (value.Row, error)
}

type stepFunc func() (step, error)

func (f stepFunc) step() (step, error) { return f() }

// Rewrite makes each record of a collection anew from the type that it had: to
// drop, rename or retype fields. The envelope stays. All rewrites and drops run
// before the steps.
func Rewrite[Old, New any](number int, collection string, rewrite func(old Old) (New, error)) Migration {
	return stepFunc(func() (step, error) {
		from, old, err := value.Bind[Old](collection)
		if err != nil {
			return step{}, err
		}
		to, made, err := value.Bind[New](collection)
		if err != nil {
			return step{}, err
		}
		var bound *value.Codec[Old]
		var boundTo *value.Collection
		run := func(stored *value.Collection, row value.Row) (value.Row, error) {
			if boundTo != stored {
				if bound, err = from.BindTo(stored); err != nil {
					return nil, err
				}
				boundTo = stored
			}
			var before Old
			if err := bound.Decode(row, &before); err != nil {
				return nil, err
			}
			after, err := rewrite(before)
			if err != nil {
				return nil, err
			}
			return to.Encode(&after, Meta{
				CreatedBy: strings.Clone(stored.Get(row, value.CreatedBy).Text()),
				CreatedAt: stored.Get(row, value.CreatedAt).Time(), UpdatedAt: stored.Get(row, value.UpdatedAt).Time(),
			})
		}
		return step{number: number, collection: collection, rewrite: &rewriting{old, made, run}}, nil
	})
}

// Step changes data that has its present types already.
func Step[W any](number int, run func(w *W, ctx *Ctx) error) Migration {
	return stepFunc(func() (step, error) {
		return step{number: number, run: func(w any, ctx *Ctx) error {
			world, ok := w.(*W)
			if !ok {
				return fmt.Errorf("it is for a world of type %T, not %T", world, w)
			}
			return run(world, ctx)
		}}, nil
	})
}

// Drop removes a collection that the world no longer has, with its records.
func Drop(number int, collection string) Migration {
	return stepFunc(func() (step, error) { return step{number: number, collection: collection, drop: true}, nil })
}

func sortSteps(migrations []Migration) ([]step, error) {
	var steps []step
	for _, m := range migrations {
		s, err := m.step()
		if err != nil {
			return nil, fmt.Errorf("a migration: %w", err)
		}
		if s.number < 1 {
			return nil, fmt.Errorf("a migration has the number %d; they count from 1", s.number)
		}
		steps = append(steps, s)
	}
	slices.SortFunc(steps, func(a, b step) int { return a.number - b.number })
	for i := 1; i < len(steps); i++ {
		if steps[i].number == steps[i-1].number {
			return nil, fmt.Errorf("two migrations have the number %d", steps[i].number)
		}
	}
	return steps, nil
}

// passage is the way from what is stored to the present types.
type passage struct {
	stored    *value.Schema
	plans     *value.Schema
	schema    value.Schema // the machine's
	catalogue catalogue
	changed   bool // the catalogue is written anew
	pending   []step
	rewrites  map[string][]*rewriting // by collection, in order
	fill      []string                // collections whose short rows are written with the default that they were made with
	dropped   []uint32                // spaces
	converted []*plan
}

func (p *passage) rewritten(collection string) bool {
	return len(p.rewrites[collection]) > 0 || slices.Contains(p.fill, collection)
}

// newPassage compares what is stored with the definition. What cannot be done
// is an error that names the field.
func newPassage(d *definition, w *world, c *catalogue) (*passage, error) {
	stored, err := value.ParseSchema(c.Schema)
	if err != nil {
		return nil, fmt.Errorf("failed to read the stored schema: %w", err)
	}
	plans, err := value.ParseSchema(c.Plans)
	if err != nil {
		return nil, fmt.Errorf("failed to read the stored schedules: %w", err)
	}
	if stored.Version > d.schema.Version {
		return nil, fmt.Errorf("the room was written by version %d of its schema, this program has %d; run the newer one", stored.Version, d.schema.Version)
	}
	p := &passage{stored: stored, plans: plans, catalogue: *c, rewrites: make(map[string][]*rewriting)}
	p.catalogue.Spaces = make(map[string]uint32)
	for name, space := range c.Spaces {
		p.catalogue.Spaces[name] = space
	}
	for _, s := range d.steps {
		if slices.Contains(c.Steps, s.number) {
			continue
		}
		p.pending = append(p.pending, s)
		p.catalogue.Steps = append(slices.Clip(p.catalogue.Steps), s.number)
		if s.rewrite != nil {
			p.rewrites[s.collection] = append(p.rewrites[s.collection], s.rewrite)
		}
	}
	if err := p.merge(d); err != nil {
		return nil, err
	}
	return p, p.describe(d, w)
}

// merge makes the machine's schema: the collections and fields that are stored
// in their order, and the new ones after them.
func (p *passage) merge(d *definition) error {
	p.schema = value.Schema{Version: d.schema.Version, Mutations: d.schema.Mutations}
	for i := range p.stored.Collections {
		old := &p.stored.Collections[i]
		now := d.schema.Collection(old.Name)
		if now == nil || p.drops(old.Name) {
			if err := p.drop(old); err != nil {
				return err
			}
			continue
		}
		merged, err := p.mergeCollection(old, now)
		if err != nil {
			return err
		}
		p.schema.Collections = append(p.schema.Collections, *merged)
	}
	for i := range d.schema.Collections {
		if now := &d.schema.Collections[i]; p.stored.Collection(now.Name) == nil || p.drops(now.Name) {
			p.schema.Collections = append(p.schema.Collections, *now)
		}
	}
	p.catalogue.addSpaces(&p.schema)
	return nil
}

// drops says that a collection is to be dropped; one of its name is new then.
func (p *passage) drops(collection string) bool {
	return slices.ContainsFunc(p.pending, func(s step) bool { return s.drop && s.collection == collection })
}

func (p *passage) drop(old *value.Collection) error {
	if !old.Event && !p.drops(old.Name) {
		return fmt.Errorf("the collection %s is no longer in the world; bring it back, or add records.Drop for it", old.Name)
	}
	if space := p.catalogue.Spaces[old.Name]; space != 0 {
		p.dropped = append(p.dropped, space)
		delete(p.catalogue.Spaces, old.Name)
	}
	return nil
}

// mergeCollection is the collection as the machine has it.
func (p *passage) mergeCollection(old, now *value.Collection) (*value.Collection, error) {
	if old.Event != now.Event {
		return nil, fmt.Errorf("%s was made of events or is now; give the new collection another name", old.Name)
	}
	if old.Event || len(p.rewrites[old.Name]) > 0 {
		return now, nil // nothing is stored of it, or all of it is made anew
	}
	merged := &value.Collection{Name: now.Name, Key: -1}
	for i := range old.Fields {
		f, err := p.mergeField(old, &old.Fields[i], now)
		if err != nil {
			return nil, err
		}
		merged.Fields = append(merged.Fields, *f)
	}
	for i := range now.Fields {
		if f := &now.Fields[i]; old.Field(f.Name) < 0 {
			if f.Required && f.Default == nil {
				return nil, fmt.Errorf("the new field %s.%s is required, but the records that are there lack it; give it a default, or add records.Rewrite", now.Name, f.Name)
			}
			merged.Fields = append(merged.Fields, *f)
		}
	}
	merged.Key = merged.Field(now.Fields[now.Key].Name)
	if was := old.Fields[old.Key].Name; merged.Key < 0 || was != now.Fields[now.Key].Name {
		return nil, fmt.Errorf("the key of %s was the field %s; add records.Rewrite", now.Name, was)
	}
	for _, index := range now.Indexes {
		fields := make([]int, len(index.Fields))
		for i, f := range index.Fields {
			fields[i] = merged.Field(now.Fields[f].Name)
		}
		merged.Indexes = append(merged.Indexes, value.Index{Name: index.Name, Fields: fields, Unique: index.Unique})
	}
	return merged, nil
}

// mergeField is a stored field as it is now.
func (p *passage) mergeField(c *value.Collection, old *value.Field, now *value.Collection) (*value.Field, error) {
	if old.Retired {
		return old, nil
	}
	i := now.Field(old.Name)
	if i < 0 {
		return nil, fmt.Errorf("the field %s.%s is gone; bring it back, or add records.Rewrite", c.Name, old.Name)
	}
	f := &now.Fields[i]
	if f.Kind != old.Kind || f.Optional != old.Optional {
		return nil, fmt.Errorf("the field %s.%s was %s, and is now %s; add records.Rewrite", c.Name, old.Name, typeName(old), typeName(f))
	}
	if f.Missing() != old.Missing() && !slices.Contains(p.fill, c.Name) {
		p.fill = append(p.fill, c.Name) // records older than the field keep the default that they had
	}
	return f, nil
}

func typeName(f *value.Field) string {
	if f.Optional {
		return "optional " + f.Kind.String()
	}
	return f.Kind.String()
}

// describe brings the catalogue up to date.
func (p *passage) describe(d *definition, w *world) error {
	if p.schema.Hash() != p.stored.Hash() {
		if err := plain(&p.schema).Extends(plain(p.stored)); err != nil || len(p.rewrites)+len(p.dropped) > 0 {
			if p.schema.Version == p.stored.Version {
				if err == nil {
					err = errors.New("records are rewritten or dropped")
				}
				return fmt.Errorf("the schema is no longer that of version %d: %w; raise Room.Version", p.stored.Version, err)
			}
			p.catalogue.Compatible = d.schema.Version
		}
		if p.schema.Version != p.stored.Version {
			past := value.Schema{Version: p.stored.Version, Mutations: p.stored.Mutations}
			p.catalogue.Past = append(slices.Clip(p.catalogue.Past), past.Encode())
			p.catalogue.past = append(slices.Clip(p.catalogue.past), &past)
		}
		p.changed = true
	}
	plans := w.plansSchema()
	p.changed = p.changed || len(p.pending) > 0 || plans.Hash() != p.plans.Hash()
	p.catalogue.Schema, p.catalogue.Plans = p.schema.Encode(), plans.Encode()
	return nil
}

// plain is the schema as far as it concerns clients: without indexes.
func plain(s *value.Schema) *value.Schema {
	p := *s
	p.Collections = slices.Clone(s.Collections)
	for i := range p.Collections {
		p.Collections[i].Indexes = nil
	}
	return &p
}

func joinFields(fields []string) string { return strings.Join(fields, ", ") }

func cmpText(a, b string) int { return strings.Compare(a, b) }

var errRewritten = errors.New("the rewrite makes records of another type than the world has")
