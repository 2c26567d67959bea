package query

import (
	"math"
	"strconv"

	"github.com/parlor-server/parlor/persistence/value"
)

// Encode returns the JSON form, the same bytes for the same query.
func (q Query) Encode() []byte {
	b := []byte{'{'}
	member := func(name string) {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = append(value.AppendQuoted(b, name), ':')
	}
	if q.Where != nil {
		member("where")
		b = q.Where.Append(b)
	}
	if len(q.OrderBy) > 0 {
		member("orderBy")
		for i, o := range q.OrderBy {
			b = o.append(append(b, "[,"[min(i, 1)]))
		}
		b = append(b, ']')
	}
	if q.Limit >= 0 {
		member("limit")
		b = strconv.AppendInt(b, int64(q.Limit), 10)
	}
	if q.Offset > 0 {
		member("offset")
		b = strconv.AppendInt(b, int64(q.Offset), 10)
	}
	return append(b, '}')
}

func (o Order) append(b []byte) []byte {
	b = value.AppendQuoted(append(b, '['), o.Field)
	if o.Desc {
		b = append(b, `,"desc"`...)
	} else {
		b = append(b, `,"asc"`...)
	}
	if o.NullsFirst {
		return append(b, `,"first"]`...)
	}
	return append(b, `,"last"]`...)
}

// Append appends the condition's JSON form.
func (c *Cond) Append(b []byte) []byte {
	b = append(value.AppendQuoted(append(b, '{'), c.Op.String()), ':')
	switch c.Op {
	case OpAnd, OpOr:
		b = append(b, '[')
		for i := range c.Conds {
			if i > 0 {
				b = append(b, ',')
			}
			b = c.Conds[i].Append(b)
		}
		b = append(b, ']')
	case OpNot:
		b = c.Conds[0].Append(b)
	default:
		b = c.appendOperands(append(b, '['))
		b = append(b, ']')
	}
	return append(b, '}')
}

func (c *Cond) appendOperands(b []byte) []byte {
	b = value.AppendQuoted(b, c.Field)
	switch c.Op {
	case OpIsNull:
		return b
	case OpIn:
		b = append(b, ",["...)
		for i, v := range c.Values {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendLiteral(b, v)
		}
		return append(b, ']')
	}
	return appendLiteral(append(b, ','), c.Value)
}

// appendLiteral writes floats from 2⁵³ on with an exponent: their digits alone
// would be read as an integer, which need not equal them.
func appendLiteral(b []byte, v value.Value) []byte {
	if x := v.Float(); math.Abs(x) >= 1<<53 {
		return strconv.AppendFloat(b, x, 'e', -1, 64)
	}
	return value.AppendValueJSON(b, v)
}
