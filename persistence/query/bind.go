package query

import (
	"math"
	"slices"
	"unicode/utf8"

	"github.com/parlor-server/parlor/persistence/value"
)

// Bind checks the query against the collection. The error is a *schema.Error
// BAD_QUERY that names the operator or the field.
func (q Query) Bind(c *value.Collection) (*Bound, error) {
	b := &Bound{Limit: q.Limit, Offset: q.Offset, query: q, c: c}
	if q.Offset < 0 {
		return nil, bad("offset must not be negative")
	}
	if len(q.OrderBy) > MaxOrders {
		return nil, bad("orderBy has more than %d levels", MaxOrders)
	}
	binder := binder{c: c}
	if q.Where != nil {
		n, err := binder.bind(q.Where, false, 1)
		if err != nil {
			return nil, err
		}
		b.conjuncts = n.flat(isAnd, nil)
	}
	for _, o := range q.OrderBy {
		f := c.Field(o.Field)
		switch {
		case f < 0:
			return nil, bad("orderBy: %s has no field %q", c.Name, o.Field)
		case c.Fields[f].Kind == value.JSON:
			return nil, bad("orderBy: %s is JSON, which has no order", o.Field)
		}
		b.orders = append(b.orders, order{field: f, desc: o.Desc, nullsFirst: o.NullsFirst})
	}
	b.finish()
	return b, nil
}

// flat appends the node, or the kids of one with the operator.
func (n node) flat(op nodeOp, dst []node) []node {
	if n.op != op {
		return append(dst, n)
	}
	for _, kid := range n.kids {
		dst = kid.flat(op, dst)
	}
	return dst
}

// binder turns conditions into nodes.
type binder struct {
	c             *value.Collection
	conds, values int
}

// bind turns the condition, or its opposite, into a node.
func (b *binder) bind(c *Cond, not bool, depth int) (n node, err error) {
	if depth > MaxDepth {
		return n, bad("conditions are nested more than %d deep", MaxDepth)
	}
	if b.conds++; b.conds > MaxConds {
		return n, bad("the query has more than %d conditions", MaxConds)
	}
	switch {
	case c.err != "":
		return n, bad("%s %s: %s", c.Op, c.Field, c.err)
	case c.Op == OpNot && len(c.Conds) == 1:
		return b.bind(&c.Conds[0], !not, depth+1)
	case c.Op == OpAnd || c.Op == OpOr:
		n.op = isAnd
		if (c.Op == OpOr) != not { // not of and is or of nots
			n.op = isOr
		}
		for i := range c.Conds {
			kid, err := b.bind(&c.Conds[i], not, depth+1)
			if err != nil {
				return n, err
			}
			n.kids = kid.flat(n.op, n.kids)
		}
		return n, nil
	case c.Op == 0 || c.Op >= OpNot:
		return n, bad("the operator %s is not supported", c.Op)
	}
	n, err = b.leaf(c)
	if err == nil && not {
		n = n.opposite()
	}
	return n, err
}

// opposite is the negation of what leaf returns.
func (n node) opposite() node {
	if n.op != isAnd && n.op != isOr {
		return n.negated()
	}
	n.op = isAnd + isOr - n.op
	for i := range n.kids {
		n.kids[i] = n.kids[i].negated()
	}
	return n
}

func (b *binder) leaf(c *Cond) (n node, err error) {
	n.field = b.c.Field(c.Field)
	if n.field < 0 {
		return n, bad("%s: %s has no field %q", c.Op, b.c.Name, c.Field)
	}
	f := &b.c.Fields[n.field]
	switch {
	case c.Op == OpIsNull:
		n.op = isNull
		return n, nil
	case f.Kind == value.JSON:
		return n, bad("%s %s: the field is JSON, of which only isNull can be asked", c.Op, c.Field)
	case c.Op == OpIn:
		return b.in(c, n)
	case c.Op == OpLike || c.Op == OpILike:
		return b.like(c, n, f)
	}
	n.op = isEq + nodeOp(c.Op-OpEq)
	v, err := b.literal(c, f, c.Value)
	if err != nil {
		return n, err
	}
	return n.against(v, f), nil
}

// literal checks what a field is compared with; text becomes bytes or a time
// if the field is one.
func (b *binder) literal(c *Cond, f *value.Field, v value.Value) (value.Value, error) {
	if b.values++; b.values > MaxValues {
		return v, bad("the query has more than %d values", MaxValues)
	}
	if v.IsNull() {
		return v, nil
	}
	class, ok := f.Kind.Class(), v.Kind() == f.Kind.Class()
	switch {
	case v.Kind() == value.Float64 && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)):
		return v, bad("%s %s: must be compared with a finite number", c.Op, c.Field)
	case v.Kind() == value.String && class != value.String:
		v, ok = value.ParseText(f.Kind, v.Text())
	case v.Kind() == value.String:
		ok = utf8.ValidString(v.Text())
	case isNumber(class):
		ok = isNumber(v.Kind())
	}
	if !ok {
		return v, bad("%s %s: the field is %s, with which this cannot be compared", c.Op, c.Field, f.Kind)
	}
	return v, nil
}

func isNumber(k value.Kind) bool {
	return k == value.Int64 || k == value.Uint64 || k == value.Float64
}

// in is a list of values; a null in it is a comparison that is unknown.
func (b *binder) in(c *Cond, n node) (node, error) {
	f := &b.c.Fields[n.field]
	null := false
	for _, raw := range c.Values {
		v, err := b.literal(c, f, raw)
		if err != nil {
			return n, err
		}
		one := node{op: isEq, field: n.field}.against(v, f)
		switch one.op {
		case isUnknown:
			null = true
		case isEq:
			n.values = append(n.values, one.value)
		}
	}
	if len(c.Values) == 0 {
		return node{op: isOr}, nil
	}
	slices.SortFunc(n.values, value.Compare)
	n.values = slices.Compact(n.values)
	switch len(n.values) {
	case 0:
		n.op, n.not = isKnown, true
	case 1:
		n.op, n.value = isEq, n.values[0]
	default:
		n.op = isIn
	}
	if null {
		return node{op: isOr, kids: []node{n, {op: isUnknown, field: n.field}}}, nil
	}
	return n, nil
}

func (b *binder) like(c *Cond, n node, f *value.Field) (node, error) {
	if f.Kind != value.String {
		return n, bad("%s %s: the field is %s, not a string", c.Op, c.Field, f.Kind)
	}
	v, err := b.literal(c, f, c.Value)
	if err != nil {
		return n, err
	}
	if v.IsNull() {
		return n, nil // isUnknown
	}
	p, err := compilePattern(v.Text(), c.Op == OpILike)
	if err != nil {
		return n, err
	}
	if text, ok := p.exact(); ok {
		n.op, n.value = isEq, value.OfString(text)
		return n, nil
	}
	n.op, n.pattern = isLike, p
	return n, nil
}
