package schema

import (
	"fmt"
	"math"

	"github.com/parlor-server/parlor/schema/fb"
)

// Limits of a descriptor.
const (
	MaxTables  = 1 << 10
	MaxColumns = 1 << 8 // of one table, event or input
)

// ReadSchema copies a descriptor out of a verified body. It fails on what no
// server writes: unknown column kinds, steps and ranges that are no numbers,
// commands for tables that do not exist.
func ReadSchema(t *fb.Schema) (Schema, error) {
	var s Schema
	if t.TablesLength() > MaxTables || t.EventsLength() > MaxTables || t.InputsLength() > MaxColumns {
		return Schema{}, fmt.Errorf("failed to read schema: too many definitions")
	}
	var err error
	var table fb.TableDef
	for i := range t.TablesLength() {
		t.Tables(&table, i)
		def := TableDef{Name: string(table.Name()), Single: table.Single(), Reliable: table.Reliable()}
		if def.Columns, err = readColumns(def.Name, table.ColumnsLength(), table.Columns); err != nil {
			return Schema{}, err
		}
		s.Tables = append(s.Tables, def)
	}
	var event fb.EventDef
	for i := range t.EventsLength() {
		t.Events(&event, i)
		def := EventDef{Name: string(event.Name())}
		if def.Columns, err = readColumns(def.Name, event.ColumnsLength(), event.Columns); err != nil {
			return Schema{}, err
		}
		s.Events = append(s.Events, def)
	}
	var input fb.InputDef
	for i := range t.InputsLength() {
		t.Inputs(&input, i)
		def := InputDef{Name: string(input.Name()), Command: input.Command(), Table: input.Steps()}
		if def.Command && int(def.Table) >= len(s.Tables) {
			return Schema{}, fmt.Errorf("failed to read schema: command %q steps table %d of %d", def.Name, def.Table, len(s.Tables))
		}
		if def.Columns, err = readColumns(def.Name, input.ColumnsLength(), input.Columns); err != nil {
			return Schema{}, err
		}
		s.Inputs = append(s.Inputs, def)
	}
	return s, nil
}

func readColumns(of string, n int, at func(*fb.Column, int) bool) ([]Column, error) {
	if n > MaxColumns {
		return nil, fmt.Errorf("failed to read schema: %s has %d columns", of, n)
	}
	columns := make([]Column, 0, n)
	var c fb.Column
	for i := range n {
		at(&c, i)
		col := Column{
			Name: string(c.Name()), Kind: ColumnKind(c.Kind()), Flags: ColumnFlags(c.Flags()),
			Quant: c.Quant(), Min: c.Min(), Max: c.Max(),
		}
		if !col.valid() {
			return nil, fmt.Errorf("failed to read schema: column %s.%s is invalid", of, col.Name)
		}
		columns = append(columns, col)
	}
	return columns, nil
}

func (c Column) valid() bool {
	if c.Kind < Bool || c.Kind > ID {
		return false
	}
	for _, v := range [...]float64{c.Quant, c.Min, c.Max} {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	if c.Has(HasMin|HasMax) && c.Min > c.Max {
		return false
	}
	return c.Quant >= 0 && (c.Quant == 0 || c.Kind.Float())
}
