package yjs

import "bytes"

// The kinds of content, as numbered in the update format.
const (
	refGC = iota
	refDeleted
	refJSON
	refBinary
	refString
	refEmbed
	refFormat
	refType
	refAny
	refDoc
	refSkip
)

// content is what an item carries: one of the types of this file, or a node.
type content interface {
	ref() byte
	// size is what it adds to the document's size, in bytes.
	size() int
	// append encodes what is left after the first skip elements of total.
	append(b []byte, skip, total uint64) []byte
}

// gone is the content of deleted items: their number of elements is the item's.
type gone struct{}

// text is a piece of a text, in UTF-8.
type text struct{ run[byte] }

// single is one element, an Any as it was encoded: what maps mostly hold.
type single struct{ raw []byte }

// values are elements, each as it was encoded: Any, or JSON (of old clients).
type values struct {
	run[[]byte]
	json bool
}

// opaque is content of one element that the server passes on as it came.
type opaque struct {
	kind byte // refBinary, refEmbed, refFormat, refDoc
	raw  []byte
}

func (gone) ref() byte      { return refDeleted }
func (*text) ref() byte     { return refString }
func (*single) ref() byte   { return refAny }
func (o *opaque) ref() byte { return o.kind }
func (v *values) ref() byte {
	if v.json {
		return refJSON
	}
	return refAny
}

func (gone) size() int      { return 0 }
func (t *text) size() int   { return len(t.list) }
func (s *single) size() int { return 24 + len(s.raw) }
func (o *opaque) size() int { return len(o.raw) }
func (v *values) size() (n int) {
	for _, raw := range v.list {
		n += 24 + len(raw)
	}
	return n
}

func (gone) append(b []byte, skip, total uint64) []byte { return appendUint(b, total-skip) }

func (s *single) append(b []byte, _, _ uint64) []byte { return append(append(b, 1), s.raw...) }
func (o *opaque) append(b []byte, _, _ uint64) []byte { return append(b, o.raw...) }

func (v *values) append(b []byte, skip, _ uint64) []byte {
	rest := v.list[skip:]
	b = appendUint(b, uint64(len(rest)))
	for _, raw := range rest {
		b = append(b, raw...)
	}
	return b
}

// append writes the second half of a divided surrogate pair as yjs does.
func (t *text) append(b []byte, skip, total uint64) []byte {
	at, inside := utf16Index(t.list, int(skip), int(total))
	if !inside {
		return appendBytes(b, t.list[at:])
	}
	rest := t.list[at+4:]
	b = appendUint(b, uint64(len(rest)+3))
	return append(append(b, "\xef\xbf\xbd"...), rest...)
}

// key and value of a format; ok is false for other content.
func (o *opaque) format() (key string, value []byte, ok bool) {
	if o.kind != refFormat {
		return "", nil, false
	}
	r := reader{b: o.raw}
	return string(r.bytes()), r.bytes(), true
}

// countable tells whether the elements have positions in their type.
func countable(c content) bool {
	ref := c.ref()
	return ref != refDeleted && ref != refFormat
}

// split keeps the first n of total elements and returns the rest.
func split(c content, n, total uint64) content {
	switch c := c.(type) {
	case *text:
		return &text{splitText(&c.run, int(n), int(total))}
	case *values:
		return &values{c.run.split(int(n)), c.json}
	}
	return c // gone; all others have one element
}

// joinable tells whether two contents may become one.
func joinable(a, b content) bool {
	ref := a.ref()
	return ref == b.ref() && (ref == refString || ref == refAny || ref == refJSON || ref == refDeleted)
}

// join gives the content of both; neither is used afterwards.
func join(a, b content) content {
	switch a := a.(type) {
	case *text:
		a.run.join(b.(*text).run)
	case *single:
		return join(a.many(), b)
	case *values:
		if one, ok := b.(*single); ok {
			b = one.many()
		}
		a.run.join(b.(*values).run)
	}
	return a
}

func (s *single) many() *values { return &values{run: run[[]byte]{list: [][]byte{s.raw}}} }

// content reads one item's content and its number of elements; if it is not
// wanted, then only checks it.
func (r *reader) content(ref byte, want bool) (content, uint64) {
	from := r.i
	switch ref {
	case refDeleted:
		return gone{}, r.uint()
	case refString:
		b := r.text()
		if !want {
			return nil, uint64(utf16Len(b))
		}
		return &text{run[byte]{list: bytes.Clone(b)}}, uint64(utf16Len(b))
	case refAny, refJSON:
		return r.values(ref == refJSON, want)
	case refType:
		kind := Kind(r.uint())
		var name []byte
		if kind > KindXMLText {
			r.fail("unknown shared type")
		} else if kind == KindXMLElement || kind == KindXMLHook {
			name = r.text()
		}
		if !want {
			return nil, 1
		}
		n := &node{kind: kind}
		if kind == KindXMLElement || kind == KindXMLHook {
			n.name = new(string)
			*n.name = string(name)
		}
		return n, 1
	case refBinary:
		r.bytes()
	case refEmbed:
		r.text()
	case refFormat:
		r.text()
		r.text()
	case refDoc:
		r.text()
		r.any()
	default:
		r.fail("unknown kind of content")
	}
	if r.err != nil || !want {
		return nil, 1
	}
	return &opaque{ref, bytes.Clone(r.b[from:r.i])}, 1
}

// values copies the elements' bytes once and cuts them there.
func (r *reader) values(json, want bool) (content, uint64) {
	n := r.count()
	from := r.i
	for i := 0; i < n && r.err == nil; i++ {
		r.element(json)
	}
	if r.err != nil || !want {
		return nil, uint64(n)
	}
	copied := reader{b: bytes.Clone(r.b[from:r.i]), checked: true}
	if n == 1 && !json {
		return &single{copied.b}, 1
	}
	list := make([][]byte, n)
	for i := range list {
		list[i] = copied.element(json)
	}
	return &values{run[[]byte]{list: list}, json}, uint64(n)
}

// element passes over one element and returns its bytes.
func (r *reader) element(json bool) []byte {
	if !json {
		return r.any()
	}
	from := r.i
	r.text()
	return r.b[from:r.i:r.i]
}
