package board

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// encoding/json takes a field's name in any case, and of two members with one
// name the last: what it has checked need not be what other readers see. So
// names are held to what they must be, before it reads them.

// form is the names that a value's objects may have; nil: any, each once.
type form struct {
	fields map[string]*form // of a struct; nil: none is known
	each   *form            // of the elements of an array, a slice or a map
}

// formOf is the form of what encoding/json decodes into a t.
func formOf(t reflect.Type, known map[reflect.Type]*form) *form {
	if f, ok := known[t]; ok {
		return f
	}
	if t.Implements(unmarshaler) || reflect.PointerTo(t).Implements(unmarshaler) {
		return nil // it reads what it wants
	}
	switch t.Kind() {
	case reflect.Pointer:
		return formOf(t.Elem(), known)
	case reflect.Slice, reflect.Array, reflect.Map:
		f := &form{}
		known[t] = f
		f.each = formOf(t.Elem(), known)
		return f
	case reflect.Struct:
		f := &form{fields: map[string]*form{}}
		known[t] = f
		for _, field := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if name == "-" || !field.IsExported() && !field.Anonymous || field.Anonymous && name == "" && inlined(field.Type) {
				continue
			}
			if name == "" {
				name = field.Name
			}
			f.fields[name] = formOf(field.Type, known)
		}
		return f
	}
	return nil
}

// inlined tells whether an embedded field's own fields are those of the outer
// struct.
func inlined(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t.Kind() == reflect.Struct
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// check refuses names that are not in the form, and those that are there twice.
func (f *form) check(value []byte) error {
	if len(value) == 0 {
		return nil
	}
	s := scan{b: value}
	if err := f.checkNext(&s, maxJSONDepth); err != nil {
		return err
	}
	s.end()
	return s.err
}

func (f *form) checkNext(s *scan, depth int) error {
	c := s.peek()
	if c != '{' && c != '[' {
		s.skip(1)
		return s.err
	}
	if depth == 0 {
		return errors.New("objects are too deep in each other")
	}
	s.i++
	var names names
	first := true
	for s.next(&first, c+2) {
		var inner *form
		if f != nil {
			inner = f.each
		}
		if c == '{' {
			key := s.key()
			if f != nil && f.fields != nil {
				var known bool
				if inner, known = f.fields[string(key)]; !known && s.err == nil {
					return fmt.Errorf("unknown field %q", key)
				}
			}
			if !names.add(key) && s.err == nil {
				return fmt.Errorf("the field %q is there twice", key)
			}
		}
		if err := inner.checkNext(s, depth-1); err != nil {
			return err
		}
	}
	return s.err
}

// names are those of an object that were read.
type names struct {
	few  [][]byte
	many map[string]bool
}

// add reports whether a name is a new one.
func (n *names) add(key []byte) bool {
	if n.many == nil && len(n.few) < 16 {
		for _, k := range n.few {
			if string(k) == string(key) {
				return false
			}
		}
		n.few = append(n.few, key)
		return true
	}
	if n.many == nil {
		n.many = map[string]bool{}
		for _, k := range n.few {
			n.many[string(k)] = true
		}
	}
	if n.many[string(key)] {
		return false
	}
	n.many[string(key)] = true
	return true
}
