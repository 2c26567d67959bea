package yjs

import "fmt"

// Array is a Y.Array.
type Array struct{ n *node }

// Array is the document's root of that name, read as a Y.Array.
func (d *Doc) Array(name string) *Array { return &Array{d.root(name)} }

// Len is the number of elements.
func (a *Array) Len() int { return int(a.n.length) }

// Get is the element at index, as Map.Get's; nil beyond the end.
func (a *Array) Get(index int) any {
	if index < 0 || index >= a.Len() {
		return nil
	}
	it, n := a.n.locate(uint64(index) + 1)
	return it.values()[n-1]
}

// Values are all elements.
func (a *Array) Values() []any {
	var list []any
	a.n.each(func(it *item) { list = append(list, it.values()...) })
	return list
}

// Insert puts values, as Map.Set's, before the element at index.
func (a *Array) Insert(tx *Tx, index int, list ...any) error {
	if err := tx.writable(a.n); err != nil {
		return err
	}
	left, right, err := tx.position(a.n, index)
	if err != nil {
		return err
	}
	return tx.insertList(a.n, left, right, list)
}

// insertList puts values between two neighbours. As in yjs: plain values that
// follow each other are one item.
func (tx *Tx) insertList(n *node, left, right *item, list []any) error {
	for len(list) > 0 {
		c, filled, err := tx.newContent(list[0])
		if err != nil {
			return fmt.Errorf("failed to insert: %w", err)
		}
		list = list[1:]
		length := 1
		for ; len(list) > 0 && c.ref() == refAny; list = list[1:] {
			next, _, err := tx.newContent(list[0])
			if err != nil {
				return fmt.Errorf("failed to insert: %w", err)
			}
			if next.ref() != refAny {
				break
			}
			c = join(c, next)
			length++
		}
		if left, err = tx.insert(n, left, right, nil, c, length); err != nil {
			return err
		}
		if filled != nil {
			if err := filled.fill(tx, c.(*node)); err != nil {
				return err
			}
		}
	}
	return nil
}

// Push puts values at the end.
func (a *Array) Push(tx *Tx, list ...any) error { return a.Insert(tx, a.Len(), list...) }

// Delete removes length elements from index on.
func (a *Array) Delete(tx *Tx, index, length int) error { return tx.remove(a.n, index, length) }

// position is where the index-th position of a list begins: the item that ends
// before it, and that one's neighbour. It splits where it must.
func (tx *Tx) position(n *node, index int) (left, right *item, err error) {
	if index < 0 || index > int(n.length) {
		return nil, nil, fmt.Errorf("%w: %d of %d", ErrRange, index, n.length)
	}
	if index == 0 {
		return nil, n.start, nil
	}
	it, rest := n.locate(uint64(index))
	left = tx.itemEndingWith(ref{it.author, it.clock + rest - 1})
	return left, left.right, nil
}

// remove deletes length positions from index on.
func (tx *Tx) remove(n *node, index, length int) error {
	if err := tx.writable(n); err != nil {
		return err
	}
	if length < 0 || index < 0 || length > int(n.length)-index {
		return fmt.Errorf("%w: %d from %d of %d", ErrRange, length, index, n.length)
	}
	_, it, err := tx.position(n, index)
	for ; err == nil && length > 0; it = it.right {
		if !it.visible() {
			continue
		}
		if length < int(it.length) {
			it = tx.itemEndingWith(ref{it.author, it.clock + uint64(length) - 1})
		}
		length -= int(it.length)
		tx.delete(it)
	}
	return err
}
