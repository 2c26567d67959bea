package yjs

import (
	"bytes"
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
		before := d.EncodeState(nil)
		diff, err := d.Apply(update)
		check(t, d)
		after := d.EncodeState(nil)
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
		for _, key := range m.Keys() {
			m.Get(key)
		}
		d.Array(name).Values()
		d.Text(name).Delta()
		d.XML(name).Children()
	}
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
