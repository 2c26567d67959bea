package records

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
)

// definition is what all rooms of a kind share; it never changes after Define.
type definition struct {
	name   string
	schema value.Schema
	oldest uint32
	limits Limits
	roles  []string
	steps  []step // by number
	err    error

	auth func(ctx context.Context, room string, u User) error
	open func(loaded Loader, o OpenOptions, out *Outbox) (*Machine, error)
	// world makes a new world with everything that is bound to it.
	world func() (*world, error)
}

// world is a W and its fields, without W as a type parameter. Each machine has
// its own.
type world struct {
	w         any // *W
	names     []string
	fields    []worldField
	described []described
	access    []boundAccess
	mutations map[string]*mutation
	runs      map[string]*mutation // what runs each schedule, by its name
	role      func(u User) string
	create    func(ctx *Ctx) error
}

// worldField is a Collection, Events or Schedule.
type worldField interface {
	describe(name string) (described, error)
	bind(m *Machine, at int) error
}

// described is a field of the world: a collection, or else a schedule.
type described struct{ collection *value.Collection }

func define[W any](name string, room Room[W]) *definition {
	d := &definition{name: name, oldest: room.Oldest, limits: room.Limits, roles: room.Roles, auth: room.Auth}
	d.limits.fill()
	d.schema.Version = max(room.Version, 1)
	d.world = func() (*world, error) { return newWorld(room) }
	d.open = func(loaded Loader, o OpenOptions, out *Outbox) (*Machine, error) { return open(d, loaded, o, out) }
	if err := d.check(room.Migrations); err != nil {
		d.err = fmt.Errorf("records: room kind %q: %w", name, err)
	}
	return d
}

// check finds all that can be wrong with a definition, by making a world of it.
func (d *definition) check(migrations []Migration) error {
	if err := checkName(d.name); err != nil {
		return err
	}
	w, err := d.world()
	if err != nil {
		return err
	}
	for _, f := range w.described {
		if f.collection != nil {
			d.schema.Collections = append(d.schema.Collections, *f.collection)
		}
	}
	for _, m := range w.mutations {
		d.schema.Mutations = append(d.schema.Mutations, m.descriptor)
	}
	slices.SortFunc(d.schema.Mutations, func(a, b value.Mutation) int { return cmpText(a.Name, b.Name) })
	if err := d.schema.Check(); err != nil {
		return err
	}
	if d.oldest > d.schema.Version {
		return fmt.Errorf("Oldest is %d, above Version, which is %d", d.oldest, d.schema.Version)
	}
	if err := d.checkRoles(w); err != nil {
		return err
	}
	if d.steps, err = sortSteps(migrations); err != nil {
		return err
	}
	// What only shows when it is bound: a grant's fields.
	_, err = newMachine(d, w, d.schema, OpenOptions{Room: d.name + "/check"})
	return err
}

// checkRoles makes sure that grants and mutations name roles that there are.
func (d *definition) checkRoles(w *world) error {
	known := func(role string) bool {
		return slices.Contains(d.roles, role) || role == Member && len(d.roles) == 0 && w.role == nil
	}
	for _, a := range w.access {
		for _, g := range a.grants {
			if g.role != "" && !known(g.role) {
				return fmt.Errorf("a grant names the role %q, which is not in Roles", g.role)
			}
		}
	}
	for _, m := range w.mutations {
		for _, role := range m.roles {
			if !known(role) {
				return fmt.Errorf("the mutation %s is for the role %q, which is not in Roles", m.name, role)
			}
		}
	}
	if w.role != nil && len(d.roles) == 0 {
		return errors.New("there is a Role hook; say in Roles what it may return")
	}
	return nil
}

// newWorld makes a W and binds all that the definition says about it.
func newWorld[W any](room Room[W]) (*world, error) {
	w := new(W)
	out := &world{w: w, mutations: make(map[string]*mutation)}
	if err := out.addFields(reflect.ValueOf(w).Elem()); err != nil {
		return nil, err
	}
	for _, m := range room.Mutations {
		if m == nil {
			return nil, errors.New("a mutation is nil; records.Call makes one")
		}
		bound, err := m.bindCall(w)
		if err != nil {
			return nil, err
		}
		if out.mutations[bound.name] != nil {
			return nil, fmt.Errorf("two mutations are named %s; give each its own type of arguments", bound.name)
		}
		out.mutations[bound.name] = bound
	}
	for _, a := range room.Access {
		if a.bind == nil {
			return nil, errors.New("an entry of Access is empty; records.On makes one")
		}
		bound := a.bind(w)
		if err := out.addAccess(bound); err != nil {
			return nil, err
		}
	}
	if err := addSchedules(out, w, room.Schedules); err != nil {
		return nil, err
	}
	if room.Role != nil {
		out.role = func(u User) string { return room.Role(w, u) }
	}
	if room.Create != nil {
		out.create = func(ctx *Ctx) error { return room.Create(w, ctx) }
	}
	return out, nil
}

func (w *world) addFields(v reflect.Value) error {
	t := v.Type()
	if t.Kind() != reflect.Struct {
		return fmt.Errorf("the world must be a struct, not %s", t)
	}
	for i := range t.NumField() {
		name := t.Field(i).Name
		if !t.Field(i).IsExported() {
			return fmt.Errorf("the world's field %s must begin with a capital letter", name)
		}
		field, ok := v.Field(i).Addr().Interface().(worldField)
		if !ok {
			return fmt.Errorf("the world's field %s is %s; it must be a records.Collection, Events or Schedule", name, t.Field(i).Type)
		}
		d, err := field.describe(name)
		if err != nil {
			return err
		}
		w.names, w.fields, w.described = append(w.names, name), append(w.fields, field), append(w.described, d)
	}
	if len(w.fields) == 0 {
		return errors.New("the world has no collections")
	}
	return nil
}

func (w *world) addAccess(a boundAccess) error {
	i := w.indexOf(a.field)
	if i < 0 {
		return errors.New("an entry of Access is about a collection that is not a field of the world")
	}
	a.name = w.names[i]
	for _, other := range w.access {
		if other.name == a.name {
			return fmt.Errorf("two entries of Access are about %s; put their grants into one", a.name)
		}
	}
	w.access = append(w.access, a)
	return nil
}

// indexOf is the place of a field of the world, or -1.
func (w *world) indexOf(field worldField) int { return slices.Index(w.fields, field) }

func checkName(name string) error {
	if name == "" || len(name) > 64 {
		return fmt.Errorf("a room kind's name has 1 to 64 characters, not %q", name)
	}
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return fmt.Errorf("a room kind's name has only a-z, 0-9, - and _, not %q", name)
		}
	}
	return nil
}
