package value

import (
	"encoding/json"
	"fmt"
)

// The descriptor's JSON. What is off or empty is left out; the order of the
// members is that of these fields.
type schemaJSON struct {
	Version     uint32           `json:"version"`
	Collections []collectionJSON `json:"collections"`
	Mutations   []mutationJSON   `json:"mutations"`
}

type collectionJSON struct {
	Name    string      `json:"name"`
	Fields  []fieldJSON `json:"fields"`
	Key     *int        `json:"key,omitempty"`
	Indexes []indexJSON `json:"indexes,omitempty"`
	Event   bool        `json:"event,omitempty"`
}

type mutationJSON struct {
	Name string      `json:"name"`
	Args []fieldJSON `json:"args"`
}

type indexJSON struct {
	Name   string `json:"name"`
	Fields []int  `json:"fields"`
	Unique bool   `json:"unique,omitempty"`
}

type fieldJSON struct {
	Name      string          `json:"name"`
	Kind      string          `json:"kind"`
	Optional  bool            `json:"optional,omitempty"`
	Required  bool            `json:"required,omitempty"`
	Immutable bool            `json:"immutable,omitempty"`
	User      bool            `json:"user,omitempty"`
	Server    bool            `json:"server,omitempty"`
	Auto      bool            `json:"auto,omitempty"`
	Retired   bool            `json:"retired,omitempty"`
	Default   json.RawMessage `json:"default,omitempty"`
}

func describe(fields []Field) []fieldJSON {
	out := make([]fieldJSON, 0, len(fields))
	for i := range fields {
		f := &fields[i]
		d := fieldJSON{
			Name: f.Name, Kind: f.Kind.String(), Optional: f.Optional, Required: f.Required, Immutable: f.Immutable,
			User: f.User, Server: f.Server, Auto: f.Auto, Retired: f.Retired,
		}
		if f.Default != nil {
			d.Default = f.AppendJSON(nil, *f.Default)
		}
		out = append(out, d)
	}
	return out
}

func parseFields(in []fieldJSON) ([]Field, error) {
	if len(in) == 0 {
		return nil, nil
	}
	out := make([]Field, 0, len(in))
	for _, d := range in {
		k, ok := KindNamed(d.Kind)
		if !ok {
			return nil, fmt.Errorf("%s: %q is no kind of field", d.Name, d.Kind)
		}
		f := Field{
			Name: d.Name, Kind: k, Optional: d.Optional, Required: d.Required, Immutable: d.Immutable,
			User: d.User, Server: d.Server, Auto: d.Auto, Retired: d.Retired,
		}
		if len(d.Default) > 0 {
			v, err := f.ValueFromJSON(d.Default)
			if err != nil {
				return nil, err
			}
			f.Default = &v
		}
		out = append(out, f)
	}
	return out, nil
}
