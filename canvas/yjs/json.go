package yjs

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"strconv"
)

// AppendJSON appends a key's value as JSON, without making Go values of it: a
// text is a string, a map an object; what JSON lacks (bytes, numbers that are not
// finite, undefined, XML elements) is null. If there is no such key, then ok is
// false.
func (m *Map) AppendJSON(b []byte, key string) (_ []byte, ok bool) {
	it := m.n.get(key)
	if it == nil {
		return b, false
	}
	return it.appendJSON(b), true
}

// AppendMapJSON appends the whole map as an object, its keys in order.
func (m *Map) AppendMapJSON(b []byte) []byte { return m.n.appendJSONMap(b) }

// appendJSON appends the item's last element.
func (it *item) appendJSON(b []byte) []byte {
	switch c := it.content.(type) {
	case *single:
		r := reader{b: c.raw, checked: true}
		return r.appendJSON(b)
	case *values:
		return c.appendJSON(b, len(c.list)-1)
	case *node:
		return c.appendJSON(b)
	case *opaque:
		if c.kind == refEmbed {
			r := reader{b: c.raw}
			return appendOldJSON(b, r.bytes())
		}
	}
	return append(b, "null"...)
}

func (v *values) appendJSON(b []byte, i int) []byte {
	r := reader{b: v.list[i], checked: true}
	if v.json {
		return appendOldJSON(b, r.bytes())
	}
	return r.appendJSON(b)
}

// appendOldJSON appends what a client sent as JSON, if it is.
func appendOldJSON(b, raw []byte) []byte {
	if !json.Valid(raw) {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

func (n *node) appendJSON(b []byte) []byte {
	switch n.kind {
	case KindText, KindXMLText:
		return appendJSONString(b, []byte((&Text{n}).String()))
	case KindArray:
		return n.appendJSONList(b)
	case KindXMLElement, KindXMLFragment:
		return append(b, "null"...)
	}
	return n.appendJSONMap(b)
}

func (n *node) appendJSONMap(b []byte) []byte {
	b = append(b, '{')
	for i, key := range n.sortedKeys() {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendJSONString(b, []byte(key)), ':')
		b = n.get(key).appendJSON(b)
	}
	return append(b, '}')
}

func (n *node) appendJSONList(b []byte) []byte {
	b = append(b, '[')
	first := true
	n.each(func(it *item) {
		v, many := it.content.(*values)
		for i := range it.length {
			if !first {
				b = append(b, ',')
			}
			first = false
			if many {
				b = v.appendJSON(b, int(i))
			} else {
				b = it.appendJSON(b)
			}
		}
	})
	return append(b, ']')
}

// appendJSON turns an Any into JSON.
func (r *reader) appendJSON(b []byte) []byte {
	switch r.byte() {
	case anyTrue:
		return append(b, "true"...)
	case anyFalse:
		return append(b, "false"...)
	case anyInt:
		n, negative := r.int()
		if negative && n > 0 {
			b = append(b, '-')
		}
		return strconv.AppendUint(b, n, 10)
	case anyFloat32:
		return appendJSONFloat(b, float64(math.Float32frombits(binary.BigEndian.Uint32(r.take(4)))))
	case anyFloat64:
		return appendJSONFloat(b, math.Float64frombits(binary.BigEndian.Uint64(r.take(8))))
	case anyBigInt:
		return strconv.AppendInt(b, int64(binary.BigEndian.Uint64(r.take(8))), 10)
	case anyString:
		return appendJSONString(b, r.text())
	case anyBytes:
		r.bytes()
	case anyArray:
		b = append(b, '[')
		for i, n := 0, r.count(); i < n; i++ {
			if i > 0 {
				b = append(b, ',')
			}
			b = r.appendJSON(b)
		}
		return append(b, ']')
	case anyObject:
		b = append(b, '{')
		for i, n := 0, r.count(); i < n; i++ {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSONString(b, r.text()), ':')
			b = r.appendJSON(b)
		}
		return append(b, '}')
	}
	return append(b, "null"...)
}

func appendJSONFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(b, "null"...)
	}
	format := byte('f')
	if abs := math.Abs(f); abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, 64)
}

// appendJSONString quotes valid UTF-8.
func appendJSONString(b, s []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	from := 0
	for i, c := range s {
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\t':
			b = append(b, '\\', 't')
		default:
			b = append(b, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}
