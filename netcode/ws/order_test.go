package ws_test

import (
	"sync"
	"testing"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// TestOneStreamForAll lets four rooms, the reader's answers and coder's
// control frames write at the same time to a client with a small window:
// every message arrives whole, and each room's in its order.
func TestOneStreamForAll(t *testing.T) {
	const rooms, ticks = 4, 300
	for _, secure := range []bool{false, true} {
		h := newHost()
		url := serve(t, h, netcode.Config{MessageRate: 1 << 20}, &tuning{secure: secure})
		c := dialBuffered(t, url, 32<<10)
		c.welcome()
		var links []*netcode.Link
		for range rooms {
			links = append(links, c.enter(h))
		}
		var writers sync.WaitGroup
		for _, l := range links {
			writers.Go(func() { // a room's loop
				b := schema.NewBuilder()
				for tick := uint32(1); tick <= ticks; tick++ {
					l.Frame(schema.Header{Kind: schema.KindState}, b.State(tick, 1, make([]byte, tick)))
					l.Message(schema.Header{Kind: schema.KindMessage}, b.Message(tick, "m", make([]byte, tick%70)))
					l.Flush()
				}
			})
		}
		writers.Go(func() { // a client that makes the reader write
			wrong := message(schema.KindCommand, 99, 0, schema.NewBuilder().Command(1, 0, nil))
			for range ticks {
				if err := c.ws.Write(t.Context(), 2, wrong); err != nil {
					t.Error(err)
					return
				}
			}
		})
		if !secure { // raw bytes between the client's own frames
			writers.Go(func() {
				for range ticks {
					if _, err := c.tcp.Write([]byte{0x89, 0x80, 1, 2, 3, 4}); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		messages, states := make([]uint32, rooms+1), make([]uint32, rooms+1)
		for left := rooms*ticks + ticks; left > 0; {
			hd, body, err := c.next()
			if err != nil {
				t.Fatal(err)
			}
			switch hd.Kind {
			case schema.KindMessage:
				tick := fb.GetRootAsMessage(body, 0).Tick()
				if messages[hd.Handle]++; messages[hd.Handle] != tick {
					t.Fatalf("room %d: message %d came, want %d", hd.Handle, tick, messages[hd.Handle])
				}
				left--
			case schema.KindState:
				tick := fb.GetRootAsState(body, 0).Tick()
				if tick <= states[hd.Handle] || tick != messages[hd.Handle]+1 {
					t.Fatalf("room %d: frame %d came after frame %d and message %d", hd.Handle, tick, states[hd.Handle], messages[hd.Handle])
				}
				states[hd.Handle] = tick
			case schema.KindError:
				left--
			}
		}
		writers.Wait()
	}
}
