package value

// Mutation is a named transaction that clients may call, by the name of its
// argument type.
type Mutation struct {
	Name string
	Args []Field
}

// Collection is the shape of the mutation's arguments, whose row has no
// envelope and no key.
func (m *Mutation) Collection() *Collection {
	return &Collection{Name: m.Name, Fields: m.Args, Key: -1}
}

// Schema describes a record room. Plain data, immutable once built.
type Schema struct {
	Version     uint32
	Collections []Collection
	Mutations   []Mutation
}

// Collection returns the collection with the name, or nil.
func (s *Schema) Collection(name string) *Collection {
	if i := s.CollectionIndex(name); i >= 0 {
		return &s.Collections[i]
	}
	return nil
}

// CollectionIndex returns the place of the collection with the name, or −1.
func (s *Schema) CollectionIndex(name string) int {
	for i := range s.Collections {
		if s.Collections[i].Name == name {
			return i
		}
	}
	return -1
}

// Mutation returns the mutation with the name, or nil.
func (s *Schema) Mutation(name string) *Mutation {
	for i := range s.Mutations {
		if s.Mutations[i].Name == name {
			return &s.Mutations[i]
		}
	}
	return nil
}

// Hash identifies the descriptor: FNV-1a 64 over Encode.
func (s *Schema) Hash() uint64 {
	h := uint64(0xcbf29ce484222325)
	for _, b := range s.Encode() {
		h = (h ^ uint64(b)) * 0x100000001b3
	}
	return h
}

// Encode returns the descriptor as the wire carries it: canonical JSON, the
// same bytes for the same schema.
func (s *Schema) Encode() []byte { panic("not yet") }

// ParseSchema reads what Encode wrote, and checks it.
func ParseSchema(descriptor []byte) (*Schema, error) { panic("not yet") }

// Check reports what is wrong with the schema, naming collection and field.
func (s *Schema) Check() error { panic("not yet") }

// Extends reports whether every row and every argument written by old reads
// the same by s: collections, fields, indexes and mutations were only added.
// The error names what was dropped or changed.
func (s *Schema) Extends(old *Schema) error { panic("not yet") }
