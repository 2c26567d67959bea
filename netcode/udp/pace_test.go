package udp

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/internal/netsim"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// Over any time no more is taken than the rate and its burst allow, and
// whoever waits gets it back.
func TestPace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		perSec, burst := rapid.IntRange(1, 1<<20).Draw(t, "rate"), rapid.IntRange(1, 1<<16).Draw(t, "burst")
		r := perSecond(perSec, burst)
		var p pace
		now, taken := time.Duration(0), 0
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now += time.Duration(rapid.Int64Range(0, int64(50*time.Millisecond)).Draw(t, "pass"))
			n := rapid.IntRange(1, burst).Draw(t, "n")
			if p.left(now, r) >= n {
				p.spend(now, n, r)
				taken += n
			}
			if allowed := float64(burst) + now.Seconds()*float64(perSec)*1.01 + 1; float64(taken) > allowed {
				t.Fatalf("%d taken after %v, %v allowed", taken, now, allowed)
			}
		}
		if p.left(now+r.burst, r) != burst {
			t.Fatalf("%d of %d came back", p.left(now+r.burst, r), burst)
		}
	})
}

func TestPaceOverdraft(t *testing.T) {
	r := perSecond(1000, 100)
	var p pace
	p.spend(0, 150, r)
	if n := p.left(0, r); n != -50 {
		t.Errorf("%d left, want -50", n)
	}
	if p.take(50*time.Millisecond, r) || !p.take(51*time.Millisecond, r) {
		t.Error("an overdraft is not paid back first")
	}
}

// The byte budget of a session covers both lanes: datagrams beyond it are
// refused, reliable bytes wait.
func TestByteBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const bytesPerSecond, burst = 100 << 10, 20 << 10
		r := newRig(t, Config{ByteRate: bytesPerSecond, ByteBurst: burst}, netsim.Config{})
		defer r.close()
		c := r.client()
		c.join()
		c.idle(time.Second)
		link := r.host.seat(0).link
		state := schema.NewBuilder().State(4, 1, make([]byte, 1000))
		sent := 0
		for link.Datagram(schema.Header{Kind: schema.KindState}, state) {
			link.Flush()
			sent += len(state)
		}
		if sent < burst*8/10 || sent > burst {
			t.Errorf("%d bytes of datagrams at once, the burst is %d", sent, burst)
		}
		if r.server.stats.DatagramsRefused.Load() == 0 {
			t.Error("the refusal is not counted")
		}
		long := bytes.Repeat([]byte{1}, 2*bytesPerSecond)
		began := time.Now()
		link.Message(schema.Header{Kind: schema.KindMessage}, schema.NewBuilder().Message(2, "long", long))
		link.Flush()
		for !c.pump(func() bool { return count(c.messages, schema.KindMessage) == 2 }) {
			t.Fatal("the long message did not come")
		}
		if took := time.Since(began); took < 1900*time.Millisecond || took > 3*time.Second {
			t.Errorf("%d bytes took %v at %d a second", len(long), took, bytesPerSecond)
		}
		c.idle(time.Second)
		if !link.Datagram(schema.Header{Kind: schema.KindState}, state) {
			t.Error("datagrams are still refused")
		}
	})
}

func TestDatagramsHaveALimit(t *testing.T) {
	sh := bare(t, Config{})
	conn := sh.conns[enter(t, sh, 1).id]
	head := [schema.HeaderSize]byte{byte(schema.KindState)}
	if !conn.Datagram(head, make([]byte, conn.DatagramSize())) || conn.Datagram(head, make([]byte, conn.DatagramSize()+1)) {
		t.Error("the limit is not where DatagramSize says")
	}
	conn.Flush()
	sh.out.flush()
	if n := len(sh.socket.(*deafSocket).last); n != wire.MaxPacket {
		t.Errorf("the largest packet has %d bytes", n)
	}
}

// TryQueue refuses while bytes of an earlier flush wait, and only then.
func TestTryQueue(t *testing.T) {
	sh := bare(t, Config{ByteBurst: 8 << 10})
	conn := sh.conns[enter(t, sh, 1).id]
	head, body := [schema.HeaderSize]byte{byte(schema.KindState)}, make([]byte, 6<<10)
	for range 2 {
		if !conn.TryQueue(head, body) {
			t.Error("refused before the flush")
		}
	}
	if conn.Pending() < len(body) {
		t.Errorf("%d bytes pending", conn.Pending())
	}
	conn.Flush()
	if conn.TryQueue(head, body) {
		t.Errorf("taken though %d bytes wait", conn.Pending())
	}
	conn.Close(0, "")
	conn.Queue(head, body)
	conn.Flush()
	if conn.Datagram(head, body[:10]) || conn.TryQueue(head, body) {
		t.Error("taken after the close")
	}
}
