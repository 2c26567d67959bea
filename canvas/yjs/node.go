package yjs

// Kind of a shared type, as numbered in the update format. The kind of a type at
// the document's root is not in updates: it is what its readers take it for.
type Kind uint8

// The shared types.
const (
	KindArray Kind = iota
	KindMap
	KindText
	KindXMLElement
	KindXMLFragment
	KindXMLHook
	KindXMLText
)

// node is a shared type of any kind: a list of items, and the newest item of
// each key. Older items of a key hang to the left of it.
type node struct {
	doc    *Doc
	item   *item // that holds it; nil at the root
	start  *item
	keys   map[string]*item
	length uint64 // elements with a position that are not deleted
	name   string // of a root; of an XML element or hook
	kind   Kind
	depth  int32
}

func (n *node) ref() byte { return refType }
func (n *node) size() int { return 64 + len(n.name) }

func (n *node) append(b []byte, _, _ uint64) []byte {
	b = appendUint(b, uint64(n.kind))
	if n.kind == KindXMLElement || n.kind == KindXMLHook {
		b = appendBytes(b, n.name)
	}
	return b
}

// first is the leftmost item of the list, or of a key's history.
func (n *node) first(it *item) *item {
	if !it.keyed() {
		return n.start
	}
	o := n.keys[it.key]
	for o != nil && o.left != nil {
		o = o.left
	}
	return o
}

// alive tells whether it is still in the document. What is in a deleted type is
// deleted, too.
func (n *node) alive() bool { return n.item == nil || !n.item.deleted() }

// each calls f for each item that is not deleted and has positions.
func (n *node) each(f func(*item)) {
	for it := n.start; it != nil; it = it.right {
		if it.visible() {
			f(it)
		}
	}
}
