package value

import (
	"fmt"
	"slices"
)

// check reports what is wrong with the collection.
func (c *Collection) check(envelope bool) error {
	if !validName(c.Name) {
		return fmt.Errorf("the name %q must have 1 to %d bytes of UTF-8", c.Name, MaxNameBytes)
	}
	if len(c.Fields) > MaxFields {
		return fmt.Errorf("%s has %d fields; %d are the most, with the envelope's three", c.Name, len(c.Fields), MaxFields)
	}
	if envelope && !hasEnvelope(c.Fields) {
		return fmt.Errorf("%s must begin with createdBy, createdAt and updatedAt", c.Name)
	}
	if c.Key >= len(c.Fields) || c.Key < -1 || c.Key < 0 && envelope && !c.Event || c.Key >= 0 && c.Key < 3 {
		return fmt.Errorf("%s needs a primary key that is one of its own fields", c.Name)
	}
	names := map[string]bool{}
	for i := range c.Fields {
		f := &c.Fields[i]
		if names[f.Name] && !f.Retired {
			return fmt.Errorf("%s has two fields %s", c.Name, f.Name)
		}
		names[f.Name] = names[f.Name] || !f.Retired
		if err := c.checkField(i); err != nil {
			return fmt.Errorf("%s.%s: %w", c.Name, f.Name, err)
		}
	}
	return c.checkIndexes()
}

func (c *Collection) checkField(i int) error {
	f := &c.Fields[i]
	switch {
	case !validName(f.Name):
		return fmt.Errorf("the name must have 1 to %d bytes of UTF-8", MaxNameBytes)
	case !f.Kind.Valid():
		return fmt.Errorf("%s is no kind of field", f.Kind)
	case f.Auto && (i != c.Key || !f.Kind.Integer()):
		return fmt.Errorf("auto is for a primary key that is an integer")
	case f.User && (f.Kind != String || f.Optional):
		return fmt.Errorf("user is for a string: the server sets it to the user's name")
	case f.User && f.Server:
		return fmt.Errorf("user and server exclude each other: a user field is never written by clients")
	case f.Required && (f.Optional || f.Auto || f.User || f.Server || f.Default != nil):
		return fmt.Errorf("required excludes null, default, auto, user and server")
	case f.Default != nil && (i == c.Key || f.User):
		return fmt.Errorf("it cannot have a default")
	case i == c.Key && (f.Optional || f.Retired || f.Kind == Bool || f.Kind.Float() || f.Kind == JSON):
		return fmt.Errorf("the primary key must be a string, bytes, an integer or a time, and not null")
	case f.Default != nil:
		return f.CheckValue(*f.Default)
	}
	return nil
}

func (c *Collection) checkIndexes() error {
	if len(c.Indexes) > MaxIndexes {
		return fmt.Errorf("%s has %d indexes; %d are the most", c.Name, len(c.Indexes), MaxIndexes)
	}
	names := map[string]bool{}
	for _, ix := range c.Indexes {
		if !validName(ix.Name) || names[ix.Name] {
			return fmt.Errorf("%s has an index without a name of its own: %q", c.Name, ix.Name)
		}
		names[ix.Name] = true
		if c.Event {
			return fmt.Errorf("%s: events are not stored, so they have no index %s", c.Name, ix.Name)
		}
		if len(ix.Fields) == 0 || len(ix.Fields) > MaxIndexFields {
			return fmt.Errorf("%s: index %s must have 1 to %d fields", c.Name, ix.Name, MaxIndexFields)
		}
		for i, f := range ix.Fields {
			switch {
			case f < 0 || f >= len(c.Fields) || slices.Contains(ix.Fields[:i], f):
				return fmt.Errorf("%s: index %s must have fields of the collection, each once", c.Name, ix.Name)
			case c.Fields[f].Kind == JSON || c.Fields[f].Retired:
				return fmt.Errorf("%s.%s: JSON and retired fields cannot be in an index", c.Name, c.Fields[f].Name)
			case f == c.Key && len(ix.Fields) == 1:
				return fmt.Errorf("%s.%s: the primary key is an index already", c.Name, c.Fields[f].Name)
			}
		}
	}
	return nil
}
