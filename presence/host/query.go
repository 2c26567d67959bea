package host

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parlor-server/parlor/presence"
)

// Occupancy is how full a room is.
type Occupancy struct {
	Room    string `json:"room"`
	Members int    `json:"members"` // connections
	Users   int    `json:"users"`
}

// Occupancy lists the rooms of a kind that have somebody in them, by name; of
// all kinds if kind is empty.
func (h *Host) Occupancy(kind string) []Occupancy {
	var list []Occupancy
	h.mu.Lock()
	for name, r := range h.rooms {
		if n := r.members.Load(); n > 0 && (kind == "" || r.kind.Name() == kind) {
			list = append(list, Occupancy{name, int(n), int(r.users.Load())})
		}
	}
	h.mu.Unlock()
	slices.SortFunc(list, func(a, b Occupancy) int { return strings.Compare(a.Room, b.Room) })
	return list
}

// RoomInfo is who is in a room.
type RoomInfo struct {
	Occupancy
	Online []MemberInfo `json:"online"`
}

// MemberInfo is one connection.
type MemberInfo struct {
	Member uint32          `json:"member"`
	User   string          `json:"user"`
	Name   string          `json:"name,omitempty"`
	State  json.RawMessage `json:"state,omitempty"` // what it shows to everyone
}

// Room tells who is in a room and what they show to everyone. A room that
// nobody is in is empty, and no error; a name that no room can have is one.
// The room copies what it shows at its next step; all else is done here.
func (h *Host) Room(ctx context.Context, name string) (RoomInfo, error) {
	kind, err := h.kindOf(name)
	if err != nil {
		return RoomInfo{}, err
	}
	info := RoomInfo{Occupancy: Occupancy{Room: name}, Online: []MemberInfo{}}
	r := h.find(name)
	if r == nil {
		return info, nil
	}
	answer := make(chan []presence.Member, 1)
	if !r.push(item{kind: itemCall, call: func(_ time.Time, gone bool) { answer <- r.copyMembers(gone) }}) {
		return info, nil
	}
	var members []presence.Member
	select {
	case members = <-answer:
	case <-ctx.Done():
		return info, fmt.Errorf("failed to ask who is in %s: %w", name, ctx.Err())
	}
	users := make(map[string]bool)
	for _, m := range members {
		users[m.User.ID] = true
		out := MemberInfo{Member: m.Number, User: m.User.ID, Name: m.User.Name}
		if m.State != nil {
			out.State = kind.AppendState(nil, m.State)
		}
		info.Online = append(info.Online, out)
	}
	info.Members, info.Users = len(members), len(users)
	return info, nil
}

// copyMembers copies what the machine says of its members. The loop's only.
func (r *room) copyMembers(gone bool) []presence.Member {
	if gone {
		return nil
	}
	list := make([]presence.Member, 0, r.machine.Len())
	r.machine.Members(func(m presence.Member) bool {
		m.State = slices.Clone(m.State)
		list = append(list, m)
		return true
	})
	return list
}

// User lists where a user is online now.
func (h *Host) User(id string) []Place { return h.index.of(id) }

// MaySee asks the kind's See hook whether the user may ask who is in the room.
func (h *Host) MaySee(u presence.User, room string) error {
	kind, err := h.kindOf(room)
	if err != nil {
		return err
	}
	return kind.MaySee(u, room)
}
