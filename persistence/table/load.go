package table

// Loader fills an empty table with rows in the order of their keys. It builds
// the indexes at the end, all at once, which is much faster than writes.
type Loader struct{ table *Table }

// Load begins to fill an empty table with about n rows.
func (t *Table) Load(n int) *Loader { panic("not yet") }

// Add takes the next row. It copies key and row, so that they may be parts of a
// buffer that is used again.
func (l *Loader) Add(key, row []byte, seq uint64) error { panic("not yet") }

// Done builds the indexes. Two rows with the same tuple of a unique index are a
// [*DuplicateError]; the table is of no use then.
func (l *Loader) Done() error { panic("not yet") }
