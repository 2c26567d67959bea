package udp

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

func TestHandshakeOnABadNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{
			Loss: 0.3, Dup: 0.2, Reorder: 0.2, Delay: 60 * time.Millisecond, Jitter: 30 * time.Millisecond, Seed: 1,
		})
		defer r.close()
		keys := map[[32]byte]bool{}
		for range 40 {
			c := r.client()
			c.hello()
			keys[c.keys.ClientToServer], keys[c.keys.ServerToClient] = true, true
			if conn := r.conn(c); conn.session.User().Name != "Ann" || conn.timeout != 10*time.Second {
				t.Errorf("user %+v, time-out %v", conn.session.User(), conn.timeout)
			}
		}
		r.expect("keys that differ", uint64(len(keys)), 80)
		r.expect("sessions accepted", r.server.stats.Accepted.Load(), 40)
		if r.server.stats.Repeated.Load() == 0 {
			t.Error("no Accept was ever repeated: the network is too good for this test")
		}
	})
}

// knock sends the first packet and takes the cookie; the rest is the caller's.
func (c *testClient) knock() {
	c.t.Helper()
	c.await("an answer to the first packet", func() bool { return len(c.raw) > 0 })
	c.resend = time.Now().Add(time.Hour)
}

// resealed makes a grant of a changed token.
func (r *rig) resealed(keys *wire.KeyRing, change func(*wire.Token)) Grant {
	r.t.Helper()
	now := time.Now()
	token := wire.Token{
		ID: [16]byte{1}, User: "ann", Addresses: r.server.addresses,
		Issued: now, Expires: now.Add(30 * time.Second), Timeout: 10 * time.Second, Key: [32]byte{2},
	}
	change(&token)
	sealed, err := keys.Seal(token)
	if err != nil {
		r.t.Fatal(err)
	}
	return Grant{Token: sealed, Key: token.Key}
}

func TestTokensThatAreRefused(t *testing.T) {
	good := testKeys(t, 7)
	cases := map[string]struct {
		grant  func(r *rig) Grant
		why    Refusal
		reject wire.RejectCode // 0: silence
	}{
		"expired": {func(r *rig) Grant {
			return r.resealed(good, func(t *wire.Token) { t.Expires = time.Now().Add(-time.Second) })
		}, RefusedExpired, wire.RejectExpired},
		"too long": {func(r *rig) Grant {
			return r.resealed(good, func(t *wire.Token) { t.Expires = time.Now().Add(time.Minute) })
		}, RefusedTooLong, 0},
		"version": {func(r *rig) Grant {
			g := r.grant()
			g.Token[0] ^= 1
			return g
		}, RefusedVersion, wire.RejectVersion},
		"another server's key": {func(r *rig) Grant {
			return r.resealed(testKeys(t, 8), func(*wire.Token) {})
		}, RefusedKey, 0},
		"changed": {func(r *rig) Grant {
			g := r.grant()
			g.Token[len(g.Token)-100] ^= 1
			return g
		}, RefusedForged, 0},
		"without its key": {func(r *rig) Grant {
			g := r.grant()
			g.Key[0] ^= 1
			return g
		}, RefusedForged, 0},
		"of nobody": {func(r *rig) Grant {
			return r.resealed(good, func(t *wire.Token) { t.User = "" })
		}, RefusedForged, 0},
		"foreign": {func(r *rig) Grant {
			return r.resealed(good, func(t *wire.Token) { t.Addresses = []string{"192.0.2.9:7777"} })
		}, RefusedForeign, 0},
		"of before a restart": {func(r *rig) Grant {
			return r.resealed(good, func(t *wire.Token) { t.Issued = r.server.started.Add(-time.Millisecond) })
		}, RefusedStale, wire.RejectExpired},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, Config{Keys: good}, netsim.Config{})
				defer r.close()
				client := newClient(t, r.socket(), r.to(), c.grant(r))
				client.idle(time.Second)
				if client.lane != nil || r.server.stats.Accepted.Load() != 0 {
					t.Error("it made a session")
				}
				if r.server.stats.Refused(c.why) == 0 {
					t.Errorf("not counted as %v", c.why)
				}
				r.server.stats.EachRefusal(func(why Refusal, n uint64) {
					if n > 0 && why != c.why {
						t.Errorf("%d counted as %v, want only %v", n, why, c.why)
					}
				})
				if told := slices.ContainsFunc(client.rejects, func(x wire.Reject) bool { return x.Code == c.reject }); told != (c.reject != 0) {
					t.Errorf("rejected with %v, want %v", client.rejects, c.reject)
				}
				for _, p := range client.raw {
					if len(p) > wire.MaxPacket/4 {
						t.Errorf("an answer of %d bytes", len(p))
					}
				}
				if n := len(r.server.used.current); n != 0 {
					t.Errorf("%d tokens are remembered", n)
				}
			})
		})
	}
}

func TestTruncatedPacketsAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		first := c.handshake.Packet()
		for _, n := range []int{0, 1, 2, 13, 28, 100, 1199} {
			c.write(first[:n])
		}
		c.write([]byte{99, 0xff, 1})
		c.write(bytes.Repeat([]byte{byte(wire.KindControl)}, 28))
		synctest.Wait()
		r.expect("answers", r.server.stats.PacketsOut.Load(), 0)
		r.expect("malformed", r.server.stats.Refused(RefusedMalformed), 9)
	})
}

func TestCookiesAreForOneAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.knock()
		other := newClient(t, r.socket(), r.to(), c.grant)
		other.write(c.handshake.Packet()) // the Response, from elsewhere
		synctest.Wait()
		r.expect("cookies refused", r.server.stats.Refused(RefusedCookie), 1)
		r.expect("sessions", uint64(r.server.stats.Sessions.Load()), 0)
		c.resend = time.Time{}
		c.connect()
	})
}

func TestTokensWorkOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.hello()
		again := newClient(t, r.socket(), r.to(), c.grant)
		again.idle(2 * time.Second)
		if again.lane != nil || again.handshake.Err() == nil {
			t.Errorf("the second client got in, error %v", again.handshake.Err())
		}
		// The owner's own second attempt, with another nonce, is one too many as well.
		own := newClient(t, r.listen("10.0.0.2:0"), r.to(), c.grant)
		own.idle(2 * time.Second)
		r.expect("accepted", r.server.stats.Accepted.Load(), 1)
		if n := r.server.stats.Refused(RefusedUsed); n < 2 {
			t.Errorf("%d tokens refused as used", n)
		}
		before := len(c.datagrams)
		c.datagram(encoded(schema.KindPing, 0, 0, c.build.Ping(1, 1)))
		c.await("Pong", func() bool { return len(c.datagrams) > before })
	})
}

func TestLostAcceptIsSentAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.knock()
		response := c.handshake.Packet()
		c.raw = nil
		for range 3 {
			c.write(bytes.Clone(response))
		}
		c.pump(func() bool { return len(c.raw) >= 3 })
		if len(c.raw) != 3 || !bytes.Equal(c.raw[0], c.raw[1]) || !bytes.Equal(c.raw[0], c.raw[2]) {
			t.Fatalf("%d answers, or not the same", len(c.raw))
		}
		r.expect("accepted", r.server.stats.Accepted.Load(), 1)
		r.expect("repeated", r.server.stats.Repeated.Load(), 2)
		c.hello()
	})
}

func TestFullServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{MaxSessions: 2}, netsim.Config{})
		defer r.close()
		a, b, c := r.client(), r.client(), r.client()
		a.hello()
		b.hello()
		c.idle(time.Second)
		if c.lane != nil || len(c.rejects) == 0 || c.rejects[0].Code != wire.RejectFull {
			t.Errorf("rejects %v", c.rejects)
		}
		a.write(a.control(wire.Control{Type: wire.ControlClose}))
		synctest.Wait()
		// The token was not used up, and the place is free.
		late := newClient(t, r.socket(), r.to(), c.grant)
		late.hello()
	})
}

func TestUsedTokensAreBounded(t *testing.T) {
	u := newUsedTokens(100)
	at := func(i int) tokenTag { return tokenTag{byte(i), byte(i >> 8)} }
	for i := range 150 {
		if earlier, ok := u.claim(at(i), &use{}, 0); earlier != nil || ok != (i < 100) {
			t.Fatalf("claim %d: %v, %v", i, earlier, ok)
		}
	}
	one := &use{addr: netip.MustParseAddrPort("10.0.0.1:1")}
	if _, ok := u.claim(at(200), one, wire.MaxTokenLife); !ok {
		t.Error("full after the tokens' life")
	}
	if u.find(at(5)) == nil {
		t.Error("forgotten too early")
	}
	if earlier, ok := u.claim(at(200), &use{}, wire.MaxTokenLife); ok || earlier != one {
		t.Error("claimed twice")
	}
	if _, ok := u.claim(at(300), &use{}, 2*wire.MaxTokenLife); !ok || u.find(at(5)) != nil || u.find(at(200)) == nil {
		t.Error("the oldest generation is kept, or the newer one is not")
	}
	if _, ok := u.claim(at(301), &use{}, 9*wire.MaxTokenLife); !ok || u.find(at(300)) != nil {
		t.Error("kept over a long silence")
	}
}

func TestGrant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{Timeout: 3 * time.Second}, netsim.Config{})
		defer r.close()
		if _, err := r.server.Grant(GrantRequest{}); err == nil {
			t.Error("granted to nobody")
		}
		g, err := r.server.Grant(GrantRequest{User: auth.User{ID: "ann"}, Ticket: "seat-5", Addresses: []string{"relay:1"}})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(g.Addresses, []string{"relay:1"}) || g.Timeout != 3*time.Second || time.Until(g.Expires) != wire.MaxTokenLife {
			t.Errorf("grant %+v", g)
		}
		c := newClient(t, r.socket(), r.to(), g)
		c.hello()
		c.send(encoded(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Request: 1, Mode: schema.JoinTicket})))
		c.await("Message", func() bool { return c.has(schema.KindMessage) })
		if req := r.host.requests[0]; req.Token != "seat-5" || req.User.ID != "ann" {
			t.Errorf("joins with %+v", req)
		}
	})
}

func TestConfigIsChecked(t *testing.T) {
	sessions := mustSessions(t, testSessions())
	defer func() { _ = sessions.Close() }()
	keys := testKeys(t, 1)
	for name, cfg := range map[string]Config{
		"no keys":     {Addr: "127.0.0.1:0", Sessions: sessions},
		"no sessions": {Addr: "127.0.0.1:0", Keys: keys},
		"no address":  {Keys: keys, Sessions: sessions},
		"shards":      {Addr: "127.0.0.1:0", Keys: keys, Sessions: sessions, Shards: 256},
		"time-out":    {Addr: "127.0.0.1:0", Keys: keys, Sessions: sessions, Timeout: time.Millisecond},
		"bad address": {Addr: "nowhere", Keys: keys, Sessions: sessions},
		"no port":     {Addr: "127.0.0.1:99999", Keys: keys, Sessions: sessions},
	} {
		if s, err := Listen(cfg); err == nil {
			t.Errorf("%s: accepted", name)
			_ = s.Close()
		}
	}
}
