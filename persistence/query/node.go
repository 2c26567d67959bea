package query

import (
	"slices"

	"github.com/parlor-server/parlor/persistence/value"
)

// nodeOp is an operator of a bound condition. There is no not: it was pushed
// down to the leaves, which three-valued logic allows.
type nodeOp uint8

const (
	isUnknown nodeOp = iota // a comparison with null
	isAnd
	isOr
	isEq
	isNe
	isGt
	isGte
	isLt
	isLte
	isIn
	isLike
	isNull
	isKnown // true of all that is not null: a comparison that no value of the kind can fail
)

// node is a bound condition. What it compares with has the field's class.
type node struct {
	op      nodeOp
	not     bool // of isIn, isLike, isNull, isKnown
	field   int  // of a leaf
	value   value.Value
	values  []value.Value // of isIn: sorted, each once
	pattern *pattern
	kids    []node
}

// truth is three-valued: and is the least, or the greatest.
type truth uint8

const (
	no truth = iota
	unknown
	yes
)

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

func (n *node) eval(c *value.Collection, row value.Row) truth {
	switch n.op {
	case isUnknown:
		return unknown
	case isAnd:
		t := yes
		for i := range n.kids {
			if t = min(t, n.kids[i].eval(c, row)); t == no {
				break
			}
		}
		return t
	case isOr:
		t := no
		for i := range n.kids {
			if t = max(t, n.kids[i].eval(c, row)); t == yes {
				break
			}
		}
		return t
	}
	v := c.Get(row, n.field)
	if n.op == isNull {
		return truthOf(v.IsNull() != n.not)
	}
	if v.IsNull() {
		return unknown
	}
	return truthOf(n.holds(v))
}

// holds is a leaf's answer for a value that is not null.
func (n *node) holds(v value.Value) bool {
	switch n.op {
	case isEq:
		return v == n.value
	case isNe:
		return v != n.value
	case isGt:
		return value.Compare(v, n.value) > 0
	case isGte:
		return value.Compare(v, n.value) >= 0
	case isLt:
		return value.Compare(v, n.value) < 0
	case isLte:
		return value.Compare(v, n.value) <= 0
	case isIn:
		_, found := slices.BinarySearchFunc(n.values, v, value.Compare)
		return found != n.not
	case isLike:
		return n.pattern.match(v.Text()) != n.not
	}
	return !n.not // isKnown
}

// negated is the leaf's opposite; unknown stays unknown.
func (n node) negated() node {
	switch n.op {
	case isEq:
		n.op = isNe
	case isNe:
		n.op = isEq
	case isGt:
		n.op = isLte
	case isGte:
		n.op = isLt
	case isLt:
		n.op = isGte
	case isLte:
		n.op = isGt
	default:
		n.not = !n.not
	}
	return n
}

// only returns the one field that the condition reads; ok is false if it reads
// several or none.
func (n *node) only() (field int, ok bool) {
	if n.op != isAnd && n.op != isOr {
		return n.field, true
	}
	for i := range n.kids {
		f, single := n.kids[i].only()
		if !single || i > 0 && f != field {
			return 0, false
		}
		field = f
	}
	return field, len(n.kids) > 0
}

// each calls visit for all leaves.
func (n *node) each(visit func(*node)) {
	if n.op != isAnd && n.op != isOr {
		visit(n)
	}
	for i := range n.kids {
		n.kids[i].each(visit)
	}
}
