package rooms

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

const datagramSize = 1100

// TestLossyClientsHoldWhatTheServerHas: at each tick that a client has applied
// completely it holds what the server had (farClient compares hashes), events
// come with their rows, and when the room falls quiet all of it arrives.
func TestLossyClientsHoldWhatTheServerHas(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var links []link
		for range rapid.IntRange(1, 4).Draw(rt, "clients") {
			links = append(links, link{
				loss:   rapid.SampledFrom([]float64{0, 0.01, 0.05, 0.2, 0.5}).Draw(rt, "loss"),
				dup:    rapid.SampledFrom([]float64{0, 0.02, 0.3}).Draw(rt, "dup"),
				delay:  rapid.IntRange(0, 4).Draw(rt, "delay"),
				jitter: rapid.IntRange(0, 3).Draw(rt, "jitter"),
				size:   rapid.SampledFrom([]int{120, 300, datagramSize}).Draw(rt, "size"),
			})
		}
		rig := newFarRig(t, meadowMode{moving: true, births: true, scores: true, gold: true}, nil, links...)
		for range 6 {
			rig.step(rapid.IntRange(1, 60).Draw(rt, "ticks"))
			rig.mode.moving = rapid.Bool().Draw(rt, "moving")
			rig.mode.text = strings.Repeat("x", rapid.SampledFrom([]int{0, 5, 900}).Draw(rt, "text"))
		}
		*rig.mode = meadowMode{}
		rig.step(240)
		rig.converged()
		for i, c := range rig.clients {
			if len(c.waiting) > 0 || c.closed != 0 {
				rt.Errorf("client %d (%+v) still waits with %d messages; closed with %v", i, c.link, len(c.waiting), c.closed)
			}
		}
	})
}

func TestAQuietRoomSendsOnceASecond(t *testing.T) {
	rig := newFarRig(t, meadowMode{}, nil, link{size: datagramSize, delay: 2})
	rig.step(40)
	c := rig.clients[0]
	before := c.sentLossy
	rig.step(200)
	if sent := c.sentLossy - before; sent != 10 {
		t.Errorf("%d frames were sent in ten quiet seconds", sent)
	}
	if c.keys != 1 {
		t.Errorf("%d keyframes", c.keys)
	}
}

func TestALostChangeIsSentUntilItArrives(t *testing.T) {
	rig := newFarRig(t, meadowMode{}, nil, link{size: datagramSize, delay: 2})
	c := rig.clients[0]
	rig.step(41) // the next pulse is far
	c.cut = true
	rig.mode.moving = true
	rig.step(1)
	rig.mode.moving = false
	before := c.sentLossy
	rig.step(8)
	if sent := c.sentLossy - before; sent != 8 {
		t.Errorf("%d frames were sent in 8 ticks for a client that misses a change", sent)
	}
	c.cut = false
	rig.step(3)
	rig.converged()
	rig.step(2)
	before = c.sentLossy
	rig.step(4)
	if sent := c.sentLossy - before; sent != 0 {
		t.Errorf("%d frames were sent for a client that has everything", sent)
	}
}

func TestAnAcknowledgementIsSentUntilItArrives(t *testing.T) {
	rig := newFarRig(t, meadowMode{}, nil, link{size: datagramSize})
	c := rig.clients[0]
	rig.step(41)
	named := uint32(rig.run.room.now) + 1
	if err := c.seat.Command(named, 0, payloadOf(t, push{})); err != nil {
		t.Fatal(err)
	}
	c.cut = true
	rig.step(3)
	c.cut = false
	rig.step(2)
	if c.ack != named {
		t.Errorf("the command of tick %d was used, the client knows of %d", named, c.ack)
	}
}

func TestAMessageBringsAFrame(t *testing.T) {
	rig := newFarRig(t, meadowMode{}, func(g *Game[meadow, struct{}]) {
		g.Tick = func(_ *meadow, ctx *Ctx) {
			if ctx.Tick() == 50 {
				ctx.Broadcast("hello", nil)
			}
		}
	}, link{size: datagramSize})
	rig.step(49)
	c := rig.clients[0]
	if c.shown >= 49 {
		t.Fatal("frames come in a quiet room")
	}
	rig.step(1)
	if c.shown != 50 || len(c.waiting) != 0 {
		t.Errorf("a message of tick 50 waits: tick %d is applied", c.shown)
	}
}

func TestOwnerColumnsAreNeverLost(t *testing.T) {
	rig := newFarRig(t, meadowMode{gold: true}, nil, link{size: datagramSize, loss: 0.5, delay: 1, jitter: 2})
	rig.step(100)
	rig.mode.gold = false
	rig.step(40)
	c := rig.clients[0]
	view, err := state.ViewOf[mover](c.mirror, "Movers")
	if err != nil {
		t.Fatal(err)
	}
	held, _ := view.Get(c.seat.Player())
	if want, _ := rig.world.Movers.Get(c.seat.Player()); held.Gold != want.Gold {
		t.Errorf("the owner holds %d gold, want %d", held.Gold, want.Gold)
	}
	for i, at := range c.owners[1:] {
		if at != c.owners[i]+1 {
			t.Fatalf("an owner section of tick %d follows that of %d", at, c.owners[i])
		}
	}
}

func TestFramesAreSplitToDatagrams(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true, births: true}, nil, link{size: 150, delay: 1})
	rig.mode.crowd = 100
	rig.step(60)
	c := rig.clients[0]
	if c.split < 4 || c.wholes != 0 || c.lossy < 50 {
		t.Errorf("%d parts at most, %d whole frames, %d complete ones", c.split, c.wholes, c.lossy)
	}
}

// TestAGiantRowTakesTheReliableLane: it is sent once, and later frames start
// from it.
func TestAGiantRowTakesTheReliableLane(t *testing.T) {
	rig := newFarRig(t, meadowMode{}, nil, link{size: 200, delay: 3, loss: 0.05})
	rig.step(45)
	rig.mode.moving, rig.mode.text = true, strings.Repeat("giant", 100)
	rig.step(100)
	c := rig.clients[0]
	if c.wholes != 1 || c.keys != 1 || c.lossy < 80 {
		t.Errorf("%d whole frames, %d keyframes, %d complete frames", c.wholes, c.keys, c.lossy)
	}
	rig.mode.moving = false
	rig.step(20)
	rig.converged()
}

func TestAGiantRowWaitsForTheOneBefore(t *testing.T) {
	rig := newFarRig(t, meadowMode{}, nil, link{size: 200, delay: 6})
	rig.step(45)
	for i := range 60 {
		rig.mode.text = strings.Repeat(string(rune('a'+i%26)), 500)
		rig.step(1)
	}
	c := rig.clients[0]
	if c.wholes < 3 || c.wholes > 5 {
		t.Errorf("%d giant frames came in 60 ticks, with a round trip of 12", c.wholes)
	}
	rig.step(30)
	rig.converged()
}

func TestReliableTablesComeInOrder(t *testing.T) {
	rig := newFarRig(t, meadowMode{scores: true}, nil, link{size: datagramSize, loss: 0.3, delay: 2})
	rig.step(100)
	c := rig.clients[0]
	if c.sures < 15 || c.sures > 40 {
		t.Errorf("%d frames of reliable tables", c.sures)
	}
	c.blocked = true // the lane is full for a while, then for longer than the ring
	rig.step(20)
	c.blocked = false
	rig.mode.scores = false
	rig.step(10)
	rig.converged()
	rig.mode.scores, c.blocked = true, true
	rig.step(100)
	rig.mode.scores, c.blocked = false, false
	rig.step(10)
	rig.converged()
	if c.keys != 2 {
		t.Errorf("%d keyframes", c.keys)
	}
}

// TestAReliableRoomSendsAChain: no state travels by datagram.
func TestAReliableRoomSendsAChain(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true}, func(g *Game[meadow, struct{}]) { g.Reliable = true }, link{size: datagramSize, delay: 2})
	rig.step(100)
	c := rig.clients[0]
	if c.chained < 50 || c.keys != 1 || c.sentLossy != 0 {
		t.Errorf("%d frames of the chain, %d keyframes, %d datagrams", c.chained, c.keys, c.sentLossy)
	}
}

func TestAKeyframeComesAfterALongSilence(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true, births: true}, nil, link{size: datagramSize, delay: 2}, link{size: datagramSize})
	rig.step(50)
	c := rig.clients[0]
	c.cut, c.mute = true, true
	rig.step(70)
	if c.keys != 2 {
		t.Errorf("%d keyframes came in a silence of 70 ticks", c.keys)
	}
	rig.step(100)
	if c.keys != 2 {
		t.Errorf("%d keyframes came, though the second was not acknowledged", c.keys)
	}
	before := c.sentLossy
	rig.step(1)
	if c.sentLossy != before {
		t.Error("frames are sent to a client that can start from none")
	}
	c.cut, c.mute = false, false
	rig.step(20)
	if now := rig.run.room.now; c.shown < now-4 || c.keys != 3 {
		t.Errorf("tick %d is shown in tick %d, after %d keyframes", c.shown, now, c.keys)
	}
	if other := rig.clients[1]; other.keys != 1 || other.lossy < 200 {
		t.Errorf("its neighbour got %d keyframes and %d frames", other.keys, other.lossy)
	}
}

func TestALossyClientThatAppliesNothingIsClosed(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true}, nil, link{size: datagramSize})
	rig.step(50)
	c := rig.clients[0]
	c.mute = true
	rig.step(int(rig.run.def.hz.Ticks(staleAfter)) - 5)
	if c.closed != 0 {
		t.Fatalf("closed early with %v", c.closed)
	}
	rig.step(10)
	if c.closed != schema.CodeStaleClient {
		t.Errorf("closed with %v", c.closed)
	}
}

func TestALossyClientThatLostItsStateGetsItAgain(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true}, nil, link{size: datagramSize, delay: 2})
	rig.step(50)
	c := rig.clients[0]
	c.told, c.base, c.acks = 0, 0, nil // it says so, then what it said before arrives
	rig.step(1)
	c.told = rig.run.room.now - 2
	rig.step(20)
	if c.keys != 2 {
		t.Errorf("%d keyframes", c.keys)
	}
	if now := rig.run.room.now; c.shown < now-3 {
		t.Errorf("tick %d is shown in tick %d", c.shown, now)
	}
}

// A client that says again and again that it lost its state gets all of it once
// a second, however quickly it says in between that it has it.
func TestKeyframesAreRationed(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true}, nil, link{size: datagramSize})
	rig.step(50)
	c := rig.clients[0]
	before, seconds := rig.run.stats.Keyframes.Load(), 10
	for i := range seconds * int(rig.run.def.hz) {
		c.mute, c.told, c.base = true, 0, 0
		if i%2 == 0 {
			c.told = rig.run.room.now
		}
		rig.step(1)
	}
	got := int(rig.run.stats.Keyframes.Load() - before)
	if got > seconds+1 {
		t.Errorf("%d keyframes in %d s", got, seconds)
	}
	if got < seconds/2 {
		t.Errorf("%d keyframes in %d s: one that is needed does not come", got, seconds)
	}
}

// Nor does a client stay that never takes its first frame.
func TestAClientWhoseLaneIsFullIsClosed(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true}, nil, link{size: datagramSize})
	rig.step(50)
	c := rig.clients[0]
	c.told, c.base, c.blocked = 0, 0, true
	c.mute = true
	rig.step(int(rig.run.def.hz.Ticks(staleAfter)) - 5)
	if c.closed != 0 {
		t.Fatalf("closed early with %v", c.closed)
	}
	rig.step(10)
	if c.closed != schema.CodeStaleClient {
		t.Errorf("closed with %v", c.closed)
	}
}

func TestFramesGoOnAfterABudgetIsUsedUp(t *testing.T) {
	rig := newFarRig(t, meadowMode{moving: true}, nil, link{size: datagramSize})
	rig.step(50)
	c := rig.clients[0]
	c.budgetless = true
	rig.mode.moving = true
	rig.step(10)
	c.budgetless, rig.mode.moving = false, false
	rig.step(3)
	rig.converged()
}

func TestTimingTellsTheSmallestMargin(t *testing.T) {
	rig := newFarRig(t, meadowMode{}, nil, link{size: datagramSize})
	c := rig.clients[0]
	stick := payloadOf(t, push{X: 1})
	command := func(ahead int) {
		if err := c.seat.Command(uint32(int(rig.run.room.now)+1+ahead), 0, stick); err != nil {
			t.Fatal(err)
		}
	}
	rig.step(20)
	if len(c.timings) != 0 {
		t.Fatal("a client that sends no commands is told how they come")
	}
	for i := range 20 {
		switch i {
		case 5, 6: // missing
		case 7:
			command(-2)
		default:
			command(3)
		}
		rig.step(1)
	}
	if len(c.timings) != 1 || c.timings[0].Margin() != -2 {
		t.Fatalf("%d reports, margin %d", len(c.timings), c.timings[0].Margin())
	}
	for range 20 {
		command(1)
		rig.step(1)
	}
	if got := c.timings[1]; len(c.timings) != 2 || got.Margin() != 1 || got.Missing() != 0 {
		t.Errorf("margin %d, %d missing", got.Margin(), got.Missing())
	}
	rig.step(40)
	if len(c.timings) != 2 {
		t.Error("reports go on without commands")
	}
}

func payloadOf[M any](t testing.TB, m M) []byte {
	t.Helper()
	record, err := state.RecordOf[M]()
	if err != nil {
		t.Fatal(err)
	}
	return record.Append(nil, &m)
}

// TestPartOverhead: what a State message has around a part's payload.
func TestPartOverhead(t *testing.T) {
	b := schema.NewBuilder()
	for n := range 64 {
		if body := b.StatePart(1<<31, 63, 254, 255, make([]byte, n)); len(body)-n > partOverhead {
			t.Errorf("a payload of %d bytes makes a body of %d: partOverhead is too small", n, len(body))
		}
	}
}
