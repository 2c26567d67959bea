package rooms

import "github.com/parlor-server/parlor/state"

// Player is one seat of a room as the rules see it. The pointer is good for
// as long as the player is in the room; rules only read it.
type Player struct {
	ID        state.ID // also the key of the player's own rows
	User      string   // the same for every seat of one account
	Name      string   // from the token, when it has one
	Guest     bool     // without a signed token
	Connected bool     // false while the seat waits for its player to come back

	failures int    // inputs that made the rules panic
	lag      uint16 // how far behind the tick its inputs were made for was what it saw, in 1/16 ticks
}

// playerSet keeps a room's players by seat, so that they are walked in the
// same order everywhere.
type playerSet struct {
	seats []*Player
	ids   []state.ID // of seats; 0: free
	count int
}

func (s *playerSet) has(id state.ID) bool {
	slot := id.Slot()
	return slot < len(s.ids) && s.ids[slot] == id && id != 0
}

func (s *playerSet) get(id state.ID) *Player {
	if slot := id.Slot(); slot < len(s.seats) {
		if p := s.seats[slot]; p != nil && p.ID == id {
			return p
		}
	}
	return nil
}

func (s *playerSet) put(p *Player) {
	slot := p.ID.Slot()
	for len(s.seats) <= slot {
		s.seats = append(s.seats, nil)
		s.ids = append(s.ids, 0)
	}
	if s.seats[slot] == nil {
		s.count++
	}
	s.seats[slot], s.ids[slot] = p, p.ID
}

func (s *playerSet) drop(id state.ID) {
	if s.get(id) != nil {
		s.seats[id.Slot()], s.ids[id.Slot()] = nil, 0
		s.count--
	}
}
