package records

import (
	"encoding/json"
	"errors"

	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// operations makes the built-in operations of a mutation (R2.2), inside its
// transaction. Automatic keys are for those with a receipt, which carries them.
func (m *Machine) operations(op *Mutate, confirmed bool) error {
	if op.Version != 0 && op.Version != m.schema.Version && (op.Version > m.schema.Version || op.Version < m.catalogue.Compatible) {
		return refuse(schema.CodeSchemaMismatch, "these operations were made for version %d of the schema, the room has %d", op.Version, m.schema.Version)
	}
	r := value.ReadOperations(&m.schema, op.Args)
	if r.Len() > m.def.limits.Operations {
		return refuse(schema.CodeTooManyOperations, "a mutation may have %d operations, not %d", m.def.limits.Operations, r.Len())
	}
	var keys []any // of the records that were created, if some key is automatic
	automatic := false
	for i := 0; ; i++ {
		var o value.Operation
		if !r.Next(&o) {
			break
		}
		if m.tables[o.Collection].event {
			return refuseCollection(m.tables[o.Collection].collection.Name)
		}
		key, err := m.operate(&o, false)
		if err != nil {
			return err
		}
		if !key.IsNull() && !confirmed {
			return value.Invalid(m.keyName(o.Collection), "an automatic key needs a confirmed write, whose receipt tells it")
		}
		automatic = automatic || !key.IsNull()
		keys = append(keys, jsonKey(key))
	}
	if automatic {
		m.ctx.Result(keys)
	}
	err := r.Err()
	if e, ok := errors.AsType[*schema.Error](err); ok && value.FieldOf(err) == "" {
		return refuse(schema.CodeValidation, "%s", e.Message)
	}
	return err
}

// jsonKey is an automatic key in a receipt's result, null for other operations.
func jsonKey(key value.Value) any {
	if key.IsNull() {
		return nil
	}
	return json.RawMessage(value.AppendValueJSON(nil, key))
}

func (m *Machine) keyName(at int) string {
	c := m.tables[at].collection
	return c.Fields[c.Key].Name
}

func refuseCollection(name string) error {
	return refuse(schema.CodeNoSuchCollection, "this room keeps no records of %q", name)
}

// operate makes one built-in operation. The server itself may write every
// field. It returns the key that was chosen for a create, or null.
func (m *Machine) operate(o *value.Operation, server bool) (chosen value.Value, err error) {
	t := &m.tables[o.Collection]
	switch o.Kind {
	case value.Create:
		return m.create(o, t, server)
	case value.Put:
		if o.Key == "" {
			return chosen, value.Invalid(m.keyName(o.Collection), "a put must give the key")
		}
		old := m.tx.Get(o.Collection, o.Key)
		if old == nil {
			return m.create(o, t, server)
		}
		return chosen, m.merge(o, t, old, server)
	}
	return chosen, m.drop(o, t, server)
}

// create inserts a new record.
func (m *Machine) create(o *value.Operation, t *tableInfo, server bool) (chosen value.Value, err error) {
	c := t.collection
	r := t.of(m.ctx.role)
	if !server {
		if r.create.nothing() {
			return chosen, m.forbid("create", t)
		}
		if err := m.checkFields(o.Patch, t, r, c.Key); err != nil {
			return chosen, err
		}
	}
	if err := m.checkRequired(o.Patch, t); err != nil {
		return chosen, err
	}
	if t.auto && o.Key != "" && !server {
		return chosen, value.Invalid(c.Fields[c.Key].Name, "the server chooses this key")
	}
	row := c.New(o.Patch)
	if o.Key == "" {
		if !t.auto {
			return chosen, value.Invalid(c.Fields[c.Key].Name, "a create must give the key")
		}
		if chosen, err = t.nextKey(); err != nil {
			return chosen, err
		}
		row = c.With(row, c.Key, chosen)
	}
	row = m.withMeta(t, row)
	row = m.withUser(t, row)
	if t.fits != nil {
		if err := t.fits(row); err != nil {
			return chosen, err
		}
	}
	if !server && !r.create.allows(t, &m.ctx.user, row) {
		return chosen, m.forbid("create", t)
	}
	return chosen, m.insert(o.Collection, row)
}

// nextKey is the automatic key that comes next.
func (t *tableInfo) nextKey() (value.Value, error) {
	f := &t.collection.Fields[t.collection.Key]
	key := value.OfUint(t.next)
	if f.Kind.Signed() {
		key = value.OfInt(int64(t.next))
	}
	return key, f.CheckValue(key)
}

// merge changes the fields of a record that the patch gives.
func (m *Machine) merge(o *value.Operation, t *tableInfo, old *table.Record, server bool) error {
	r := t.of(m.ctx.role)
	if !server {
		if !r.update.allows(t, &m.ctx.user, old.Row) {
			return m.forbid("update", t)
		}
		if err := m.checkFields(o.Patch, t, r, t.collection.Key); err != nil {
			return err
		}
	}
	row := t.collection.ApplyPatch(old.Row, o.Patch)
	if !server && t.user >= 0 && t.collection.Get(row, t.user) != t.collection.Get(old.Row, t.user) {
		name := t.collection.Fields[t.user].Name
		return &refusal{schema.CodeForbidden, name, t.collection.Name + "." + name + " stays the user that it was set to"}
	}
	if string(row) == string(old.Row) {
		return m.count(0)
	}
	row = t.collection.With(row, value.UpdatedAt, value.OfMicros(m.now))
	if t.fits != nil {
		if err := t.fits(row); err != nil {
			return err
		}
	}
	if !server && !r.update.allows(t, &m.ctx.user, row) {
		return m.forbid("update", t)
	}
	return m.replace(o.Collection, old, row)
}

// drop removes a record; a missing one is fine.
func (m *Machine) drop(o *value.Operation, t *tableInfo, server bool) error {
	r := t.of(m.ctx.role)
	old := m.tx.Get(o.Collection, o.Key)
	switch {
	case !server && r.remove.nothing():
		return m.forbid("remove", t)
	case old == nil:
		return m.count(0)
	case !server && !r.remove.allows(t, &m.ctx.user, old.Row):
		return m.forbid("remove", t)
	}
	m.remove(o.Collection, old)
	return nil
}

func (m *Machine) forbid(what string, t *tableInfo) error {
	return refuse(schema.CodeForbidden, "you may not %s this record of %s", what, t.collection.Name)
}

// checkFields refuses a patch with fields that the role may not write. The key
// belongs to every record that may be written.
func (m *Machine) checkFields(p value.Patch, t *tableInfo, r *rights, key int) error {
	for i, v := range t.collection.Changes(p) {
		f := &t.collection.Fields[i]
		switch {
		case i == key:
		case i <= value.UpdatedAt || f.Server || f.Retired:
			return &refusal{schema.CodeForbidden, f.Name, "only the server writes " + t.collection.Name + "." + f.Name}
		case f.User:
			if v.Text() != m.ctx.user.ID {
				return &refusal{schema.CodeForbidden, f.Name, t.collection.Name + "." + f.Name + " is set to the user that writes"}
			}
		case r.fields[i/64]&(1<<(i%64)) == 0:
			return &refusal{schema.CodeForbidden, f.Name, "you may not write " + t.collection.Name + "." + f.Name}
		}
	}
	return nil
}

// checkRequired reports a required field that a create lacks. Fields that the
// server sets are not the client's to give.
func (m *Machine) checkRequired(p value.Patch, t *tableInfo) error {
	for i := range t.collection.Fields {
		if f := &t.collection.Fields[i]; f.Required && !f.Server && !f.User && !f.Auto && !t.collection.Has(p, i) {
			return value.Invalid(f.Name, "it is required")
		}
	}
	return nil
}

// withMeta fills in the envelope of a new record.
func (m *Machine) withMeta(t *tableInfo, row value.Row) value.Row {
	row = t.collection.With(row, value.CreatedBy, value.OfString(m.ctx.user.ID))
	row = t.collection.With(row, value.CreatedAt, value.OfMicros(m.now))
	return t.collection.With(row, value.UpdatedAt, value.OfMicros(m.now))
}
