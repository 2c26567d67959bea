package client

import (
	"context"
	"testing"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
)

// A server that keeps leaving changes out is asked again more and more rarely,
// and at once when it has done well in between.
func TestGapsAreRepairedWithPauses(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		b := s.boarded(s.connect(Options{Reconnect: Reconnect{Max: 2 * time.Second}}), box("a", 1))
		s.drain()
		gap := func(from uint64) (entered time.Duration) {
			t.Helper()
			begin := time.Now()
			s.changes(from, from+1, 0, nil, "x")
			s.changes(from+1, from+2, 0, nil, "x") // more of it changes nothing
			for {
				if head, _, ok := s.peek(); ok && head.Kind == schema.KindLeave {
					break
				}
				if time.Since(begin) > time.Minute {
					t.Fatal("never entered again")
				}
				time.Sleep(time.Millisecond)
			}
			entered = time.Since(begin)
			s.boarding(schema.OpenedInfo{Seq: 1})
			s.changes(0, 1, schema.DeltaSnapshot, []string{box("a", 1)})
			s.drain()
			return entered
		}
		if first := gap(5); first > 0 {
			t.Errorf("entered again after %v, want at once", first)
		}
		var pauses time.Duration
		for range 20 {
			pauses += gap(5)
		}
		if pauses < 2*time.Second {
			t.Errorf("entered 20 times again within %v", pauses)
		}
		s.changes(1, 2, 0, []string{box("b", 2)})
		if later := gap(9); later > 0 {
			t.Errorf("entered again after %v, want at once: a change had followed", later)
		}
		wantBoard(t, "at the end", b, "a@1")
	})
}

// Rows of fields that only the descriptor names are shown and cast.
func TestRowsAreShown(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		type nothing struct{}
		p := opens(s, func(ctx context.Context) (*Presence[nothing], error) {
			return OpenPresence(ctx, s.connect(Options{}), "cursors/lobby", nothing{})
		}, func() { s.meet(7) })
		if err := p.ShowRow(s.pointerRow(pointer{Name: "Ada", X: 3})); err != nil {
			t.Fatal(err)
		}
		s.wantShow("a row", shown{"Name": "Ada", "X": 3.0}, "")
		s.crowd(true, wire.AppendEnter(nil, 9, "bob", "", s.pointerRow(pointer{Name: "Bob"})))
		if rows := p.Rows(); string(rows[9]) != string(s.pointerRow(pointer{Name: "Bob"})) {
			t.Errorf("rows %v", rows)
		}
		if err := p.ShowRow(value.Row{1}); err == nil {
			t.Error("shows a row that is none")
		}
	})
}
