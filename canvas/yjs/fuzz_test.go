package yjs

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// FuzzApply: whatever comes, there is no panic, allocation and work are
// bounded, and the document is either as before or sound.
func FuzzApply(f *testing.F) {
	histories := golden(f)
	for _, h := range histories {
		f.Add(h.State, uint8(0))
		for i, update := range h.Updates {
			f.Add(update, uint8(i))
		}
	}
	f.Add(updateOf(9, 0, "\x84\x09\x07\x01x"), uint8(1))
	f.Add(manyWriters(20), uint8(3))
	f.Fuzz(func(t *testing.T, update []byte, history uint8) {
		d := New(1, Limits{Steps: 1 << 12})
		h := histories[int(history)%len(histories)]
		if _, err := d.Apply(h.State); err != nil {
			t.Fatal(err)
		}
		d.Changes()
		before := d.EncodeState(nil)
		diff, err := d.Apply(update)
		check(t, d)
		after := d.EncodeState(nil)
		if (len(d.Changes()) > 0) && diff == nil {
			t.Fatal("nothing was new, but something has changed")
		}
		if err != nil || diff == nil {
			if !bytes.Equal(before, after) {
				t.Fatalf("%v, but it left a trace", err)
			}
			return
		}
		copied := New(2, Limits{})
		if _, err := copied.Apply(h.State); err != nil {
			t.Fatal(err)
		}
		if _, err := copied.Apply(diff); err != nil {
			t.Fatalf("the diff does not apply: %v", err)
		}
		check(t, copied)
		fresh := New(3, Limits{})
		if _, err := fresh.Apply(after); err != nil {
			t.Fatalf("the state does not load: %v", err)
		}
		check(t, fresh)
		readAll(fresh)
	})
}

// FuzzFresh is FuzzApply on documents that only have what was found: small, and
// therefore fast.
func FuzzFresh(f *testing.F) {
	for _, h := range golden(f)[:2] {
		for i := range h.Updates[1:min(len(h.Updates), 20)] {
			f.Add(h.Updates[i], h.Updates[i+1])
		}
	}
	f.Add(updateOf(9, 0, rootItem+"\x05start"), []byte("\x00\x01\x09\x01\x02\x01"))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d, follower := New(1, Limits{Steps: 1 << 10}), New(2, Limits{})
		for _, update := range [][]byte{first, second} {
			diff, err := d.Apply(update)
			check(t, d)
			if err != nil || diff == nil {
				continue
			}
			if _, err := follower.Apply(diff); err != nil {
				t.Fatalf("the diff does not apply: %v", err)
			}
			check(t, follower)
		}
		if a, b := d.EncodeState(nil), follower.EncodeState(nil); !bytes.Equal(a, b) {
			t.Fatalf("the follower differs:\n%x\n%x", a, b)
		}
	})
}

// FuzzApplyCost: allocation alone, on an empty document.
func FuzzApplyCost(f *testing.F) {
	for _, h := range golden(f) {
		f.Add(h.State)
	}
	f.Add(manyWriters(20))
	f.Fuzz(func(t *testing.T, update []byte) {
		got := allocated(func() { _, _ = New(1, Limits{Steps: 1 << 12}).Apply(update) })
		if got > allowed(update) {
			t.Errorf("%d bytes allocated for %d", got, len(update))
		}
	})
}

// readAll reads all roots in all ways.
func readAll(d *Doc) {
	for name := range d.roots {
		m := d.Map(name)
		m.AppendMapJSON(nil)
		for _, key := range m.Keys() {
			m.Get(key)
		}
		d.Array(name).Values()
		d.Text(name).Delta()
		d.XML(name).Children()
	}
}

// FuzzServerEdits: after any update the server can edit what is there, and who
// takes the update of that has the same document.
func FuzzServerEdits(f *testing.F) {
	histories := golden(f)
	for i, h := range histories {
		f.Add(h.State, uint16(i), uint16(3*i))
	}
	f.Fuzz(func(t *testing.T, update []byte, at, what uint16) {
		d, follower := New(1, Limits{Steps: 1 << 12}), New(2, Limits{})
		if _, err := d.Apply(update); err != nil {
			return
		}
		for name := range d.roots {
			// Halves of surrogate pairs diverge, in yjs, too.
			if strings.ContainsFunc(d.Text(name).String(), func(c rune) bool { return c > 0xffff }) {
				return
			}
		}
		if err := follower.Load(d.EncodeState(nil)); err != nil {
			t.Fatal(err)
		}
		diff, err := d.Transact(func(tx *Tx) error { return editAll(tx, int(at), int(what)) })
		check(t, d)
		if err != nil || diff == nil {
			return
		}
		d.Changes()
		if _, err := follower.Apply(diff); err != nil {
			t.Fatalf("the edit does not apply: %v", err)
		}
		check(t, follower)
		if a, b := d.EncodeState(nil), follower.EncodeState(nil); !bytes.Equal(a, b) {
			t.Fatalf("the follower differs:\n%x\n%x", a, b)
		}
	})
}

// editAll edits each root in all ways.
func editAll(tx *Tx, at, what int) error {
	d := tx.doc
	for _, name := range slices.Sorted(maps.Keys(d.roots)) {
		list, text, fragment := d.Array(name), d.Text(name), d.XML(name)
		n := list.Len()
		err := errors.Join(
			d.Map(name).Set(tx, "k", what), d.Map(name).Delete(tx, "k0"),
			list.Delete(tx, at%(n+1), min(what%4, n-at%(n+1))),
			list.Insert(tx, at%(list.Len()+1), what, MapOf{"x": TextOf("y")}),
			text.Insert(tx, what%(text.Len()+1), "z"),
			text.Format(tx, 0, min(what%9, text.Len()), "bold", json.RawMessage("true")),
			fragment.Insert(tx, 0, ElementOf{Name: "p"}),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

// FuzzJSON: what is JSON is stored as what encoding/json reads in it, and the
// rest is refused.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,-2.5e3,"\u00e9",null,true],"b":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		raw, err := appendAny(nil, json.RawMessage(text))
		var want any
		if json.Unmarshal(text, &want) != nil {
			if err == nil {
				t.Fatal("this is no JSON, but was stored")
			}
			return
		}
		if err != nil {
			return // nested too deeply, or no UTF-8
		}
		r := reader{b: raw}
		r.any()
		if err := r.done("value"); err != nil {
			t.Fatal(err)
		}
		if got := decodeAny(raw); !reflect.DeepEqual(got, want) {
			t.Fatalf("stored as %v, want %v", got, want)
		}
		back := reader{b: raw}
		var again any
		if err := json.Unmarshal(back.appendJSON(nil), &again); err != nil || !reflect.DeepEqual(again, want) {
			t.Fatalf("came back as %v, %v", again, err)
		}
	})
}

func FuzzAwareness(f *testing.F) {
	f.Add(EncodeAwareness(7, 3, []byte(`{"a":1}`)), EncodeAwareness(7, 3, nil))
	f.Fuzz(func(t *testing.T, first, second []byte) {
		a := NewAwareness(AwarenessLimits{Clients: 4, StateBytes: 64})
		for _, update := range [][]byte{first, second} {
			c, err := a.Apply(update, time.Unix(1, 0))
			if err != nil {
				continue
			}
			for _, made := range [][]byte{c.Broadcast, c.Answer, a.Encode()} {
				if made == nil {
					continue
				}
				if _, err := NewAwareness(AwarenessLimits{}).Apply(made, time.Unix(1, 0)); err != nil {
					t.Fatalf("made %q: %v", made, err)
				}
			}
		}
		if n := len(a.Clients()); n != a.present || n > 4 {
			t.Fatalf("%d clients, counted %d", n, a.present)
		}
	})
}

func FuzzMessages(f *testing.F) {
	f.Add(Message{SyncStep1, StateVector{1: 2, 3: 4}.Encode()}.Append(nil))
	f.Add(Message{AuthDenied, []byte("no")}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMessage(b)
		if err != nil {
			return
		}
		again, err := ParseMessage(m.Append(nil))
		if err != nil || again.Kind != m.Kind || !bytes.Equal(again.Payload, m.Payload) {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
		if sv, err := ParseStateVector(m.Payload); err == nil {
			if back, err := ParseStateVector(sv.Encode()); err != nil || len(back) != len(sv) {
				t.Fatalf("state vector %v came back as %v, %v", sv, back, err)
			}
		}
	})
}
