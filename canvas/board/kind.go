package board

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// Kind is a kind of shape: a name, and what its props must be. Shape and Frame
// make them.
type Kind struct {
	name  string
	frame bool // others may be in it
	check func(props []byte) error
	draw  func(p *Picture, s View) error // nil: a plain box
	props map[string]string              // field → its JSON type, for Opened.schema
}

// Validator is what a props struct may implement, as a pointer: what Validate
// gives back refuses the edit, and is shown to its author.
type Validator interface{ Validate() error }

// Drawer is what a props struct may implement, as a pointer, to be seen in SVG.
// Draw works from 0, 0 to the shape's width and height, unturned: the Picture
// has a group open already that puts it where it is.
type Drawer interface{ Draw(p *Picture, s View) }

// Shape is a kind of shape whose props are a P: a struct that encoding/json
// decodes, fields that it does not know being refused. P may implement
// Validator and Drawer.
func Shape[P any](name string) Kind {
	k := Kind{name: name, check: checkProps[P]()}
	if _, ok := any(new(P)).(Drawer); ok {
		k.draw = func(p *Picture, s View) error {
			props, err := decodeProps[P](s.Props)
			if err == nil {
				any(props).(Drawer).Draw(p, s)
			}
			return err
		}
	}
	k.props = describe(reflect.TypeFor[P]())
	return k
}

// Frame is a Shape that others may be in, drawn at its place in the order.
func Frame[P any](name string) Kind {
	k := Shape[P](name)
	k.frame = true
	return k
}

// Style is what the style of all shapes must be: made by StyleOf. The zero
// value takes any flat object of strings, numbers and booleans.
type Style struct{ check func(style []byte) error }

// StyleOf is a style that is a P, as the props of Shape are.
func StyleOf[P any]() Style {
	return Style{checkProps[P]()}
}

// groupKind is the kind that every board has.
const groupKind = "group"

// checkProps is the check of a P as JSON.
func checkProps[P any]() func([]byte) error {
	form := formOf(reflect.TypeFor[P](), map[reflect.Type]*form{})
	return func(props []byte) error {
		if err := form.check(props); err != nil {
			return err
		}
		_, err := decodeProps[P](props)
		return err
	}
}

func decodeProps[P any](b []byte) (*P, error) {
	props := new(P)
	if len(b) > 0 {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		if err := d.Decode(props); err != nil {
			return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
		}
		if _, err := d.Token(); err != io.EOF {
			return nil, errors.New("more than one JSON value")
		}
	}
	if v, ok := any(props).(Validator); ok {
		return props, v.Validate()
	}
	return props, nil
}

// describe names the JSON types of a struct's fields.
func describe(t reflect.Type) map[string]string {
	fields := map[string]string{}
	if t.Kind() != reflect.Struct {
		return fields
	}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous || name == "-" {
			continue
		}
		if name == "" {
			name = f.Name
		}
		fields[name] = jsonType(f.Type)
	}
	return fields
}

func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map, reflect.Interface:
		return "object"
	case reflect.Pointer:
		return jsonType(t.Elem())
	}
	return "number"
}

func (k *Kind) valid() error {
	if k.check == nil {
		return errors.New("make kinds of shapes with Shape or Frame")
	}
	if k.name == groupKind {
		return fmt.Errorf("the kind %q is always there", groupKind)
	}
	if !validID(k.name) {
		return fmt.Errorf("kind %q: a name has 1 to 64 printable ASCII characters, no spaces", k.name)
	}
	return nil
}
