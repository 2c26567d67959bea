package state

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"

	"github.com/parlor-server/parlor/schema"
)

// maxColumns is how many leaves a row may have.
const maxColumns = 256

var idType = reflect.TypeFor[ID]()

// columnsOf flattens a row type into its leaves, in the order of the struct.
// A type that is a leaf itself has one column named "Value". Options of the
// world's field count for all leaves.
func columnsOf(t reflect.Type, options tagOptions) ([]column, error) {
	var columns []column
	name := ""
	if t.Kind() != reflect.Struct && t.Kind() != reflect.Array {
		name = "Value"
	}
	if err := appendLeaves(&columns, t, name, 0, options); err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(columns))
	owners, publics := 0, 0
	for i := range columns {
		c := &columns[i]
		if seen[c.Name] {
			return nil, fmt.Errorf("%s: two columns have this name", c.Name)
		}
		seen[c.Name] = true
		c.number, c.public, c.owner = i, -1, -1
		switch {
		case c.local:
		case c.Has(schema.Owner):
			c.owner = owners
			owners++
		default:
			c.public = publics
			publics++
		}
		c.plain = plainFormOf(&c.Column)
	}
	return columns, nil
}

func appendLeaves(columns *[]column, t reflect.Type, name string, off uintptr, options tagOptions) error {
	switch {
	case t.Kind() == reflect.Struct:
		return appendFields(columns, t, name, off, options)
	case t.Kind() == reflect.Array:
		for i := range t.Len() {
			if err := appendLeaves(columns, t.Elem(), joinName(name, strconv.Itoa(i)), off+uintptr(i)*t.Elem().Size(), options); err != nil {
				return err
			}
		}
		return nil
	}
	kind, size, err := leafKind(t)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	c := column{off: off, size: size}
	c.Name, c.Kind = name, kind
	if err := options.apply(&c); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(*columns) == maxColumns {
		return fmt.Errorf("%s: a row has at most %d columns", name, maxColumns)
	}
	*columns = append(*columns, c)
	return nil
}

func appendFields(columns *[]column, t reflect.Type, name string, off uintptr, options tagOptions) error {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Name == "_" {
			continue
		}
		path := joinName(name, f.Name)
		if f.Anonymous {
			path = name
		}
		if !f.IsExported() {
			return fmt.Errorf("%s: is not exported; export it, with the tag `parlor:\"local\"` if it stays on the server", path)
		}
		own, err := options.with(f.Tag.Get("parlor"))
		if err != nil {
			return fmt.Errorf("%s: %w", joinName(name, f.Name), err)
		}
		if f.Anonymous && f.Type.Kind() != reflect.Struct {
			path = joinName(name, f.Name)
		}
		if err := appendLeaves(columns, f.Type, path, off+f.Offset, own); err != nil {
			return err
		}
	}
	return nil
}

func joinName(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

var errNotColumn = errors.New("is no column type; use bools, numbers, strings, state.ID, and fixed arrays and structs of these")

func leafKind(t reflect.Type) (kind schema.ColumnKind, size uint8, err error) {
	if t == idType {
		return schema.ID, 4, nil
	}
	kinds := map[reflect.Kind]schema.ColumnKind{
		reflect.Bool: schema.Bool, reflect.String: schema.String,
		reflect.Int8: schema.Int8, reflect.Int16: schema.Int16, reflect.Int32: schema.Int32, reflect.Int64: schema.Int64, reflect.Int: schema.Int64,
		reflect.Uint8: schema.Uint8, reflect.Uint16: schema.Uint16, reflect.Uint32: schema.Uint32, reflect.Uint64: schema.Uint64, reflect.Uint: schema.Uint64,
		reflect.Float32: schema.Float32, reflect.Float64: schema.Float64,
	}
	kind, ok := kinds[t.Kind()]
	if !ok {
		return 0, 0, fmt.Errorf("%s %w", t, errNotColumn)
	}
	if kind == schema.String {
		return kind, 0, nil
	}
	if (kind == schema.Int64 || kind == schema.Uint64) && t.Size() != 8 {
		return 0, 0, fmt.Errorf("%s has 32 bits on this machine; use %s64", t, t)
	}
	return kind, uint8(t.Size()), nil
}
