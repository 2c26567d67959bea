package state

import (
	"iter"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
)

// maxMirrorCells bounds what a server can make a Mirror allocate: 128 MiB, in words of 32 bits.
const maxMirrorCells = 1 << 25

// Mirror is what a client holds of a room: the public rows as the last applied
// frame left them, and the owner columns it was told of. It decodes any room
// from its schema alone. One goroutine uses it.
type Mirror struct {
	schema    schema.Schema
	tables    []MirrorTable
	events    [][]plainForm
	reader    bits.Reader
	positions []uint32
	selected  []uint32
	bytes     []byte
	cells     []Cell
	allocated int // words of 32 bits in pages

	frameHash    Hash
	hasFrameHash bool

	lossy *lossyFrames // nil before the first Keep
}

// MirrorTable is one table of a Mirror.
type MirrorTable struct {
	def    *schema.TableDef
	grid   *grid
	places []columnPlace // of each of def's columns
	public []int         // of each public column: its index in def's columns
	owner  []int         // the same of owner columns
	plain  []plainForm   // of each owner column

	owned map[ID]*ownedRow

	window slotWindow // that frames are read for
	order  []uint32   // the live slots in order, unless stale
	stale  bool
	fresh  slotSet // rows created by this frame
	marks  slotSet // rows changed by this frame

	added, changed, removed, ownerChanged []ID
}

// columnPlace says where a column's cells are.
type columnPlace struct {
	owner bool
	index int // among the public or the owner columns
}

// ownedRow holds the owner columns of one row.
type ownedRow struct {
	cells []uint64 // wire form
	texts []string
}

// NewMirror returns an empty mirror for a room of this schema.
func NewMirror(s schema.Schema) *Mirror {
	m := &Mirror{schema: s, tables: make([]MirrorTable, len(s.Tables))}
	for i := range m.tables {
		t := &m.tables[i]
		t.def = &s.Tables[i]
		t.window = wholeTable()
		t.grid = newGrid(i, t.def)
		t.owned = make(map[ID]*ownedRow)
		for n := range t.def.Columns {
			c := &t.def.Columns[n]
			if c.Has(schema.Owner) {
				t.places = append(t.places, columnPlace{true, len(t.owner)})
				t.owner, t.plain = append(t.owner, n), append(t.plain, plainFormOf(c))
			} else {
				t.places = append(t.places, columnPlace{false, len(t.public)})
				t.public = append(t.public, n)
			}
		}
	}
	for i := range s.Events {
		forms := make([]plainForm, len(s.Events[i].Columns))
		for n := range forms {
			forms[n] = plainFormOf(&s.Events[i].Columns[n])
		}
		m.events = append(m.events, forms)
	}
	return m
}

// Schema is what NewMirror was given.
func (m *Mirror) Schema() schema.Schema { return m.schema }

// Hash is the public hash of what the mirror holds. It costs a little for each
// row that changed since it was last asked for.
func (m *Mirror) Hash() Hash { return m.HashOf(AllTables) }

// HashOf is the public hash of some of the tables.
func (m *Mirror) HashOf(tables Tables) (h Hash) {
	for i := range m.tables {
		if t := &m.tables[i]; tables.has(t.def.Reliable) {
			h.add(t.grid.publicHash())
		}
	}
	return h
}

// LastFrameHash is the hash that the last frame said its result has; ok is
// false if it carried none. If it differs from Hash, the mirror is out of
// step. For a frame of some of the tables it counts the others as they are;
// for a lossy one it is there when all parts are.
func (m *Mirror) LastFrameHash() (h Hash, ok bool) { return m.frameHash, m.hasFrameHash }

// Table returns the table at an index of Schema.Tables, or nil.
func (m *Mirror) Table(i int) *MirrorTable {
	if i < 0 || i >= len(m.tables) {
		return nil
	}
	return &m.tables[i]
}

// TableNamed returns a table by its name, or nil.
func (m *Mirror) TableNamed(name string) *MirrorTable {
	for i := range m.tables {
		if m.tables[i].def.Name == name {
			return &m.tables[i]
		}
	}
	return nil
}

// Def describes the table.
func (t *MirrorTable) Def() *schema.TableDef { return t.def }

// Len is the number of rows.
func (t *MirrorTable) Len() int { return t.grid.live }

// Has reports whether a row is there.
func (t *MirrorTable) Has(id ID) bool { return t.grid.has(id) }

// IDs yields the rows in the order of their slots.
func (t *MirrorTable) IDs() iter.Seq[ID] {
	return func(yield func(ID) bool) {
		for slot := range t.grid.slots {
			if !yield(t.grid.id(slot)) {
				return
			}
		}
	}
}

// Added lists the rows that the last frame created, in the order of their
// slots; after a keyframe all that were not there before. Like the other
// lists it is valid until the next frame.
func (t *MirrorTable) Added() []ID { return t.added }

// Changed lists the rows that the last frame gave another value; after a
// keyframe all that were there before already.
func (t *MirrorTable) Changed() []ID { return t.changed }

// Removed lists the rows that the last frame took away.
func (t *MirrorTable) Removed() []ID { return t.removed }

// OwnerChanged lists the rows whose owner columns the last owner payload had.
func (t *MirrorTable) OwnerChanged() []ID { return t.ownerChanged }

// Row reads the cells of one row. It is valid until the mirror changes.
type Row struct {
	table *MirrorTable
	id    ID
}

// Row returns a row; ok is false if it is not there.
func (t *MirrorTable) Row(id ID) (row Row, ok bool) { return Row{t, id}, t.grid.has(id) }

// ID is the row's ID.
func (r Row) ID() ID { return r.id }

// Cell returns the cell of a column, by its index in TableDef.Columns. It is
// not ok for owner columns that this client was not told of.
func (r Row) Cell(column int) (c Cell, ok bool) {
	if column < 0 || column >= len(r.table.places) || !r.table.grid.has(r.id) {
		return Cell{}, false
	}
	wire, text, ok := r.table.wireCell(r.id, r.table.places[column])
	return cellOf(&r.table.def.Columns[column], wire, text), ok
}

// Float64 is the value of a number, 0 if there is none.
func (r Row) Float64(column int) float64 { c, _ := r.Cell(column); return c.Float64() }

// Int64 is the value of an integer, 0 if there is none.
func (r Row) Int64(column int) int64 { c, _ := r.Cell(column); return c.Int64() }

// Text is the value of a string, empty if there is none.
func (r Row) Text(column int) string { c, _ := r.Cell(column); return c.Text() }

// String is the value of a cell formatted for people; of a string its text.
func (r Row) String(column int) string {
	c, _ := r.Cell(column)
	if c.kind == schema.String {
		return c.text
	}
	return c.String()
}

// wireCell is a cell of a row that is there.
func (t *MirrorTable) wireCell(id ID, place columnPlace) (wire uint64, text string, ok bool) {
	if place.owner {
		row := t.owned[id]
		if row == nil {
			return 0, "", false
		}
		return row.cells[place.index], row.texts[place.index], true
	}
	b := t.grid.block(id.slot())
	if c := &t.grid.columns[place.index]; c.form == spelled {
		text = *t.grid.text(b, c.text, id.slot())
	}
	return t.grid.cell(b, place.index, id.slot()), text, true
}
