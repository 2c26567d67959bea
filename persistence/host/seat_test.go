package host

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// TestLeavingEndsHoweverTheConnectionEnds: a room that everybody has left closes,
// also if Left never reached a client, or if it left before it was in.
func TestLeavingEndsHoweverTheConnectionEnds(t *testing.T) {
	cases := map[string]func(t *testing.T, r *rig){
		"Left waits behind what the client does not read": func(_ *testing.T, r *rig) {
			c := r.open("tasks/main", "ann", "c1")
			c.link.stop(true)
			c.link.Message(schema.Header{Kind: schema.KindError}, schema.NewBuilder().Error(&schema.Error{Message: string(make([]byte, linkLimit))}))
			c.seat.Leave()
			synctest.Wait()
			c.link.Done() // the session has ended
			c.seat.Lost()
		},
		"before Enter": func(t *testing.T, r *rig) {
			seat, err := r.host.Open(t.Context(), OpenRequest{Room: "tasks/main", User: records.User{ID: "ann"}})
			if err != nil {
				t.Fatal(err)
			}
			seat.Leave()
			if err := seat.Enter(&fakeLink{}); err == nil {
				t.Error("who has left enters")
			}
			seat.Lost()
		},
	}
	for name, leave := range cases {
		t.Run(name, func(t *testing.T) {
			run(t, Config{}, func(t *testing.T, r *rig) {
				leave(t, r)
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				r.host.mu.Lock()
				defer r.host.mu.Unlock()
				if n := len(r.host.rooms); n != 0 {
					t.Errorf("%d rooms stay open", n)
				}
			})
		})
	}
}
