package client

import (
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// silentSocket is a socket to nobody.
type silentSocket struct{ sent *[]byte }

func (silentSocket) read([]byte) (int, error) { select {} }
func (s silentSocket) write(packet []byte) error {
	if s.sent != nil {
		*s.sent = append((*s.sent)[:0], packet...)
	}
	return nil
}
func (silentSocket) close() {}

// openTransport is a connection whose handshake is over, and the server's ends
// of its keys.
func openTransport(tb testing.TB, sent *[]byte) (*udpTransport, *wire.Sealer, *wire.Opener) {
	tb.Helper()
	t, err := newUDPTransport(func() (udpSocket, error) { return silentSocket{sent}, nil }, &counters{})
	if err != nil {
		tb.Fatal(err)
	}
	const session = 7
	keys := wire.DeriveKeys([32]byte{1}, [32]byte{2}, [32]byte{3})
	t.timer = time.AfterFunc(time.Hour, t.wake)
	t.begin(session, keys, 10*time.Second)
	t.timer.Stop()
	tb.Cleanup(t.Close)
	return t, wire.NewSealer(keys.ServerToClient, session), wire.NewOpener(keys.ClientToServer, session)
}

// sealed is a packet of the server's.
func sealed(s *wire.Sealer, kind wire.Kind, plain []byte) []byte {
	buf := make([]byte, wire.HeaderSize, wire.MaxPacket)
	return s.Seal(append(buf, plain...), kind)
}

func TestPathChallengeIsAnswered(t *testing.T) {
	var sent []byte
	u, sealer, opener := openTransport(t, &sent)
	challenge := wire.AppendControl(nil, wire.Control{Type: wire.ControlPathChallenge, Data: [8]byte{9, 8}})
	if err := u.take(sealed(sealer, wire.KindControl, challenge)); err != nil {
		t.Fatal(err)
	}
	kind, _, plain, err := opener.Open(sent)
	if err != nil || kind != wire.KindControl {
		t.Fatalf("sent a %v, %v", kind, err)
	}
	if m, err := wire.ParseControl(plain); err != nil || m.Type != wire.ControlPathResponse || m.Data != [8]byte{9, 8} {
		t.Errorf("answered %+v, %v", m, err)
	}
}

func TestServersCloseIsTold(t *testing.T) {
	u, sealer, _ := openTransport(t, nil)
	over := wire.AppendControl(nil, wire.Control{Type: wire.ControlClose, Code: uint16(schema.CodeReplaced), Text: "elsewhere"})
	if err := u.take(sealed(sealer, wire.KindControl, over)); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Read(); !errors.Is(err, &schema.Error{Code: schema.CodeReplaced}) {
		t.Errorf("ended with %v", err)
	}
}

// What is not authentic does not count as a sign of life.
func TestForgedPacketsAreNothing(t *testing.T) {
	u, sealer, _ := openTransport(t, nil)
	u.heard.Store(0)
	packet := sealed(sealer, wire.KindUnreliable, wire.AppendMessage(nil, [8]byte{}, nil))
	forged := append([]byte(nil), packet...)
	forged[len(forged)-1] ^= 1
	if err := u.take(forged); err != nil || u.heard.Load() != 0 || len(u.rest) != 0 {
		t.Errorf("a forged packet was heard: %v", err)
	}
	if err := u.take(append([]byte(nil), packet...)); err != nil || u.heard.Load() == 0 || len(u.rest) == 0 {
		t.Errorf("an authentic packet was not heard: %v", err)
	}
	u.rest = nil
	if err := u.take(packet); err != nil || len(u.rest) != 0 {
		t.Errorf("a packet counted twice: %v", err)
	}
}

// A Reject raises doubts only if it answers a packet that was sent lately: who
// forges one must have seen that.
func TestRejectsOfPacketsNeverSent(t *testing.T) {
	u, _, _ := openTransport(t, nil)
	u.timer.Stop()
	u.timer = time.AfterFunc(time.Hour, func() {}) // a doubt sends no pings here, which would count
	for range 1000 {
		u.sendControl(wire.Control{Type: wire.ControlPing})
	}
	for counter, doubted := range map[uint32]bool{1000: true, 600: true, 1001: false, 100: false, 0: false, 1 << 31: false, ^uint32(0): false} {
		u.doubted = time.Time{}
		echo := binary.LittleEndian.AppendUint32([]byte{7, 0, 0, 0}, counter)
		if err := u.take(wire.AppendReject(nil, wire.Reject{Code: wire.RejectUnknownSession, Echo: [8]byte(echo)})); err != nil {
			t.Fatal(err)
		}
		if u.doubted.IsZero() == doubted {
			t.Errorf("a Reject of packet %d of 1000: doubted %v", counter, !doubted)
		}
	}
}

// In steady state neither a command nor a datagram that is read allocates.
func TestUDPAllocatesNothing(t *testing.T) {
	c, room := lossyRoom(t)
	u, sealer, _ := openTransport(t, nil)
	c.send.use(u)
	at := uint32(10)
	send := func() {
		at++
		room.ack.Store(at - 4)
		if err := SendCommand(room, tick.Tick(at), walk{X: 1}); err != nil {
			t.Fatal(err)
		}
	}
	for range 20 {
		send()
	}
	if n := testing.AllocsPerRun(100, send); n != 0 {
		t.Errorf("%v allocations a command", n)
	}
	message := wire.AppendMessage(nil, [8]byte{byte(schema.KindPong)}, make([]byte, 100))
	buf := make([]byte, wire.MaxPacket)
	receive := func() {
		packet := sealer.Seal(append(buf[:wire.HeaderSize], message...), wire.KindUnreliable)
		if err := u.take(packet); err != nil {
			t.Fatal(err)
		}
		if msg, err := u.Read(); err != nil || len(msg) != 108 {
			t.Fatal(len(msg), err)
		}
	}
	if n := testing.AllocsPerRun(100, receive); n != 0 {
		t.Errorf("%v allocations a datagram", n)
	}
}

func TestConnectAnswers(t *testing.T) {
	key := strings.Repeat("A", 42) + "8"
	good := `{"token":"AQID","key":"` + key + `","addresses":["127.0.0.1:7777"],"timeout":10,"user":"u","guestToken":"g"}`
	answer, err := readAnswer(http.StatusOK, []byte(good))
	if err != nil || string(answer.Token) != "\x01\x02\x03" || answer.Addresses[0] != "127.0.0.1:7777" || answer.guestToken != "g" {
		t.Errorf("read %+v, %v", answer, err)
	}
	for _, bad := range []string{"", "[]", `{"token":"*","key":"` + key + `"}`, `{"token":"AQID","key":"AQID"}`} {
		if _, err := readAnswer(http.StatusOK, []byte(bad)); err == nil {
			t.Errorf("took %s", bad)
		}
	}
	if _, err := readAnswer(http.StatusNotFound, nil); !errors.Is(err, errUDPOff) {
		t.Errorf("a server without UDP: %v", err)
	}
	var e *schema.Error
	if _, err := readAnswer(http.StatusUnauthorized, []byte(`{"code":"TOKEN_EXPIRED","message":"old"}`)); !errors.As(err, &e) || e.Code != schema.CodeTokenExpired {
		t.Errorf("an expired token: %v", err)
	}
}

// FuzzPacket gives an open connection whatever may come from the network, also
// what a broken server seals.
func FuzzPacket(f *testing.F) {
	f.Add(uint8(wire.KindUnreliable), wire.AppendMessage(nil, [8]byte{}, []byte("hello")))
	f.Add(uint8(wire.KindReliable), make([]byte, 24))
	f.Add(uint8(wire.KindControl), wire.AppendControl(nil, wire.Control{Type: wire.ControlClose, Code: 3, Text: "bye"}))
	f.Add(uint8(wire.KindReject), wire.AppendReject(nil, wire.Reject{Code: wire.RejectUnknownSession, Echo: [8]byte{7}}))
	f.Add(uint8(0), []byte{1, 2, 3})
	f.Fuzz(func(t *testing.T, kind uint8, data []byte) {
		u, sealer, _ := openTransport(t, nil)
		packet := append([]byte(nil), data...)
		if k := wire.Kind(kind); k.Data() {
			packet = sealed(sealer, k, data[:min(len(data), wire.MaxPlain)])
		}
		if err := u.take(packet); err != nil {
			return
		}
		for range 100 {
			if len(u.rest) == 0 && u.inbox.read == len(u.inbox.ends) && u.over == nil {
				return
			}
			if _, err := u.Read(); err != nil {
				return
			}
		}
	})
}

// FuzzConnectAnswer gives the client whatever a web server may answer.
func FuzzConnectAnswer(f *testing.F) {
	f.Add(200, []byte(`{"token":"AQID","key":"AQID","addresses":["127.0.0.1:7777"]}`))
	f.Add(401, []byte(`{"code":"UNAUTHENTICATED","message":"no"}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if _, err := readAnswer(status, body); err == nil && status != http.StatusOK {
			t.Errorf("status %d was taken for a grant", status)
		}
	})
}
