package query

import "github.com/parlor-server/parlor/persistence/value"

// Bound is a query for one collection: immutable, for any goroutine.
type Bound struct {
	Limit, Offset int // as in the Query
}

// Bind checks the query against the collection. The error is a *schema.Error
// BAD_QUERY that names the operator or the field.
func (q Query) Bind(c *value.Collection) (*Bound, error) { panic("not yet") }

// Query returns what was bound.
func (b *Bound) Query() Query { panic("not yet") }

// Collection returns what it was bound to.
func (b *Bound) Collection() *value.Collection { panic("not yet") }

// Match reports whether the row meets the condition. Unknown is no.
func (b *Bound) Match(row value.Row) bool { panic("not yet") }

// Never reports whether no row at all can match, as with a limit of 0.
func (b *Bound) Never() bool { panic("not yet") }

// Fields returns the fields that Match and AppendSortKey read, as a set of
// bits by index: a change to others neither moves a record nor lets it enter.
func (b *Bound) Fields() [2]uint64 { panic("not yet") }

// AppendSortKey appends bytes whose order is that of the query. No two records
// have the same: the primary key is last.
func (b *Bound) AppendSortKey(dst []byte, row value.Row) []byte { panic("not yet") }

// Compare orders two rows as their sort keys do.
func (b *Bound) Compare(x, y value.Row) int { panic("not yet") }

// Equality is a field that must equal a constant for a row to match. The value
// is what Collection.Get returns for such rows.
type Equality struct {
	Field int
	Value value.Value
}

// Equalities returns the fields that the condition fixes, by index, each once.
func (b *Bound) Equalities() []Equality { panic("not yet") }
