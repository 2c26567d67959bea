package value

import (
	"bytes"
	"encoding/json"
	"fmt"
)

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

// MaxSchemaBytes is the most that a descriptor may have.
const MaxSchemaBytes = 1 << 20

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
func (s *Schema) Encode() []byte {
	d := schemaJSON{Version: s.Version, Collections: []collectionJSON{}, Mutations: []mutationJSON{}}
	for i := range s.Collections {
		c := &s.Collections[i]
		out := collectionJSON{Name: c.Name, Fields: describe(c.Fields), Event: c.Event}
		if c.Key >= 0 {
			out.Key = &c.Key
		}
		for _, ix := range c.Indexes {
			out.Indexes = append(out.Indexes, indexJSON(ix))
		}
		d.Collections = append(d.Collections, out)
	}
	for _, m := range s.Mutations {
		d.Mutations = append(d.Mutations, mutationJSON{Name: m.Name, Args: describe(m.Args)})
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(d) // strings, numbers and checked JSON always encode
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// ParseSchema reads what Encode wrote, and checks it.
func ParseSchema(descriptor []byte) (*Schema, error) {
	if len(descriptor) > MaxSchemaBytes {
		return nil, fmt.Errorf("failed to read a schema: it has more than %d bytes", MaxSchemaBytes)
	}
	var d schemaJSON
	if err := json.Unmarshal(descriptor, &d); err != nil {
		return nil, fmt.Errorf("failed to read a schema: %w", err)
	}
	s := &Schema{Version: d.Version}
	for _, c := range d.Collections {
		out := Collection{Name: c.Name, Key: -1, Event: c.Event}
		if c.Key != nil {
			out.Key = *c.Key
		}
		for _, ix := range c.Indexes {
			out.Indexes = append(out.Indexes, Index(ix))
		}
		var err error
		if out.Fields, err = parseFields(c.Fields); err != nil {
			return nil, fmt.Errorf("failed to read a schema: %s.%w", c.Name, err)
		}
		s.Collections = append(s.Collections, out)
	}
	for _, m := range d.Mutations {
		args, err := parseFields(m.Args)
		if err != nil {
			return nil, fmt.Errorf("failed to read a schema: %s.%w", m.Name, err)
		}
		s.Mutations = append(s.Mutations, Mutation{Name: m.Name, Args: args})
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("failed to read a schema: %w", err)
	}
	return s, nil
}

// Check reports what is wrong with the schema, naming collection and field.
func (s *Schema) Check() error {
	if len(s.Collections) > MaxCollections || len(s.Mutations) > MaxMutations {
		return fmt.Errorf("a room has %d collections and %d mutations at most", MaxCollections, MaxMutations)
	}
	for i := range s.Collections {
		c := &s.Collections[i]
		if s.CollectionIndex(c.Name) != i {
			return fmt.Errorf("there are two collections %s", c.Name)
		}
		if err := c.check(true); err != nil {
			return err
		}
	}
	for i := range s.Mutations {
		m := &s.Mutations[i]
		if s.Mutation(m.Name) != m {
			return fmt.Errorf("there are two mutations %s: their argument types must have names of their own", m.Name)
		}
		if err := m.Collection().check(false); err != nil {
			return err
		}
	}
	return nil
}

// Extends reports whether every row and every argument written by old reads
// the same by s: collections, fields, indexes and mutations were only added.
// The error names what was dropped or changed.
func (s *Schema) Extends(old *Schema) error {
	for i := range old.Collections {
		was := &old.Collections[i]
		is := s.Collection(was.Name)
		if is == nil {
			return fmt.Errorf("%s was dropped", was.Name)
		}
		if is.Event != was.Event || fieldName(is, is.Key) != fieldName(was, was.Key) {
			return fmt.Errorf("%s has another key, or is an event and was none", was.Name)
		}
		if err := extends(was.Name, was.Fields, is.Fields); err != nil {
			return err
		}
	}
	for i := range old.Mutations {
		was := &old.Mutations[i]
		is := s.Mutation(was.Name)
		if is == nil {
			return fmt.Errorf("mutation %s was dropped", was.Name)
		}
		if err := extends(was.Name, was.Args, is.Args); err != nil {
			return err
		}
	}
	return nil
}

func fieldName(c *Collection, i int) string {
	if i < 0 || i >= len(c.Fields) {
		return ""
	}
	return c.Fields[i].Name
}

func extends(name string, old, fields []Field) error {
	for i, was := range old {
		switch {
		case i >= len(fields) || fields[i].Name != was.Name:
			return fmt.Errorf("%s.%s was dropped or moved: new fields come behind the old ones", name, was.Name)
		case fields[i].Retired != was.Retired:
			return fmt.Errorf("%s.%s was dropped", name, was.Name)
		case fields[i].Kind != was.Kind || fields[i].Optional != was.Optional:
			return fmt.Errorf("%s.%s was %s and is %s", name, was.Name, shapeOf(was.Kind, was.Optional), shapeOf(fields[i].Kind, fields[i].Optional))
		}
	}
	for _, f := range fields[len(old):] {
		if f.Required {
			return fmt.Errorf("%s.%s is new and required: give it a default instead, or older clients cannot create records", name, f.Name)
		}
	}
	return nil
}
