package schema

import "strconv"

// ColumnKind is the type of a column's cells.
type ColumnKind uint8

// The kinds. Go's int and uint are Int64 and Uint64.
const (
	Bool    ColumnKind = 1
	Int8    ColumnKind = 2
	Int16   ColumnKind = 3
	Int32   ColumnKind = 4
	Int64   ColumnKind = 5
	Uint8   ColumnKind = 6
	Uint16  ColumnKind = 7
	Uint32  ColumnKind = 8
	Uint64  ColumnKind = 9
	Float32 ColumnKind = 10
	Float64 ColumnKind = 11
	String  ColumnKind = 12
	ID      ColumnKind = 13
)

// String returns the kind's name in lower case, such as "uint16".
func (k ColumnKind) String() string {
	names := [...]string{"", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "string", "id"}
	if k == 0 || int(k) >= len(names) {
		return "kind(" + strconv.Itoa(int(k)) + ")"
	}
	return names[k]
}

// Float reports whether the kind is Float32 or Float64.
func (k ColumnKind) Float() bool { return k == Float32 || k == Float64 }

// ColumnFlags are a column's yes-or-no properties.
type ColumnFlags uint8

// The flags.
const (
	Owner  ColumnFlags = 1  // only the row's owner gets it
	Angle  ColumnFlags = 2  // radians that interpolate the short way round
	Snap   ColumnFlags = 4  // the server rounds its own value too
	HasMin ColumnFlags = 8  // Min is set
	HasMax ColumnFlags = 16 // Max is set
)

// Column describes one leaf of a row: nested structs and fixed arrays are
// flattened, with names such as "Pos.X" and "Items.2.Count".
type Column struct {
	Name  string
	Kind  ColumnKind
	Flags ColumnFlags
	Quant float64 // the step of a quantised float; 0: not quantised
	Min   float64 // valid with HasMin
	Max   float64 // valid with HasMax
}

// Has reports whether all of the flags f are set.
func (c Column) Has(f ColumnFlags) bool { return c.Flags&f == f }

// Quantised reports whether the wire carries a 32-bit count of steps instead
// of the float itself.
func (c Column) Quantised() bool { return c.Kind.Float() && c.Quant > 0 }

// Wide reports whether a cell has 64 bits on the wire; other cells but
// strings have 32.
func (c Column) Wide() bool {
	return c.Kind == Int64 || c.Kind == Uint64 || c.Kind == Float64 && !c.Quantised()
}

// TableDef describes a table of the world. Columns are the public and the
// owner ones in the order of the Go struct; local ones never leave the server.
type TableDef struct {
	Name     string
	Single   bool // a state.Value: one row that is always there
	Reliable bool // its changes travel on the reliable lane
	Columns  []Column
}

// EventDef describes what a state.Event carries.
type EventDef struct {
	Name    string
	Columns []Column
}

// InputDef describes an input that clients may send.
type InputDef struct {
	Name    string
	Command bool   // one per player and tick; otherwise an event
	Table   uint16 // of a command: the index of the table whose row it steps
	Columns []Column
}

// Schema describes a room: all that a client needs to decode it. It is plain
// data, immutable once built, and may be shared between goroutines.
type Schema struct {
	Tables []TableDef
	Events []EventDef
	Inputs []InputDef
}
