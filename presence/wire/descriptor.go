package wire

import (
	"encoding/json"
	"fmt"

	"github.com/parlor-server/parlor/persistence/value"
)

// StateName is the name of the State collection.
const StateName = "state"

// Descriptor says what the members of a room show, and what they can cast.
type Descriptor struct {
	State    value.Collection   // no key, no envelope
	Casts    []value.Collection // the same, each with its cast's name
	Timeout  uint32             // ms without a sign of life after which a state is no longer shown
	Sample   uint32             // how many states a client is shown of everybody's, and of each group
	Position bool               // a Look at a part of the plane is understood
	Groups   bool               // there are private groups
}

// Cast returns the cast with the name, or nil.
func (d *Descriptor) Cast(name string) *value.Collection {
	for i := range d.Casts {
		if d.Casts[i].Name == name {
			return &d.Casts[i]
		}
	}
	return nil
}

// The JSON: fields as in the descriptor of a record room.
type descriptorJSON struct {
	State    json.RawMessage `json:"state"`
	Casts    []castJSON      `json:"casts"`
	Timeout  uint32          `json:"timeout"`
	Sample   uint32          `json:"sample"`
	Position bool            `json:"position,omitempty"`
	Groups   bool            `json:"groups,omitempty"`
}

type castJSON struct {
	Name   string          `json:"name"`
	Fields json.RawMessage `json:"fields"`
}

// mutationsJSON is the part of a record room's descriptor that describes
// fields: the state and the casts are written and read as mutations.
type mutationsJSON struct {
	Mutations []argsJSON `json:"mutations"`
}

type argsJSON struct {
	Name string          `json:"name"`
	Args json.RawMessage `json:"args"`
}

// Encode returns the descriptor as Opened carries it: canonical JSON, the same
// bytes for the same descriptor.
func (d *Descriptor) Encode() ([]byte, error) {
	s := value.Schema{Mutations: []value.Mutation{{Name: StateName, Args: d.State.Fields}}}
	for i := range d.Casts {
		s.Mutations = append(s.Mutations, value.Mutation{Name: d.Casts[i].Name, Args: d.Casts[i].Fields})
	}
	var m mutationsJSON
	if err := json.Unmarshal(s.Encode(), &m); err != nil {
		return nil, fmt.Errorf("failed to describe a presence room: %w", err)
	}
	out := descriptorJSON{
		State: m.Mutations[0].Args, Casts: []castJSON{},
		Timeout: d.Timeout, Sample: d.Sample, Position: d.Position, Groups: d.Groups,
	}
	for _, c := range m.Mutations[1:] {
		out.Casts = append(out.Casts, castJSON{c.Name, c.Args})
	}
	return json.Marshal(out)
}

// Parse reads what Encode wrote, and checks it.
func Parse(descriptor []byte) (*Descriptor, error) {
	if len(descriptor) > value.MaxSchemaBytes {
		return nil, fmt.Errorf("failed to read a presence room's descriptor: it has more than %d bytes", value.MaxSchemaBytes)
	}
	var in descriptorJSON
	if err := json.Unmarshal(descriptor, &in); err != nil {
		return nil, fmt.Errorf("failed to read a presence room's descriptor: %w", err)
	}
	state, err := parseFields(StateName, in.State)
	if err != nil {
		return nil, err
	}
	d := &Descriptor{State: state, Timeout: in.Timeout, Sample: in.Sample, Position: in.Position, Groups: in.Groups}
	for _, c := range in.Casts {
		cast, err := parseFields(c.Name, c.Fields)
		if err != nil {
			return nil, err
		}
		if d.Cast(c.Name) != nil {
			return nil, fmt.Errorf("failed to read a presence room's descriptor: there are two casts %q", c.Name)
		}
		d.Casts = append(d.Casts, cast)
	}
	return d, nil
}

func parseFields(name string, fields json.RawMessage) (value.Collection, error) {
	if len(fields) == 0 {
		fields = json.RawMessage("[]")
	}
	text, err := json.Marshal(mutationsJSON{[]argsJSON{{name, fields}}})
	if err == nil {
		var s *value.Schema
		if s, err = value.ParseSchema(text); err == nil {
			return *s.Mutations[0].Collection(), nil
		}
	}
	return value.Collection{}, fmt.Errorf("failed to read a presence room's descriptor: %w", err)
}
