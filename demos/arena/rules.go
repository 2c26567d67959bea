package arena

import (
	"context"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// The numbers to play with.
const (
	hz          = tick.Rate(30)
	seats       = 16
	goal        = 20 // kills that end a round
	fighters    = 4  // people and drones, while there are fewer people
	health      = 100
	magazine    = 40
	loot        = 10 // bullets that a kill brings
	trickle     = 8  // an all but empty gun fills itself up to here, two bullets a second
	medkit      = 50
	ammoBox     = 30
	reach       = 1.3 // how near one must come to pick something up
	roundTime   = 3 * time.Minute
	podiumTime  = 8 * time.Second
	respawnTime = 3 * time.Second
	safeTime    = 1500 * time.Millisecond
	pickupTime  = 12 * time.Second
)

// Player is one fighter, person or drone. Its row is keyed by the player's ID.
type Player struct {
	X, Y   float32 `parlor:"quant=0.01"`
	Aim    float32 `parlor:"quant=0.01,angle"`
	HP     uint8   // 0: dead
	Safe   bool    // just respawned: cannot be hit, until the time is over or it shoots
	Away   bool    // the connection is lost, the seat is held
	Drone  bool
	Kills  uint16
	Deaths uint16
	Streak uint16 // kills since the last death
	Name   string
	Ammo   uint8 `parlor:"owner"`

	Trophies uint16 // on the player's shelf, from all its games

	Trigger  bool    `parlor:"local"`
	Cool     uint8   `parlor:"local"` // ticks until the gun is ready
	SafeTill uint32  `parlor:"local"` // tick
	DX, DY   float32 `parlor:"local"` // the last step, which drones aim ahead by
}

// Pickup is a place where something lies, or will lie again.
type Pickup struct {
	X, Y float32 `parlor:"quant=0.01"`
	Ammo bool    // otherwise a medkit
	Here bool
}

// Round is the state of play.
type Round struct {
	Number uint16
	Podium bool     // the round is over; the next starts at Ends
	Ends   uint32   // tick
	Winner state.ID // 0: nobody
}

// What happened, for kill feed, sparks and speech bubbles.
type (
	Kill struct{ By, Of state.ID }
	Hit  struct {
		By, Of state.ID
		X, Y   float32 `parlor:"quant=0.01"`
	}
	Said struct {
		By   state.ID
		Line uint8
	}
)

// World is all that the room remembers.
type World struct {
	Players state.Table[Player] `parlor:"rewind"` // shots meet them where their shooter saw them
	Drones  state.Table[Drone]  // what drones think; keyed like their Players
	Bullets state.Table[Bullet]
	Pickups state.Table[Pickup]
	Round   state.Value[Round]
	House   state.Value[House]

	Trophies state.Table[Trophy] // that lie around
	Loot     state.Records[Item] // that are taken: durable, in the record room inventory/USER
	Looted   state.Event[Looted]

	Kills state.Event[Kill]
	Hits  state.Event[Hit]
	Talk  state.Event[Said]

	Respawns state.Timers[state.ID]
	Restocks state.Timers[state.ID]
	Rots     state.Timers[state.ID]
}

// House is what the room was opened with: {"fighters": 1} means no drones.
type House struct {
	Fighters uint8 `json:"fighters"`
}

// Profile is how a player enters, and what its page sends: {"name": "Ada"}.
type Profile struct {
	Name     string `json:"name"`
	Trophies uint16 `json:"trophies"` // not the page's word: what the shelf holds
}

// Move is what a player's hands do in one tick: a stick of -7 to 7, the aim in
// radians, the trigger.
type Move struct {
	X, Y int8    `parlor:"min=-7,max=7"`
	Aim  float32 `parlor:"quant=0.002,min=-3.142,max=3.142,angle"`
	Fire bool
}

// Say is one of the lines that the page has for it.
type Say struct {
	Line uint8 `parlor:"min=0,max=3"`
}

// Game is the arena for rooms.Define.
func Game() rooms.Game[World, Profile] {
	return rooms.Game[World, Profile]{
		Hz: int(hz), MaxPlayers: seats, Version: "3",
		Load: load, Create: (*World).create, Join: (*World).join, Leave: (*World).leave, Tick: (*World).tick,
		EventsPerSecond: 3,
		Inputs: []rooms.Input[World]{
			rooms.Command(func(w *World) *state.Table[Player] { return &w.Players }, step),
			rooms.Event((*World).say),
		},
	}
}

func load(ctx context.Context, r rooms.JoinRequest) (p Profile, err error) {
	p.Name = r.User.Name
	err = r.Options(&p)
	p.Name = cleanName(p.Name)
	// One may play although the shelf cannot be seen.
	shown, _ := rooms.ReadRecords[Item](ctx, r, shelf(r.User.ID), "Loot", nil)
	p.Trophies = uint16(min(len(shown), 1<<16-1))
	return p, err
}

func (w *World) create(ctx *rooms.Ctx) {
	house := House{Fighters: fighters}
	if err := ctx.Options(&house); err != nil {
		ctx.Log().Warn("the room keeps its usual house rules", "error", err)
		house = House{Fighters: fighters}
	}
	house.Fighters = min(house.Fighters, seats)
	w.House.Set(house)
	for _, p := range pickupSpots {
		w.Pickups.Insert(p)
	}
	w.startRound(ctx)
}

func (w *World) join(ctx *rooms.Ctx, p *rooms.Player, f Profile) {
	w.Players.Put(p.ID, Player{Name: f.Name, Trophies: f.Trophies})
	w.spawn(ctx, p.ID)
}

func (w *World) leave(_ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) { w.Players.Delete(p.ID) }

func (w *World) say(_ *rooms.Ctx, p *rooms.Player, m Say) error {
	w.Talk.Send(Said{p.ID, m.Line})
	return nil
}

// tick runs after the players' commands have moved them.
func (w *World) tick(ctx *rooms.Ctx) {
	w.turnRound(ctx)
	w.callDrones(ctx)
	w.driveDrones(ctx)
	for id := range w.Restocks.Due() {
		if p := w.Pickups.Edit(id); p != nil {
			p.Here = true
		}
	}
	for id := range w.Respawns.Due() {
		w.spawn(ctx, id)
	}
	w.rot()
	for id := range w.Players.IDs() {
		p := w.Players.Edit(id)
		w.settle(ctx, id, p)
		w.pickUp(p)
		w.loot(ctx, id, p)
		w.fire(ctx, id, p)
	}
	w.fly(ctx)
}

// settle brings up to date what only time changes.
func (w *World) settle(ctx *rooms.Ctx, id state.ID, p *Player) {
	now := uint32(ctx.Tick())
	if seat := ctx.Player(id); seat != nil {
		p.Away = !seat.Connected
	}
	if p.Safe && now >= p.SafeTill {
		p.Safe = false
	}
	if p.Ammo < trickle && now%uint32(hz/2) == 0 {
		p.Ammo++
	}
	if p.Cool > 0 {
		p.Cool--
	}
}

func (w *World) pickUp(p *Player) {
	if p.HP == 0 {
		return
	}
	for id, k := range w.Pickups.All() {
		useful := !k.Ammo && p.HP < health || k.Ammo && p.Ammo < magazine
		if !k.Here || !useful || distance(p.X, p.Y, k.X, k.Y) > reach {
			continue
		}
		if k.Ammo {
			p.Ammo = min(p.Ammo+ammoBox, magazine)
		} else {
			p.HP = min(p.HP+medkit, health)
		}
		w.Pickups.Edit(id).Here = false
		w.Restocks.After(pickupTime, id)
	}
}

// spawn puts a dead fighter, or a new one, where the others are far.
func (w *World) spawn(ctx *rooms.Ctx, id state.ID) {
	p := w.Players.Edit(id)
	if p == nil || p.HP > 0 {
		return
	}
	var best spot
	most := float32(-1)
	for _, s := range spawnSpots {
		nearest := ctx.Rand().Range(16, 24) // farther is not better, so that one cannot guess
		for other, o := range w.Players.All() {
			if other != id && o.HP > 0 {
				nearest = min(nearest, distance(s.x, s.y, o.X, o.Y))
			}
		}
		if nearest > most {
			best, most = s, nearest
		}
	}
	p.X, p.Y, p.HP, p.Ammo, p.Cool, p.Trigger = best.x, best.y, health, magazine, 0, false
	p.Safe, p.SafeTill = true, uint32(ctx.Tick()+hz.Ticks(safeTime))
}

// hurt takes health; the last of it ends in a kill.
func (w *World) hurt(ctx *rooms.Ctx, by, of state.ID, damage uint8) {
	if w.Round.Get().Podium {
		return
	}
	victim := w.Players.Edit(of)
	if victim.HP -= min(victim.HP, damage); victim.HP > 0 {
		return
	}
	victim.Deaths++
	victim.Streak = 0
	w.Kills.Send(Kill{by, of})
	w.dropTrophy(ctx, *victim)
	w.Respawns.After(respawnTime, of)
	if killer := w.Players.Edit(by); killer != nil {
		killer.Kills++
		killer.Streak++
		killer.Ammo = min(killer.Ammo+loot, magazine)
		if killer.Kills >= goal {
			w.endRound(ctx)
		}
	}
}

func (w *World) turnRound(ctx *rooms.Ctx) {
	if r := w.Round.Get(); uint32(ctx.Tick()) < r.Ends {
		return
	} else if r.Podium {
		w.startRound(ctx)
	} else {
		w.endRound(ctx)
	}
}

func (w *World) endRound(ctx *rooms.Ctx) {
	var winner state.ID
	var most uint16
	for id, p := range w.Players.All() {
		if p.Kills > most {
			winner, most = id, p.Kills
		}
	}
	r := w.Round.Edit()
	r.Podium, r.Winner, r.Ends = true, winner, uint32(ctx.Tick()+hz.Ticks(podiumTime))
}

func (w *World) startRound(ctx *rooms.Ctx) {
	number := w.Round.Get().Number + 1
	w.Round.Set(Round{Number: number, Ends: uint32(ctx.Tick() + hz.Ticks(roundTime))})
	for id := range w.Pickups.IDs() {
		w.Pickups.Edit(id).Here = true
	}
	for id := range w.Players.IDs() {
		p := w.Players.Edit(id)
		p.HP, p.Kills, p.Deaths, p.Streak = 0, 0, 0, 0
		w.spawn(ctx, id)
	}
	ctx.SetMetadata(metadata{Map: fieldName, Round: number})
}

// metadata is what the room list shows.
type metadata struct {
	Map   string `json:"map"`
	Round uint16 `json:"round"`
}
