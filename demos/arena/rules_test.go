package arena

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms/roomstest"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// alone keeps drones out.
var alone = roomstest.Options(House{Fighters: 1})

func ticks(d time.Duration) int { return int(hz.Ticks(d)) }

func player(t *testing.T, w *World, id state.ID) Player {
	t.Helper()
	p, ok := w.Players.Get(id)
	if !ok {
		t.Fatalf("%v is not in the room", id)
	}
	return p
}

// duel gives a room with two who see each other and are no longer safe.
func duel(t *testing.T) (room *roomstest.Room[World], by, of state.ID) {
	t.Helper()
	room = roomstest.New(t, Game(), alone)
	by, of = room.Join("by", nil), room.Join("of", nil)
	room.Step(ticks(safeTime) + 1)
	lead(t, room, by, func(p Player) (spot, bool) {
		o := player(t, room.World, of)
		return spot{o.X, o.Y}, distance(p.X, p.Y, o.X, o.Y) < 15 && sees(p.X, p.Y, o.X, o.Y, 0.5)
	})
	return room, by, of
}

// aimAt holds the trigger down in the direction of another player.
func aimAt(t *testing.T, room *roomstest.Room[World], by, of state.ID) {
	a, b := player(t, room.World, by), player(t, room.World, of)
	room.Send(by, Move{Aim: turn(0, tick.Atan2(b.Y-a.Y, b.X-a.X)), Fire: true})
}

func TestJoinsUnderACleanName(t *testing.T) {
	room := roomstest.New(t, Game(), alone)
	ada := room.Join("ada", Profile{Name: "  Ada\n\u202e"})
	nobody := room.Join("nobody", Profile{Name: " "})
	if got := player(t, room.World, ada).Name; got != "Ada" {
		t.Errorf("Ada's name is %q", got)
	}
	if got := player(t, room.World, nobody).Name; got != noName {
		t.Errorf("who gave no name is %q", got)
	}
	if _, err := room.TryJoin("mallory", "not an object"); err == nil {
		t.Error("options that are no object were taken")
	}
}

func TestMovesAndStops(t *testing.T) {
	room := roomstest.New(t, Game(), alone)
	ada := room.Join("ada", nil)
	before := player(t, room.World, ada)
	x := int8(fullStick)
	if before.X > width/2 {
		x = -x
	}
	room.Send(ada, Move{X: x})
	room.Step(3)
	moved := player(t, room.World, ada)
	if d := distance(before.X, before.Y, moved.X, moved.Y); d < 0.85 || d > 0.95 {
		t.Errorf("moved %v metres in three ticks, want 0.9", d)
	}
	room.Send(ada, Move{})
	room.Step(3)
	if now := player(t, room.World, ada); now.X != moved.X || now.Y != moved.Y {
		t.Error("went on without a command")
	}
}

func TestFiveHitsKill(t *testing.T) {
	room, by, of := duel(t)
	aimAt(t, room, by, of)
	var before uint8 // bullets before the last tick
	for range ticks(5 * time.Second) {
		before = player(t, room.World, by).Ammo
		room.Step(1)
		if player(t, room.World, of).HP == 0 {
			break
		}
	}
	killer, victim := player(t, room.World, by), player(t, room.World, of)
	if victim.HP != 0 || victim.Deaths != 1 || killer.Kills != 1 || killer.Streak != 1 {
		t.Fatalf("killer %+v, victim %+v", killer, victim)
	}
	if killer.Ammo <= before {
		t.Errorf("a kill brought no bullets: %d were left, now %d", before, killer.Ammo)
	}

	room.Send(by, Move{})
	room.Send(of, Move{X: fullStick})
	room.Step(1)
	if p := player(t, room.World, of); p.X != victim.X || p.HP != 0 {
		t.Error("the dead walk")
	}
	room.Step(ticks(respawnTime))
	if p := player(t, room.World, of); p.HP != health || !p.Safe || p.Ammo != magazine {
		t.Errorf("did not respawn: %+v", p)
	}
}

func TestTheSafeAreNotHit(t *testing.T) {
	room := roomstest.New(t, Game(), alone)
	ada := room.Join("ada", nil)
	if !player(t, room.World, ada).Safe {
		t.Fatal("a new player is not safe")
	}
	room.Send(ada, Move{Fire: true})
	room.Step(1)
	if player(t, room.World, ada).Safe {
		t.Error("shoots and is safe")
	}

	bob := room.Join("bob", nil)
	room.Step(ticks(safeTime))
	if !player(t, room.World, bob).Safe {
		t.Error("safety ended early")
	}
	room.Step(1)
	if player(t, room.World, bob).Safe {
		t.Error("safe for ever")
	}
}

func TestTheGunCoolsDownAndRunsEmpty(t *testing.T) {
	room := roomstest.New(t, Game(), alone)
	ada := room.Join("ada", nil)
	room.Send(ada, Move{Fire: true})
	room.Step(1 + 3*coolTicks)
	if got := player(t, room.World, ada).Ammo; got != magazine-4 {
		t.Errorf("%d bullets are left after four shots", got)
	}
	room.Step(magazine * coolTicks)
	if got := player(t, room.World, ada).Ammo; got > 1 {
		t.Errorf("%d bullets are left", got)
	}
	room.Send(ada, Move{})
	room.Step(2 * trickle * int(hz))
	if got := player(t, room.World, ada).Ammo; got != trickle {
		t.Errorf("an empty gun filled itself up to %d, not %d", got, trickle)
	}
	if n := room.World.Bullets.Len(); n != 0 {
		t.Errorf("%d bullets fly for ever", n)
	}
}

func TestDronesKeepOneCompany(t *testing.T) {
	room := roomstest.New(t, Game())
	ids := []state.ID{room.Join("1", nil)}
	room.Step(1)
	if n := room.World.Drones.Len(); n != fighters-1 {
		t.Fatalf("%d drones are with one player", n)
	}
	for _, user := range []string{"2", "3", "4", "5"} {
		ids = append(ids, room.Join(user, nil))
	}
	room.Step(1)
	if n := room.World.Players.Len(); n != 5 || room.World.Drones.Len() != 0 {
		t.Errorf("%d fighters with five players", n)
	}
	for _, id := range ids {
		room.Leave(id)
	}
	room.Step(1)
	if n := room.World.Players.Len(); n != 0 {
		t.Errorf("%d fighters in an empty room", n)
	}
}

// TestDronesPlayARound lets drones play until the podium and the next round.
func TestDronesPlayARound(t *testing.T) {
	room := roomstest.New(t, Game(), roomstest.Options(House{Fighters: 8}))
	room.Join("idle", nil)
	podium := false
	for range 4 * ticks(roundTime) / 30 {
		room.Step(30)
		for id, p := range room.World.Players.All() {
			if !free(float64(p.X), float64(p.Y)) {
				t.Fatalf("%v is in a wall at (%v, %v)", id, p.X, p.Y)
			}
		}
		round := room.World.Round.Get()
		if round.Podium && !podium {
			podium = true
			winner := player(t, room.World, round.Winner)
			for id, p := range room.World.Players.All() {
				if p.Kills > winner.Kills {
					t.Errorf("%v has %d kills, the winner %d", id, p.Kills, winner.Kills)
				}
			}
			if winner.Kills < 5 {
				t.Errorf("the best drone has %d kills: drones do not fight", winner.Kills)
			}
		}
		if podium && !round.Podium {
			if round.Number != 2 {
				t.Errorf("round %d follows the first", round.Number)
			}
			for id, p := range room.World.Players.All() {
				if p.Kills > 3 || p.HP == 0 && p.Deaths == 0 {
					t.Errorf("%v starts the round as %+v", id, p)
				}
			}
			return
		}
	}
	t.Errorf("no second round came: %+v", room.World.Round.Get())
}

func TestPickupsHealAndComeBack(t *testing.T) {
	room, by, of := duel(t)
	aimAt(t, room, by, of)
	for player(t, room.World, of).HP > 60 {
		room.Step(1)
	}
	room.Send(by, Move{})
	lead(t, room, of, func(p Player) (spot, bool) { return spot{32, 13}, p.HP > 60 })
	gone := 0
	for _, k := range room.World.Pickups.All() {
		if !k.Here {
			gone++
		}
	}
	if gone == 0 {
		t.Error("the medkit is still there")
	}
	room.Send(of, Move{X: fullStick})
	room.Step(10)
	room.Send(of, Move{})
	room.Step(ticks(pickupTime) + 1)
	for id, k := range room.World.Pickups.All() {
		if !k.Here {
			t.Errorf("%v did not come back", id)
		}
	}
}

// lead walks a player over the roam spots to where next says, until it is there.
func lead(t *testing.T, room *roomstest.Room[World], id state.ID, next func(Player) (goal spot, there bool)) {
	t.Helper()
	for range 600 {
		p := player(t, room.World, id)
		goal, there := next(p)
		if there {
			room.Send(id, Move{})
			return
		}
		goal = toward(p, goal)
		dx, dy := goal.x-p.X, goal.y-p.Y
		length := max(distance(0, 0, dx, dy), 0.01)
		room.Send(id, Move{X: int8(dx / length * fullStick), Y: int8(dy / length * fullStick)})
		room.Step(1)
	}
	t.Fatal("the player did not get there")
}

// toward is the first stop on the shortest way over roam spots.
func toward(p Player, goal spot) spot {
	const pad = radius * 0.95
	if sees(p.X, p.Y, goal.x, goal.y, pad) {
		return goal
	}
	cost := make([]float32, len(roamSpots)) // metres from each spot to the goal
	for i := range cost {
		cost[i] = 1e9
		if s := roamSpots[i]; sees(s.x, s.y, goal.x, goal.y, pad) {
			cost[i] = distance(s.x, s.y, goal.x, goal.y)
		}
	}
	for range roamSpots {
		for i, a := range roamSpots {
			for j, b := range roamSpots {
				if d := cost[j] + distance(a.x, a.y, b.x, b.y); d < cost[i] && sees(a.x, a.y, b.x, b.y, pad) {
					cost[i] = d
				}
			}
		}
	}
	best, least := goal, float32(1e9)
	for i, s := range roamSpots {
		d := distance(p.X, p.Y, s.x, s.y)
		if d > 0.3 && d+cost[i] < least && sees(p.X, p.Y, s.x, s.y, pad) {
			best, least = s, d+cost[i]
		}
	}
	return best
}

func TestALostPlayerIsAway(t *testing.T) {
	room := roomstest.New(t, Game(), alone)
	ada := room.Join("ada", nil)
	room.Lose(ada)
	room.Step(1)
	if !player(t, room.World, ada).Away {
		t.Error("a lost player is not away")
	}
	room.Return(ada)
	room.Step(1)
	if player(t, room.World, ada).Away {
		t.Error("still away after the return")
	}
	room.Lose(ada)
	room.TimeOut(ada)
	room.Step(1)
	if room.World.Players.Has(ada) {
		t.Error("there after the grace")
	}
}

func TestSays(t *testing.T) {
	room := roomstest.New(t, Game(), alone)
	ada := room.Join("ada", nil)
	room.Send(ada, Say{Line: 2})
	room.Step(1)
	if refusals := room.Refusals(ada); len(refusals) != 0 {
		t.Errorf("a line was refused: %v", refusals)
	}
}
