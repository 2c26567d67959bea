package value

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"unicode/utf8"
	"unsafe"
)

func (p *plan) bindTo(target *Collection) (*plan, error) {
	bound := *p
	bound.target = target
	bound.steps = make([]step, len(target.Fields))
	bound.envelope = hasEnvelope(target.Fields)
	for _, s := range p.fields {
		i := target.Field(s.name)
		if i < 0 {
			return nil, fmt.Errorf("failed to bind %s: %s has no field %s; use a newer server, or remove the field", p.typ, target.Name, s.name)
		}
		f := &target.Fields[i]
		if f.Kind != s.kind || f.Optional != s.pointer {
			return nil, fmt.Errorf("failed to bind %s: %s is %s in %s, not %s", p.typ, s.name, shapeOf(f.Kind, f.Optional), target.Name, shapeOf(s.kind, s.pointer))
		}
		bound.steps[i] = s
	}
	if target.Key >= 0 && bound.steps[target.Key].layout == 0 {
		return nil, fmt.Errorf("failed to bind %s: it needs %s, the key of %s", p.typ, target.Fields[target.Key].Name, target.Name)
	}
	return &bound, nil
}

func hasEnvelope(fields []Field) bool {
	return len(fields) >= 3 && slices.Equal([]Field{fields[0], fields[1], fields[2]}, Envelope())
}

func shapeOf(k Kind, optional bool) string {
	if optional {
		return "optional " + k.String()
	}
	return k.String()
}

func (p *plan) appendRow(dst []byte, v unsafe.Pointer, meta Meta) ([]byte, error) {
	dst = append(dst, byte(len(p.steps)))
	from := 0
	if p.envelope {
		if !utf8.ValidString(meta.CreatedBy) {
			return nil, Invalid("createdBy", "must be UTF-8")
		}
		dst = append(appendUvarint(dst, uint64(len(meta.CreatedBy))), meta.CreatedBy...)
		dst = appendUvarint(dst, zigzag(meta.CreatedAt.UnixMicro()))
		dst = appendUvarint(dst, zigzag(meta.UpdatedAt.UnixMicro()))
		from = 3
	}
	var err error
	for i := from; i < len(p.steps); i++ {
		s := &p.steps[i]
		if s.layout == 0 {
			dst = p.target.Fields[i].appendMissing(dst)
			continue
		}
		start := len(dst)
		if dst, err = s.append(dst, v); err != nil {
			return nil, err
		}
		if i == p.target.Key && len(dst)-start > MaxKeyBytes/2-3 {
			if err := p.target.checkKeyCell(dst[start:]); err != nil {
				return nil, err
			}
		}
	}
	return dst, nil
}

// checkKeyCell checks a key that may be too long.
func (c *Collection) checkKeyCell(cell []byte) error {
	_, err := c.checkCell(c.Key, cell)
	return err
}

// append appends the field's cell as the row holds it.
func (s *step) append(dst []byte, base unsafe.Pointer) ([]byte, error) {
	p, ok := s.fieldAt(base)
	if s.pointer {
		if !ok {
			return append(dst, 0), nil
		}
		dst = append(dst, 1)
	}
	switch s.layout {
	case inBool:
		return append(dst, byte(s.number(p))), nil
	case inInt8, inInt16, inInt32, inInt64, inInt:
		return appendUvarint(dst, zigzag(s.number(p))), nil
	case inUint8, inUint16, inUint32, inUint64, inUint:
		return appendUvarint(dst, uint64(s.number(p))), nil
	case inString:
		text := s.text(p)
		if !utf8.ValidString(text) {
			return nil, Invalid(s.name, "must be UTF-8")
		}
		return append(appendUvarint(dst, uint64(len(text))), text...), nil
	case inTime:
		µs := s.time(p).UnixMicro()
		if µs < minMicros || µs > maxMicros {
			return nil, Invalid(s.name, "must be within the years 0 to 9999")
		}
		return appendUvarint(dst, zigzag(µs)), nil
	case inFloat32, inFloat64:
		x := s.float(p) + 0
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, Invalid(s.name, "must be a finite "+s.kind.String())
		}
		if s.layout == inFloat32 {
			return binary.LittleEndian.AppendUint32(dst, math.Float32bits(float32(x))), nil
		}
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(x)), nil
	}
	text, err := s.bytes(p)
	if err != nil {
		return nil, err
	}
	return append(appendUvarint(dst, uint64(len(text))), text...), nil
}

// bytes is the content of a field of bytes or JSON.
func (s *step) bytes(p unsafe.Pointer) ([]byte, error) {
	switch s.layout {
	case inBytes:
		return s.data(p), nil
	case inRaw:
		text := s.data(p)
		if len(text) == 0 {
			return []byte("null"), nil
		}
		if !utf8.Valid(text) || !json.Valid(text) {
			return nil, Invalid(s.name, "must be valid JSON")
		}
		return text, nil
	}
	copied := reflect.New(s.typ)
	copied.Elem().Set(s.anyAt(p))
	text, err := json.Marshal(copied.Interface())
	if err != nil {
		return nil, Invalid(s.name, err.Error())
	}
	return text, nil
}

// value is the field's cell as a Value.
func (s *step) value(base unsafe.Pointer) (Value, error) {
	p, ok := s.fieldAt(base)
	if !ok {
		return Value{}, nil
	}
	switch s.kind.Class() {
	case Bool:
		return OfBool(s.number(p) != 0), nil
	case Int64:
		return OfInt(s.number(p)), nil
	case Uint64:
		return OfUint(uint64(s.number(p))), nil
	case Float64:
		return OfFloat(s.float(p)), nil
	case String:
		return OfString(s.text(p)), nil
	case Time:
		return OfTime(s.time(p)), nil
	}
	text, err := s.bytes(p)
	return Value{kind: s.kind, text: string(text)}, err
}

// unmarshal stores JSON in a field. What fails leaves the field as it was.
func (s *step) unmarshal(field reflect.Value, text string) error {
	fresh := reflect.New(s.typ)
	if err := json.Unmarshal(sharedBytes(text), fresh.Interface()); err != nil {
		return Invalid(s.name, "is not the JSON of a "+s.typ.String()+": "+err.Error())
	}
	field.Set(fresh.Elem())
	return nil
}

func (p *plan) decode(row Row, v unsafe.Pointer) error {
	c := p.target
	n, at := c.count(row), 1
	for i := range p.steps {
		s, f := &p.steps[i], &c.Fields[i]
		if s.layout == 0 {
			if i < n {
				at = skipCell(row, at, f)
			}
			continue
		}
		var cell Value
		if i < n {
			cell, at = takeCell(row, at, f)
		} else {
			cell = f.Missing()
		}
		if err := s.store(v, cell); err != nil {
			return err
		}
	}
	if p.meta >= 0 && p.envelope {
		storeMeta(v, uintptr(p.meta), c.MetaOf(row))
	}
	return nil
}

func (p *plan) patch(base Row, v unsafe.Pointer) (Patch, error) {
	c := p.target
	out := append(make([]byte, 0, 128), 0)
	n, at := c.count(base), 1
	for i := range p.steps {
		s, f := &p.steps[i], &c.Fields[i]
		var was []byte
		if i < n {
			was, at = cut(base, at, skipCell(base, at, f))
		}
		if s.layout == 0 || base == nil && (f.Server || f.User) {
			continue
		}
		start := len(out)
		out = append(out, byte(i))
		cell := len(out)
		var err error
		if out, err = s.append(out, v); err != nil {
			return nil, err
		}
		if base != nil && i >= n {
			was = f.appendMissing(nil)
		}
		same := base != nil && string(out[cell:]) == string(was)
		if same || base == nil && f.Auto && len(out) == cell+1 && out[cell] == 0 {
			out = out[:start]
			continue
		}
		if i == c.Key {
			if err := c.checkKeyCell(out[cell:]); err != nil {
				return nil, err
			}
		}
		out[0]++
	}
	return out, nil
}

func (p *plan) appendKey(dst []byte, v unsafe.Pointer) ([]byte, error) {
	c := p.target
	if c.Key < 0 {
		return dst, Invalid("", c.Name+" has no key")
	}
	key, err := p.steps[c.Key].value(v)
	if err != nil {
		return dst, err
	}
	start := len(dst)
	dst = AppendKeyValue(dst, key)
	if why := keyFits(&c.Fields[c.Key], key, len(dst)-start); why != "" {
		return dst[:start], Invalid(c.Fields[c.Key].Name, why)
	}
	return dst, nil
}
