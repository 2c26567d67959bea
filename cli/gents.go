package cli

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// reserved are words that room kinds may be called, and namespaces not.
var reserved = map[string]bool{
	"break": true, "case": true, "catch": true, "class": true, "const": true, "continue": true, "debugger": true, "default": true,
	"delete": true, "do": true, "else": true, "enum": true, "export": true, "extends": true, "false": true, "finally": true, "for": true,
	"function": true, "if": true, "import": true, "in": true, "instanceof": true, "new": true, "null": true, "return": true, "super": true,
	"switch": true, "this": true, "throw": true, "true": true, "try": true, "typeof": true, "var": true, "void": true, "while": true,
	"with": true, "yield": true, "let": true, "static": true, "implements": true, "interface": true, "package": true, "private": true,
	"protected": true, "public": true, "await": true,
}

// writeSchema writes the namespace of one kind of record room.
func writeSchema(out *bytes.Buffer, kind, namespace string, s *value.Schema) {
	fmt.Fprintf(out, "\n/** Record rooms of kind %q, version %d. */\nexport namespace %s {\n", kind, s.Version, namespace)
	taken := names{"Schema": true}
	var collections, events, mutations []string
	for i := range s.Collections {
		c := &s.Collections[i]
		row := taken.free(c.Name)
		writeRow(out, row, c)
		if c.Event {
			events = append(events, c.Name+": "+row)
			continue
		}
		create := taken.free("New" + c.Name)
		writeCreate(out, create, c)
		collections = append(collections, fmt.Sprintf("%s: { row: %s; create: %s; key: %s }", c.Name, row, create, cellType(&c.Fields[c.Key])))
	}
	for i := range s.Mutations {
		m := &s.Mutations[i]
		args := m.Name
		if taken[args] {
			args += "Args"
		}
		args = taken.free(args)
		writeArgs(out, args, m)
		mutations = append(mutations, m.Name+": "+args)
	}
	out.WriteString("  /** For client.open. */\n  export interface Schema {\n")
	writeMembers(out, "collections", collections)
	writeMembers(out, "events", events)
	writeMembers(out, "mutations", mutations)
	out.WriteString("  }\n}\n")
}

func writeMembers(out *bytes.Buffer, name string, members []string) {
	if len(members) == 0 {
		fmt.Fprintf(out, "    %s: {};\n", name)
		return
	}
	fmt.Fprintf(out, "    %s: {\n", name)
	for _, m := range members {
		fmt.Fprintf(out, "      %s;\n", m)
	}
	out.WriteString("    };\n")
}

func writeRow(out *bytes.Buffer, name string, c *value.Collection) {
	what := "A row of " + c.Name
	if c.Event {
		what = "What " + c.Name + " tells"
	}
	fmt.Fprintf(out, "  /** %s. */\n  export interface %s {\n", what, name)
	for i := range c.Fields {
		if f := &c.Fields[i]; !f.Retired {
			fmt.Fprintf(out, "    readonly %s: %s;%s\n", f.Name, nullable(f, cellType(f)), remark(f))
		}
	}
	out.WriteString("  }\n\n")
}

// writeCreate writes what a client may give to make a record: not what the
// server sets.
func writeCreate(out *bytes.Buffer, name string, c *value.Collection) {
	fmt.Fprintf(out, "  /** What makes a record of %s. */\n  export interface %s {\n", c.Name, name)
	for i := range c.Fields {
		f := &c.Fields[i]
		if i <= value.UpdatedAt || f.Retired || f.Server || f.User {
			continue
		}
		must := f.Required || i == c.Key && !f.Auto
		fmt.Fprintf(out, "    %s%s: %s;\n", f.Name, optional(!must), nullable(f, givenType(f)))
	}
	out.WriteString("  }\n\n")
}

func writeArgs(out *bytes.Buffer, name string, m *value.Mutation) {
	fmt.Fprintf(out, "  /** Arguments of the mutation %s. */\n  export interface %s {\n", m.Name, name)
	for i := range m.Args {
		f := &m.Args[i]
		fmt.Fprintf(out, "    %s%s: %s;\n", f.Name, optional(f.Optional || f.Default != nil), nullable(f, givenType(f)))
	}
	out.WriteString("  }\n\n")
}

func optional(yes bool) string {
	if yes {
		return "?"
	}
	return ""
}

func nullable(f *value.Field, typ string) string {
	if f.Optional && typ != "unknown" {
		return typ + " | null"
	}
	return typ
}

// remark says what a type does not.
func remark(f *value.Field) string {
	switch {
	case f.Kind == value.Time:
		return " // a time"
	case f.Kind == value.JSON:
		return " // JSON"
	}
	return ""
}

// cellType is the type of a field's cells in rows.
func cellType(f *value.Field) string {
	switch f.Kind {
	case value.Bool:
		return "boolean"
	case value.Int64, value.Uint64:
		return "bigint"
	case value.String:
		return "string"
	case value.Bytes:
		return "Uint8Array"
	case value.JSON:
		return "unknown"
	}
	return "number"
}

// givenType is what a client may give for a field.
func givenType(f *value.Field) string {
	switch f.Kind {
	case value.Int64, value.Uint64:
		return "bigint | number"
	case value.Time:
		return "number | Date"
	}
	return cellType(f)
}

// writeWorld writes the namespace of one game.
func writeWorld(out *bytes.Buffer, kind, namespace string, s schema.Schema) {
	fmt.Fprintf(out, "\n/** The game %q. */\nexport namespace %s {\n", kind, namespace)
	taken := names{"World": true}
	var tables, events, inputs []string
	write := func(what, name string, columns []schema.Column) string {
		id := name
		if taken[id] {
			id += what
		}
		id = taken.free(id)
		fmt.Fprintf(out, "  export interface %s %s\n\n", id, newShape(columns).literal("  "))
		return name + ": " + id
	}
	for _, t := range s.Tables {
		tables = append(tables, write("Row", t.Name, t.Columns))
	}
	for _, e := range s.Events {
		events = append(events, write("Event", e.Name, e.Columns))
	}
	for _, i := range s.Inputs {
		inputs = append(inputs, write("Input", i.Name, i.Columns))
	}
	out.WriteString("  /** For client.joinOrCreate. */\n  export interface World {\n")
	writeMembers(out, "tables", tables)
	writeMembers(out, "events", events)
	writeMembers(out, "inputs", inputs)
	out.WriteString("  }\n}\n")
}

// shape is a struct whose leaves are columns: "Pos.X" is X in Pos, and
// "Items.2.Count" is Count in an element of Items.
type shape struct {
	typ      string // of a leaf
	optional bool   // only its owner gets it
	names    []string
	parts    map[string]*shape
}

func newShape(columns []schema.Column) *shape {
	root := &shape{}
	for _, c := range columns {
		at := root
		for _, part := range strings.Split(c.Name, ".") {
			at = at.part(part)
		}
		at.typ, at.optional = columnType(c), c.Has(schema.Owner)
	}
	return root
}

func (s *shape) part(name string) *shape {
	if p := s.parts[name]; p != nil {
		return p
	}
	if s.parts == nil {
		s.parts = make(map[string]*shape)
	}
	p := &shape{}
	s.parts[name] = p
	s.names = append(s.names, name)
	return p
}

func (s *shape) literal(indent string) string {
	if s.typ != "" {
		return s.typ
	}
	if len(s.names) == 0 {
		return "{}"
	}
	if _, err := strconv.Atoi(s.names[0]); err == nil {
		return "(" + s.parts[s.names[0]].literal(indent) + ")[]"
	}
	var out strings.Builder
	out.WriteString("{\n")
	for _, name := range s.names {
		p := s.parts[name]
		fmt.Fprintf(&out, "%s  %s%s: %s;\n", indent, name, optional(p.owned()), p.literal(indent+"  "))
	}
	return out.String() + indent + "}"
}

// owned says whether all of it goes to its owner only.
func (s *shape) owned() bool {
	if s.typ != "" {
		return s.optional
	}
	for _, p := range s.parts {
		if !p.owned() {
			return false
		}
	}
	return len(s.parts) > 0
}

func columnType(c schema.Column) string {
	switch c.Kind {
	case schema.Bool:
		return "boolean"
	case schema.String:
		return "string"
	case schema.Int64, schema.Uint64:
		return "bigint"
	}
	return "number"
}
