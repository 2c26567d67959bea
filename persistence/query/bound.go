package query

import (
	"bytes"

	"github.com/parlor-server/parlor/persistence/value"
)

// Bound is a query for one collection: immutable, for any goroutine.
type Bound struct {
	Limit, Offset int // as in the Query

	query      Query
	c          *value.Collection
	conjuncts  []node // all of them must hold
	orders     []order
	tieDesc    bool // the primary key's direction
	keyOrdered bool // one of the orders is the primary key: they end there
	never      bool
	fields     [2]uint64
	equalities []Equality
}

// order is a bound level of an order.
type order struct {
	field            int
	desc, nullsFirst bool
}

// Equality is a field that must equal a constant for a row to match; Null()
// for isNull. The value is what Collection.Get returns for such rows.
type Equality struct {
	Field int
	Value value.Value
}

// finish computes what the planner asks for.
func (b *Bound) finish() {
	seen := map[int]bool{}
	orders := b.orders[:0]
	for _, o := range b.orders {
		b.tieDesc = o.desc
		if seen[o.field] || b.keyOrdered {
			continue
		}
		seen[o.field] = true
		b.keyOrdered = o.field == b.c.Key
		orders = append(orders, o)
		b.read(o.field)
	}
	b.orders = orders
	b.never = b.Limit == 0
	for i := range b.conjuncts {
		n := &b.conjuncts[i]
		n.each(func(leaf *node) { b.read(leaf.field) })
		f, single := n.only()
		if !single {
			b.never = b.never || n.op == isOr && len(n.kids) == 0
			continue
		}
		if s, _ := b.fieldSpans(f); len(s) == 0 {
			b.never = true
		}
		if fixed(n) && !b.fixes(f) {
			b.equalities = append(b.equalities, Equality{Field: f, Value: n.value})
		}
	}
}

func fixed(n *node) bool { return n.op == isEq || n.op == isNull && !n.not }

func (b *Bound) fixes(field int) bool {
	for _, e := range b.equalities {
		if e.Field == field {
			return true
		}
	}
	return false
}

func (b *Bound) read(field int) { b.fields[field/64] |= 1 << (field % 64) }

// Query returns what was bound.
func (b *Bound) Query() Query { return b.query }

// Collection returns what it was bound to.
func (b *Bound) Collection() *value.Collection { return b.c }

// Match reports whether the row meets the condition. Unknown is no.
func (b *Bound) Match(row value.Row) bool {
	for i := range b.conjuncts {
		if b.conjuncts[i].eval(b.c, row) != yes {
			return false
		}
	}
	return true
}

// Never reports whether no row at all can be in the result, as with a limit
// of 0.
func (b *Bound) Never() bool { return b.never }

// Fields returns the fields that Match and AppendSortKey read, as a set of
// bits by index: a change to others neither moves a record nor lets it enter.
func (b *Bound) Fields() [2]uint64 { return b.fields }

// Equalities returns the fields that the condition fixes, each once.
func (b *Bound) Equalities() []Equality { return b.equalities }

// AppendSortKey appends bytes whose order is that of the query. No two records
// have the same: the primary key is last, in the direction of the last level.
func (b *Bound) AppendSortKey(dst []byte, row value.Row) []byte {
	for _, o := range b.orders {
		v := b.c.Get(row, o.field)
		switch {
		case v.IsNull() && o.nullsFirst:
			dst = append(dst, 0)
		case v.IsNull():
			dst = append(dst, 2)
		case o.desc:
			dst = value.AppendKeyValueDescending(append(dst, 1), v)
		default:
			dst = value.AppendKeyValue(dst, v)
		}
	}
	if b.keyOrdered || b.c.Key < 0 {
		return dst
	}
	key := b.c.Get(row, b.c.Key)
	if b.tieDesc {
		return value.AppendKeyValueDescending(append(dst, 1), key)
	}
	return value.AppendKeyValue(dst, key)
}

// Compare orders two rows as their sort keys do.
func (b *Bound) Compare(x, y value.Row) int {
	var roomX, roomY [96]byte
	return bytes.Compare(b.AppendSortKey(roomX[:0], x), b.AppendSortKey(roomY[:0], y))
}
