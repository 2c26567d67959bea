package board

// Picture is an SVG picture that is being written. What its methods are given
// is escaped: no text, colour or address can become markup.
type Picture struct{ b []byte }

// Element writes an empty element with attributes: name, value, name, value.
// Values are strings, numbers and booleans.
func (p *Picture) Element(name string, attributes ...any) { panic("not yet") }

// Text writes an element that holds text.
func (p *Picture) Text(name, text string, attributes ...any) { panic("not yet") }
