package yjs

import (
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// noFormat is the value that ends a format.
const noFormat = "null"

// Format sets one attribute (a JSON value; null removes it) of length code units
// from index on. In the list a format is an item that holds from there to the
// next one of its key: one is put at the beginning and one, which restores what
// was, at the end; those between go.
func (t *Text) Format(tx *Tx, index, length int, key string, value json.RawMessage) error {
	if err := tx.writable(t.n); err != nil {
		return err
	}
	if !utf8.ValidString(key) || !utf8.Valid(value) || !json.Valid(value) {
		return fmt.Errorf("%w: a format needs UTF-8 and JSON", ErrValue)
	}
	if length < 0 || index < 0 || length > int(t.n.length)-index {
		return fmt.Errorf("%w: %d from %d of %d", ErrRange, length, index, t.n.length)
	}
	if length == 0 {
		return nil
	}
	left, right, err := tx.position(t.n, index)
	if err != nil {
		return err
	}
	for !right.visible() { // what is formatted already begins behind
		left, right = right, right.right
	}
	now := t.formatAfter(left, key)
	if now != string(value) {
		if _, err := tx.insert(t.n, left, right, nil, newFormat(key, string(value)), 1); err != nil {
			return err
		}
	}
	last := right
	for it := right; length > 0; it = it.right {
		if it.visible() {
			if length < int(it.length) {
				it = tx.itemEndingWith(ref{it.author, it.clock + uint64(length) - 1})
			}
			length -= int(it.length)
			last = it
		} else if v, ok := it.formatOf(key); ok {
			now = v
			tx.delete(it)
		}
	}
	if now == string(value) {
		return nil
	}
	_, err = tx.insert(t.n, last, last.right, nil, newFormat(key, now), 1)
	return err
}

func newFormat(key, value string) *opaque {
	return &opaque{refFormat, appendBytes(appendBytes(nil, key), value)}
}

// formatAfter is the attribute's value behind an item; nil is the beginning.
func (t *Text) formatAfter(last *item, key string) string {
	for it := last; it != nil; {
		if v, ok := it.formatOf(key); ok {
			return v
		}
		if x := t.n.index; x != nil {
			it = x.leftWithFormats(it)
		} else {
			it = it.left
		}
	}
	return noFormat
}

// formatOf is the value that the item gives to an attribute, if it does.
func (it *item) formatOf(key string) (value string, ok bool) {
	o, isOpaque := it.content.(*opaque)
	if !isOpaque || it.deleted() {
		return "", false
	}
	k, v, ok := o.format()
	return string(v), ok && k == key
}
