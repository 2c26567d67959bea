package yjs

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"
)

// TestEditsAgainstModel: a lone document does what a Go map, slice and string do.
func TestEditsAgainstModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := New(1, Limits{})
		m, a, s := map[string]any{}, []any{}, []uint16{}
		edits := rapid.SliceOfN(rapid.IntRange(0, 5), 1, 30).Draw(t, "edits")
		_, err := d.Transact(func(tx *Tx) error {
			for i, e := range edits {
				n := rapid.IntRange(0, 9).Draw(t, "n")
				key, value := fmt.Sprint("k", n), fmt.Sprint("v", i)
				var err error
				switch e {
				case 0:
					m[key], err = value, d.Map("m").Set(tx, key, value)
				case 1:
					delete(m, key)
					err = d.Map("m").Delete(tx, key)
				case 2:
					at := n % (len(a) + 1)
					a, err = slices.Insert(a, at, any(value), any(float64(i))), d.Array("a").Insert(tx, at, value, i)
				case 3:
					if at := min(n, len(a)); at < len(a) {
						a, err = slices.Delete(a, at, at+1), d.Array("a").Delete(tx, at, 1)
					}
				case 4:
					at := n % (len(s) + 1)
					s, err = slices.Insert(s, at, utf16.Encode([]rune(value))...), d.Text("t").Insert(tx, at, value)
				case 5:
					if to := min(n+2, len(s)); n < to {
						s, err = slices.Delete(s, n, to), d.Text("t").Delete(tx, n, to-n)
					}
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		read := map[string]any{}
		for _, key := range d.Map("m").Keys() {
			read[key], _ = d.Map("m").Get(key)
		}
		if !reflect.DeepEqual(read, m) {
			t.Fatalf("map %v, want %v", read, m)
		}
		if got := d.Array("a").Values(); len(got) != len(a) || len(a) > 0 && !reflect.DeepEqual(got, a) {
			t.Fatalf("array %v, want %v", got, a)
		}
		if got := d.Text("t").String(); got != string(utf16.Decode(s)) {
			t.Fatalf("text %q, want %q", got, string(utf16.Decode(s)))
		}
	})
}

// TestReplicasConverge: documents that have seen the same updates, each in its
// own order, are equal.
func TestReplicasConverge(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		replicas := []*Doc{New(1, Limits{}), New(2, Limits{}), New(3, Limits{})}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			from := replicas[rapid.IntRange(0, 2).Draw(rt, "who")]
			if rapid.Bool().Draw(rt, "sync") {
				to := replicas[rapid.IntRange(0, 2).Draw(rt, "to")]
				if _, err := to.Apply(from.EncodeState(to.State())); err != nil {
					rt.Fatal(err)
				}
				check(t, to)
				continue
			}
			_, err := from.Transact(func(tx *Tx) error {
				text, m := from.Text("t"), from.Map("m")
				n := rapid.IntRange(0, text.Len()).Draw(rt, "at")
				if rapid.Bool().Draw(rt, "delete") {
					return text.Delete(tx, n, min(2, text.Len()-n))
				}
				if err := m.Set(tx, rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "key"), n); err != nil {
					return err
				}
				return text.Insert(tx, n, rapid.SampledFrom([]string{"x", "yz", "ü"}).Draw(rt, "text"))
			})
			if err != nil {
				rt.Fatal(err)
			}
		}
		for range 2 {
			for _, from := range replicas {
				for _, to := range replicas {
					if _, err := to.Apply(from.EncodeState(to.State())); err != nil {
						rt.Fatal(err)
					}
				}
			}
		}
		// Loaded afresh: items may be split differently in the replicas.
		var states [][]byte
		for _, d := range replicas {
			check(t, d)
			states = append(states, []byte(fmt.Sprint(d.Text("t").String(), d.Map("m").n.attributes(), d.State(), deletions(d))))
		}
		if !bytes.Equal(states[0], states[1]) || !bytes.Equal(states[1], states[2]) {
			rt.Fatalf("replicas differ:\n%s\n%s\n%s", states[0], states[1], states[2])
		}
	})
}

func deletions(d *Doc) map[uint64][]clocks {
	all := map[uint64][]clocks{}
	for _, l := range d.logs {
		all[l.client] = l.deletions()
	}
	return all
}

// TestManyKeys: as many that their strings cannot all be shared.
func TestManyKeys(t *testing.T) {
	d, follower := New(1, Limits{}), New(2, Limits{})
	update, err := d.Transact(func(tx *Tx) error {
		for i := range 2000 {
			if err := d.Map("m").Set(tx, fmt.Sprint("key", i), i); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		_, err = follower.Apply(update)
	}
	if err != nil {
		t.Fatal(err)
	}
	check(t, follower)
	for i := range 2000 {
		if got, _ := follower.Map("m").Get(fmt.Sprint("key", i)); got != float64(i) {
			t.Fatalf("key %d is %v", i, got)
		}
	}
}

// TestAnyValues: what Go writes it reads again.
func TestAnyValues(t *testing.T) {
	for _, v := range []any{
		nil, true, false, 0.0, 1.0, -1.0, 63.0, 64.0, -64.0, 2147483647.0, -2147483648.0, 1e300, 0.5, 0.1,
		"", "é🎉", []byte{0, 255}, int64(-5), Undefined{},
		[]any{1.0, "x", nil, []any{}}, map[string]any{"a": 1.0, "b": map[string]any{}},
	} {
		raw, err := appendAny(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		r := reader{b: raw}
		r.any()
		if err := r.done("value"); err != nil {
			t.Errorf("%v: %v", v, err)
		}
		if got := decodeAny(raw); !reflect.DeepEqual(got, v) {
			t.Errorf("%v came back as %v", v, got)
		}
	}
	if _, err := appendAny(nil, struct{}{}); err == nil {
		t.Error("a struct was stored")
	}
}
