package host_test

import (
	"context"
	"fmt"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/presence/host"
	"github.com/parlor-server/parlor/tick"
)

// A server without a network: its code asks who is online, and speaks to a room.
func Example() {
	scheduler := tick.NewScheduler(tick.SchedulerConfig{})
	defer scheduler.Close()
	kind := presence.Define("cursors", presence.Room[Cursor]{
		Join:  func(u presence.User, c *Cursor) error { c.Name = u.Name; return nil },
		Casts: []presence.Cast[Cursor]{presence.OnCast[Cursor, Wave](5)},
	})
	h, err := host.New(host.Config{Kinds: []presence.Kind{kind}, Scheduler: scheduler})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer h.Close()

	seat, err := h.Open(context.Background(), host.OpenRequest{Room: "cursors/lobby", User: presence.User{ID: "u1", Name: "Ann"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := seat.Enter(newLink()); err != nil { // in a server: the session's link
		fmt.Println(err)
		return
	}
	info, err := h.Room(context.Background(), "cursors/lobby") // answered at the room's next step
	fmt.Println(info.Members, info.Online[0].User, string(info.Online[0].State), err)
	fmt.Println(h.User("u1"), h.Occupancy("cursors"))
	fmt.Println(h.Cast("cursors/lobby", "", 0, Wave{At: 1}))
	// Output:
	// 1 u1 {"Name":"Ann","X":0} <nil>
	// [{cursors/lobby 1}] [{cursors/lobby 1 1}]
	// <nil>
}
