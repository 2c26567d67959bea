package value

import "fmt"

// Row is an encoded record, immutable once made: the number of values as a
// uvarint, then the values in the order of the collection's fields. Fields
// that it lacks at its end read as Field.Missing.
type Row []byte

// count is the number of values in the row, all of them fields that c knows.
// MaxFields keeps it to one byte.
func (c *Collection) count(row Row) int {
	if len(row) == 0 {
		return 0
	}
	return min(int(row[0]), len(c.Fields))
}

// Get returns a field of a row that was made here or has passed CheckRow. It
// allocates nothing; text in the value shares the row's memory.
func (c *Collection) Get(row Row, field int) Value {
	if field >= c.count(row) {
		if field >= len(c.Fields) {
			return Value{}
		}
		return c.Fields[field].Missing()
	}
	at := 1
	for i := range field {
		at = skipCell(row, at, &c.Fields[i])
	}
	return loadCell(row, at, &c.Fields[field])
}

// Values appends all fields of the row to dst.
func (c *Collection) Values(dst []Value, row Row) []Value {
	n, at := c.count(row), 1
	for i := range c.Fields {
		f := &c.Fields[i]
		if i >= n {
			dst = append(dst, f.Missing())
			continue
		}
		var v Value
		v, at = takeCell(row, at, f)
		dst = append(dst, v)
	}
	return dst
}

// Make encodes a row; fields beyond the values are Missing. The error is a
// FieldError, for a value that its field cannot hold.
func (c *Collection) Make(values []Value) (Row, error) {
	if len(values) > len(c.Fields) {
		return nil, Invalid("", fmt.Sprintf("%d values for the %d fields of %s", len(values), len(c.Fields), c.Name))
	}
	row := append(make([]byte, 0, 8+8*len(c.Fields)), byte(len(c.Fields)))
	for i := range c.Fields {
		f := &c.Fields[i]
		v := f.Missing()
		if i < len(values) {
			v = values[i]
		}
		if err := f.CheckValue(v); err != nil {
			return nil, err
		}
		row = f.AppendValue(row, v)
	}
	return row, nil
}

// With returns the row with one field changed: for the envelope and for what
// the server sets. The value must fit the field.
func (c *Collection) With(row Row, field int, v Value) Row {
	var room [64]byte
	p := appendUvarint(append(room[:0], 1), uint64(field))
	return c.ApplyPatch(row, c.Fields[field].AppendValue(p, v))
}

// AppendValue appends a cell as a row holds it. The value must fit the field:
// see CheckValue.
func (f *Field) AppendValue(dst []byte, v Value) []byte {
	if f.Optional {
		if v.IsNull() {
			return append(dst, 0)
		}
		dst = append(dst, 1)
	}
	return appendCell(dst, f.Kind, v)
}

// ReadValue reads a cell from the front of data, with all checks; rest is what
// follows it. Text in the value shares data's memory.
func (f *Field) ReadValue(data []byte) (v Value, rest []byte, err error) {
	v, rest, why := readCell(data, f)
	if why != "" {
		return Value{}, nil, Invalid(f.Name, why)
	}
	return v, rest, nil
}

// appendMissing appends what the field is in rows that lack it.
func (f *Field) appendMissing(dst []byte) []byte { return f.AppendValue(dst, f.Missing()) }
