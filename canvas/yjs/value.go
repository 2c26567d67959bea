package yjs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// Subdoc is a document within the document: only its name is here.
type Subdoc struct{ GUID string }

// values gives the item's elements as Go values, see Map.Get.
func (it *item) values() []any {
	switch c := it.content.(type) {
	case *node:
		return []any{c.view()}
	case *text:
		return []any{string(c.list)}
	case *single:
		return []any{decodeAny(c.raw)}
	case *values:
		list := make([]any, len(c.list))
		for i := range list {
			list[i] = c.value(i)
		}
		return list
	case *opaque:
		return []any{c.value()}
	}
	return nil
}

// lastValue is what a map's key holds.
func (it *item) lastValue() any {
	switch c := it.content.(type) {
	case *single:
		return decodeAny(c.raw)
	case *node:
		return c.view()
	case *values:
		return c.value(len(c.list) - 1)
	}
	all := it.values()
	if len(all) == 0 {
		return nil
	}
	return all[len(all)-1]
}

func (v *values) value(i int) any {
	if !v.json {
		return decodeAny(v.list[i])
	}
	r := reader{b: v.list[i]}
	return decodeJSON(r.bytes())
}

func (o *opaque) value() any {
	r := reader{b: o.raw}
	b := r.bytes()
	switch o.kind {
	case refEmbed:
		return decodeJSON(b)
	case refDoc:
		return Subdoc{string(b)}
	}
	return append([]byte{}, b...)
}

// decodeJSON gives nil for what is no JSON: "undefined", for one.
func decodeJSON(b []byte) (v any) {
	if json.Unmarshal(b, &v) != nil {
		return nil
	}
	return v
}

// view is the type for readers.
func (n *node) view() any {
	switch n.kind {
	case KindArray:
		return &Array{n}
	case KindText:
		return &Text{n}
	case KindXMLText:
		return &XMLText{Text{n}}
	case KindXMLElement:
		return &XMLElement{XMLFragment{n}}
	case KindXMLFragment:
		return &XMLFragment{n}
	}
	return &Map{n} // also XML hooks, which are maps
}

// newContent is the content for one value of a map or list. A shared type with
// content of its own is filled once it is integrated.
func (tx *Tx) newContent(v any) (c content, filled nested, err error) {
	switch v := v.(type) {
	case Kind:
		if v > KindXMLText || v == KindXMLElement || v == KindXMLHook {
			return nil, nil, fmt.Errorf("%w, nor a shared type that needs a name", ErrValue)
		}
		return &node{kind: v}, nil, nil
	case ElementOf:
		if v.Name == "" || !utf8.ValidString(v.Name) {
			return nil, nil, fmt.Errorf("%w: an element needs a name in UTF-8", ErrValue)
		}
		return v.node(), v, nil
	case nested:
		return v.node(), v, nil
	case []byte:
		return &opaque{refBinary, appendBytes(nil, v)}, nil, nil
	case Subdoc:
		if !utf8.ValidString(v.GUID) {
			return nil, nil, fmt.Errorf("%w: a name is not UTF-8", ErrValue)
		}
		return &opaque{refDoc, append(appendBytes(nil, v.GUID), anyObject, 0)}, nil, nil
	}
	raw, err := appendAny(tx.doc.scratch[:0], v)
	if err != nil {
		return nil, nil, err
	}
	if cap(raw) <= 4096 {
		tx.doc.scratch = raw
	}
	return &single{bytes.Clone(raw)}, nil, nil
}

// writable tells whether the transaction may change the type.
func (tx *Tx) writable(n *node) error {
	if tx == nil || tx.doc.tx != tx {
		return fmt.Errorf("edits belong in an open transaction: %w", ErrValue)
	}
	if !n.alive() {
		return ErrDeleted
	}
	if !n.in(tx.doc) {
		return fmt.Errorf("the shared type is not of this document: %w", ErrDeleted)
	}
	return nil
}

// insert makes an item of this document between two neighbours.
func (tx *Tx) insert(parent *node, left, right *item, key *string, c content, length int) (*item, error) {
	l := tx.doc.addLog(tx.doc.client)
	it := &item{author: l.number, clock: l.end(), length: uint64(length), left: left, right: right, parent: parent, content: c}
	if left != nil {
		it.setOrigin(left.last())
	}
	if right != nil {
		it.setRightOrigin(right.id())
	}
	if key != nil {
		it.slot = parent.addSlot(*key)
		it.flags |= hasKey
		it.left = parent.keys[it.slot].newest
		if it.left != nil {
			it.setOrigin(it.left.last())
		}
	}
	return it, tx.integrate(it)
}
