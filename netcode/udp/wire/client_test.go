package wire

import (
	"bytes"
	"errors"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// door is a server's side of the handshake, as small as it can be.
type door struct {
	ring    *KeyRing
	cookies *Cookies
	accepts map[[16]byte][]byte // by token
	nonces  map[[16]byte][32]byte
}

func newDoor(t testing.TB) *door {
	return &door{ring(t, pattern32(1)), NewCookies(), map[[16]byte][]byte{}, map[[16]byte][32]byte{}}
}

var doorstep = netip.MustParseAddrPort("192.0.2.1:5000")

func (d *door) receive(packet []byte, now time.Time) (answer []byte) {
	if r, err := ParseRequest(packet); err == nil && CheckToken(r.Token, now) == nil {
		return AppendChallenge(nil, Challenge{[8]byte(r.Nonce[:]), d.cookies.Make(doorstep, r.Nonce, r.Token, now)})
	}
	r, err := ParseResponse(packet)
	if err != nil || d.cookies.Check(r.Cookie, doorstep, r.Nonce, r.Token, now) != nil {
		return nil
	}
	token, err := d.ring.Open(r.Token, now)
	if err != nil || r.CheckProof(token.Key) != nil {
		return nil
	}
	if d.accepts[token.ID] == nil {
		random := pattern32(0x80)
		d.nonces[token.ID] = r.Nonce
		d.accepts[token.ID] = AppendAccept(nil, Accept{5, [8]byte(r.Nonce[:]), random, token.Timeout}, DeriveKeys(token.Key, r.Nonce, random))
	}
	if d.nonces[token.ID] != r.Nonce {
		return AppendReject(nil, Reject{RejectUsed, [8]byte(r.Nonce[:])})
	}
	return d.accepts[token.ID]
}

func knock(t testing.TB, d *door) *ClientHandshake {
	t.Helper()
	h, err := newClientHandshake(sealed(t, d.ring, exampleToken()), exampleToken().Key, pattern32(0x60))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHandshake(t *testing.T) {
	d := newDoor(t)
	h := knock(t, d)
	if !h.Changed() {
		t.Error("there is nothing to send at first")
	}
	request := h.Packet()
	if h.Changed() {
		t.Error("the request changed when it was sent")
	}
	if done, err := h.Receive(d.receive(request, noon)); done || err != nil || !h.Changed() {
		t.Fatalf("after the challenge: done %v, %v, changed %v", done, err, h.Changed())
	}
	if done, err := h.Receive(d.receive(h.Packet(), noon)); !done || err != nil {
		t.Fatalf("after the accept: done %v, %v", done, err)
	}
	id, keys, timeout := h.Session()
	if id != 5 || timeout != 10*time.Second || keys != DeriveKeys(exampleToken().Key, pattern32(0x60), pattern32(0x80)) {
		t.Errorf("session %d, time-out %v, keys %x", id, timeout, keys)
	}
	if h.Packet() != nil || h.Changed() {
		t.Error("there is something to send when all is done")
	}
	if done, err := h.Receive(AppendReject(nil, Reject{RejectFull, [8]byte(pattern(0x60, 8))})); !done || err != nil {
		t.Errorf("a late reject: done %v, %v", done, err)
	}
}

// Packets are lost, doubled, late and forged, and the handshake goes through
// once the network is kind for a while.
func TestHandshakeOverABadNetwork(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		d := newDoor(t)
		h := knock(t, d)
		now := noon
		var toServer, toClient [][]byte
		done := false
		for step := 0; !done; step++ {
			if step > 200 {
				rt.Fatal("the handshake never ends")
			}
			if step%4 == 0 || h.Changed() {
				toServer = append(toServer, bytes.Clone(h.Packet()))
			}
			now = now.Add(ResendInterval / 4)
			kind := step > 40
			toServer = pass(rt, toServer, kind, func(p []byte) {
				if a := d.receive(p, now); a != nil {
					toClient = append(toClient, bytes.Clone(a))
				}
			})
			if !kind {
				toClient = append(toClient, garbage(rt, h, toClient)...)
			}
			toClient = pass(rt, toClient, kind, func(p []byte) {
				ok, err := h.Receive(p)
				if err != nil {
					rt.Fatal(err)
				}
				done = done || ok
			})
		}
		if id, _, _ := h.Session(); id != 5 {
			rt.Fatalf("session %d", id)
		}
		if len(d.accepts) != 1 {
			rt.Fatalf("%d sessions were made", len(d.accepts))
		}
	})
}

// pass delivers some of the packets in any order, and returns those that stay
// under way.
func pass(t *rapid.T, packets [][]byte, kind bool, deliver func([]byte)) (stay [][]byte) {
	if kind {
		for _, p := range packets {
			deliver(p)
		}
		return nil
	}
	for len(packets) > 0 {
		i := rapid.IntRange(0, len(packets)-1).Draw(t, "next")
		p := packets[i]
		packets = slices.Delete(packets, i, i+1)
		switch rapid.IntRange(0, 4).Draw(t, "fate") {
		case 0: // lost
		case 1:
			deliver(p)
			deliver(p)
		case 2:
			stay = append(stay, p)
		default:
			deliver(p)
		}
	}
	return stay
}

// garbage is what someone else may send to the client.
func garbage(t *rapid.T, h *ClientHandshake, seen [][]byte) [][]byte {
	echo := [8]byte(h.nonce[:])
	switch rapid.IntRange(0, 6).Draw(t, "garbage") {
	case 0:
		return [][]byte{rapid.SliceOfN(rapid.Byte(), 0, 80).Draw(t, "bytes")}
	case 1:
		return [][]byte{AppendAccept(nil, Accept{9, echo, pattern32(7), time.Second}, Keys{})}
	case 2:
		return [][]byte{AppendChallenge(nil, Challenge{echo, [CookieSize]byte(pattern(7, CookieSize))})}
	case 3:
		return [][]byte{AppendReject(nil, Reject{RejectFull, [8]byte{1}})}
	case 4:
		if len(seen) > 0 && len(seen[0]) > 0 {
			p := bytes.Clone(seen[0])
			p[rapid.IntRange(0, len(p)-1).Draw(t, "at")] ^= 1
			return [][]byte{p}
		}
	}
	return nil
}

func TestRejectIsBelievedWhenNothingElseComes(t *testing.T) {
	d := newDoor(t)
	h := knock(t, d)
	echo := [8]byte(h.nonce[:])
	h.Packet()
	if done, err := h.Receive(AppendReject(nil, Reject{RejectFull, echo})); done || err != nil {
		t.Fatalf("at once: done %v, %v", done, err)
	}
	for i := range patientSends {
		if h.Packet() == nil || h.Err() != nil {
			t.Fatalf("after %d sends: %v", i, h.Err())
		}
	}
	if h.Packet() != nil {
		t.Error("it goes on sending")
	}
	var rejected *RejectedError
	if !errors.As(h.Err(), &rejected) || rejected.Code != RejectFull {
		t.Errorf("the end is %v", h.Err())
	}
	if _, err := h.Receive(nil); err == nil {
		t.Error("Receive does not say it")
	}
}

// Someone who sees the packets, and can answer faster than the server, does no harm.
func TestForgedRejectIsOutdoneByAccept(t *testing.T) {
	d := newDoor(t)
	h := knock(t, d)
	forged := AppendReject(nil, Reject{RejectUsed, [8]byte(h.nonce[:])})
	request := bytes.Clone(h.Packet())
	for _, p := range [][]byte{forged, d.receive(request, noon), forged} {
		if _, err := h.Receive(p); err != nil {
			t.Fatal(err)
		}
	}
	if done, err := h.Receive(d.receive(h.Packet(), noon)); !done || err != nil {
		t.Errorf("done %v, %v", done, err)
	}
}

// Rejects that go on coming do not put off the end.
func TestManyRejects(t *testing.T) {
	h := knock(t, newDoor(t))
	h.Packet()
	for i := 0; h.Err() == nil; i++ {
		if i > patientSends {
			t.Fatal("it goes on sending")
		}
		if _, err := h.Receive(AppendReject(nil, Reject{RejectFull, [8]byte(h.nonce[:])})); err != nil {
			t.Fatal(err)
		}
		h.Packet()
	}
}

// Whoever forges a Reject cannot have it believed sooner by forging Challenges
// behind it, which the client answers at once.
func TestForgedChallengesUseUpNoPatience(t *testing.T) {
	d := newDoor(t)
	h := knock(t, d)
	echo := [EchoSize]byte(h.nonce[:])
	request := slices.Clone(h.Packet())
	if _, err := h.Receive(AppendReject(nil, Reject{RejectVersion, echo})); err != nil {
		t.Fatal(err)
	}
	for i := range byte(10) {
		if _, err := h.Receive(AppendChallenge(nil, Challenge{echo, [CookieSize]byte{i}})); err != nil {
			t.Fatalf("believed after %d Challenges", i)
		}
		if h.Packet() == nil {
			t.Fatalf("given up after %d Challenges", i)
		}
	}
	if _, err := h.Receive(d.receive(request, noon)); err != nil {
		t.Fatal(err)
	}
	if done, err := h.Receive(d.receive(h.Packet(), noon)); !done || err != nil {
		t.Errorf("the handshake came to nothing: %v", err)
	}
}

// The cookie that came last counts, if it is for this client.
func TestNewestCookieCounts(t *testing.T) {
	h := knock(t, newDoor(t))
	echo := [8]byte(h.nonce[:])
	for _, step := range []struct {
		challenge Challenge
		want      byte
		changed   bool
	}{
		{Challenge{echo, [CookieSize]byte{1}}, 1, true},
		{Challenge{echo, [CookieSize]byte{1}}, 1, false},
		{Challenge{[8]byte{9}, [CookieSize]byte{2}}, 1, false},
		{Challenge{echo, [CookieSize]byte{3}}, 3, true},
	} {
		if _, err := h.Receive(AppendChallenge(nil, step.challenge)); err != nil {
			t.Fatal(err)
		}
		if h.Changed() != step.changed {
			t.Errorf("cookie %d: changed is %v", step.challenge.Cookie[0], h.Changed())
		}
		if r, err := ParseResponse(h.Packet()); err != nil || r.Cookie[0] != step.want {
			t.Errorf("cookie %d: it answers with %d, %v", step.challenge.Cookie[0], r.Cookie[0], err)
		}
	}
}

// A reject of another packet is not about this handshake.
func TestRejectOfAnother(t *testing.T) {
	h := knock(t, newDoor(t))
	if _, err := h.Receive(AppendReject(nil, Reject{RejectFull, [8]byte{1}})); err != nil || h.rejected != nil {
		t.Errorf("%v, %v", err, h.rejected)
	}
}

// A server that was started again does not know its old cookies.
func TestHandshakeAsksForANewCookie(t *testing.T) {
	d := newDoor(t)
	h := knock(t, d)
	if _, err := h.Receive(d.receive(h.Packet(), noon)); err != nil {
		t.Fatal(err)
	}
	d.cookies = NewCookies()
	for range responseSends {
		p := h.Packet()
		if KindOf(p) != KindResponse || d.receive(p, noon) != nil {
			t.Fatalf("%v", KindOf(p))
		}
	}
	if k := KindOf(h.Packet()); k != KindRequest {
		t.Fatalf("it goes on with %v", k)
	}
	if _, err := h.Receive(d.receive(h.Packet(), noon)); err != nil {
		t.Fatal(err)
	}
	if done, err := h.Receive(d.receive(h.Packet(), noon)); !done || err != nil {
		t.Errorf("done %v, %v", done, err)
	}
}

func TestOverheardTokenIsNotUsedUp(t *testing.T) {
	d := newDoor(t)
	h := knock(t, d)
	thief, err := newClientHandshake(h.token, pattern32(0), pattern32(0x99)) // has the token, not its key
	if err != nil {
		t.Fatal(err)
	}
	if _, err := thief.Receive(d.receive(thief.Packet(), noon)); err != nil {
		t.Fatal(err)
	}
	if a := d.receive(thief.Packet(), noon); a != nil || len(d.accepts) != 0 {
		t.Fatalf("the thief got %v", KindOf(a))
	}
	if _, err := h.Receive(d.receive(h.Packet(), noon)); err != nil {
		t.Fatal(err)
	}
	if done, err := h.Receive(d.receive(h.Packet(), noon)); !done || err != nil {
		t.Errorf("the owner: done %v, %v", done, err)
	}
}

func TestHandshakesHaveTheirOwnNonces(t *testing.T) {
	a, errA := NewClientHandshake(make([]byte, TokenSize), pattern32(1))
	b, errB := NewClientHandshake(make([]byte, TokenSize), pattern32(1))
	if errA != nil || errB != nil || a.nonce == b.nonce || a.nonce == [32]byte{} {
		t.Errorf("%x and %x, %v, %v", a.nonce, b.nonce, errA, errB)
	}
	if _, err := NewClientHandshake(make([]byte, 3), pattern32(1)); err == nil {
		t.Error("a token of 3 bytes is taken")
	}
}
