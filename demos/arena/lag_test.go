package arena

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/roomstest"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

const (
	roundTrip     = 250 * time.Millisecond
	interpolation = 100 * time.Millisecond
	ahead         = 1 // ticks that commands are to come early
)

// TestABadLineHitsWhatItSees: with 250 ms of round trip a shooter that aims at
// where it sees a strafing target hits 8 times of 8; one whose client does not
// say what it draws, never.
func TestABadLineHitsWhatItSees(t *testing.T) {
	for name, want := range map[string]int{"sniper": 8, "mute sniper": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				shots, hits := crossings(t, name == "sniper", 8)
				if shots != 8 || hits != want {
					t.Errorf("%d hits of %d shots, want %d", hits, shots, want)
				}
			})
		})
	}
}

// The range: the target runs along y = targetY, the sniper stands beside the
// middle of its way.
const (
	targetY, sniperX, sniperY = 3, 32, 5.7
	leftEnd, rightEnd         = 23, 41
)

// rangeGame is the arena with two fighters on the range, who do not die.
func rangeGame(shots, hits *int) rooms.Game[World, Profile] {
	g := Game()
	g.Join = func(w *World, ctx *rooms.Ctx, p *rooms.Player, f Profile) {
		w.join(ctx, p, f)
		row := w.Players.Edit(p.ID)
		row.X, row.Y, row.Safe = sniperX, sniperY, false
		if f.Name == "target" {
			row.X, row.Y = leftEnd, targetY
		}
	}
	g.Tick = func(w *World, ctx *rooms.Ctx) {
		w.tick(ctx)
		for id := range w.Players.IDs() {
			row := w.Players.Edit(id)
			if row.Name == "target" && row.HP < health {
				row.HP = health
				*hits++
			}
			if row.Cool == coolTicks {
				*shots++
			}
		}
	}
	return g
}

// crossings lets the target run up and down until the sniper has shot n times.
func crossings(t *testing.T, says bool, n int) (shots, hits int) {
	kind := rooms.Define("arena", rangeGame(&shots, &hits))
	scheduler := tick.NewScheduler(tick.SchedulerConfig{Loops: 1})
	registry, err := rooms.NewRegistry(rooms.Config{Kinds: []rooms.Kind{kind}, Scheduler: scheduler, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	target, sniper := newLine(t, 0, says), newLine(t, roundTrip, says)
	target.join(registry, "target")
	sniper.join(registry, "sniper")
	frame := time.NewTicker(hz.Period())
	defer frame.Stop()
	way, shot := int8(fullStick), 0
	for end := time.Now().Add(time.Minute); shot < n && time.Now().Before(end); {
		<-frame.C
		synctest.Wait()
		me, ok := target.sees("target", 0)
		if !ok {
			continue
		}
		if me.X > rightEnd && way > 0 || me.X < leftEnd && way < 0 {
			way = -way
		}
		target.command(Move{X: way})
		seen, ok := sniper.sees("target", interpolation)
		before, old := sniper.sees("target", interpolation+hz.Period())
		crosses := ok && old && (before.X < sniperX) != (seen.X < sniperX)
		if crosses {
			shot++
		}
		sniper.command(Move{Aim: tick.Atan2(seen.Y-sniperY, seen.X-sniperX), Fire: crosses})
	}
	time.Sleep(time.Second) // in virtual time: the last shot flies
	synctest.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := registry.Close(ctx); err != nil {
		t.Error(err)
	}
	scheduler.Close()
	return shots, hits
}

// TestABulletCatchesUp: it is as far as its row says, from the tick in which
// it was fired.
func TestABulletCatchesUp(t *testing.T) {
	for _, lag := range []time.Duration{0, 50 * time.Millisecond, 210 * time.Millisecond, 400 * time.Millisecond} {
		room := roomstest.New(t, Game(), alone)
		by := room.Join("by", nil)
		room.Lag(by, lag)
		room.Step(30)
		room.Send(by, Move{Aim: freeAim(player(t, room.World, by)), Fire: true})
		room.Step(1)
		if room.World.Bullets.Len() != 1 {
			t.Fatalf("%v: %d bullets", lag, room.World.Bullets.Len())
		}
		fired := room.Tick()
		for _, b := range room.World.Bullets.All() {
			past := uint32(hz.Ticks(lag))
			if b.Fired != uint32(fired)-past {
				t.Errorf("%v: a bullet of tick %d flies since %d", lag, fired, b.Fired)
			}
			if want := float32(past+1) * bulletSpeed / float32(hz); b.Flown < want*0.99 || b.Flown > want*1.01 {
				t.Errorf("%v: it has flown %v metres, want %v", lag, b.Flown, want)
			}
		}
	}
}

// freeAim is a direction in which no wall is near.
func freeAim(p Player) float32 {
	for aim := float32(-3); aim < 3; aim += 0.25 {
		sin, cos := tick.SinCos(aim)
		if sees(p.X, p.Y, p.X+float32(cos*20), p.Y+float32(sin*20), bulletSize) {
			return aim
		}
	}
	return 0
}

// TestTheDeadAreNotHitInThePast: a shot that comes from a bad line finds
// nobody where somebody died since.
func TestTheDeadAreNotHitInThePast(t *testing.T) {
	room, by, of := duel(t)
	room.Lag(by, 400*time.Millisecond)
	aimAt(t, room, by, of)
	for player(t, room.World, of).HP > 0 {
		room.Step(1)
	}
	room.Step(ticks(respawnTime) - 1)
	if victim := player(t, room.World, of); victim.HP != 0 || victim.Deaths != 1 {
		t.Errorf("the dead one: %+v", victim)
	}
	if kills := player(t, room.World, by).Kills; kills != 1 {
		t.Errorf("%d kills of one", kills)
	}
}

// plainConn is what a rooms.Conn does that has no unreliable lane and sends at
// once.
type plainConn struct{}

func (plainConn) Datagram(schema.Header, []byte) bool { return false }
func (plainConn) DatagramSize() int                   { return 0 }
func (plainConn) Base() uint32                        { return 0 }
func (plainConn) Flush()                              {}
func (plainConn) Done()                               {}

// line is a client with a round trip: a rooms.Conn that gets and sends all half
// of it late.
type line struct {
	plainConn
	t         *testing.T
	roundTrip time.Duration
	says      bool // what it draws, with its commands
	seat      *rooms.Seat
	mirror    *state.Mirror
	players   *state.View[Player]

	mu      sync.Mutex // guards what follows
	begun   time.Time  // when the first frame came
	first   tick.Tick  // its tick
	shown   []drawn    // newest last
	applied uint32     // what the server knows
}

// drawn is the fighters as of a tick.
type drawn struct {
	at      tick.Tick
	players map[string]Player
}

func newLine(t *testing.T, roundTrip time.Duration, says bool) *line {
	return &line{t: t, roundTrip: roundTrip, says: says}
}

func (l *line) join(registry *rooms.Registry, name string) {
	seat, err := registry.Reserve(context.Background(), rooms.JoinRequest{Kind: "arena", User: auth.User{ID: name, Name: name}, RawOptions: []byte(`{"fighters": 1}`)})
	if err != nil {
		l.t.Fatal(err)
	}
	l.seat = seat
	if err := seat.Enter(l); err != nil {
		l.t.Fatal(err)
	}
}

// clock is the tick that the newest frame is of, with its fraction: frames
// come at an even pace.
func (l *line) clock() float64 {
	return float64(l.first) + time.Since(l.begun).Seconds()*float64(hz)
}

// sees gives a fighter as it is drawn, some time behind the newest frame.
func (l *line) sees(name string, behind time.Duration) (p Player, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun.IsZero() {
		return p, false
	}
	at := l.clock() - behind.Seconds()*float64(hz)
	for i := len(l.shown) - 1; i >= 0; i-- {
		older := l.shown[i]
		if float64(older.at) > at {
			continue
		}
		p, ok = older.players[name]
		if i+1 < len(l.shown) {
			newer := l.shown[i+1]
			part := float32((at - float64(older.at)) / float64(newer.at-older.at))
			p.X += float32(part * (newer.players[name].X - p.X))
			p.Y += float32(part * (newer.players[name].Y - p.Y))
		}
		return p, ok
	}
	return p, false
}

// command sends a command so that it comes early enough, with what is drawn.
func (l *line) command(m Move) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun.IsZero() {
		return
	}
	now := l.clock()
	named := uint32(now+l.roundTrip.Seconds()*float64(hz)) + 1 + ahead
	seen := uint32((now - interpolation.Seconds()*float64(hz)) * 256)
	payload, applied := encode(l.t, m), uint32(l.shown[len(l.shown)-1].at)
	l.later(func() {
		l.mu.Lock()
		l.applied = applied
		l.mu.Unlock()
		if l.says {
			l.seat.Saw(named, seen)
		}
		if err := l.seat.Command(named, 0, payload); err != nil {
			l.t.Error(err)
		}
	})
}

// later does what a packet does that takes half the round trip.
func (l *line) later(arrive func()) { time.AfterFunc(l.roundTrip/2, arrive) }

// Frame implements rooms.Conn.
func (l *line) Frame(head schema.Header, body []byte) bool {
	body = append([]byte(nil), body...)
	l.later(func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		m := fb.GetRootAsState(body, 0)
		if err := l.mirror.ApplyFrame(m.PayloadBytes(), head.Flags&schema.FlagKeyframe != 0); err != nil {
			l.t.Error(err)
		}
		d := drawn{tick.Tick(m.Tick()), make(map[string]Player)}
		for _, p := range l.players.All() {
			d.players[p.Name] = p
		}
		l.shown = append(l.shown, d)
		if l.begun.IsZero() {
			l.begun, l.first = time.Now(), d.at
		}
	})
	return true
}

// Message implements rooms.Conn.
func (l *line) Message(head schema.Header, body []byte) {
	if head.Kind != schema.KindJoined {
		return
	}
	described, err := schema.ReadSchema(fb.GetRootAsJoined(body, 0).Schema(nil))
	if err != nil {
		l.t.Error(err)
	}
	l.mirror = state.NewMirror(described)
	if l.players, err = state.ViewOf[Player](l.mirror, "Players"); err != nil {
		l.t.Error(err)
	}
}

// Applied implements rooms.Conn.
func (l *line) Applied() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.applied
}

// RTT implements rooms.Conn.
func (l *line) RTT() time.Duration { return l.roundTrip }

// Close implements rooms.Conn.
func (l *line) Close(code schema.Code, text string) { l.t.Errorf("closed with %v: %s", code, text) }
