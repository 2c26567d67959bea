package parlor

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// badLine is a line that one would still want to play on.
func badLine() netsim.Config {
	return netsim.Config{Loss: 0.05, Dup: 0.01, Reorder: 0.02, Delay: 50 * time.Millisecond, Jitter: 5 * time.Millisecond, Seed: 7}
}

// progress plays on for a while and returns how many frames came.
func (p *player) progress(during time.Duration) int {
	before := 0
	p.room.View(func() { before = p.frames })
	time.Sleep(during)
	after := 0
	p.room.View(func() { after = p.frames })
	return after - before
}

// play is progress of a player who gives commands.
func (p *player) play(t *testing.T, during time.Duration) (frames int) {
	for end := time.Now().Add(during); time.Now().Before(end); {
		for at, due := p.room.Clock().Next(time.Now()); due; at, due = p.room.Clock().Next(time.Now()) {
			if err := client.SendCommand(p.room, at, step{On: true}); err != nil {
				t.Fatal(err)
			}
		}
		frames += p.progress(10 * time.Millisecond)
	}
	return frames
}

func TestAddressChangesInMidGame(t *testing.T) {
	virtually(t, badLine(), func(t *testing.T, l *lineNet) {
		p := l.join(t.Context())
		time.Sleep(2 * time.Second)
		for _, address := range []string{"10.9.0.1:1000", "10.9.0.2:2000", "10.9.0.1:3000"} {
			if err := p.conn.Rebind(address); err != nil {
				t.Fatal(err)
			}
			if n := p.play(t, 2*time.Second); n < 30 {
				t.Errorf("after the move to %s %d frames came in two seconds", address, n)
			}
		}
		stats := l.server.udpStats()
		if moved := stats.Migrated.Load(); moved != 3 {
			t.Errorf("%d moves were taken, want 3", moved)
		}
		if opened := l.server.sessions.Stats().Opened.Load(); opened != 1 {
			t.Errorf("there were %d sessions, want the same one", opened)
		}
		p.room.View(func() { p.settled(t, 0) })
	})
}

func (l *lineNet) reshape(cfg netsim.Config) {
	l.t.Helper()
	if err := l.network.Reshape(cfg); err != nil {
		l.t.Fatal(err)
	}
}

// A copy of a player's packets, sent from elsewhere before or after the
// originals, moves nobody, and whoever sends it gets no more than three times
// what it sent.
func TestForgedMovesAreNotTaken(t *testing.T) {
	for _, late := range []bool{true, false} {
		virtually(t, netsim.Config{Delay: 50 * time.Millisecond}, func(t *testing.T, l *lineNet) {
			p := l.join(t.Context())
			time.Sleep(2 * time.Second)
			forger := netip.MustParseAddrPort("10.66.0.1:666")
			player := p.conn.AddrPort()
			copies := make(chan []byte, 1024)
			sent, got := 0, 0
			l.network.Watch(func(from, to netip.AddrPort, packet []byte) {
				switch {
				case from == player:
					copies <- slices.Clone(packet)
				case to == forger:
					got += len(packet)
				case from == forger:
					sent += len(packet)
				}
			})
			line := netsim.Config{Delay: 50 * time.Millisecond}
			for range 50 {
				if !late { // what the player sends now reaches the server from the forger only
					l.reshape(netsim.Config{Loss: 1})
				}
				time.Sleep(20 * time.Millisecond)
				l.reshape(line)
				for len(copies) > 0 {
					l.network.Inject(forger, l.conn.AddrPort(), <-copies)
				}
			}
			if n := p.progress(3 * time.Second); n < 40 {
				t.Errorf("late %v: %d frames came in three seconds after a forgery", late, n)
			}
			if moved := l.server.udpStats().Migrated.Load(); moved != 0 {
				t.Errorf("late %v: the session moved %d times", late, moved)
			}
			if got > 3*sent || sent == 0 {
				t.Errorf("late %v: the forger sent %d bytes and got %d", late, sent, got)
			}
			p.room.View(func() { p.settled(t, 0) })
		})
	}
}

// Packets that name a player's session, or come from its address, and are not
// the player's disturb nobody.
func TestSpoofedPacketsDisturbNobody(t *testing.T) {
	virtually(t, netsim.Config{Delay: 20 * time.Millisecond}, func(t *testing.T, l *lineNet) {
		p, q := l.join(t.Context()), l.join(t.Context())
		time.Sleep(time.Second)
		server, from := l.conn.AddrPort(), p.conn.AddrPort()
		var real [][]byte
		l.network.Watch(func(sender, _ netip.AddrPort, packet []byte) {
			if sender == from && len(real) < 50 {
				real = append(real, slices.Clone(packet))
			}
		})
		time.Sleep(3 * time.Second)
		l.network.Watch(nil)
		for i, packet := range real {
			l.network.Inject(q.conn.AddrPort(), server, packet) // another player's address
			for at := range packet {
				if at%7 == i%7 {
					packet[at] ^= 1 << (at % 8)
				}
			}
			l.network.Inject(from, server, packet) // the player's own address
			l.network.Inject(server, from, packet) // the server's, to the player
			for kind := range 32 {
				packet[0] = byte(kind)
				l.network.Inject(from, server, packet)
				l.network.Inject(server, from, packet)
			}
		}
		for _, player := range l.players {
			if n := player.progress(2 * time.Second); n < 38 {
				t.Errorf("%d frames came in two seconds of spoofed packets", n)
			}
			player.room.View(func() { player.settled(t, 0) })
		}
		if opened := l.server.sessions.Stats().Opened.Load(); opened != 2 {
			t.Errorf("there were %d sessions, want 2", opened)
		}
	})
}

// back waits until the player, who was connected once, is in a room again and
// sees it, and returns how long that took since.
func (p *player) back(t *testing.T, since time.Time) time.Duration {
	t.Helper()
	for before := -1; time.Since(since) < 20*time.Second; time.Sleep(20 * time.Millisecond) {
		now := 0
		p.room.View(func() { now = p.frames })
		switch {
		case p.client.Stats().Reconnects == 0:
		case before < 0:
			before = now // none of the new connection yet
		case now > before:
			return time.Since(since)
		}
	}
	t.Fatal("the player did not come back")
	return 0
}

func TestServerIsKilledAndReturns(t *testing.T) {
	for _, away := range []time.Duration{300 * time.Millisecond /* no process starts sooner */, 3 * time.Second, 12 * time.Second} {
		line := badLine()
		line.Loss = 0 // each packet of the return that is lost costs its repetition on top
		virtually(t, line, func(t *testing.T, l *lineNet) {
			for range 3 {
				l.join(t.Context())
			}
			time.Sleep(2 * time.Second)
			l.conn.Block() // it is killed: it says nothing any more
			l.granting.Store(nil)
			if err := l.server.Close(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(away)
			l.start()
			returned := time.Now()
			for _, p := range l.players {
				if took := p.back(t, returned); took > 2*time.Second {
					t.Errorf("away for %v: a player was back %v after the server", away, took)
				}
			}
		})
	}
}

// A token is good for one connection, to the server that gave it, in the life
// of that server.
func TestTokensAreGoodOnce(t *testing.T) {
	virtually(t, netsim.Config{Delay: 10 * time.Millisecond}, func(t *testing.T, l *lineNet) {
		used, err := l.grant("ann")
		if err != nil {
			t.Fatal(err)
		}
		unused, err := l.grant("bob")
		if err != nil {
			t.Fatal(err)
		}
		l.connect(t, used, "10.0.2.1:1").wants(t, true)
		l.connect(t, used, "10.0.2.2:1").wants(t, false)
		if n := l.server.udpStats().Refused(udp.RefusedUsed); n == 0 {
			t.Error("a used token was not refused as such")
		}
		l.stop()
		time.Sleep(time.Second)
		l.start()
		l.connect(t, used, "10.0.2.3:1").wants(t, false)
		l.connect(t, unused, "10.0.2.4:1").wants(t, false)
		if n := l.server.udpStats().Refused(udp.RefusedStale); n == 0 {
			t.Error("a token from before the restart was not refused as such")
		}
		if n := l.server.sessions.Stats().Opened.Load(); n != 0 {
			t.Errorf("old tokens opened %d sessions", n)
		}
	})
}

// attempt is how a handshake ended.
type attempt struct{ in bool }

func (a attempt) wants(t *testing.T, in bool) {
	t.Helper()
	if a.in != in {
		t.Errorf("the handshake succeeded: %v, want %v", a.in, in)
	}
}

// connect makes a handshake with a token and leaves it at that.
func (l *lineNet) connect(t *testing.T, grant client.ConnectGrant, address string) attempt {
	t.Helper()
	conn, err := l.network.Listen(address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	hand, err := wire.NewClientHandshake(grant.Token, grant.Key)
	if err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, wire.MaxPacket)
	for range 12 {
		if packet := hand.Packet(); packet != nil {
			if _, err := conn.WriteToUDPAddrPort(packet, netip.MustParseAddrPort(lineAddress)); err != nil {
				t.Fatal(err)
			}
		}
		if err := conn.SetReadDeadline(time.Now().Add(wire.ResendInterval)); err != nil {
			t.Fatal(err)
		}
		for {
			n, _, err := conn.ReadFromUDPAddrPort(buf)
			if err != nil {
				break
			}
			if done, _ := hand.Receive(buf[:n]); done {
				return attempt{true}
			}
			if hand.Changed() {
				break
			}
		}
	}
	return attempt{false}
}
