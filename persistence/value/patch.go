package value

import "iter"

// Patch is a set of new values, immutable once made: their number as a
// uvarint, then for each the field and the value, fields rising.
type Patch []byte

// Change is one entry of a Patch.
type Change struct {
	Field int
	Value Value
}

// Len is the number of fields in a patch that has passed CheckPatch.
func (p Patch) Len() int {
	if len(p) == 0 {
		return 0
	}
	return int(p[0]) // MaxFields keeps it to one byte
}

// Changes yields the entries of a patch that has passed CheckPatch.
func (c *Collection) Changes(p Patch) iter.Seq2[int, Value] { panic("not yet") }

// Has reports whether the patch gives the field.
func (c *Collection) Has(p Patch, field int) bool { panic("not yet") }

// PatchValue returns the patch's value of a field; ok is false if it has none.
func (c *Collection) PatchValue(p Patch, field int) (v Value, ok bool) { panic("not yet") }

// MakePatch encodes changes, in any order, one for each field at most.
func (c *Collection) MakePatch(changes ...Change) (Patch, error) { panic("not yet") }

// Without returns the patch without the fields for which drop says true.
func (c *Collection) Without(p Patch, drop func(field int) bool) Patch { panic("not yet") }

// ApplyPatch returns the row with the patch's values, and with all fields that
// it lacked. Both must have passed their checks.
func (c *Collection) ApplyPatch(row Row, p Patch) Row { panic("not yet") }

// New returns the row of a create: the patch's values over Missing.
func (c *Collection) New(p Patch) Row { return c.ApplyPatch(nil, p) }

// Diff returns what turns old into new; its Len is 0 if they are the same.
func (c *Collection) Diff(old, new Row) Patch { return c.AppendDiff(nil, old, new) }

// AppendDiff appends the Diff to dst.
func (c *Collection) AppendDiff(dst []byte, old, new Row) []byte { panic("not yet") }

// PatchOf returns all fields of the row from index from on as a patch.
func (c *Collection) PatchOf(row Row, from int) Patch { panic("not yet") }
