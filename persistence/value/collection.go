package value

// The envelope's fields are the first three of every collection (R1.2).
const (
	CreatedBy = 0 // string: the user
	CreatedAt = 1 // time
	UpdatedAt = 2 // time
)

// Limits of what may be described and stored.
const (
	MaxFields      = 127     // of a collection, its envelope included
	MaxIndexes     = 32      // of a collection
	MaxIndexFields = 8       // of an index
	MaxCollections = 256     // of a schema
	MaxMutations   = 1024    // of a schema
	MaxNameBytes   = 128     // of any name
	MaxKeyBytes    = 1024    // of an encoded primary key
	MaxRowBytes    = 1 << 20 // of an encoded row or patch
)

// Field is one column. All but the name and the kind are off when zero.
type Field struct {
	Name      string
	Kind      Kind
	Optional  bool   // null is a value of it
	Required  bool   // a create must give it
	Immutable bool   // only a create may give it
	User      bool   // the server sets it to the acting user
	Server    bool   // only server code writes it
	Auto      bool   // the primary key, counted up by the server
	Retired   bool   // dropped: it keeps its place and is no longer read or written
	Default   *Value // for creates that leave it out, and for rows older than the field
}

// Missing is what a row that lacks the field reads as: its default, else null
// if it is optional, else the kind's zero.
func (f *Field) Missing() Value {
	switch {
	case f.Default != nil:
		return *f.Default
	case f.Optional:
		return Null()
	}
	return Zero(f.Kind)
}

// Index is an ordered index over one or more fields. Unique refuses a second
// row with the same tuple, unless the tuple holds a null.
type Index struct {
	Name   string
	Fields []int
	Unique bool
}

// Collection describes rows: plain data, immutable once built, shared freely.
// Fields[0..2] are the envelope, except for a mutation's arguments.
type Collection struct {
	Name    string
	Fields  []Field
	Key     int // the primary key's field, or −1: arguments, and events without a key
	Indexes []Index
	Event   bool // broadcast, never stored (R12.1)
}

// Envelope returns the three fields that every collection begins with.
func Envelope() []Field {
	return []Field{
		{Name: "createdBy", Kind: String},
		{Name: "createdAt", Kind: Time},
		{Name: "updatedAt", Kind: Time},
	}
}

// Field returns the index of the field with the name, or −1. Retired fields
// have no name any more.
func (c *Collection) Field(name string) int {
	for i := range c.Fields {
		if c.Fields[i].Name == name && !c.Fields[i].Retired {
			return i
		}
	}
	return -1
}

// Index returns the index with the name, or nil.
func (c *Collection) Index(name string) *Index {
	for i := range c.Indexes {
		if c.Indexes[i].Name == name {
			return &c.Indexes[i]
		}
	}
	return nil
}

// KeyIndex is the primary key as an index: its keys are those of KeyOf.
func (c *Collection) KeyIndex() Index {
	return Index{Name: "key", Fields: []int{c.Key}, Unique: true}
}
