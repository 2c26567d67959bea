package yjs

import "testing"

// check verifies what holds for every document between transactions.
func check(t testing.TB, d *Doc) {
	t.Helper()
	items, weight := 0, 0
	for client, l := range d.logs {
		var clock uint64
		for _, chunk := range l.chunks {
			if len(chunk) == 0 || len(chunk) > chunkItems {
				t.Fatalf("a chunk of %d items", len(chunk))
			}
			for _, it := range chunk {
				if it.id != (ID{client, clock}) || it.length == 0 {
					t.Fatalf("item %v of length %d where clock %d follows", it.id, it.length, clock)
				}
				clock += it.length
				items++
				weight += itemWeight
				if !it.garbage() {
					weight += it.content.size() + len(it.key)
					checkItem(t, it)
				}
			}
		}
	}
	for name, n := range d.roots {
		if n.name != name {
			t.Fatalf("root %q is called %q", name, n.name)
		}
		weight += n.size()
		checkNode(t, n)
	}
	if items != d.items || weight != d.weight {
		t.Fatalf("%d items of %d bytes, counted %d of %d", items, weight, d.items, d.weight)
	}
	if d.tx != nil {
		t.Fatal("a transaction is open")
	}
}

func checkItem(t testing.TB, it *item) {
	t.Helper()
	if it.left != nil && it.left.right != it || it.right != nil && it.right.left != it {
		t.Fatalf("%v is not its neighbours' neighbour", it.id)
	}
	if it.keyed() && it.right == nil && it.parent.keys[it.key] != it {
		t.Fatalf("%v is the newest of its key, but not known as that", it.id)
	}
	switch c := it.content.(type) {
	case *text:
		if n := utf16Len(c.list); uint64(n) != it.length {
			t.Fatalf("%v has %d code units and length %d", it.id, n, it.length)
		}
	case *values:
		if uint64(len(c.list)) != it.length {
			t.Fatalf("%v has %d values and length %d", it.id, len(c.list), it.length)
		}
	case *node:
		checkNode(t, c)
	}
	if it.deleted() && it.content != (gone{}) {
		t.Fatalf("%v is deleted and has content", it.id)
	}
}

func checkNode(t testing.TB, n *node) {
	t.Helper()
	var length uint64
	for it := n.start; it != nil; it = it.right {
		if it.parent != n || it.garbage() {
			t.Fatalf("%v is in the wrong list", it.id)
		}
		if it.visible() {
			length += it.length
		}
	}
	if length != n.length {
		t.Fatalf("list of length %d, counted %d", length, n.length)
	}
	for key, it := range n.keys {
		if it.key != key || it.parent != n || it.right != nil {
			t.Fatalf("%v is not the newest of %q", it.id, key)
		}
	}
}
