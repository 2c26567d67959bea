package yjs

import (
	"fmt"
	"maps"
	"slices"
	"unicode/utf8"
)

// Values that make a shared type with content at once, for Map.Set,
// Array.Insert and XMLFragment.Insert. They may be nested.
type (
	// MapOf makes a Y.Map with these entries, in the order of their keys.
	MapOf map[string]any
	// ArrayOf makes a Y.Array with these elements.
	ArrayOf []any
	// TextOf makes a Y.Text with this text; within XML, a Y.XmlText.
	TextOf string
)

// ElementOf makes a Y.XmlElement.
type ElementOf struct {
	Name       string
	Attributes map[string]any // as Map.Set takes
	Children   []any          // ElementOf, TextOf
}

// nested is one of those.
type nested interface {
	node() *node
	fill(*Tx, *node) error // once the node is in the document
}

type xmlTextOf string

func (MapOf) node() *node       { return &node{kind: KindMap} }
func (ArrayOf) node() *node     { return &node{kind: KindArray} }
func (TextOf) node() *node      { return &node{kind: KindText} }
func (xmlTextOf) node() *node   { return &node{kind: KindXMLText} }
func (e ElementOf) node() *node { return &node{kind: KindXMLElement, name: &e.Name} }

func (m MapOf) fill(tx *Tx, n *node) error { return tx.setKeys(n, m) }

func (tx *Tx) setKeys(n *node, entries map[string]any) error {
	n.keys = slices.Grow(n.keys, min(len(entries), manyKeys))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		if err := tx.setKey(n, key, entries[key]); err != nil {
			return err
		}
	}
	return nil
}

func (a ArrayOf) fill(tx *Tx, n *node) error { return tx.insertList(n, nil, nil, a) }

func (t TextOf) fill(tx *Tx, n *node) error { return fillText(tx, n, string(t)) }

func (t xmlTextOf) fill(tx *Tx, n *node) error { return fillText(tx, n, string(t)) }

func fillText(tx *Tx, n *node, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: the text is not UTF-8", ErrValue)
	}
	if s == "" {
		return nil
	}
	return tx.insertText(n, nil, nil, s)
}

func (e ElementOf) fill(tx *Tx, n *node) error {
	if err := tx.insertChildren(n, nil, nil, e.Children); err != nil {
		return err
	}
	return tx.setKeys(n, e.Attributes)
}
