package value

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

// AppendJSON appends the row as a JSON object, for HTTP and dumps: integers of
// all widths as numbers, bytes in base64, times in RFC 3339 with µs. Retired
// fields are left out.
func (c *Collection) AppendJSON(dst []byte, row Row) []byte {
	dst = append(dst, '{')
	n, at := c.count(row), 1
	for i := range c.Fields {
		f := &c.Fields[i]
		v := f.Missing()
		if i < n {
			v, at = takeCell(row, at, f)
		}
		if !f.Retired {
			dst = f.appendMember(dst, v)
		}
	}
	return append(dst, '}')
}

// AppendPatchJSON appends the patch as a JSON object.
func (c *Collection) AppendPatchJSON(dst []byte, p Patch) []byte {
	dst = append(dst, '{')
	for i, v := range c.Changes(p) {
		if f := &c.Fields[i]; !f.Retired {
			dst = f.appendMember(dst, v)
		}
	}
	return append(dst, '}')
}

func (f *Field) appendMember(dst []byte, v Value) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return f.AppendJSON(append(AppendQuoted(dst, f.Name), ':'), v)
}

// AppendJSON appends a cell of the field.
func (f *Field) AppendJSON(dst []byte, v Value) []byte {
	if f.Kind == Float32 && v.kind == Float64 {
		return appendFloat(dst, v.Float(), 32)
	}
	return AppendValueJSON(dst, v)
}

// AppendValueJSON appends a cell without knowing its field: a Float32 has the
// digits of the Float64 that equals it.
func AppendValueJSON(dst []byte, v Value) []byte {
	switch v.kind {
	case Bool:
		return strconv.AppendBool(dst, v.num != 0)
	case Int64:
		return strconv.AppendInt(dst, int64(v.num), 10)
	case Uint64:
		return strconv.AppendUint(dst, v.num, 10)
	case Float64:
		return appendFloat(dst, v.Float(), 64)
	case String:
		return AppendQuoted(dst, v.text)
	case Bytes:
		dst = base64.StdEncoding.AppendEncode(append(dst, '"'), sharedBytes(v.text))
		return append(dst, '"')
	case Time:
		dst = v.Time().AppendFormat(append(dst, '"'), timeFormat)
		return append(dst, '"')
	case JSON:
		return append(dst, v.text...)
	}
	return append(dst, "null"...)
}

const timeFormat = "2006-01-02T15:04:05.000000Z"

// appendFloat writes a float as JavaScript does.
func appendFloat(dst []byte, x float64, bits int) []byte {
	if a := math.Abs(x); a != 0 && (a < 1e-6 || a >= 1e21) {
		at := len(dst)
		dst = strconv.AppendFloat(dst, x, 'e', -1, bits)
		if n := len(dst); n-at >= 4 && dst[n-4] == 'e' && dst[n-2] == '0' { // e-07 is e-7
			dst[n-2] = dst[n-1]
			dst = dst[:n-1]
		}
		return dst
	}
	return strconv.AppendFloat(dst, x, 'f', -1, bits)
}

// AppendQuoted appends text as a JSON string, with no more escapes than JSON
// demands.
func AppendQuoted(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		b := s[i]
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		dst = append(append(dst, s[from:i]...), '\\')
		from = i + 1
		switch b {
		case '"', '\\':
			dst = append(dst, b)
		case '\n':
			dst = append(dst, 'n')
		case '\r':
			dst = append(dst, 'r')
		case '\t':
			dst = append(dst, 't')
		default:
			dst = append(dst, 'u', '0', '0', hex[b>>4], hex[b&15])
		}
	}
	return append(append(dst, s[from:]...), '"')
}

// RowFromJSON reads what AppendJSON wrote; fields left out are Missing.
func (c *Collection) RowFromJSON(object []byte) (Row, error) {
	p, err := c.PatchFromJSON(object)
	if err != nil {
		return nil, err
	}
	return c.New(p), nil
}

// PatchFromJSON reads a JSON object of some fields. The error is a FieldError,
// also for a name that is no field.
func (c *Collection) PatchFromJSON(object []byte) (Patch, error) {
	if !utf8.Valid(object) {
		return nil, Invalid("", c.Name+": the JSON must be UTF-8")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil || members == nil {
		return nil, Invalid("", fmt.Sprintf("%s: must be a JSON object", c.Name))
	}
	var unknown []string
	for name := range members {
		if c.Field(name) < 0 {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		name := slices.Min(unknown)
		return nil, Invalid(name, "is no field of "+c.Name)
	}
	p := append(make([]byte, 0, len(object)), 0)
	for i := range c.Fields {
		f := &c.Fields[i]
		text, ok := members[f.Name]
		if !ok || f.Retired {
			continue
		}
		v, err := f.ValueFromJSON(text)
		if err != nil {
			return nil, err
		}
		p[0]++
		p = f.AppendValue(append(p, byte(i)), v)
	}
	return p, c.CheckPatch(p)
}

// ValueFromJSON reads one cell as RowFromJSON does.
func (f *Field) ValueFromJSON(text []byte) (Value, error) {
	if string(text) == "null" && (f.Optional || f.Kind != JSON) {
		return Value{}, f.CheckValue(Value{})
	}
	v, ok := parseJSON(f.Kind, text)
	if !ok {
		return Value{}, Invalid(f.Name, "must be "+asJSON(f.Kind))
	}
	return v, f.CheckValue(v)
}

func parseJSON(k Kind, text []byte) (v Value, ok bool) {
	var err error
	switch {
	case k == Bool:
		return OfBool(string(text) == "true"), string(text) == "true" || string(text) == "false"
	case k.Signed():
		var i int64
		i, err = strconv.ParseInt(string(text), 10, 64)
		return OfInt(i), err == nil
	case k.Unsigned():
		var u uint64
		u, err = strconv.ParseUint(string(text), 10, 64)
		return OfUint(u), err == nil
	case k == JSON:
		return OfJSON(text), true
	case k.Float():
		if len(text) == 0 || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
			return v, false
		}
		var x float64
		if k == Float32 {
			x, err = strconv.ParseFloat(string(text), 32)
		} else {
			x, err = strconv.ParseFloat(string(text), 64)
		}
		return OfFloat(x), err == nil
	}
	var s string
	if json.Unmarshal(text, &s) != nil {
		return v, false
	}
	return ParseText(k, s)
}

// ParseText reads a cell that JSON writes as a string: itself, base64 bytes or
// an RFC 3339 time, which is cut to the µs.
func ParseText(k Kind, s string) (v Value, ok bool) {
	switch k {
	case String:
		return OfString(s), true
	case Bytes:
		b, err := base64.StdEncoding.DecodeString(s)
		return Value{kind: Bytes, text: string(b)}, err == nil
	case Time:
		t, err := time.Parse(time.RFC3339Nano, s)
		return OfTime(t), err == nil
	}
	return v, false
}

// asJSON says how JSON writes a kind.
func asJSON(k Kind) string {
	switch {
	case k == Bytes:
		return "bytes as base64 in a string"
	case k == Time:
		return "a time as a string, such as 2026-01-31T12:00:00Z"
	case k.Integer():
		return "an integer that fits in " + k.String()
	case k.Float():
		return "a number"
	}
	return article(k)
}
