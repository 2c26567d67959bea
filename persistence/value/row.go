package value

// Row is an encoded record, immutable once made: the number of values as a
// uvarint, then the values in the order of the collection's fields. Fields
// that it lacks at its end read as Field.Missing.
type Row []byte

// Get returns a field of a row that was made here or has passed CheckRow. It
// allocates nothing; text in the value shares the row's memory.
func (c *Collection) Get(row Row, field int) Value { panic("not yet") }

// Values appends all fields of the row to dst.
func (c *Collection) Values(dst []Value, row Row) []Value { panic("not yet") }

// Make encodes a row; fields beyond the values are Missing. The error is a
// FieldError, for a value that its field cannot hold.
func (c *Collection) Make(values []Value) (Row, error) { panic("not yet") }

// With returns the row with one field changed: for the envelope and for what
// the server sets.
func (c *Collection) With(row Row, field int, v Value) Row { panic("not yet") }

// AppendValue appends a cell as a row holds it. The value must fit the field:
// see CheckValue.
func (f *Field) AppendValue(dst []byte, v Value) []byte { panic("not yet") }

// ReadValue reads a cell from the front of data, with all checks; rest is what
// follows it. Text in the value shares data's memory.
func (f *Field) ReadValue(data []byte) (v Value, rest []byte, err error) { panic("not yet") }
