package yjs

import (
	"bytes"
	"errors"
	"testing"
)

// TestDividedPairs: a half of a pair becomes U+FFFD, as in yjs; an update that
// is refused leaves the pairs whole.
func TestDividedPairs(t *testing.T) {
	const story = "🎉é🎈long enough🎲"
	giveUp := errors.New("give up")
	for at := range utf16Len([]byte(story)) {
		d := New(1, Limits{})
		root := d.Text("t")
		if _, err := d.Transact(func(tx *Tx) error { return root.Insert(tx, 0, story) }); err != nil {
			t.Fatal(err)
		}
		before := d.EncodeState(nil)
		_, err := d.Transact(func(tx *Tx) error {
			for i := range at + 1 {
				if err := root.Delete(tx, at-i, 1); err != nil {
					return err
				}
			}
			return giveUp
		})
		if !errors.Is(err, giveUp) {
			t.Fatal(err)
		}
		check(t, d)
		if !bytes.Equal(d.EncodeState(nil), before) {
			t.Fatalf("given up after deleting %d: %q", at, root.String())
		}
		if _, err := d.Transact(func(tx *Tx) error { return root.Delete(tx, at, 1) }); err != nil {
			t.Fatal(err)
		}
		check(t, d)
	}
}
