package yjs

import (
	"errors"
	"slices"
	"testing"
	"time"
)

func TestAwarenessClocks(t *testing.T) {
	start := time.Unix(1000, 0)
	state, other := []byte(`{"name":"Ann"}`), []byte(`{"name":"Bob"}`)
	steps := []struct {
		name          string
		update        []byte
		shown, gone   []uint64
		answer        []byte
		state7        string
		broadcastNone bool
	}{
		{name: "first state", update: EncodeAwareness(7, 3, state), shown: []uint64{7}, answer: EncodeAwareness(7, 3, nil), state7: string(state)},
		{name: "same clock again", update: EncodeAwareness(7, 3, other), state7: string(state), broadcastNone: true},
		{name: "older clock", update: EncodeAwareness(7, 2, other), state7: string(state), broadcastNone: true},
		{name: "renewal", update: EncodeAwareness(7, 4, state), shown: []uint64{7}, state7: string(state)},
		{name: "removal at an older clock", update: EncodeAwareness(7, 3, nil), state7: string(state), broadcastNone: true},
		{name: "removal at the same clock", update: EncodeAwareness(7, 4, nil), gone: []uint64{7}},
		{name: "removal again", update: EncodeAwareness(7, 4, nil), broadcastNone: true},
		{name: "return with the old clock", update: EncodeAwareness(7, 4, other), answer: EncodeAwareness(7, 4, nil), broadcastNone: true},
		{name: "return with a higher one", update: EncodeAwareness(7, 5, other), shown: []uint64{7}, state7: string(other)},
		{name: "first state at clock 0", update: EncodeAwareness(4, 0, other), state7: string(other), answer: EncodeAwareness(4, 0, nil), broadcastNone: true},
		{name: "removal of a stranger", update: EncodeAwareness(8, 9, nil), state7: string(other), broadcastNone: true},
	}
	a := NewAwareness(AwarenessLimits{})
	for _, s := range steps {
		c, err := a.Apply(s.update, start)
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		if !slices.Equal(c.Shown, s.shown) || !slices.Equal(c.Removed, s.gone) || (c.Broadcast == nil) != s.broadcastNone {
			t.Errorf("%s: %+v", s.name, c)
		}
		if !slices.Equal(c.Answer, s.answer) {
			t.Errorf("%s: answer %q, want %q", s.name, c.Answer, s.answer)
		}
		if got := string(a.State(7)); got != s.state7 {
			t.Errorf("%s: state %s, want %s", s.name, got, s.state7)
		}
	}
}

func TestAwarenessEnds(t *testing.T) {
	start := time.Unix(1000, 0)
	a := NewAwareness(AwarenessLimits{Clients: 2, StateBytes: 10})
	for client := uint64(1); client <= 2; client++ {
		if _, err := a.Apply(EncodeAwareness(client, 1, []byte("{}")), start.Add(time.Duration(client)*10*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.Apply(EncodeAwareness(3, 1, []byte("{}")), start); !errors.Is(err, ErrCrowded) {
		t.Errorf("third of two: %v", err)
	}
	if _, err := a.Apply(EncodeAwareness(1, 2, []byte(`"long enough"`)), start); !errors.Is(err, ErrTooLarge) {
		t.Errorf("long state: %v", err)
	}
	if _, err := a.Apply(EncodeAwareness(1, 2, []byte("{")), start); !errors.Is(err, ErrMalformed) {
		t.Errorf("no JSON: %v", err)
	}
	if got := a.Expire(start.Add(40 * time.Second)); !slices.Equal(got, EncodeAwareness(1, 1, nil)) {
		t.Errorf("expired: %q", got)
	}
	if got := a.Remove(start, 1, 2, 3); !slices.Equal(got, EncodeAwareness(2, 1, nil)) {
		t.Errorf("removed: %q", got)
	}
	if a.Encode() != nil || len(a.Clients()) != 0 {
		t.Error("somebody is left")
	}
}

// TestAwarenessForgets: who comes and goes under ever new numbers takes no more
// memory than the limit.
func TestAwarenessForgets(t *testing.T) {
	a := NewAwareness(AwarenessLimits{Clients: 10})
	for client := range uint64(1000) {
		for i := range uint64(2) {
			state := [][]byte{[]byte("{}"), nil}[i]
			if _, err := a.Apply(EncodeAwareness(client, 1+i, state), time.Unix(int64(client), 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(a.clients) > 50 {
		t.Errorf("%d clients are remembered", len(a.clients))
	}
}

func TestMessages(t *testing.T) {
	for kind := SyncStep1; kind <= AuthDenied; kind++ {
		m := Message{Kind: kind, Payload: []byte("payload")}
		if kind == AwarenessQuery {
			m.Payload = nil
		}
		got, err := ParseMessage(m.Append(nil))
		if err != nil || got.Kind != m.Kind || string(got.Payload) != string(m.Payload) {
			t.Errorf("%+v came back as %+v, %v", m, got, err)
		}
	}
	for _, b := range []string{"", "\x04", "\x00\x03\x00", "\x00\x00\x05", "\x01\x00x", "\x02\x01\x00"} {
		if m, err := ParseMessage([]byte(b)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: %+v, %v", b, m, err)
		}
	}
}
