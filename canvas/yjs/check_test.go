package yjs

import (
	"slices"
	"testing"
)

// check verifies what holds for every document between transactions.
func check(t testing.TB, d *Doc) {
	t.Helper()
	items, weight := 0, 0
	if len(d.logs) != len(d.authors) {
		t.Fatalf("%d logs of %d authors", len(d.logs), len(d.authors))
	}
	for i, l := range d.logs {
		var clock uint64
		for _, chunk := range l.chunks {
			if n := len(chunk.items); n == 0 || n > chunkItems || chunk.first != chunk.items[0].clock {
				t.Fatalf("a chunk of %d items from %d on", n, chunk.first)
			}
			for _, it := range chunk.items {
				if it.author != uint32(i) || it.clock != clock || it.length == 0 {
					t.Fatalf("item %v of length %d where clock %d follows", it.id(), it.length, clock)
				}
				clock += it.length
				items++
				weight += it.weight()
				if !it.garbage() {
					checkItem(t, it)
				}
			}
		}
		if known := slices.Clone(l.deletions()); l.tombsKnown {
			if l.tombsKnown = false; !slices.Equal(known, l.deletions()) {
				t.Fatalf("deletions %v, remembered %v", l.deletions(), known)
			}
		}
		if clock != l.next || l.number != uint32(i) || int(d.authors[l.client]) != i || clock == 0 {
			t.Fatalf("log %d of client %d ends at %d, not %d", l.number, l.client, clock, l.next)
		}
	}
	for name, n := range d.roots {
		if n.called() != name {
			t.Fatalf("root %q is called %q", name, n.called())
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
		t.Fatalf("%v is not its neighbours' neighbour", it.id())
	}
	if it.keyed() && it.right == nil && it.parent.keys[it.slot].newest != it {
		t.Fatalf("%v is the newest of its key, but not known as that", it.id())
	}
	switch c := it.content.(type) {
	case *text:
		if n := utf16Len(c.list); uint64(n) != it.length {
			t.Fatalf("%v has %d code units and length %d", it.id(), n, it.length)
		}
	case *values:
		if uint64(len(c.list)) != it.length {
			t.Fatalf("%v has %d values and length %d", it.id(), len(c.list), it.length)
		}
	case *node:
		checkNode(t, c)
	}
	if it.deleted() && it.content != (gone{}) {
		t.Fatalf("%v is deleted and has content", it.id())
	}
}

func checkNode(t testing.TB, n *node) {
	t.Helper()
	var length uint64
	for it := n.start; it != nil; it = it.right {
		if it.parent != n || it.garbage() {
			t.Fatalf("%v is in the wrong list", it.id())
		}
		if it.visible() {
			length += it.length
		}
	}
	if length != n.length {
		t.Fatalf("list of length %d, counted %d", length, n.length)
	}
	for i, slot := range n.keys {
		it := slot.newest
		if it == nil || int(it.slot) != i || !it.keyed() || it.parent != n || it.right != nil {
			t.Fatalf("%v is not the newest of %q", it, slot.key)
		}
		if found, ok := n.slotOf(slot.key); !ok || int(found) != i {
			t.Fatalf("key %q is not found", slot.key)
		}
	}
	if n.find != nil && len(n.find) != len(n.keys) {
		t.Fatalf("%d of %d keys", len(n.find), len(n.keys))
	}
	checkIndex(t, n)
}

// checkIndex: every item is in its leaf, and all are counted.
func checkIndex(t testing.TB, n *node) {
	if n.index == nil {
		return
	}
	it := n.start
	leaves := 0
	for _, b := range n.index.branches {
		var sum uint64
		for _, l := range b.leaves {
			got := leaf{branch: b, first: it, number: l.number}
			for range l.items {
				if n.index.leaves[it.slot] != l {
					t.Fatalf("%v is not in its leaf", it.id())
				}
				got.items++
				if it.visible() {
					got.length += it.length
				} else if !it.deleted() {
					got.formats++
				}
				it = it.right
			}
			if got != *l || l.items == 0 || l.items > leafItems || n.index.leaves[l.number] != l {
				t.Fatalf("leaf %+v, counted %+v", *l, got)
			}
			sum += l.length
			leaves++
		}
		if sum != b.length || len(b.leaves) > branchLeaves {
			t.Fatalf("branch of %d positions, counted %d", b.length, sum)
		}
	}
	if it != nil {
		t.Fatalf("%v is in no leaf", it.id())
	}
	for _, l := range n.index.leaves {
		if l != nil {
			leaves--
		}
	}
	if leaves != 0 {
		t.Fatal("leaves that are in no branch")
	}
}
