package value

import (
	"encoding/json"
	"fmt"
)

func validJSON(text string) bool { return json.Valid(sharedBytes(text)) }

// CheckRow checks a row from anyone: shape, ranges, UTF-8, JSON, lengths. The
// error is a FieldError, VALIDATION with the field's name ("" for the row as a
// whole).
func (c *Collection) CheckRow(row Row) error {
	switch {
	case len(row) > MaxRowBytes:
		return Invalid("", fmt.Sprintf("%s: a record must be smaller than %d bytes", c.Name, MaxRowBytes))
	case len(row) == 0 || int(row[0]) > len(c.Fields):
		return Invalid("", fmt.Sprintf("%s: a record must say how many of the %d fields it has", c.Name, len(c.Fields)))
	}
	rest := []byte(row[1:])
	for i := range int(row[0]) {
		var err error
		if rest, err = c.checkCell(i, rest); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return Invalid("", c.Name+": there are bytes behind the record's last field")
	}
	return nil
}

// checkCell checks the cell of a field, and returns what follows it.
func (c *Collection) checkCell(field int, data []byte) ([]byte, error) {
	f := &c.Fields[field]
	v, rest, why := readCell(data, f)
	if why == "" && field == c.Key && f.Kind >= String && len(v.text) > MaxKeyBytes/2-3 {
		why = c.longKey(v)
	}
	if why != "" {
		return nil, Invalid(f.Name, why)
	}
	return rest, nil
}

func (c *Collection) longKey(v Value) string {
	if len(AppendKeyValue(nil, v)) > MaxKeyBytes {
		return fmt.Sprintf("is too long for a key, which has %d bytes at most", MaxKeyBytes)
	}
	return ""
}

// CheckPatch checks a patch from anyone, as CheckRow does. It knows nothing of
// who may write which field.
func (c *Collection) CheckPatch(p Patch) error {
	switch {
	case len(p) > MaxRowBytes:
		return Invalid("", fmt.Sprintf("%s: a patch must be smaller than %d bytes", c.Name, MaxRowBytes))
	case len(p) == 0 || int(p[0]) > len(c.Fields):
		return Invalid("", fmt.Sprintf("%s: a patch must say how many of the %d fields it has", c.Name, len(c.Fields)))
	}
	rest, last := []byte(p[1:]), -1
	for range int(p[0]) {
		if len(rest) == 0 || int(rest[0]) >= len(c.Fields) || int(rest[0]) <= last {
			return Invalid("", c.Name+": the fields of a patch must rise, and be the collection's")
		}
		last = int(rest[0])
		var err error
		if rest, err = c.checkCell(last, rest[1:]); err != nil {
			return err
		}
	}
	if len(rest) > 0 {
		return Invalid("", c.Name+": there are bytes behind the patch's last field")
	}
	return nil
}

// CheckKey checks a primary key from anyone.
func (c *Collection) CheckKey(k Key) error {
	_, err := c.KeyValue(k)
	return err
}

// CheckValue reports whether the field can hold v.
func (f *Field) CheckValue(v Value) error {
	if v.IsNull() {
		if !f.Optional {
			return Invalid(f.Name, "must not be null")
		}
		return nil
	}
	if why := fits(f.Kind, v); why != "" {
		return Invalid(f.Name, why)
	}
	return nil
}

// CheckRequired reports the first required field that a create's patch lacks,
// the primary key included unless the server counts it up.
func (c *Collection) CheckRequired(p Patch) error {
	for i := range c.Fields {
		f := &c.Fields[i]
		if (f.Required || i == c.Key && !f.Auto && !f.User) && !f.Retired && !c.Has(p, i) {
			return Invalid(f.Name, "is required")
		}
	}
	return nil
}
