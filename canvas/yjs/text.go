package yjs

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"unicode/utf8"
)

// Text is a Y.Text. Its positions and lengths are UTF-16 code units.
type Text struct{ n *node }

// Text is the document's root of that name, read as a Y.Text.
func (d *Doc) Text(name string) *Text { return &Text{d.root(name)} }

// Len is the number of code units; an embed counts as one.
func (t *Text) Len() int { return int(t.n.length) }

// String is the text without formats and embeds.
func (t *Text) String() string {
	var b strings.Builder
	t.n.each(func(it *item) {
		if c, ok := it.content.(*text); ok {
			b.Write(c.list)
		}
	})
	return b.String()
}

// Run is a piece of text with one format, or an embed.
type Run struct {
	Insert     any // string; or an embed's JSON value or shared type
	Attributes map[string]json.RawMessage
}

// Delta is the text as runs, as toDelta gives it in yjs; neighbours with equal
// attributes are one run.
func (t *Text) Delta() []Run {
	var runs []Run
	var b strings.Builder
	format := map[string]json.RawMessage{}
	flush := func() {
		if b.Len() > 0 {
			runs = appendRun(runs, b.String(), format)
			b.Reset()
		}
	}
	for it := t.n.start; it != nil; it = it.right {
		if it.deleted() {
			continue
		}
		switch c := it.content.(type) {
		case *text:
			b.Write(c.list)
		case *opaque:
			if key, value, ok := c.format(); ok {
				flush()
				if string(value) == noFormat {
					delete(format, key)
				} else {
					format[key] = append(json.RawMessage{}, value...)
				}
				continue
			}
			flush()
			runs = appendRun(runs, c.value(), format)
		case *node:
			flush()
			runs = appendRun(runs, c.view(), format)
		}
	}
	flush()
	return runs
}

// appendRun joins text with the last run if it has the same format.
func appendRun(runs []Run, insert any, format map[string]json.RawMessage) []Run {
	same := func(a, b json.RawMessage) bool { return string(a) == string(b) }
	if s, ok := insert.(string); ok && len(runs) > 0 {
		last := &runs[len(runs)-1]
		if before, ok := last.Insert.(string); ok && maps.EqualFunc(last.Attributes, format, same) {
			last.Insert = before + s
			return runs
		}
	}
	r := Run{Insert: insert}
	if len(format) > 0 {
		r.Attributes = maps.Clone(format)
	}
	return append(runs, r)
}

// Insert puts text at index. It takes the format of what is before it.
func (t *Text) Insert(tx *Tx, index int, s string) error {
	if err := tx.writable(t.n); err != nil {
		return err
	}
	if !utf8.ValidString(s) {
		return fmt.Errorf("%w: the text is not UTF-8", ErrValue)
	}
	left, right, err := tx.position(t.n, index)
	if err != nil || s == "" {
		return err
	}
	return tx.insertText(t.n, left, right, s)
}

func (tx *Tx) insertText(n *node, left, right *item, s string) error {
	b := []byte(s)
	_, err := tx.insert(n, left, right, nil, &text{run[byte]{list: b}}, utf16Len(b))
	return err
}

// Delete removes length code units from index on.
func (t *Text) Delete(tx *Tx, index, length int) error { return tx.remove(t.n, index, length) }
