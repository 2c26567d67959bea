package board

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Picture is an SVG picture that is being written. What its methods are given
// is escaped: no text, colour or address can become markup. Names of elements
// and attributes come from the program, and are dropped if they are none; so are
// attributes that would run scripts or load what is not a picture.
type Picture struct {
	b    []byte
	open []string // elements that are not closed
	base int      // of them that are not the drawer's to close
}

// Open begins an element that others are put into, up to Close. Attributes are
// name, value, name, value; values are strings and numbers.
func (p *Picture) Open(name string, attributes ...any) {
	if p.begin(name, attributes) {
		p.b = append(p.b, '>')
		p.open = append(p.open, name)
	}
}

// Close ends the element that was opened last.
func (p *Picture) Close() {
	if n := len(p.open) - 1; n >= p.base {
		p.b = append(append(append(p.b, "</"...), p.open[n]...), '>')
		p.open = p.open[:n]
	}
}

// Element writes an element with nothing in it.
func (p *Picture) Element(name string, attributes ...any) {
	if p.begin(name, attributes) {
		p.b = append(p.b, "/>"...)
	}
}

// Text writes an element that holds text.
func (p *Picture) Text(name, text string, attributes ...any) {
	if p.begin(name, attributes) {
		p.b = escape(append(p.b, '>'), text)
		p.b = append(append(append(p.b, "</"...), name...), '>')
	}
}

func (p *Picture) begin(name string, attributes []any) bool {
	if !plainName(name) || strings.EqualFold(name, "script") || strings.EqualFold(name, "foreignObject") {
		return false
	}
	p.b = append(append(p.b, '<'), name...)
	for i := 0; i+1 < len(attributes); i += 2 {
		p.attribute(attributes[i], attributes[i+1])
	}
	return true
}

func (p *Picture) attribute(name, value any) {
	key, ok := name.(string)
	if !ok || !plainName(key) || len(key) > 2 && strings.EqualFold(key[:2], "on") || strings.EqualFold(key, "style") {
		return
	}
	p.b = append(append(append(p.b, ' '), key...), '=', '"')
	switch v := value.(type) {
	case string:
		if strings.EqualFold(key, "href") || strings.EqualFold(key, "xlink:href") {
			v = safeAddress(v)
		}
		p.b = escape(p.b, v)
	case float64:
		p.b = appendNumber(p.b, v)
	case int:
		p.b = appendNumber(p.b, float64(v))
	default:
		p.b = escape(p.b, fmt.Sprint(v))
	}
	p.b = append(p.b, '"')
}

// safeAddress is the address of a picture or page, or "".
func safeAddress(s string) string {
	lower := strings.ToLower(s)
	for _, prefix := range []string{"https://", "http://", "data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp"} {
		if strings.HasPrefix(lower, prefix) {
			return s
		}
	}
	return ""
}

func plainName(s string) bool {
	for i := range len(s) {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || (s[i] < '0' || s[i] > '9') && s[i] != '-' && s[i] != ':') {
			return false
		}
	}
	return s != ""
}

// escape appends text as XML's character data, of an attribute or an element.
// Characters that XML does not know become U+FFFD.
func escape(b []byte, s string) []byte {
	for _, r := range s {
		switch {
		case r == '&':
			b = append(b, "&amp;"...)
		case r == '<':
			b = append(b, "&lt;"...)
		case r == '>':
			b = append(b, "&gt;"...)
		case r == '"':
			b = append(b, "&quot;"...)
		case r == '\'':
			b = append(b, "&#39;"...)
		case r == '\n' || r == '\t' || r == '\r':
			b = fmt.Appendf(b, "&#%d;", r)
		case r < ' ' || r == 0xfffe || r == 0xffff:
			b = utf8.AppendRune(b, utf8.RuneError)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return b
}
