package value

import "encoding/json"

func validJSON(text string) bool { return json.Valid([]byte(text)) }

// CheckRow checks a row from anyone: shape, ranges, UTF-8, JSON, lengths. The
// error is a FieldError, VALIDATION with the field's name ("" for the row as a
// whole).
func (c *Collection) CheckRow(row Row) error { panic("not yet") }

// CheckPatch checks a patch from anyone, as CheckRow does. It knows nothing of
// who may write which field.
func (c *Collection) CheckPatch(p Patch) error { panic("not yet") }

// CheckKey checks a primary key from anyone.
func (c *Collection) CheckKey(k Key) error {
	_, err := c.KeyValue(k)
	return err
}

// CheckValue reports whether the field can hold v.
func (f *Field) CheckValue(v Value) error { panic("not yet") }

// CheckRequired reports the first required field that a create's patch lacks.
func (c *Collection) CheckRequired(p Patch) error { panic("not yet") }
