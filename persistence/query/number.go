package query

import (
	"math"

	"github.com/parlor-server/parlor/persistence/value"
)

// against gives a comparison what it compares with, in the field's class. A
// number that the class cannot hold is between two that it can, or beyond all
// of them; the operator changes accordingly, so that comparing stays exact.
func (n node) against(v value.Value, f *value.Field) node {
	class := f.Kind.Class()
	switch {
	case v.IsNull():
		return node{op: isUnknown, field: n.field}
	case v.Kind() == class:
		n.value = v
		return n
	}
	below, ok := floor(v, class)
	switch {
	case !ok && value.Compare(v, value.OfInt(0)) < 0: // less than all
		return n.known(n.op == isNe || n.op == isGt || n.op == isGte)
	case !ok: // more than all
		return n.known(n.op == isNe || n.op == isLt || n.op == isLte)
	}
	n.value = below
	if value.Compare(below, v) == 0 {
		return n
	}
	switch n.op { // below < v < the next: v itself is in no row
	case isEq:
		return n.known(false)
	case isNe:
		return n.known(true)
	case isGte:
		n.op = isGt
	case isLt:
		n.op = isLte
	}
	return n
}

func (n node) known(holds bool) node { return node{op: isKnown, field: n.field, not: !holds} }

// floor returns the greatest number of the class that is not above v; ok is
// false if there is none, or if v is above all of them.
func floor(v value.Value, class value.Kind) (below value.Value, ok bool) {
	switch class {
	case value.Int64:
		if v.Kind() == value.Uint64 {
			return value.OfInt(v.Int()), v.Uint() <= math.MaxInt64
		}
		f := math.Floor(v.Float())
		if f < -1<<63 || f >= 1<<63 {
			return below, false
		}
		return value.OfInt(int64(f)), true
	case value.Uint64:
		if v.Kind() == value.Int64 {
			return value.OfUint(v.Uint()), v.Int() >= 0
		}
		f := math.Floor(v.Float())
		if f < 0 || f >= 1<<64 {
			return below, false
		}
		return value.OfUint(uint64(f)), true
	}
	var f float64
	if v.Kind() == value.Int64 {
		f = float64(v.Int())
	} else {
		f = float64(v.Uint())
	}
	if value.Compare(value.OfFloat(f), v) > 0 {
		f = math.Nextafter(f, math.Inf(-1))
	}
	return value.OfFloat(f), true
}
