package yjs

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestPositionsInLongTexts: an index that edits from here, from elsewhere,
// deletions, formats and failures have passed through finds what a slice does.
func TestPositionsInLongTexts(t *testing.T) {
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		here, there := New(1, Limits{}), New(2, Limits{})
		text, other := here.Text("t"), there.Text("t")
		model := []byte{}
		indexed := 0
		giveUp := errors.New("give up")
		for i := range 4000 {
			at := random.IntN(len(model) + 1)
			length := min(random.IntN(4), len(model)-at)
			d, in := here, text
			if i > 1000 && random.IntN(3) == 0 {
				d, in = there, other
			}
			update, err := d.Transact(func(tx *Tx) error {
				switch random.IntN(10) {
				case 0, 1, 2:
					model = slices.Delete(model, at, at+length)
					return in.Delete(tx, at, length)
				case 3:
					value := []string{"true", "null"}[random.IntN(2)]
					return in.Format(tx, at, length, "bold", json.RawMessage(value))
				case 4:
					return errors.Join(in.Insert(tx, at, "xyz"), giveUp)
				case 5:
					return errors.Join(in.Delete(tx, at, length), giveUp)
				}
				c := byte('a' + random.IntN(26))
				model = slices.Insert(model, at, c)
				return in.Insert(tx, at, string(c))
			})
			if err != nil && !errors.Is(err, giveUp) {
				t.Fatal(err)
			}
			if update != nil {
				to := there
				if d == there {
					to = here
				}
				if _, err := to.Apply(update); err != nil {
					t.Fatal(err)
				}
			}
			if i%100 == 0 {
				check(t, here)
				check(t, there)
				if text.n.index != nil {
					indexed++
					checkFormats(t, text)
				}
			}
		}
		if indexed == 0 {
			t.Error("there was no index")
		}
		if text.String() != string(model) || other.String() != string(model) {
			t.Fatalf("seed %d: texts differ from the model", seed)
		}
	}
}

// checkFormats: an index changes nothing about the format at an item.
func checkFormats(t *testing.T, text *Text) {
	index := text.n.index
	for it := text.n.start; it != nil; it = it.right {
		with := text.formatAfter(it, "bold")
		text.n.index = nil
		without := text.formatAfter(it, "bold")
		text.n.index = index
		if with != without {
			t.Fatalf("the format after %v is %s, not %s", it.id(), with, without)
		}
	}
}

// TestArrayElements: each element of a long array is at its place.
func TestArrayElements(t *testing.T) {
	d := New(1, Limits{})
	list := d.Array("a")
	model := []float64{}
	random := rand.New(rand.NewPCG(1, 1))
	for i := range 2000 {
		at := random.IntN(len(model) + 1)
		model = slices.Insert(model, at, float64(i))
		if _, err := d.Transact(func(tx *Tx) error { return list.Insert(tx, at, i) }); err != nil {
			t.Fatal(err)
		}
	}
	check(t, d)
	for i, want := range model {
		if got := list.Get(i); got != want {
			t.Fatalf("element %d is %v, want %v", i, got, want)
		}
	}
	if list.Get(-1) != nil || list.Get(len(model)) != nil {
		t.Error("an element beyond the ends")
	}
}
