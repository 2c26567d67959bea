package value

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"time"
	"unicode/utf8"
)

// Bind describes T as the collection with the name, and makes its codec. The
// error names type and field. Tags, separated by commas:
//
//	parlor:"key"            the primary key (exactly one): a string, bytes, integer or time
//	parlor:"key,auto"       an integer that the server counts up
//	parlor:"index"          an index; index=NAME on several fields: one over all of them, in their order
//	parlor:"unique"         the same, and no two rows may agree in it
//	parlor:"default=VALUE"  for creates that leave it out, and for rows older than the field
//	parlor:"required"       a create must give it
//	parlor:"immutable"      only a create may give it
//	parlor:"user"           a string that the server sets to the acting user
//	parlor:"server"         only server code writes it
//	parlor:"-"              no field of the record
//
// Fields are bools, integers, floats, strings, []byte and time.Time, pointers
// to these for those that may be null, and json.RawMessage or any struct, map,
// slice or array, which become JSON.
func Bind[T any](name string) (*Codec[T], Collection, error) {
	return bind[T](shape{name: name, envelope: true, key: true})
}

// BindEvent is Bind for a collection of events, which needs no key.
func BindEvent[T any](name string) (*Codec[T], Collection, error) {
	return bind[T](shape{name: name, envelope: true, event: true})
}

// BindArgs describes T as the arguments of the mutation that has T's name.
// There is no envelope and no key; of the tags only default, required and "-"
// are known.
func BindArgs[T any]() (*Codec[T], Mutation, error) {
	codec, c, err := bind[T](shape{name: reflect.TypeFor[T]().Name()})
	return codec, Mutation{Name: c.Name, Args: c.Fields}, err
}

// shape is what a type is bound as.
type shape struct {
	name                 string
	envelope, key, event bool
}

func bind[T any](s shape) (*Codec[T], Collection, error) {
	typ := reflect.TypeFor[T]()
	p, c, err := bindType(typ, s)
	if err != nil {
		return nil, Collection{}, err
	}
	return &Codec[T]{plan: p}, *c, nil
}

func bindType(typ reflect.Type, s shape) (*plan, *Collection, error) {
	if typ.Kind() != reflect.Struct || typ == reflect.TypeFor[time.Time]() {
		return nil, nil, fmt.Errorf("failed to bind %s: a record must be a struct", typ)
	}
	c := &Collection{Name: s.name, Key: -1, Event: s.event}
	if s.envelope {
		c.Fields = Envelope()
	}
	p := &plan{typ: typ, meta: -1}
	for i := range typ.NumField() {
		if err := p.bindField(c, typ.Field(i), s); err != nil {
			return nil, nil, fmt.Errorf("failed to bind %s.%s: %w", typ, typ.Field(i).Name, err)
		}
	}
	if s.key && c.Key < 0 {
		return nil, nil, fmt.Errorf(`failed to bind %s: it needs a primary key: tag a field parlor:"key"`, typ)
	}
	if err := c.check(s.envelope); err != nil {
		return nil, nil, fmt.Errorf("failed to bind %s: %w", typ, err)
	}
	bound, err := p.bindTo(c)
	return bound, c, err
}

// bindField adds a field of the struct to the plan and to the collection.
func (p *plan) bindField(c *Collection, sf reflect.StructField, s shape) error {
	text, tagged := sf.Tag.Lookup("parlor")
	if text == "-" {
		return nil
	}
	if sf.Anonymous && sf.Type == reflect.TypeFor[Meta]() {
		p.meta = int(sf.Offset)
		return nil
	}
	switch {
	case sf.Anonymous:
		return fmt.Errorf("it is embedded: give it a name, and it is stored as JSON")
	case !sf.IsExported() && sf.Name == "_" && !tagged:
		return nil
	case !sf.IsExported():
		return fmt.Errorf(`it is not exported, so it would not be stored: export it, or tag it parlor:"-"`)
	}
	st := step{name: sf.Name, typ: sf.Type, offset: sf.Offset}
	if st.typ.Kind() == reflect.Pointer {
		st.pointer, st.typ = true, st.typ.Elem()
	}
	if err := st.lay(); err != nil {
		return err
	}
	p.fields = append(p.fields, st)
	c.Fields = append(c.Fields, Field{Name: sf.Name, Kind: st.kind, Optional: st.pointer})
	return c.applyTag(text, s)
}

// lay chooses kind and layout by the field's type.
func (s *step) lay() error {
	switch s.typ {
	case reflect.TypeFor[time.Time]():
		s.kind, s.layout = Time, inTime
		return nil
	case reflect.TypeFor[json.RawMessage]():
		s.kind, s.layout = JSON, inRaw
		return nil
	}
	if k, l, ok := scalar(s.typ); ok {
		s.kind, s.layout = k, l
		return nil
	}
	s.kind, s.layout = JSON, inAny
	return jsonable(s.typ, map[reflect.Type]bool{})
}

func scalar(t reflect.Type) (Kind, layout, bool) {
	switch t.Kind() {
	case reflect.Bool:
		return Bool, inBool, true
	case reflect.Int8:
		return Int8, inInt8, true
	case reflect.Int16:
		return Int16, inInt16, true
	case reflect.Int32:
		return Int32, inInt32, true
	case reflect.Int64:
		return Int64, inInt64, true
	case reflect.Int:
		return Int64, inInt, true
	case reflect.Uint8:
		return Uint8, inUint8, true
	case reflect.Uint16:
		return Uint16, inUint16, true
	case reflect.Uint32:
		return Uint32, inUint32, true
	case reflect.Uint64:
		return Uint64, inUint64, true
	case reflect.Uint:
		return Uint64, inUint, true
	case reflect.Float32:
		return Float32, inFloat32, true
	case reflect.Float64:
		return Float64, inFloat64, true
	case reflect.String:
		return String, inString, true
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 && !t.Implements(reflect.TypeFor[json.Marshaler]()) {
			return Bytes, inBytes, true
		}
	}
	return 0, 0, false
}

// jsonable reports why encoding/json could not carry the type. seen are the
// types above it, which may contain themselves.
func jsonable(t reflect.Type, seen map[reflect.Type]bool) error {
	if seen[t] || marshals(t) || marshals(reflect.PointerTo(t)) {
		return nil
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Chan, reflect.Func, reflect.Complex64, reflect.Complex128, reflect.UnsafePointer, reflect.Uintptr:
		return fmt.Errorf("a %s cannot be stored: use a bool, number, string, []byte, time.Time, a pointer to one of them, or a type that JSON holds", t)
	case reflect.Pointer:
		if len(seen) == 1 {
			return fmt.Errorf("a pointer to a pointer cannot be stored")
		}
		return jsonable(t.Elem(), seen)
	case reflect.Slice, reflect.Array:
		return jsonable(t.Elem(), seen)
	case reflect.Map:
		k := t.Key()
		if kind, _, ok := scalar(k); (!ok || !kind.Integer() && kind != String) && !k.Implements(reflect.TypeFor[encoding.TextMarshaler]()) {
			return fmt.Errorf("a %s cannot be stored: the keys of a JSON object are text", t)
		}
		return jsonable(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Tag.Get("json") == "-" || !f.IsExported() && !f.Anonymous {
				continue
			}
			if err := jsonable(f.Type, seen); err != nil {
				return fmt.Errorf("its %s: %w", f.Name, err)
			}
		}
	}
	return nil
}

func marshals(t reflect.Type) bool {
	return t.Implements(reflect.TypeFor[json.Marshaler]()) || t.Implements(reflect.TypeFor[encoding.TextMarshaler]())
}

// validName reports whether a collection, field, index or mutation may have
// the name.
func validName(name string) bool {
	return name != "" && len(name) <= MaxNameBytes && utf8.ValidString(name)
}
