package yjs

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
	Attributes map[string]any
	Children   []any // ElementOf, TextOf
}
