package client

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// A prediction that starts from a rounded row finds the server's exact value
// bit by bit, and is not corrected on the way.
func TestRoundedStartSettles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		server := walker{X: rapid.Float32Range(-9, 9).Draw(t, "x"), Aim: rapid.Float32Range(-3, 3).Draw(t, "aim"), HP: 100}
		p := detachedPredictor()
		p.reconcile(0, sent(server), true)
		first := math.Abs(float64(p.row.X - server.X))
		for n := tick.Tick(1); n <= 400; n++ {
			m := walk{X: int8(rapid.IntRange(-1, 1).Draw(t, "move"))}
			p.run(n, m)
			stepWalker(&server, m, tick.Rate(30).DT())
			p.reconcile(n, sent(server), true)
			off, turned := math.Abs(float64(p.row.X-server.X)), math.Abs(turn(float64(p.row.Aim), float64(server.Aim)))
			if off > first+1e-4 || turned > 0.0051 {
				t.Fatalf("tick %d: predicted %+v, server has %+v; at first off by %v", n, p.row, server, first)
			}
		}
		if p.corrected != 0 {
			t.Fatalf("%d corrections", p.corrected)
		}
	})
}

// Only what differs is taken from the server: all else stays exact.
func TestCorrectionLeavesTheRestExact(t *testing.T) {
	p := detachedPredictor()
	row := walker{X: 1.2345, Aim: 0.1234, HP: 7}
	p.reconcile(0, sent(row), true)
	p.base, p.row = row, row
	p.run(1, walk{X: 1})
	want := p.row
	server := sent(want)
	server.HP, want.HP = 3, 3
	p.reconcile(1, server, true)
	if p.row != want {
		t.Errorf("predicted %+v, want %+v", p.row, want)
	}
}

// A player who has stopped, and whose stop comes late, was mispredicted.
func TestStandingStillCanBeWrong(t *testing.T) {
	p := detachedPredictor()
	p.reconcile(0, walker{X: 1, HP: 100}, true)
	p.run(1, walk{X: 1})
	p.run(2, walk{X: -1}) // to speed 0
	server := sent(p.row)
	p.reconcile(2, server, true)
	p.run(3, walk{})
	server.X += 0.5
	p.reconcile(2, server, true)
	if p.corrected != 1 {
		t.Errorf("%d corrections", p.corrected)
	}
}

func TestSettled(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct{ quant, mine, theirs, want float64 }{
		{0.5, 1.5, 1.0, 1.25},
		{0.5, 0.75, 1.0, 0.75},
		{0.5, 0.5, 1.0, 0.75},
		{0.5, 1.75, 1.0, 1.0},
		{0.5, nan, 1.0, 1.0},
		{0.5, inf, 1.0, 1.0},
		{0, 1.001, 1.0, 1.0},
	} {
		column := schema.Column{Kind: schema.Float32, Quant: c.quant}
		if got := settled(column, c.mine, c.theirs); got != c.want {
			t.Errorf("step %v: from %v and the server's %v to %v, want %v", c.quant, c.mine, c.theirs, got, c.want)
		}
	}
	angle := schema.Column{Kind: schema.Float32, Quant: 0.5, Flags: schema.Angle}
	if got := settled(angle, 3, -3); math.Abs(got - -3.25) > 1e-9 { // the short way is 0.28 on
		t.Errorf("an angle goes to %v", got)
	}
}
