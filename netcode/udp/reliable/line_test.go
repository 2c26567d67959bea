package reliable

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// line is two lanes with a bad network between them, in virtual time.
type line struct {
	err     error // the first that went wrong
	start   time.Time
	ends    [2]*end
	packets []packet
	budget  int // of one Pump
}

// end is a lane and what it has to do with.
type end struct {
	lane   *Lane
	shaper *netsim.Shaper
	sent   [][]byte
	got    int // messages received of the other end's sent
	output int // bytes
	spent  int // bytes that the lane has reported
}

type packet struct {
	at   time.Duration
	to   int
	data []byte
}

func newLine(net netsim.Config, cfg Config) *line {
	l := &line{start: time.Now(), budget: 1 << 20}
	for i := range l.ends {
		e := &end{shaper: netsim.NewShaper(net, uint64(i))}
		c := cfg
		c.Conversation = 7
		c.Output = func(segments []byte) {
			if len(segments) > wire.MaxPlain {
				l.fail("a packet of %d bytes left the lane, the limit is %d", len(segments), wire.MaxPlain)
			}
			e.output += len(segments)
			now := time.Since(l.start)
			for _, delay := range e.shaper.Plan(len(segments), now, nil) {
				l.packets = append(l.packets, packet{now + delay, 1 - i, bytes.Clone(segments)})
			}
		}
		e.lane = New(c)
		l.ends[i] = e
	}
	return l
}

func (l *line) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// send queues a message that says who it is.
func (l *line) send(from, size int) error {
	e := l.ends[from]
	msg := make([]byte, max(size, 4))
	for i := range msg {
		msg[i] = byte(i + len(e.sent))
	}
	binary.LittleEndian.PutUint32(msg, uint32(len(e.sent)))
	err := e.lane.Send(msg[:4], msg[4:])
	if err == nil {
		e.sent = append(e.sent, msg)
	}
	return err
}

// run lets time go by.
func (l *line) run(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
		time.Sleep(time.Millisecond)
		now := time.Since(l.start)
		for {
			i := slices.IndexFunc(l.packets, func(p packet) bool { return p.at <= now })
			if i < 0 {
				break
			}
			p := l.packets[i]
			l.packets = slices.Delete(l.packets, i, i+1)
			l.input(p.to, p.data)
		}
		if now.Milliseconds()%10 != 0 {
			continue
		}
		for _, e := range l.ends {
			if e.lane.Pending() > 0 {
				e.spent += e.lane.Pump(l.budget)
			}
			if e.lane.Busy() {
				e.spent += e.lane.Update()
			}
		}
	}
}

func (l *line) input(to int, data []byte) {
	e, other := l.ends[to], l.ends[1-to]
	if err := e.lane.Input(data, func(msg []byte) error {
		if e.got >= len(other.sent) || !bytes.Equal(msg, other.sent[e.got]) {
			l.fail("end %d received message %d of %d bytes out of order, twice or changed", to, e.got, len(msg))
		}
		e.got++
		return nil
	}); err != nil {
		l.fail("the other end's segments are refused: %v", err)
	}
	clear(data) // the lane must not keep it
}

// done reports whether all has arrived and both lanes are quiet.
func (l *line) done() bool {
	for i, e := range l.ends {
		if e.lane.Busy() || e.got != len(l.ends[1-i].sent) {
			return false
		}
	}
	return true
}

// game is what a run of the property below draws.
type game struct {
	net    netsim.Config
	cfg    Config
	budget int
	moves  []move
}

// move is a message, and the pause behind it.
type move struct {
	from, size int
	pause      time.Duration
}

func drawGame(t *rapid.T) game {
	ms := func(name string, most int) time.Duration {
		return time.Duration(rapid.IntRange(0, most).Draw(t, name)) * time.Millisecond
	}
	g := game{
		net: netsim.Config{
			Loss:    rapid.Float64Range(0, 0.3).Draw(t, "loss"),
			Dup:     rapid.Float64Range(0, 0.2).Draw(t, "duplication"),
			Reorder: rapid.Float64Range(0, 0.3).Draw(t, "reordering"),
			Delay:   ms("delay", 150), Jitter: ms("jitter", 30),
			Seed: rapid.Uint64().Draw(t, "seed"),
		},
		cfg: Config{
			SendWindow:    rapid.IntRange(2, 64).Draw(t, "send window"),
			ReceiveWindow: rapid.IntRange(2, 128).Draw(t, "receive window"),
			MaxPending:    4 << 20,
		},
		budget: rapid.IntRange(wire.MaxPlain, 8000).Draw(t, "budget"),
	}
	size := rapid.OneOf(rapid.IntRange(1, 40), rapid.IntRange(1100, 1200), rapid.IntRange(1, 20000))
	for range rapid.IntRange(1, 60).Draw(t, "messages") {
		g.moves = append(g.moves, move{rapid.IntRange(0, 1).Draw(t, "from"), size.Draw(t, "size"), ms("pause", 50)})
	}
	return g
}

// play runs a game until all has arrived.
func (g game) play() error {
	l := newLine(g.net, g.cfg)
	l.budget = g.budget
	for _, m := range g.moves {
		if err := l.send(m.from, m.size); err != nil {
			return err
		}
		l.run(m.pause)
	}
	for i := 0; i < 1200 && !l.done(); i++ {
		l.run(100 * time.Millisecond)
	}
	for i, e := range l.ends {
		if e.got != len(l.ends[1-i].sent) || e.lane.Busy() || e.lane.Dead() {
			l.fail("two minutes later end %d has %d messages of %d; busy %v, dead %v",
				i, e.got, len(l.ends[1-i].sent), e.lane.Busy(), e.lane.Dead())
		}
		if e.spent += e.lane.Update(); e.spent != e.output {
			l.fail("end %d has reported %d bytes of %d", i, e.spent, e.output)
		}
	}
	return l.err
}

func TestEveryMessageArrivesOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(draw *rapid.T) {
		g := drawGame(draw)
		var err error
		synctest.Test(t, func(*testing.T) { err = g.play() })
		if err != nil {
			draw.Fatal(err)
		}
	})
}

func TestRetransmissionIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(netsim.Config{Delay: 20 * time.Millisecond, Seed: 1}, Config{})
		for range 20 { // learns the round trip
			l.send(0, 10)
			l.run(50 * time.Millisecond)
		}
		l.send(0, 10)
		l.ends[0].lane.Pump(1 << 20)
		l.packets = nil // lost
		l.run(20*time.Millisecond + 40*time.Millisecond + 40*time.Millisecond)
		if l.ends[1].got != 21 {
			t.Errorf("a message that was lost once has not arrived after 2.5 round trips")
		}
	})
}

// TestPumpSendsAtOnce: while earlier messages are on their way, which is always
// on a long line, a new one need not wait for KCP's interval.
func TestPumpSendsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(netsim.Config{Delay: 75 * time.Millisecond, Jitter: 5 * time.Millisecond}, Config{})
		waited := 0
		for i := range 100 {
			l.run(33 * time.Millisecond)
			before := l.ends[0].output
			l.send(0, 10)
			l.ends[0].spent += l.ends[0].lane.Pump(1 << 20)
			if i > 5 && l.ends[0].output == before { // the round trip is known by then
				waited++
			}
		}
		if waited > 5 { // behind acknowledgements that are later than any before
			t.Errorf("%d messages of 100 had to wait", waited)
		}
	})
}

func TestPumpStaysWithinBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(netsim.Config{}, Config{MaxPending: 1 << 20})
		if err := l.send(0, 100_000); err != nil {
			t.Fatal(err)
		}
		lane := l.ends[0].lane
		if spent := lane.Pump(wire.MaxPlain - 1); spent != 0 {
			t.Errorf("%d bytes of a full segment left with a budget of less", spent)
		}
		time.Sleep(10 * time.Millisecond)
		if spent := lane.Pump(3 * wire.MaxPlain); spent != 3*wire.MaxPlain {
			t.Errorf("%d bytes left, the budget allows three full packets", spent)
		}
		time.Sleep(10 * time.Millisecond)
		const windowLeft = 29 // of the 32 segments that KCP sends before it has heard of the peer
		if spent := lane.Pump(1 << 20); spent != windowLeft*wire.MaxPlain {
			t.Errorf("%d bytes left, the window allows %d", spent, windowLeft*wire.MaxPlain)
		}
	})
}

func TestShortMessagesShareAPacket(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(netsim.Config{}, Config{})
		for range 20 {
			l.send(0, 20)
		}
		l.ends[0].lane.Pump(1 << 20)
		if len(l.packets) != 1 || len(l.packets[0].data) != 24+20*21 {
			t.Errorf("20 messages of 20 bytes make %d packets, want 1", len(l.packets))
		}
	})
}

func TestLaneSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(netsim.Config{Delay: 10 * time.Millisecond}, Config{})
		if lane := l.ends[0].lane; lane.Busy() || lane.kcp != nil {
			t.Errorf("an unused lane is busy")
		}
		l.send(0, 10)
		if !l.ends[0].lane.Busy() {
			t.Errorf("a lane with a message to send is not busy")
		}
		l.run(40 * time.Millisecond)
		for i, e := range l.ends {
			if e.lane.Busy() {
				t.Errorf("end %d is busy though all is acknowledged", i)
			}
		}
	})
}

func TestSendBounds(t *testing.T) {
	lane := New(Config{MaxPending: 1000, Output: func([]byte) {}})
	if err := lane.Send(nil, nil); err == nil {
		t.Errorf("an empty message is taken")
	}
	for lane.Send(make([]byte, 8), make([]byte, 92)) == nil {
	}
	if p := lane.Pending(); p > 1000 || p < 850 {
		t.Errorf("%d bytes are queued, the limit is 1000", p)
	}
}

// TestDead also shows that a short cut of the line is no death.
func TestDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(netsim.Config{Loss: 1}, Config{})
		l.run(20 * time.Second)
		l.send(0, 10)
		l.run(9 * time.Second)
		if l.ends[0].lane.Dead() {
			t.Errorf("dead after 9 s")
		}
		l.run(2 * time.Second)
		if !l.ends[0].lane.Dead() {
			t.Errorf("not dead after 11 s")
		}

		l = newLine(netsim.Config{}, Config{})
		l.send(0, 10)
		l.run(50 * time.Millisecond)
		l.run(time.Minute)
		l.send(0, 10)
		l.ends[0].lane.Pump(1000)
		if l.ends[0].lane.Dead() {
			t.Errorf("dead because it was quiet for a minute")
		}
	})
}

// TestWindowOpensAgain fills a receive window behind a hole: the sender learns
// that it is open again without a probe's half second.
func TestWindowOpensAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLine(netsim.Config{}, Config{SendWindow: 32, ReceiveWindow: 4})
		l.send(0, 10)
		l.run(20 * time.Millisecond) // the sender knows of the window now
		l.send(0, 8*segmentSize)
		l.ends[0].lane.Pump(1 << 20)
		if len(l.packets) != 3 { // as told before the first message was read
			t.Fatalf("%d packets leave, the window is 3", len(l.packets))
		}
		l.packets = l.packets[1:]
		l.run(200 * time.Millisecond)
		if l.ends[1].got != 2 {
			t.Errorf("the rest has not arrived after 200 ms")
		}
	})
}

func ExampleLane() {
	var there *Lane
	receive := func(msg []byte) error {
		fmt.Printf("%s\n", msg)
		return nil
	}
	here := New(Config{Conversation: 1, Output: func(segments []byte) { there.Input(segments, receive) }})
	there = New(Config{Conversation: 1, Output: func([]byte) {}}) // its acknowledgements get lost
	here.Send([]byte("hello, "), []byte("peer"))
	here.Pump(1 << 10)
	// Output: hello, peer
}
