package arena

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

const (
	lootTime = 20 * time.Second // how long a trophy lies there
	maxDrops = 64
)

// Trophy is what a fallen fighter leaves, until somebody takes it.
type Trophy struct {
	X, Y  float32 `parlor:"quant=0.01"`
	Metal uint8   // 0 bronze, 1 silver, 2 gold
	Of    string  `parlor:"local"` // who fell
}

// Item is a trophy on its owner's shelf, for good: a record of the room
// inventory/USER.
type Item struct {
	ID    string `parlor:"key"`
	Metal uint8
	Of    string
}

// Inventory is the record room inventory/USER. Its user may look; only the
// arena puts something in.
type Inventory struct {
	Loot records.Collection[string, Item]
}

// Shelf is Inventory for records.Define.
func Shelf() records.Room[Inventory] {
	return records.Room[Inventory]{Version: 1, Auth: mayLook}
}

func mayLook(_ context.Context, room string, u records.User) error {
	if room != shelf(u.ID) {
		return errors.New("that is another player's shelf")
	}
	return nil
}

// Looted tells a player that a trophy is on its shelf, or that it could not be
// put there.
type Looted struct {
	Metal uint8
	Kept  bool
}

// dropTrophy leaves something where a fighter fell.
func (w *World) dropTrophy(ctx *rooms.Ctx, fallen Player) {
	if w.Trophies.Len() >= maxDrops {
		return
	}
	metal := uint8(0)
	switch luck := ctx.Rand().IntN(20); {
	case luck == 0:
		metal = 2
	case luck < 6:
		metal = 1
	}
	id := w.Trophies.Insert(Trophy{X: fallen.X, Y: fallen.Y, Metal: metal, Of: fallen.Name})
	w.Rots.After(lootTime, id)
}

// loot gives a player the trophy it stands on. The row is gone with that, so
// nobody else gets it; the player hears of it when it is on disk.
func (w *World) loot(ctx *rooms.Ctx, id state.ID, p *Player) {
	seat := ctx.Player(id)
	if p.HP == 0 || seat == nil || w.Trophies.Len() == 0 {
		return
	}
	for trophy, t := range w.Trophies.All() {
		if distance(p.X, p.Y, t.X, t.Y) > reach {
			continue
		}
		w.Trophies.Delete(trophy)
		p.Trophies++
		item := Item{ID: fmt.Sprintf("%016x", ctx.Rand().Uint64()), Metal: t.Metal, Of: t.Of}
		w.Loot.Create(shelf(seat.User), item).
			Then(w.Looted.Notice(id, Looted{t.Metal, true})).
			Else(w.Looted.Notice(id, Looted{t.Metal, false}))
	}
}

// rot clears away what nobody wanted.
func (w *World) rot() {
	for id := range w.Rots.Due() {
		w.Trophies.Delete(id)
	}
}

// shelf is the record room that keeps a user's trophies.
func shelf(user string) string { return "inventory/" + user }
