package parlor

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/chacha20poly1305"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

func (r *rogue) ended(t *testing.T, codes ...schema.Code) {
	t.Helper()
	if len(r.closed) == 0 {
		t.Errorf("the rogue plays on")
		return
	}
	for _, code := range codes {
		if r.closed[0] == code {
			return
		}
	}
	t.Errorf("the rogue was closed with %v, want one of %v", r.closed[0], codes)
}

// beside plays honestly with two clients while something bad happens, and
// checks that they do not notice.
func beside(t *testing.T, bad func(t *testing.T, l *lineNet)) {
	t.Helper()
	virtually(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, l *lineNet) {
		honest := []*player{l.join(t.Context()), l.join(t.Context())}
		done, ended := make(chan struct{}), make(chan uint32)
		go func() {
			sent := uint32(0)
			for {
				select {
				case <-done:
					ended <- sent
					return
				case <-time.After(100 * time.Millisecond):
					sent++
					for _, p := range honest {
						if _, err := client.SendEvent(p.room, heard{N: sent}); err != nil {
							t.Error(err)
						}
					}
				}
			}
		}()
		before := honest[0].framesNow()
		began := time.Now()
		bad(t, l)
		time.Sleep(2 * time.Second)
		ticks := int(time.Since(began).Seconds() * lineHz)
		frames := honest[0].framesNow() - before
		close(done)
		sent := <-ended
		time.Sleep(2 * time.Second)
		if frames < ticks*9/10 {
			t.Errorf("%d frames came in %d ticks", frames, ticks)
		}
		for _, p := range honest {
			p.room.View(func() { p.settled(t, sent) })
			if s := p.client.Stats(); s.Disconnects+s.BadFrames+s.Desyncs != 0 {
				t.Errorf("an honest player's statistics are %+v", s)
			}
		}
	})
}

func (p *player) framesNow() (n int) {
	p.room.View(func() { n = p.frames })
	return n
}

// commands is a Commands message with as many commands as fit.
func (r *rogue) commands(held uint16, seen, tick uint32, input uint8) []byte {
	var list []schema.TickCommand
	tick = max(tick, schema.MaxCommands) // none is before tick 1
	for i := range uint32(schema.MaxCommands) {
		list = append(list, schema.TickCommand{Tick: tick - i, Input: input, Payload: []byte{1}})
	}
	return r.build.Commands(held, seen, schema.AppendCommands(nil, new(bits.Writer), list))
}

// TestRogueCounters gives packets the highest numbers there are.
func TestRogueCounters(t *testing.T) {
	beside(t, func(t *testing.T, l *lineNet) {
		r := l.rogue(1)
		r.enter()
		_, keys, _ := r.shake.Session()
		for _, counter := range []uint64{1 << 63, ^uint64(0) - 1, ^uint64(0), 0, 1} {
			r.write(sealAt(keys.ClientToServer, r.id, counter, wire.AppendControl(nil, wire.Control{Type: wire.ControlPing})))
			r.spend(50 * time.Millisecond)
		}
	})
}

// sealAt makes a control packet with any counter.
func sealAt(key [32]byte, session uint32, counter uint64, plain []byte) []byte {
	p := binary.LittleEndian.AppendUint32([]byte{byte(wire.KindControl)}, session)
	p = binary.LittleEndian.AppendUint64(p, counter)
	var nonce [12]byte
	binary.LittleEndian.PutUint64(nonce[4:], counter)
	aead, err := chacha20poly1305.New(key[:])
	if err != nil {
		panic(err)
	}
	return aead.Seal(p, nonce[:], plain, p)
}

// TestRogueAcknowledgements says that it has what was never sent, nothing, and
// something else in each packet.
func TestRogueAcknowledgements(t *testing.T) {
	beside(t, func(t *testing.T, l *lineNet) {
		r := l.rogue(1)
		r.enter()
		random := rand.New(rand.NewPCG(1, 2))
		const seconds = 10
		before := r.keyframes
		for i := range seconds * 100 {
			ack := []uint32{r.newest, 0, random.Uint32(), r.newest + 1, r.newest - 70, ^uint32(0), 1}[i%7]
			held := []uint16{0xffff, 0, uint16(random.Uint32()), 1 << 15}[i%4]
			seen := []uint32{0, 1, ^uint32(0), random.Uint32(), r.newest << 8}[i%5]
			at := []uint32{r.newest + 3, 0, ^uint32(0), random.Uint32(), 7}[i%5]
			if i > seconds*50 { // a tick long one, then the other
				ack = r.newest * uint32(i/5%2)
			}
			r.drop(schema.KindCommands, 1, ack, r.commands(held, seen, at, 0))
			r.spend(10 * time.Millisecond)
		}
		if len(r.closed) > 0 {
			t.Errorf("the rogue was closed with %v: the test shows less than it should", r.closed)
		}
		if got := r.keyframes - before; got > seconds+1 || got < 2 {
			t.Errorf("%d keyframes in %d s", got, seconds)
		}
	})
}

// TestRogueSilence reads nothing and acknowledges nothing.
func TestRogueSilence(t *testing.T) {
	beside(t, func(t *testing.T, l *lineNet) {
		deaf, mute := l.rogue(1), l.rogue(2)
		deaf.enter()
		mute.enter()
		deaf.deaf = true
		for range 150 {
			for _, r := range []*rogue{deaf, mute} { // both are alive
				r.write(r.seal(wire.KindControl, wire.AppendControl(nil, wire.Control{Type: wire.ControlPing})))
				r.drop(schema.KindPing, 0, 0, r.build.Ping(1, 1))
			}
			deaf.spend(50 * time.Millisecond)
			mute.spend(50 * time.Millisecond)
		}
		deaf.ended(t, schema.CodeStaleClient, schema.CodeSlowClient)
		mute.ended(t, schema.CodeStaleClient)
	})
}

// TestRogueFloods sends of everything far more than allowed.
func TestRogueFloods(t *testing.T) {
	for what, send := range map[string]func(r *rogue, i uint32){
		"commands":     func(r *rogue, i uint32) { r.drop(schema.KindCommands, 1, r.newest, r.commands(1, 0, r.newest+i, 0)) },
		"bad commands": func(r *rogue, i uint32) { r.drop(schema.KindCommands, 1, r.newest, r.commands(1, 0, i*8, 99)) },
		"pings":        func(r *rogue, i uint32) { r.drop(schema.KindPing, 0, 0, r.build.Ping(i, 1)) },
		"events": func(r *rogue, i uint32) {
			if r.lane.Pending() < 200<<10 {
				r.say(schema.KindEvent, 1, r.newest, r.build.Event(1, i, []byte{1, 0, 0, 0}))
			}
		},
	} {
		t.Run(what, func(t *testing.T) {
			beside(t, func(t *testing.T, l *lineNet) {
				r := l.rogue(1)
				r.enter()
				for i := range uint32(30_000) {
					send(r, i+1)
					if i%60 == 0 { // 12,000 a second
						r.spend(5 * time.Millisecond)
					}
				}
				r.spend(time.Second)
				r.ended(t, schema.CodeRateLimited, schema.CodeSlowClient)
			})
		})
	}
}

// TestRogueGarbage seals what is no message.
func TestRogueGarbage(t *testing.T) {
	for what, send := range map[string]func(r *rogue, junk []byte){
		"segments":      func(r *rogue, junk []byte) { r.write(r.seal(wire.KindReliable, junk)) },
		"datagrams":     func(r *rogue, junk []byte) { r.write(r.seal(wire.KindUnreliable, junk)) },
		"messages":      func(r *rogue, junk []byte) { r.say(schema.KindEvent, 1, 1, junk) },
		"commands":      func(r *rogue, junk []byte) { r.drop(schema.KindCommands, 1, 1, junk) },
		"kinds":         func(r *rogue, junk []byte) { r.drop(schema.Kind(junk[0]|64), 1, 1, junk) },
		"packed events": func(r *rogue, junk []byte) { r.drop(schema.KindCommands, 1, 1, r.build.Commands(1, 0, junk)) },
	} {
		t.Run(what, func(t *testing.T) {
			beside(t, func(t *testing.T, l *lineNet) {
				random := rand.New(rand.NewPCG(3, 4))
				for n := range 8 {
					r := l.rogue(n + 1)
					r.enter()
					for range 50 {
						junk := make([]byte, 1+random.IntN(1000))
						for i := range junk {
							junk[i] = byte(random.Uint32())
						}
						send(r, junk)
						r.spend(5 * time.Millisecond)
					}
					r.spend(time.Second)
					r.ended(t, schema.CodeBadMessage)
				}
			})
		})
	}
}

// TestStrangersPackets come from nobody with a token: with players' addresses
// and sessions, copied, and by the thousand.
func TestStrangersPackets(t *testing.T) {
	beside(t, func(t *testing.T, l *lineNet) {
		stats := l.server.udp.Load().Stats()
		sessions, accepted := stats.Sessions.Load(), stats.Accepted.Load()
		var seen [][]byte // of both sides
		l.network.Watch(func(from, to netip.AddrPort, p []byte) {
			if len(seen) < 2000 && from != to {
				seen = append(seen, bytes.Clone(p))
			}
		})
		time.Sleep(2 * time.Second)
		l.network.Watch(nil)
		synctest.Wait()
		random := rand.New(rand.NewPCG(5, 6))
		stranger := netip.MustParseAddrPort("10.0.3.1:1")
		victims := []netip.AddrPort{netip.MustParseAddrPort("10.0.1.1:5000"), netip.MustParseAddrPort("10.0.1.2:5000"), stranger, lineServer}
		for i := range 20_000 {
			p := bytes.Clone(seen[random.IntN(len(seen))])
			if i%3 > 0 {
				p[random.IntN(len(p))] ^= byte(1 + random.IntN(255))
			}
			from, to := victims[random.IntN(4)], lineServer
			if i%4 == 0 {
				from, to = lineServer, victims[random.IntN(2)]
			}
			l.network.Inject(from, to, p)
			if i%100 == 0 {
				time.Sleep(10 * time.Millisecond)
			}
		}
		if got := stats.Sessions.Load(); got != sessions || stats.Accepted.Load() != accepted {
			t.Errorf("%d sessions became %d", sessions, got)
		}
		if n := stats.Migrated.Load(); n != 0 {
			t.Errorf("%d sessions moved", n)
		}
	})
}

// TestServerEndsWhileOthersKnock closes the server among handshakes and joins.
func TestServerEndsWhileOthersKnock(t *testing.T) {
	virtually(t, netsim.Config{Delay: 5 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.1, Seed: 9}, func(t *testing.T, l *lineNet) {
		done := make(chan struct{})
		const rogues = 20
		for n := range rogues {
			r := l.rogue(n + 1)
			go func() {
				defer func() { done <- struct{}{} }()
				r.spend(time.Duration(5*n) * time.Millisecond)
				if r.lane != nil {
					r.say(schema.KindHello, 0, 0, r.build.Hello(schema.HelloInfo{}))
					r.say(schema.KindJoin, 0, 0, r.build.Join(schema.JoinInfo{Request: 1, Mode: schema.JoinOrCreate, Kind: "line"}))
				}
				r.spend(time.Second)
			}()
		}
		time.Sleep(60 * time.Millisecond)
		u := l.server.udp.Load()
		l.stop()
		for range rogues {
			<-done
		}
		if n := u.Stats().Sessions.Load(); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		l.start() // for the one who stops it
	})
}
