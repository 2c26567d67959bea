package yjs

import "fmt"

// XMLFragment is a Y.XmlFragment: a list of XML elements and texts.
type XMLFragment struct{ n *node }

// XMLElement is a Y.XmlElement: a fragment with a name and attributes.
type XMLElement struct{ XMLFragment }

// XMLText is a Y.XmlText: a text with attributes.
type XMLText struct{ Text }

// XML is the document's root of that name, read as a Y.XmlFragment.
func (d *Doc) XML(name string) *XMLFragment { return &XMLFragment{d.root(name)} }

// Len is the number of children.
func (x *XMLFragment) Len() int { return int(x.n.length) }

// Children are *XMLElement, *XMLText and whatever else was inserted.
func (x *XMLFragment) Children() []any { return (&Array{x.n}).Values() }

// Name of the element.
func (x *XMLElement) Name() string { return x.n.called() }

// Attributes are the element's, mostly strings.
func (x *XMLElement) Attributes() map[string]any { return x.n.attributes() }

// Attributes are those of the text as a whole.
func (x *XMLText) Attributes() map[string]any { return x.n.attributes() }

func (n *node) attributes() map[string]any {
	all := map[string]any{}
	for _, key := range n.sortedKeys() {
		all[key] = n.get(key).lastValue()
	}
	return all
}

// Insert puts children before the one at index: ElementOf, TextOf, or a Kind of
// XML that needs no name.
func (x *XMLFragment) Insert(tx *Tx, index int, children ...any) error {
	if err := tx.writable(x.n); err != nil {
		return err
	}
	left, right, err := tx.position(x.n, index)
	if err != nil {
		return err
	}
	return tx.insertChildren(x.n, left, right, children)
}

// insertChildren takes only what yjs can show within XML.
func (tx *Tx) insertChildren(n *node, left, right *item, children []any) error {
	list := make([]any, len(children))
	for i, child := range children {
		switch child := child.(type) {
		case TextOf:
			list[i] = xmlTextOf(child)
		case ElementOf:
			list[i] = child
		default:
			if child != KindXMLText && child != KindXMLFragment {
				return fmt.Errorf("failed to insert %T into XML: use ElementOf or TextOf: %w", child, ErrValue)
			}
			list[i] = child
		}
	}
	return tx.insertList(n, left, right, list)
}

// Delete removes length children from index on.
func (x *XMLFragment) Delete(tx *Tx, index, length int) error { return tx.remove(x.n, index, length) }

// SetAttribute gives an attribute a value, of those that Map.Set takes.
func (x *XMLElement) SetAttribute(tx *Tx, name string, value any) error {
	return (&Map{x.n}).Set(tx, name, value)
}

// RemoveAttribute removes an attribute, if it is there.
func (x *XMLElement) RemoveAttribute(tx *Tx, name string) error { return tx.deleteKey(x.n, name) }

// SetAttribute gives the text as a whole an attribute.
func (x *XMLText) SetAttribute(tx *Tx, name string, value any) error {
	return (&Map{x.n}).Set(tx, name, value)
}

// RemoveAttribute removes an attribute, if it is there.
func (x *XMLText) RemoveAttribute(tx *Tx, name string) error { return tx.deleteKey(x.n, name) }
