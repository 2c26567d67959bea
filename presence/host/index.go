package host

import (
	"slices"
	"strings"
	"sync"
)

// Place is a connection of a user in a room.
type Place struct {
	Room   string `json:"room"`
	Member uint32 `json:"member"`
}

// index finds the connections of a user. Any goroutine may call it.
type index struct {
	mu     sync.Mutex
	places map[string][]Place // guarded by mu
}

func (x *index) add(user string, p Place) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.places == nil {
		x.places = make(map[string][]Place)
	}
	x.places[user] = append(x.places[user], p)
}

func (x *index) remove(user string, p Place) {
	x.mu.Lock()
	defer x.mu.Unlock()
	places := x.places[user]
	at := slices.Index(places, p)
	if at < 0 {
		return
	}
	if len(places) == 1 {
		delete(x.places, user)
		return
	}
	x.places[user] = slices.Delete(places, at, at+1)
}

// of lists a user's places by room and member.
func (x *index) of(user string) []Place {
	x.mu.Lock()
	places := slices.Clone(x.places[user])
	x.mu.Unlock()
	slices.SortFunc(places, func(a, b Place) int {
		if c := strings.Compare(a.Room, b.Room); c != 0 {
			return c
		}
		return int(a.Member) - int(b.Member)
	})
	return places
}
