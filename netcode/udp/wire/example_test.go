package wire_test

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// A matchmaker seals a token, a client takes it to a server, and both have the
// same keys. The network between them is a function call here.
func Example() {
	now := time.Now()
	keys, err := wire.NewKeyRing([32]byte{1}) // a real one is random
	if err != nil {
		panic(err)
	}
	token, err := keys.Seal(wire.Token{
		ID: [16]byte{2}, Key: [32]byte{3}, User: "alice", // real ones are random
		Addresses: []string{"192.0.2.1:7777"}, Issued: now, Expires: now.Add(20 * time.Second), Timeout: 10 * time.Second,
	})
	if err != nil {
		panic(err)
	}

	client, err := wire.NewClientHandshake(token, [32]byte{3})
	if err != nil {
		panic(err)
	}
	server := greeter{keys: keys, cookies: wire.NewCookies()}
	for done := false; !done; { // a real client also sends again, every ResendInterval
		done, err = client.Receive(server.answer(client.Packet(), now))
		if err != nil {
			panic(err)
		}
	}
	session, derived, _ := client.Session()

	buf := make([]byte, wire.HeaderSize, wire.MaxPacket)
	packet := wire.NewSealer(derived.ClientToServer, session).Seal(append(buf, "hello"...), wire.KindReliable)
	kind, counter, plain, err := wire.NewOpener(server.derived.ClientToServer, session).Open(packet)
	fmt.Printf("%s of %s: %v %d %q %v\n", wire.KindOf(packet), server.user, kind, counter, plain, err)
	// Output: Reliable of alice: Reliable 1 "hello" <nil>
}

// greeter is the server's side of one handshake. A real one also remembers
// which tokens were used, and looks at their addresses.
type greeter struct {
	keys    *wire.KeyRing
	cookies *wire.Cookies
	derived wire.Keys
	user    string
}

func (g *greeter) answer(packet []byte, now time.Time) []byte {
	from := netip.MustParseAddrPort("198.51.100.7:40000")
	if r, err := wire.ParseRequest(packet); err == nil && wire.CheckToken(r.Token, now) == nil {
		return wire.AppendChallenge(nil, wire.Challenge{
			Echo:   [wire.EchoSize]byte(r.Nonce[:]),
			Cookie: g.cookies.Make(from, r.Nonce, r.Token, now),
		})
	}
	r, err := wire.ParseResponse(packet)
	if err != nil || g.cookies.Check(r.Cookie, from, r.Nonce, r.Token, now) != nil {
		return nil
	}
	token, err := g.keys.Open(r.Token, now)
	if err != nil || r.CheckProof(token.Key) != nil {
		return nil
	}
	random := [32]byte{4} // a real one is random
	g.derived, g.user = wire.DeriveKeys(token.Key, r.Nonce, random), token.User
	return wire.AppendAccept(nil, wire.Accept{
		Session: 7, Echo: [wire.EchoSize]byte(r.Nonce[:]), Random: random, Timeout: token.Timeout,
	}, g.derived)
}
