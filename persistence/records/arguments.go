package records

import (
	"fmt"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// argsOf checks a mutation's arguments and brings those of an earlier version
// into their present shape (R1.5).
func (m *Machine) argsOf(f *mutation, args []byte, version uint32) (value.Row, error) {
	if version == 0 || version == m.schema.Version {
		return args, f.args.CheckRow(args)
	}
	if version > m.schema.Version {
		return nil, refuse(schema.CodeSchemaMismatch, "%s was called as of version %d of the schema, the room has %d", f.name, version, m.schema.Version)
	}
	past := m.catalogue.argsAt(f.name, version)
	for i := range f.older {
		if older := &f.older[i]; version <= older.until {
			if past == nil {
				past = older.fields
			}
			return upgradeArgs(older, args, &value.Collection{Name: f.name, Fields: past, Key: -1})
		}
	}
	if past == nil && version < m.catalogue.Compatible {
		return nil, refuse(schema.CodeSchemaMismatch, "the arguments that %s had in version %d of the schema are no longer known", f.name, version)
	}
	if past == nil || sameFields(past, f.args.Fields) {
		return args, f.args.CheckRow(args)
	}
	from := &value.Collection{Name: f.name, Fields: past, Key: -1}
	if err := from.CheckRow(args); err != nil {
		return nil, err
	}
	row, err := convertArgs(from, args, f.args)
	if err != nil {
		return nil, refuse(schema.CodeSchemaMismatch, "%s of version %d: %s", f.name, version, err)
	}
	return row, nil
}

func upgradeArgs(older *olderArgs, args value.Row, from *value.Collection) (value.Row, error) {
	if err := from.CheckRow(args); err != nil {
		return nil, err
	}
	return older.upgrade(args, from)
}

// convertArgs brings arguments into a shape with other fields by their names;
// the error names the field that has none, or another kind.
func convertArgs(from *value.Collection, row value.Row, to *value.Collection) (value.Row, error) {
	cells := make([]value.Value, len(to.Fields))
	for i := range to.Fields {
		cells[i] = to.Fields[i].Missing()
	}
	for i := range from.Fields {
		old := &from.Fields[i]
		at := to.Field(old.Name)
		if at < 0 {
			return nil, fmt.Errorf("the argument %s is gone", old.Name)
		}
		if now := &to.Fields[at]; now.Kind != old.Kind || old.Optional && !now.Optional {
			return nil, fmt.Errorf("the argument %s has another type now", old.Name)
		}
		cells[at] = from.Get(row, i)
	}
	return to.Make(cells)
}

// sameFields says that a row of one is a row of the other: the first are the
// same in name, kind and place, and old has no more.
func sameFields(old, now []value.Field) bool {
	if len(old) > len(now) {
		return false
	}
	for i := range old {
		if old[i].Name != now[i].Name || old[i].Kind != now[i].Kind || old[i].Optional != now[i].Optional {
			return false
		}
	}
	return true
}
