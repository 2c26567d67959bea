package schema

import (
	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/parlor-server/parlor/schema/fb"
)

// schema stores a descriptor. It is sent once a join, so it may allocate.
func (b *Builder) schema(s *Schema, hash uint64) flatbuffers.UOffsetT {
	f := &b.fb
	tables := make([]flatbuffers.UOffsetT, len(s.Tables))
	for i, t := range s.Tables {
		name, columns := f.CreateSharedString(t.Name), b.columns(t.Columns)
		fb.TableDefStart(f)
		fb.TableDefAddName(f, name)
		fb.TableDefAddColumns(f, columns)
		fb.TableDefAddSingle(f, t.Single)
		fb.TableDefAddReliable(f, t.Reliable)
		tables[i] = fb.TableDefEnd(f)
	}
	events := make([]flatbuffers.UOffsetT, len(s.Events))
	for i, e := range s.Events {
		name, columns := f.CreateSharedString(e.Name), b.columns(e.Columns)
		fb.EventDefStart(f)
		fb.EventDefAddName(f, name)
		fb.EventDefAddColumns(f, columns)
		events[i] = fb.EventDefEnd(f)
	}
	inputs := make([]flatbuffers.UOffsetT, len(s.Inputs))
	for i, in := range s.Inputs {
		name, columns := f.CreateSharedString(in.Name), b.columns(in.Columns)
		fb.InputDefStart(f)
		fb.InputDefAddName(f, name)
		fb.InputDefAddColumns(f, columns)
		fb.InputDefAddSteps(f, in.Table)
		fb.InputDefAddCommand(f, in.Command)
		inputs[i] = fb.InputDefEnd(f)
	}
	tableVector, eventVector, inputVector := b.vector(tables), b.vector(events), b.vector(inputs)
	fb.SchemaStart(f)
	fb.SchemaAddHash(f, hash)
	fb.SchemaAddTables(f, tableVector)
	fb.SchemaAddEvents(f, eventVector)
	fb.SchemaAddInputs(f, inputVector)
	return fb.SchemaEnd(f)
}

func (b *Builder) columns(columns []Column) flatbuffers.UOffsetT {
	f := &b.fb
	offsets := make([]flatbuffers.UOffsetT, len(columns))
	for i, c := range columns {
		name := f.CreateSharedString(c.Name)
		fb.ColumnStart(f)
		fb.ColumnAddQuant(f, c.Quant)
		fb.ColumnAddMin(f, c.Min)
		fb.ColumnAddMax(f, c.Max)
		fb.ColumnAddName(f, name)
		fb.ColumnAddKind(f, byte(c.Kind))
		fb.ColumnAddFlags(f, byte(c.Flags))
		offsets[i] = fb.ColumnEnd(f)
	}
	return b.vector(offsets)
}

// vector stores a vector of tables.
func (b *Builder) vector(offsets []flatbuffers.UOffsetT) flatbuffers.UOffsetT {
	b.fb.StartVector(4, len(offsets), 4)
	for i := len(offsets) - 1; i >= 0; i-- {
		b.fb.PrependUOffsetT(offsets[i])
	}
	return b.fb.EndVector(len(offsets))
}
