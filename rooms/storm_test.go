package rooms_test

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/schema"
	"pgregory.net/rapid"
)

// storm is a few users who do anything in any order.
type storm struct {
	*house
	users [6]stormUser
}

// stormUser has at most one membership that it cares about, and perhaps a seat
// that it has not entered.
type stormUser struct {
	name     string
	reserved *rooms.Seat
	seat     *rooms.Seat
	conn     *client
	over     bool // Leave or Lost was called
	all      []*client
}

// gust is one thing that one user does.
type gust struct {
	what string
	user int
	n    int
}

func drawGusts(t *rapid.T) []gust {
	names := []string{
		"reserve", "reserve", "join", "join", "join", "return", "return", "ticket", "enter", "lost", "leave", "kick",
		"command", "command", "command", "hit", "hit", "say", "say", "crash", "kick me", "end", "lock", "bomb", "fail",
		"block", "unblock", "forget", "silent", "tick", "tick", "tick", "second", "long",
	}
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) gust {
		return gust{rapid.SampledFrom(names).Draw(t, "what"), rapid.IntRange(0, 5).Draw(t, "user"), rapid.IntRange(0, 60).Draw(t, "n")}
	}), 40, 100).Draw(t, "gusts")
}

func TestNoStormBreaksARoom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		gusts, dir := drawGusts(rt), t.TempDir()
		var rooms uint64
		inHouse(t, dir, func(h *house) {
			s := &storm{house: h}
			for i := range s.users {
				s.users[i].name = string(rune('a' + i))
			}
			for _, g := range gusts {
				s.blow(g)
				s.check(false)
			}
			s.calm()
			rooms = h.registry.Stats().Created.Load()
		})
		verifyStorm(rt, dir, int(rooms))
		if t.Failed() {
			rt.Fatalf("the storm was %+v", gusts)
		}
	})
}

// blow has one user do one thing.
func (s *storm) blow(g gust) {
	u := &s.users[g.user]
	req := rooms.JoinRequest{Kind: "walk", User: auth.User{ID: u.name}}
	switch g.what {
	case "reserve":
		s.reserve(u, req)
	case "join", "fail":
		if g.what == "fail" {
			req.RawOptions = []byte(`{"Name":"panic"}`)
		}
		if s.reserve(u, req) {
			s.enterSeat(u)
		}
	case "return":
		if u.conn != nil && u.conn.joins == 1 {
			back := u.conn.joined
			back.User = req.User
			if s.reserve(u, back) {
				s.enterSeat(u)
			}
		}
	case "ticket":
		if ticket, err := s.registry.Ticket(context.Background(), req); err == nil && g.n%3 > 0 {
			s.reserve(u, rooms.JoinRequest{Mode: rooms.JoinTicket, Token: ticket.Token, User: req.User})
		}
	case "enter":
		s.enterSeat(u)
	case "tick":
		s.pass(time.Duration(g.n) * time.Millisecond)
	case "second":
		s.pass(time.Duration(g.n) * 100 * time.Millisecond)
	case "long":
		s.pass(time.Duration(g.n%25) * time.Second)
	default:
		if u.seat != nil {
			s.inRoom(u, g)
		}
	}
}

// inRoom is what a user with a membership does.
func (s *storm) inRoom(u *stormUser, g gust) {
	switch g.what {
	case "lost":
		u.over = true
		u.seat.Lost()
	case "leave":
		u.over = true
		u.seat.Leave()
	case "kick":
		_ = s.registry.Kick(u.seat.Room(), u.name, "out")
	case "command":
		_ = u.seat.Command(u.conn.Applied()+uint32(g.n), inWalk, payload(s.t, walk{int8(g.n%3 - 1)}))
	case "hit":
		if target := s.users[g.n%len(s.users)].conn; target != nil {
			_ = u.seat.Event(1, inHit, payload(s.t, hit{target.player}))
		}
	case "crash":
		_ = u.seat.Event(1, inCrash, nil)
	case "bomb":
		_ = u.seat.Event(1, inBomb, payload(s.t, bomb{int32(g.n % 2)}))
	case "end", "lock":
		if g.n < 6 {
			_ = u.seat.Event(1, inShout, payload(s.t, shout{g.what}))
		}
	case "say", "kick me":
		_ = u.seat.Event(1, inShout, payload(s.t, shout{g.what}))
	case "block", "unblock":
		u.conn.set(func() { u.conn.blocked = g.what == "block" })
	case "silent":
		u.conn.set(func() { u.conn.silent, u.conn.said = g.n%2 == 0, u.conn.applied })
	case "forget":
		u.conn.set(func() {
			if u.conn.applied != 0 {
				u.conn.forgot, u.conn.applied = true, 0
			}
		})
	}
}

func (s *storm) reserve(u *stormUser, req rooms.JoinRequest) bool {
	seat, err := s.registry.Reserve(context.Background(), req)
	if err != nil {
		var coded *schema.Error
		if !errors.As(err, &coded) || coded.Code == schema.CodeInternal {
			s.t.Errorf("reserving: %v", err)
		}
		return false
	}
	if u.reserved != nil {
		u.reserved.Lost()
	}
	u.reserved = seat
	return true
}

// enterSeat gives the user a new membership; its old connection ends.
func (s *storm) enterSeat(u *stormUser) {
	if u.reserved == nil {
		return
	}
	seat, conn := u.reserved, &client{t: s.t}
	u.reserved = nil
	if err := seat.Enter(conn); err != nil {
		return
	}
	if u.seat != nil && !u.over {
		u.seat.Lost()
	}
	u.seat, u.conn, u.over = seat, conn, false
	u.all = append(u.all, conn)
}

// check looks at what must hold at any time. When all is still, every join has
// been answered.
func (s *storm) check(still bool) {
	synctest.Wait()
	var players int64
	for _, info := range s.registry.ListAll() {
		if info.Players > info.MaxPlayers || info.Players < 0 {
			s.t.Errorf("a room of %d seats has %d players", info.MaxPlayers, info.Players)
		}
		players += int64(info.Players)
	}
	if n := s.registry.Stats().Players.Load(); n != players {
		s.t.Errorf("%d players are counted, the rooms have %d", n, players)
	}
	for i := range s.users {
		u := &s.users[i]
		if u.conn == nil || u.over {
			continue
		}
		u.conn.mu.Lock()
		closed, done, answered := u.conn.closed, u.conn.done, u.conn.joins > 0 || u.conn.done
		u.conn.mu.Unlock()
		if still && !answered && closed == 0 {
			s.t.Errorf("%s's join was never answered", u.name)
		}
		if closed != 0 || done { // the session ended, or the membership
			u.over = true
			u.seat.Lost()
		}
	}
}

// calm lets everything end, and checks that nothing is left.
func (s *storm) calm() {
	s.pass(time.Second)
	s.check(true)
	for i := range s.users {
		if u := &s.users[i]; u.seat != nil {
			u.seat.Lost()
		}
	}
	s.pass(2 * time.Minute)
	stats := s.registry.Stats()
	if p, r := stats.Players.Load(), stats.Rooms.Load(); p != 0 || r != 0 || len(s.registry.ListAll()) != 0 {
		s.t.Errorf("%d players and %d rooms are left", p, r)
	}
	for i := range s.users {
		for _, c := range s.users[i].all {
			if c.joins == 0 && len(c.errs) > 1 || (c.left != 0) != (c.done && c.joins == 1) {
				s.t.Errorf("a connection was told: joined %d times, errors %v, left %v, done %t", c.joins, c.errs, c.left, c.done)
			}
		}
	}
}

func verifyStorm(t *rapid.T, dir string, want int) {
	found, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil || len(found) != want {
		t.Fatalf("%d recordings of %d rooms, %v", len(found), want, err)
	}
	for _, room := range found {
		if _, err := rooms.Verify([]rooms.Kind{rooms.Define("walk", testGame())}, room, record.ReadOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}
