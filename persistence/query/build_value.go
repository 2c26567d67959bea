package query

import (
	"fmt"
	"reflect"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
)

func compare(op Op, field string, v any) Cond {
	c := Cond{Op: op, Field: field}
	c.Value, c.err = literal(v)
	return c
}

// In holds where the field equals one of the values.
func In[V any](field string, values ...V) Cond {
	c := Cond{Op: OpIn, Field: field}
	for _, v := range values {
		cell, err := literal(v)
		if err != "" {
			c.err = err
		}
		c.Values = append(c.Values, cell)
	}
	return c
}

// literal turns a Go value into a cell; err says why it cannot be one.
func literal(v any) (cell value.Value, err string) {
	switch v := v.(type) {
	case nil:
		return value.Null(), ""
	case value.Value:
		return v, ""
	case time.Time:
		return value.OfTime(v), ""
	case []byte:
		return value.OfBytes(v), ""
	}
	r := reflect.ValueOf(v)
	switch {
	case r.Kind() == reflect.Pointer && r.IsNil():
		return value.Null(), ""
	case r.Kind() == reflect.Pointer:
		return literal(r.Elem().Interface())
	case r.Kind() == reflect.Bool:
		return value.OfBool(r.Bool()), ""
	case r.CanInt():
		return value.OfInt(r.Int()), ""
	case r.CanUint():
		return value.OfUint(r.Uint()), ""
	case r.CanFloat():
		return value.OfFloat(r.Float()), ""
	case r.Kind() == reflect.String:
		return value.OfString(r.String()), ""
	}
	return cell, fmt.Sprintf("a %T is nothing to compare with: use a bool, number, string, []byte or time.Time", v)
}
