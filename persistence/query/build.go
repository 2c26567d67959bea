package query

// All is the query of the whole collection.
func All() Query { return Query{Limit: -1} }

// Where is the query of the records that meet all conditions.
func Where(conds ...Cond) Query {
	q := All()
	switch len(conds) {
	case 0:
	case 1:
		q.Where = &conds[0]
	default:
		c := And(conds...)
		q.Where = &c
	}
	return q
}

// Direction says how a level of the order runs.
type Direction uint8

// The directions; without one a level is ascending with nulls last.
const (
	Asc Direction = iota + 1
	Desc
	NullsFirst
	NullsLast
)

// By returns the query with another level of order.
func (q Query) By(field string, how ...Direction) Query {
	o := Order{Field: field}
	for _, h := range how {
		switch h {
		case Asc:
			o.Desc = false
		case Desc:
			o.Desc = true
		case NullsFirst:
			o.NullsFirst = true
		case NullsLast:
			o.NullsFirst = false
		}
	}
	q.OrderBy = append(q.OrderBy[:len(q.OrderBy):len(q.OrderBy)], o)
	return q
}

// Take returns the query with a limit.
func (q Query) Take(n int) Query { q.Limit = n; return q }

// Skip returns the query with an offset.
func (q Query) Skip(n int) Query { q.Offset = n; return q }

// Eq holds where the field equals v: a bool, number, string, []byte,
// time.Time, a value.Value, a pointer to one of them, or nil.
func Eq(field string, v any) Cond { return compare(OpEq, field, v) }

// Ne holds where the field differs from v.
func Ne(field string, v any) Cond { return compare(OpNe, field, v) }

// Gt holds where the field is greater than v.
func Gt(field string, v any) Cond { return compare(OpGt, field, v) }

// Gte holds where the field is v or greater.
func Gte(field string, v any) Cond { return compare(OpGte, field, v) }

// Lt holds where the field is less than v.
func Lt(field string, v any) Cond { return compare(OpLt, field, v) }

// Lte holds where the field is v or less.
func Lte(field string, v any) Cond { return compare(OpLte, field, v) }

// Like holds where the text matches the pattern: % is any text, _ any one
// character, \ takes the meaning from the next.
func Like(field, pattern string) Cond { return compare(OpLike, field, pattern) }

// ILike is Like for lower and upper case alike.
func ILike(field, pattern string) Cond { return compare(OpILike, field, pattern) }

// IsNull holds where the field is null.
func IsNull(field string) Cond { return Cond{Op: OpIsNull, Field: field} }

// And holds where all conditions do.
func And(conds ...Cond) Cond { return Cond{Op: OpAnd, Conds: conds} }

// Or holds where one of the conditions does.
func Or(conds ...Cond) Cond { return Cond{Op: OpOr, Conds: conds} }

// Not holds where the condition is false; what is unknown stays unknown.
func Not(c Cond) Cond { return Cond{Op: OpNot, Conds: []Cond{c}} }
