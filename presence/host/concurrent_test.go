package host_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/presence/host"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// Many goroutines open, show, ask and go at once, while rooms come and end: for
// the race detector. In the end nobody is left over anywhere.
func TestManyGoroutines(t *testing.T) {
	s := tick.NewScheduler(tick.SchedulerConfig{Loops: 2})
	defer s.Close()
	kind := cursors(func(room *presence.Room[Cursor]) { room.Hz = 100 })
	h, err := host.New(host.Config{Scheduler: s, Kinds: []presence.Kind{kind}, IdleAfter: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for g := range 16 {
		all.Go(func() { visit(t, h, g) })
	}
	all.Wait()
	h.Close()
	if st := h.Stats(); st.Members.Load() != 0 || st.Rooms.Load() != 0 {
		t.Errorf("%d members and %d rooms are left", st.Members.Load(), st.Rooms.Load())
	}
	if places := h.User("user"); len(places) != 0 {
		t.Errorf("the user is still in %v", places)
	}
}

// visit enters rooms, one after the other.
func visit(t *testing.T, h *host.Host, g int) {
	b := schema.NewBuilder()
	for i := range 40 {
		room := fmt.Sprintf("cursors/%d", (g+i)%3)
		seat, err := h.Open(context.Background(), host.OpenRequest{Room: room, User: presence.User{ID: "user"}})
		if err != nil {
			t.Error(err)
			return
		}
		if i%7 == 0 {
			seat.Lost()
			continue
		}
		l := newLink()
		if seat.Enter(l) != nil {
			continue
		}
		for range 20 {
			_ = seat.Receive(schema.Header{Kind: schema.KindShow}, b.Show([]byte{1, 0, 1, 'x'}, ""))
			_ = seat.Receive(schema.Header{Kind: schema.KindCast}, b.Cast(schema.CastInfo{Name: "Wave"}))
		}
		seat.Renew(presence.User{ID: "user", Name: "again"})
		_ = h.Cast(room, "", 0, Wave{})
		_ = host.Edit(h, room, 1, func(c *Cursor) error { c.X++; return nil })
		h.Occupancy("")
		if _, err := h.Room(context.Background(), room); err != nil {
			t.Error(err)
		}
		if i%2 == 0 {
			seat.Leave()
		}
		seat.Lost()
	}
}
