package udp

import (
	"bytes"
	"net/netip"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// traffic counts the bytes to and from an address.
func (r *rig) traffic(at netip.AddrPort) (to, from *atomic.Int64) {
	to, from = new(atomic.Int64), new(atomic.Int64)
	r.network.Watch(func(source, target netip.AddrPort, p []byte) {
		if source == at {
			from.Add(int64(len(p)))
		}
		if target == at {
			to.Add(int64(len(p)))
		}
	})
	return to, from
}

// at is where the server thinks that the client is.
func (r *rig) at(c *testClient) string { return r.conn(c).RemoteAddr() }

func TestClientMoves(t *testing.T) {
	for name, network := range map[string]netsim.Config{
		"good network": {Delay: 20 * time.Millisecond},
		"bad network":  {Delay: 80 * time.Millisecond, Jitter: 30 * time.Millisecond, Loss: 0.2, Reorder: 0.1, Dup: 0.1, Seed: 4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Config{}, network)
				defer r.close()
				c := r.client()
				c.join()
				session := r.conn(c).session
				c.conn = r.listen("10.0.0.3:4000")
				next := time.Time{}
				c.await("migration", func() bool {
					if now := time.Now(); now.After(next) {
						next = now.Add(50 * time.Millisecond)
						c.datagram(c.commands(20))
					}
					return r.at(c) == "10.0.0.3:4000"
				})
				c.send(encoded(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Request: 2, Kind: "arena"})))
				c.await("the second room", func() bool { return count(c.messages, schema.KindMessage) == 2 })
				if r.conn(c).session != session || session.RemoteAddr() != "10.0.0.3:4000" {
					t.Error("it is not the same session, or it says the old address")
				}
				r.expect("migrations", r.server.stats.Migrated.Load(), 1)
				c.idle(3 * time.Second)
				sh := r.server.shards[0]
				sh.mu.Lock()
				defer sh.mu.Unlock()
				if n := len(sh.moving); n != 0 {
					t.Errorf("%d sessions are still tried", n)
				}
			})
		})
	}
}

// A copied packet that overtakes its original, and its copies, move nothing.
func TestCopiedPacketsMoveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		home := r.at(c)
		thief := netip.MustParseAddrPort("10.0.0.66:1")
		r.listen(thief.String())
		to, from := r.traffic(thief)
		for i := range 100 {
			original := c.ping()
			r.network.Inject(thief, r.server.Addr(), bytes.Clone(original))
			synctest.Wait()
			if to.Load() > amplification*from.Load() {
				t.Fatalf("packet %d: %d bytes went to the thief, who sent %d", i, to.Load(), from.Load())
			}
			c.write(original)
			c.idle(20 * time.Millisecond)
		}
		if to.Load() == 0 {
			t.Error("the thief was never asked: the test shows nothing")
		}
		if r.at(c) != home || r.server.stats.Migrated.Load() != 0 {
			t.Errorf("the session moved to %s", r.at(c))
		}
		r.expect("replayed", r.server.stats.Refused(RefusedReplayed), 100)
		pings := c.controlled(wire.ControlPong)
		c.write(c.ping())
		c.await("Pong", func() bool { return c.controlled(wire.ControlPong) > pings })
	})
}

// A packet that others have overtaken says nothing about where the client is now.
func TestLatePacketsMoveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		late := c.ping()
		c.write(c.ping())
		c.idle(20 * time.Millisecond)
		r.network.Inject(netip.MustParseAddrPort("10.0.0.66:1"), r.server.Addr(), late)
		pongs := c.controlled(wire.ControlPong)
		c.await("Pong", func() bool { return c.controlled(wire.ControlPong) > pongs })
		r.expect("challenges", r.server.stats.PathChallenges.Load(), 0)
	})
}

// Three times what came from an address is sent there until it has answered.
func TestUnansweredAddressGetsLittle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		away := netip.MustParseAddrPort("10.0.0.4:1")
		c.conn = r.listen(away.String())
		to, from := r.traffic(away)
		c.deaf = true
		c.write(c.seal(wire.KindUnreliable, nil)) // the shortest packet there is
		c.idle(pathTime)
		if from.Load() != wire.HeaderSize+wire.TagSize || to.Load() != 2*challengeSize {
			t.Errorf("%d bytes went there for %d, want two challenges", to.Load(), from.Load())
		}
		// More packets from there make room for more challenges, but not for more
		// than a few.
		for range 20 {
			c.write(c.ping())
			c.idle(10 * time.Millisecond)
		}
		c.idle(2 * pathTime)
		if challenges := to.Load() / challengeSize; challenges > 2+2*pathChallenges {
			t.Errorf("%d challenges", challenges)
		}
		c.deaf = false
		c.write(c.ping())
		c.await("migration", func() bool { return r.at(c) == away.String() })
	})
}

func TestForgedAnswersMoveNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		home, away := c.conn, r.listen("10.0.0.5:1")
		c.write(c.control(wire.Control{Type: wire.ControlPathResponse, Data: [8]byte{}})) // nobody asked
		c.deaf = true
		c.conn = away
		c.write(c.ping())
		c.await("challenge", func() bool { return c.controlled(wire.ControlPathChallenge) > 0 })
		data := c.controls[len(c.controls)-1].Data
		answer := c.control(wire.Control{Type: wire.ControlPathResponse, Data: data})
		wrong := c.control(wire.Control{Type: wire.ControlPathResponse, Data: [8]byte{1}})
		c.write(wrong)
		c.conn = r.listen("10.0.0.6:1")
		c.write(bytes.Clone(answer))
		synctest.Wait()
		if r.server.stats.Migrated.Load() != 0 {
			t.Error("the session moved")
		}
		c.conn = away
		c.write(c.control(wire.Control{Type: wire.ControlPathResponse, Data: data}))
		synctest.Wait()
		r.expect("migrated", r.server.stats.Migrated.Load(), 1)

		// A client that speaks from its address has not moved, whatever is answered.
		c.conn = home
		c.write(c.ping())
		asked := c.controlled(wire.ControlPathChallenge)
		c.await("challenge", func() bool { return c.controlled(wire.ControlPathChallenge) > asked })
		data = c.controls[len(c.controls)-1].Data
		c.conn = away
		c.write(c.ping())
		synctest.Wait()
		c.conn = home
		c.write(c.control(wire.Control{Type: wire.ControlPathResponse, Data: data}))
		synctest.Wait()
		r.expect("migrated", r.server.stats.Migrated.Load(), 1)
	})
}

// Somebody who copies packets and wins most of the races with their originals
// does not keep the client from moving.
func TestCopiesDoNotHoldUpAMove(t *testing.T) {
	for name, wins := range map[string]func(n int, tried bool) bool{
		"whenever nothing is tried": func(_ int, tried bool) bool { return !tried },
		"nine races of ten":         func(n int, _ bool) bool { return n%10 != 9 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Config{}, netsim.Config{Delay: 100 * time.Millisecond})
				defer r.close()
				c := r.client()
				c.join()
				home, thief := "10.0.0.7:1", netip.MustParseAddrPort("10.0.0.66:1")
				r.listen(thief.String())
				to, from := r.traffic(thief)
				c.conn = r.listen(home)
				next, n, began := time.Time{}, 0, time.Now()
				c.await("migration", func() bool {
					if now := time.Now(); now.After(next) {
						next = now.Add(50 * time.Millisecond)
						sh := r.server.shards[0]
						sh.mu.Lock()
						tried := sh.conns[c.id].path != nil
						sh.mu.Unlock()
						p := c.ping()
						if wins(n, tried) {
							r.network.Inject(thief, r.server.Addr(), bytes.Clone(p))
						}
						n++
						c.write(p)
					}
					return r.at(c) == home || time.Since(began) > 10*time.Second
				})
				if r.at(c) != home || time.Since(began) > 2*time.Second {
					t.Errorf("after %v the session is at %s", time.Since(began), r.at(c))
				}
				if to.Load() > amplification*from.Load() {
					t.Errorf("%d bytes went to the thief, who sent %d", to.Load(), from.Load())
				}
			})
		})
	}
}
