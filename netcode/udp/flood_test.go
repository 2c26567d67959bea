package udp

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// bare is a server of one shard whose packets the test hands in itself.
func bare(t testing.TB, cfg Config) *shard {
	t.Helper()
	cfg.Sessions = mustSessions(t, testSessions())
	cfg.Keys, cfg.Addr = testKeys(t, 7), "unused"
	cfg, err := cfg.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(cfg)
	s.addresses = []string{"10.0.0.1:7777"}
	sh := newShard(s, 0, &deafSocket{})
	s.shards = []*shard{sh}
	t.Cleanup(func() {
		sh.closeSessions(schema.CodeGoingAway, "")
		for range 30 {
			sh.sweep()
			s.started = s.started.Add(-sweepPeriod)
		}
		s.live.Wait()
		s.enders.wait()
		_ = cfg.Sessions.Close()
	})
	return sh
}

// deafSocket sends nothing and keeps what was last sent.
type deafSocket struct {
	last   []byte
	answer []byte // the last that is of no session
	sent   int
}

func (*deafSocket) read([]datagram) (int, error) { panic("nobody reads here") }
func (d *deafSocket) write(batch []datagram) error {
	d.sent += len(batch)
	for _, p := range batch {
		d.last = append(d.last[:0], p.data...)
		if !wire.KindOf(p.data).Data() {
			d.answer = append(d.answer[:0], p.data...)
		}
	}
	return nil
}
func (*deafSocket) localAddr() netip.AddrPort { return netip.MustParseAddrPort("10.0.0.1:7777") }
func (*deafSocket) counts() socketCounts      { return socketCounts{} }
func (*deafSocket) close() error              { return nil }

func spoofed(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{172, byte(i >> 16), byte(i >> 8), byte(i)}), 999)
}

func TestFloodOfFirstPackets(t *testing.T) {
	sh := bare(t, Config{})
	g, err := sh.server.Grant(GrantRequest{User: auth.User{ID: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	batch := []datagram{{data: wire.AppendRequest(nil, wire.Request{Token: g.Token})}}
	i := 0
	flood := func() {
		i++
		batch[0].addr = spoofed(i)
		binary.LittleEndian.PutUint32(batch[0].data[4:], uint32(i)) // the nonce
		sh.handle(batch)
		sh.out.flush()
	}
	flood()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := time.Now()
	for range 100_000 {
		flood()
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 100_000 {
		t.Errorf("100,000 first packets left %d bytes", grown)
	}
	if n := testing.AllocsPerRun(1000, flood); n != 0 {
		t.Errorf("%v allocations a first packet", n)
	}
	stats := &sh.server.stats
	if stats.Sessions.Load() != 0 || len(sh.conns) != 0 || sh.server.used.current[tagOf(g.Token)] != nil {
		t.Error("first packets made a session")
	}
	limit := uint64(answersPerSecond/4 + took.Seconds()*answersPerSecond + 1)
	if n := stats.Challenges.Load(); n == 0 || n > limit+answersPerSecond/8 {
		t.Errorf("%d challenges in %v, at most %d", n, took, limit)
	}
	if stats.Refused(RefusedFlood) == 0 {
		t.Error("the budget was never used up")
	}
}

// Packets with another session's ID, forged or copied, disturb nobody.
func TestSpoofedPacketsDisturbNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{}, netsim.Config{})
		defer r.close()
		c, other := r.client(), r.client()
		c.join()
		other.join()
		home := r.at(c)
		random := rand.New(rand.NewPCG(1, 2))
		var copies [][]byte
		for i := range 300 {
			p := other.ping() // of a client that has a session of its own
			binary.LittleEndian.PutUint32(p[1:], c.id)
			switch i % 4 {
			case 1: // keeps only the header
				for j := wire.HeaderSize; j < len(p); j++ {
					p[j] = byte(random.Uint32())
				}
			case 2: // far ahead
				binary.LittleEndian.PutUint64(p[5:], 1<<63)
			case 3: // the victim's own, copied
				p = c.ping()
				copies = append(copies, bytes.Clone(p))
				c.write(bytes.Clone(p))
				synctest.Wait()
			}
			from := netip.MustParseAddrPort(home)
			if i%2 == 0 {
				from = spoofed(i)
			}
			r.network.Inject(from, r.server.Addr(), p)
		}
		c.idle(100 * time.Millisecond)
		if r.at(c) != home || r.server.stats.Migrated.Load()+r.server.stats.PathChallenges.Load() != 0 {
			t.Error("the session moved, or nearly so")
		}
		r.expect("replayed", r.server.stats.Refused(RefusedReplayed), uint64(len(copies)))
		r.expect("unauthentic", r.server.stats.Refused(RefusedUnauthentic), uint64(300-len(copies)))
		c.datagram(c.commands(20))
		c.send(encoded(schema.KindJoin, 0, 0, c.build.Join(schema.JoinInfo{Request: 2, Kind: "arena"})))
		c.await("the second room", func() bool { return count(c.messages, schema.KindMessage) == 2 })
		r.expect("sessions", uint64(r.server.stats.Sessions.Load()), 2)
	})
}

func TestUnknownSessionsAreRejectedSparingly(t *testing.T) {
	sh := bare(t, Config{})
	p := make([]byte, wire.HeaderSize+wire.TagSize)
	p[0] = byte(wire.KindUnreliable)
	for i := range 10_000 {
		binary.LittleEndian.PutUint16(p[2:], uint16(i))
		sh.handle([]datagram{{data: p, addr: spoofed(i)}})
	}
	sh.out.flush()
	sock := sh.socket.(*deafSocket)
	if sock.sent == 0 || sock.sent > rejectsPerSecond || len(sock.last) > len(p) {
		t.Errorf("%d rejects of %d bytes", sock.sent, len(sock.last))
	}
	if n := sh.server.stats.Refused(RefusedUnknown); n != 10_000 {
		t.Errorf("%d counted", n)
	}
}
