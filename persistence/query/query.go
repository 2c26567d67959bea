package query

import (
	"strconv"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// Op is an operator of a condition.
type Op uint8

// The operators. All but IsNull are unknown where the field, or what it is
// compared with, is null; what is unknown does not match.
const (
	OpEq Op = iota + 1
	OpNe
	OpGt
	OpGte
	OpLt
	OpLte
	OpIn
	OpLike
	OpILike
	OpIsNull
	OpAnd
	OpOr
	OpNot
)

// Limits of a query.
const (
	MaxBytes  = 64 << 10 // of the JSON form
	MaxDepth  = 32       // of conditions in conditions
	MaxConds  = 1000     // conditions
	MaxValues = 4096     // in all lists of In together
	MaxOrders = 8
	MaxLike   = 256 // bytes of a pattern
)

// Cond is a condition; the functions of this package make them.
type Cond struct {
	Op     Op
	Field  string
	Value  value.Value   // of comparisons and patterns
	Values []value.Value // of OpIn
	Conds  []Cond        // of OpAnd, OpOr; one of OpNot
	err    string        // a value that cannot be compared, for Bind to report
}

// Order is one level of an order.
type Order struct {
	Field      string
	Desc       bool
	NullsFirst bool
}

// Query is a condition, an order and a window. Records that tie follow their
// primary key, in the direction of the last level of the order.
type Query struct {
	Where   *Cond
	OrderBy []Order
	Limit   int // < 0: all
	Offset  int
}

// opNames are the operators' names in JSON.
func opNames() [OpNot + 1]string {
	return [...]string{"", "eq", "ne", "gt", "gte", "lt", "lte", "in", "like", "ilike", "isNull", "and", "or", "not"}
}

// String returns the operator's name in JSON, such as "gte".
func (op Op) String() string {
	if op == 0 || op > OpNot {
		return "op(" + strconv.Itoa(int(op)) + ")"
	}
	return opNames()[op]
}

func bad(format string, args ...any) error {
	return schema.Errorf(schema.CodeBadQuery, format, args...)
}
