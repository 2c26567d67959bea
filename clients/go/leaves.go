package client

import (
	"math"
	"reflect"
	"strconv"

	"github.com/parlor-server/parlor/schema"
)

// leaves are the fields of a row type that the server's table has, flattened
// as columns are: "Pos.X", "Items.2.Count".
type leaves []leaf

type leaf struct {
	path   []int // field numbers and array indexes
	column schema.Column
}

// leavesOf matches the fields of t with columns by name.
func leavesOf(t reflect.Type, columns []schema.Column) leaves {
	byName := make(map[string]schema.Column, len(columns))
	for _, c := range columns {
		byName[c.Name] = c
	}
	var found leaves
	var walk func(t reflect.Type, name string, path []int)
	walk = func(t reflect.Type, name string, path []int) {
		join := func(part string) string {
			if name == "" {
				return part
			}
			return name + "." + part
		}
		switch t.Kind() {
		case reflect.Struct:
			for i := range t.NumField() {
				walk(t.Field(i).Type, join(t.Field(i).Name), append(path[:len(path):len(path)], i))
			}
		case reflect.Array:
			for i := range t.Len() {
				walk(t.Elem(), join(strconv.Itoa(i)), append(path[:len(path):len(path)], i))
			}
		default:
			if c, ok := byName[name]; ok {
				found = append(found, leaf{path: path, column: c})
			}
		}
	}
	walk(t, "", nil)
	return found
}

// in is the leaf's field of a row.
func (l leaf) in(row reflect.Value) reflect.Value {
	for _, i := range l.path {
		if row.Kind() == reflect.Array {
			row = row.Index(i)
		} else {
			row = row.Field(i)
		}
	}
	return row
}

// near reports whether the leaf of two rows differs by no more than half the
// step to which the wire rounds it.
func (l leaf) near(a, b reflect.Value) bool {
	x, y := l.in(a), l.in(b)
	if !x.CanFloat() || x.Float() == y.Float() {
		return x.Equal(y)
	}
	off := distance(l.column, x.Float(), y.Float())
	return math.Abs(off) <= tolerance(l.column, y.Float()) // false for NaN
}

// settle brings the leaf of a row to what the server says, and reports whether
// that is the server's very value.
func (l leaf) settle(row, server reflect.Value) bool {
	mine, theirs := l.in(row), l.in(server)
	if !mine.CanFloat() {
		mine.Set(theirs)
		return true
	}
	v := settled(l.column, mine.Float(), theirs.Float())
	mine.SetFloat(v)
	return v == theirs.Float()
}

// settled is what to go on with when theirs is the wire's rounded value and
// mine is not near it. The exact value lies within half a step of theirs. When
// mine is no more than a step away, the nearest value of that range is the
// best guess: taking theirs would leave an error of up to half a step, and the
// next frames would differ again; so the error shrinks each time instead.
func settled(c schema.Column, mine, theirs float64) float64 {
	off := distance(c, mine, theirs)
	near := math.Abs(off) <= 2*tolerance(c, theirs) // false for NaN
	if c.Quant == 0 || c.Has(schema.Snap) || !near {
		return theirs
	}
	edge := theirs - math.Copysign(c.Quant/2, off)
	if c.Kind == schema.Float32 {
		return float64(float32(edge))
	}
	return edge
}

// snap rounds the leaf of a row as the server does at the end of a tick.
func (l leaf) snap(row reflect.Value) {
	if v := l.in(row); l.column.Has(schema.Snap) && v.CanFloat() {
		q := math.Floor(v.Float()/l.column.Quant + 0.5)
		v.SetFloat(max(math.MinInt32, min(math.MaxInt32, q)) * l.column.Quant)
	}
}

// distance is the way from one value of a column to another.
func distance(c schema.Column, from, to float64) float64 {
	if c.Has(schema.Angle) {
		return turn(from, to)
	}
	return to - from
}

// tolerance is half a quantisation step, and what float32 may add to it by
// rounding near v.
func tolerance(c schema.Column, v float64) float64 {
	if c.Quant == 0 {
		return 0
	}
	ulp := 0.0
	if c.Kind == schema.Float32 {
		ulp = math.Abs(v) / (1 << 22)
	}
	return c.Quant/2 + ulp
}

// blend fills out, a copy of a, with what lies between a and b: 0 is a, 1 is
// b. Only floats have a between, angles the short way; all else stays a's
// until b is reached.
func (ls leaves) blend(out, b reflect.Value, at float64) {
	for _, l := range ls {
		o := l.in(out)
		if !o.CanFloat() {
			continue
		}
		from, to := o.Float(), l.in(b).Float()
		if l.column.Has(schema.Angle) {
			o.SetFloat(wrap(from + turn(from, to)*at))
		} else {
			o.SetFloat(from + (to-from)*at)
		}
	}
}

// turn is the short way from one angle to another, in (−π, π].
func turn(from, to float64) float64 { return wrap(to - from) }

// wrap brings an angle into [−π, π].
func wrap(a float64) float64 { return math.Remainder(a, 2*math.Pi) }

// columnsOf are the columns of the named table, nil when there is none.
func columnsOf(s *schema.Schema, table string) []schema.Column {
	for _, t := range s.Tables {
		if t.Name == table {
			return t.Columns
		}
	}
	return nil
}
