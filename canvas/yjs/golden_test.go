package yjs

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"testing"
)

// history is one that yjs made, see fuzz/golden.mjs.
type history struct {
	Seed          int
	Updates       [][]byte
	State, Vector []byte
	Text          string
}

func golden(t testing.TB) (list []history) {
	t.Helper()
	b, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &list); err != nil {
		t.Fatal(err)
	}
	return list
}

// TestGolden: the same updates give the bytes that they give in yjs.
func TestGolden(t *testing.T) {
	for _, h := range golden(t) {
		doc, follower := New(1, Limits{}), New(2, Limits{})
		for i, update := range h.Updates {
			diff, err := doc.Apply(update)
			if err != nil {
				t.Fatalf("seed %d, update %d: %v", h.Seed, i, err)
			}
			check(t, doc)
			if diff == nil {
				continue
			}
			if _, err := follower.Apply(diff); err != nil {
				t.Fatalf("seed %d, diff %d: %v", h.Seed, i, err)
			}
		}
		for _, d := range []*Doc{doc, follower} {
			if got := d.EncodeState(nil); !bytes.Equal(got, h.State) {
				t.Errorf("seed %d: state %x, yjs has %x", h.Seed, got, h.State)
			}
			if got := d.State().Encode(); !bytes.Equal(got, h.Vector) {
				t.Errorf("seed %d: state vector %x, yjs has %x", h.Seed, got, h.Vector)
			}
			if got := d.Text("text").String(); got != h.Text {
				t.Errorf("seed %d: text %q, yjs has %q", h.Seed, got, h.Text)
			}
		}
		fresh := New(3, Limits{})
		if _, err := fresh.Apply(h.State); err != nil {
			t.Fatal(err)
		}
		check(t, fresh)
		if got := fresh.EncodeState(nil); !bytes.Equal(got, h.State) {
			t.Errorf("seed %d: a state loaded and encoded differs", h.Seed)
		}
	}
}

// TestRefusedUpdatesLeaveNoTrace: every update is first integrated and then
// given up, and applied without those before it.
func TestRefusedUpdatesLeaveNoTrace(t *testing.T) {
	giveUp := errors.New("give up")
	for _, h := range golden(t) {
		doc := New(1, Limits{})
		for i, update := range h.Updates {
			before := doc.EncodeState(nil)
			r := reader{b: update}
			sections, _ := readSections(&r)
			deletes, _ := readDeleteSet(&r)
			tx := doc.begin(1 << 30)
			in := incoming{Tx: tx, update: update, sections: sections}
			if err := in.integrateAll(); err != nil {
				t.Fatal(err)
			}
			if err := tx.applyDeletes(deletes); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.end(giveUp); !errors.Is(err, giveUp) {
				t.Fatal(err)
			}
			check(t, doc)
			if after := doc.EncodeState(nil); !bytes.Equal(before, after) {
				t.Fatalf("seed %d, update %d given up: %x became %x", h.Seed, i, before, after)
			}
			if _, err := doc.Apply(update); err != nil {
				t.Fatal(err)
			}
		}
		if got := doc.EncodeState(nil); !bytes.Equal(got, h.State) {
			t.Errorf("seed %d: state differs", h.Seed)
		}
	}
}

func TestMissing(t *testing.T) {
	var missing int
	for _, h := range golden(t) {
		for skip := range h.Updates {
			doc := New(1, Limits{})
			for i, update := range h.Updates {
				if i == skip {
					continue
				}
				before := doc.EncodeState(nil)
				_, err := doc.Apply(update)
				if err == nil {
					continue
				}
				missing++
				if !errors.Is(err, ErrMissing) {
					t.Fatalf("got %v, want ErrMissing", err)
				}
				if after := doc.EncodeState(nil); !bytes.Equal(before, after) {
					t.Fatalf("an update that misses something changed %x to %x", before, after)
				}
			}
			check(t, doc)
			// What sync step 1 is answered with repairs it.
			full := New(2, Limits{})
			if _, err := full.Apply(h.State); err != nil {
				t.Fatal(err)
			}
			if _, err := doc.Apply(full.EncodeState(doc.State())); err != nil {
				t.Fatal(err)
			}
			if got := doc.Text("text").String(); got != h.Text {
				t.Errorf("got %q after sync, want %q", got, h.Text)
			}
		}
	}
	if missing == 0 {
		t.Error("no update missed anything")
	}
}
