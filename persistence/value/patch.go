package value

import (
	"bytes"
	"fmt"
	"iter"
	"slices"
)

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
	return int(p[0]) // MaxFields keeps it, and each field's index, to one byte
}

// patchCursor walks a patch that has passed CheckPatch; in others it ends
// early. cell is the value's bytes.
type patchCursor struct {
	fields []Field
	p      Patch
	at     int
	field  int // the field read last; len(fields) at the end
	cell   []byte
}

func (c *Collection) walkPatch(p Patch) patchCursor {
	return patchCursor{fields: c.Fields, p: p, at: 1}
}

func (r *patchCursor) next() bool {
	if r.at >= len(r.p) || int(r.p[r.at]) >= len(r.fields) {
		r.field = len(r.fields)
		return false
	}
	r.field = int(r.p[r.at])
	end := skipCell(r.p, r.at+1, &r.fields[r.field])
	if end > len(r.p) {
		r.field, r.at = len(r.fields), len(r.p)
		return false
	}
	r.cell, r.at = r.p[r.at+1:end], end
	return true
}

func (r *patchCursor) value() Value { return loadCell(r.cell, 0, &r.fields[r.field]) }

// Changes yields the entries of a patch that has passed CheckPatch.
func (c *Collection) Changes(p Patch) iter.Seq2[int, Value] {
	return func(yield func(int, Value) bool) {
		for r := c.walkPatch(p); r.next(); {
			if !yield(r.field, r.value()) {
				return
			}
		}
	}
}

// Has reports whether the patch gives the field.
func (c *Collection) Has(p Patch, field int) bool {
	_, ok := c.PatchValue(p, field)
	return ok
}

// PatchValue returns the patch's value of a field; ok is false if it has none.
func (c *Collection) PatchValue(p Patch, field int) (v Value, ok bool) {
	for r := c.walkPatch(p); r.next() && r.field <= field; {
		if r.field == field {
			return r.value(), true
		}
	}
	return Value{}, false
}

// MakePatch encodes changes, in any order, one for each field at most.
func (c *Collection) MakePatch(changes ...Change) (Patch, error) {
	sorted := slices.Clone(changes)
	slices.SortFunc(sorted, func(a, b Change) int { return a.Field - b.Field })
	p := append(make([]byte, 0, 1+10*len(sorted)), byte(len(sorted)))
	for i, ch := range sorted {
		if ch.Field < 0 || ch.Field >= len(c.Fields) {
			return nil, Invalid("", fmt.Sprintf("%s has no field %d", c.Name, ch.Field))
		}
		f := &c.Fields[ch.Field]
		if i > 0 && sorted[i-1].Field == ch.Field {
			return nil, Invalid(f.Name, "is given twice")
		}
		if err := f.CheckValue(ch.Value); err != nil {
			return nil, err
		}
		p = f.AppendValue(append(p, byte(ch.Field)), ch.Value)
	}
	return p, nil
}

// Without returns the patch without the fields for which drop says true.
func (c *Collection) Without(p Patch, drop func(field int) bool) Patch {
	kept := append(make([]byte, 0, len(p)), 0)
	for r := c.walkPatch(p); r.next(); {
		if !drop(r.field) {
			kept[0]++
			kept = append(append(kept, byte(r.field)), r.cell...)
		}
	}
	return kept
}

// ApplyPatch returns the row with the patch's values, and with all fields that
// it lacked. Both must have passed their checks.
func (c *Collection) ApplyPatch(row Row, p Patch) Row {
	out := make([]byte, 0, len(row)+len(p)+len(c.Fields))
	return c.AppendPatched(out, row, p)
}

// AppendPatched appends the row of ApplyPatch to out, which shares no memory
// with row and p.
func (c *Collection) AppendPatched(out []byte, row Row, p Patch) []byte {
	r := c.walkPatch(p)
	r.next()
	n, at, done := c.count(row), 1, 1 // the row is copied up to done
	whole := len(row) > 0 && int(row[0]) == len(c.Fields)
	out = append(out, byte(len(c.Fields)))
	for i := range c.Fields {
		f := &c.Fields[i]
		if i < n {
			if r.field == len(c.Fields) && whole {
				break // nothing changes from here on
			}
			end := min(skipCell(row, at, f), len(row))
			if r.field == i {
				out = append(append(out, row[done:at]...), r.cell...)
				done = end
				r.next()
			}
			at = end
			if i == n-1 {
				out = append(out, row[done:at]...)
				done = len(row)
			}
			continue
		}
		if r.field == i {
			out = append(out, r.cell...)
			r.next()
		} else {
			out = f.appendMissing(out)
		}
	}
	if whole {
		out = append(out, row[done:]...)
	}
	return out
}

// New returns the row of a create: the patch's values over Missing.
func (c *Collection) New(p Patch) Row { return c.ApplyPatch(nil, p) }

// Diff returns what turns old into new; its Len is 0 if they are the same.
func (c *Collection) Diff(old, new Row) Patch { return c.AppendDiff(nil, old, new) }

// AppendDiff appends the Diff to dst.
func (c *Collection) AppendDiff(dst []byte, old, new Row) []byte {
	count := len(dst)
	dst = append(dst, 0)
	n, m, at, bt := c.count(old), c.count(new), 1, 1
	var was, is [32]byte
	for i := range c.Fields {
		f := &c.Fields[i]
		var a, b []byte
		if i < n {
			a, at = cut(old, at, skipCell(old, at, f))
		} else {
			a = f.appendMissing(was[:0])
		}
		if i < m {
			b, bt = cut(new, bt, skipCell(new, bt, f))
		} else {
			b = f.appendMissing(is[:0])
		}
		if !bytes.Equal(a, b) {
			dst[count]++
			dst = append(append(dst, byte(i)), b...)
		}
	}
	return dst
}

// cut is data[from:to] as far as there is data, and where it ends.
func cut(data []byte, from, to int) ([]byte, int) {
	from, to = min(from, len(data)), min(to, len(data))
	return data[from:to], to
}

// PatchOf returns all fields of the row from index from on as a patch.
func (c *Collection) PatchOf(row Row, from int) Patch {
	p := append(make([]byte, 0, len(row)+len(c.Fields)), 0)
	n, at := c.count(row), 1
	for i := range c.Fields {
		f := &c.Fields[i]
		var cell []byte
		if i < n {
			cell, at = cut(row, at, skipCell(row, at, f))
		}
		if i < from {
			continue
		}
		p[0]++
		p = append(p, byte(i))
		if i < n {
			p = append(p, cell...)
		} else {
			p = f.appendMissing(p)
		}
	}
	return p
}
