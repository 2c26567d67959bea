package value

// AppendJSON appends the row as a JSON object, for HTTP and dumps: integers of
// all widths as numbers, bytes in base64, times in RFC 3339 with µs.
func (c *Collection) AppendJSON(dst []byte, row Row) []byte { panic("not yet") }

// AppendPatchJSON appends the patch as a JSON object.
func (c *Collection) AppendPatchJSON(dst []byte, p Patch) []byte { panic("not yet") }

// RowFromJSON reads what AppendJSON wrote; fields left out are Missing.
func (c *Collection) RowFromJSON(object []byte) (Row, error) { panic("not yet") }

// PatchFromJSON reads a JSON object of some fields.
func (c *Collection) PatchFromJSON(object []byte) (Patch, error) { panic("not yet") }

// AppendValueJSON appends one cell as AppendJSON does.
func AppendValueJSON(dst []byte, v Value) []byte { panic("not yet") }

// ValueFromJSON reads one cell as RowFromJSON does.
func (f *Field) ValueFromJSON(text []byte) (Value, error) { panic("not yet") }
