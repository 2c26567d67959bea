package netcode

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// after lets d pass and the sweep run.
func after(d time.Duration) {
	time.Sleep(d) // a synctest bubble's clock
	synctest.Wait()
}

func TestHelloTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		defer r.close()
		after(4900 * time.Millisecond)
		if _, closed := r.wire.closedWith(); closed {
			t.Fatal("closed before the time-out")
		}
		after(600 * time.Millisecond)
		r.expectClosed(schema.CodeHelloTimeout)
	})
}

func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		defer r.close()
		r.hello("ann")
		for range 5 { // any message keeps it alive
			after(15 * time.Second)
			if err := r.receive(schema.KindPing, 0, 0, r.build.Ping(1, 1)); err != nil {
				t.Fatal(err)
			}
		}
		after(20 * time.Second)
		if _, closed := r.wire.closedWith(); closed {
			t.Fatal("closed before the time-out")
		}
		after(time.Second)
		r.expectClosed(schema.CodeIdleTimeout)
		r.end()
		if n := r.server.Stats().Closes(schema.CodeIdleTimeout); n != 1 {
			t.Fatalf("counted %d closes", n)
		}
	})
}

func TestTokenExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{IdleTimeout: time.Hour})
		defer r.close()
		r.hello("ann+1m")
		after(50 * time.Second)
		r.wire.take()
		token := func(token string) {
			if err := r.receive(schema.KindAuth, 0, 0, r.build.Auth(token)); err != nil {
				t.Fatal(err)
			}
		}
		token("bad")
		r.onlyError(schema.CodeUnauthenticated, 0)
		token("bob")
		r.onlyError(schema.CodeForbidden, 0)
		token("ann+2m") // at 50 s: until 170 s
		if sent := r.wire.take(); len(sent) > 0 {
			t.Fatalf("a good token was answered with %v", sent)
		}
		after(119 * time.Second)
		if _, closed := r.wire.closedWith(); closed {
			t.Fatal("closed although the token was refreshed")
		}
		after(2 * time.Second)
		r.expectClosed(schema.CodeTokenExpired)
	})
}

func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		defer r.close()
		r.hello("ann")
		after(sweepPeriod)
		ping := fb.GetRootAsPing(r.only(schema.KindPing).body, 0)
		pong := func(id uint32) {
			if err := r.receive(schema.KindPong, 0, 0, r.build.Pong(schema.PongInfo{ID: id})); err != nil {
				t.Fatal(err)
			}
		}
		pong(ping.Id() + 1)
		after(80 * time.Millisecond)
		if r.session.RTT() != 0 {
			t.Fatal("a Pong that nobody asked for was measured")
		}
		pong(ping.Id())
		if got := r.session.RTT(); got != 80*time.Millisecond {
			t.Fatalf("round trip %v", got)
		}
		after(30 * time.Millisecond)
		pong(ping.Id()) // twice
		if got := r.session.RTT(); got != 80*time.Millisecond {
			t.Fatalf("round trip %v after a second Pong", got)
		}
		after(10 * time.Second)
		if n := len(r.wire.take()); n != 10 {
			t.Fatalf("%d pings in ten seconds", n)
		}
	})
}

// TestPingRidesAlong checks that a room's flush carries the ping.
func TestPingRidesAlong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		defer r.close()
		r.hello("ann")
		link := r.enter(&fakeSeat{})
		r.wire.writes()
		pings := 0
		for range 200 { // 10 s at 20 Hz, off the sweep's beat
			after(50 * time.Millisecond)
			link.Flush()
		}
		flushes := r.wire.writes()
		for _, m := range r.wire.take() {
			if m.head.Kind == schema.KindPing {
				pings++
			}
		}
		if pings < 9 || pings > 11 || flushes != 200 {
			t.Fatalf("%d pings, %d writes; want about 10 and exactly 200", pings, flushes)
		}
		after(2 * time.Second) // the room sleeps
		if len(r.wire.take()) == 0 {
			t.Fatal("no ping while the room sleeps")
		}
	})
}

// TestJoinEndsWithSession ends a session while its join waits for the game.
func TestJoinEndsWithSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, Config{})
		defer r.close()
		r.hello("ann")
		for range 5 {
			if err := r.receive(schema.KindJoin, 0, 0, r.build.Join(schema.JoinInfo{Request: 8, Kind: "arena"})); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		r.onlyError(schema.CodeRateLimited, 8) // the fifth: four may wait
		r.end()
		if sent := r.wire.take(); len(sent) > 0 {
			t.Fatalf("sent %v after the end", sent)
		}
	})
}
