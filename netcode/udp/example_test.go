package udp_test

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

type nowhere struct{}

func (nowhere) Reserve(context.Context, netcode.JoinRequest) (netcode.Seat, error) {
	return nil, schema.Errorf(schema.CodeNoSuchKind, "there are no rooms here")
}

// A UDP endpoint beside others of the same sessions. Whoever has authenticated
// a user grants the connection, usually over HTTPS.
func ExampleListen() {
	users, err := auth.NewAuthenticator(auth.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	sessions, err := netcode.NewServer(netcode.Config{Auth: users, Host: nowhere{}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = sessions.Close() }()

	var key [32]byte
	_, _ = rand.Read(key[:])
	keys, err := wire.NewKeyRing(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	server, err := udp.Listen(udp.Config{Addr: "127.0.0.1:0", Keys: keys, Sessions: sessions})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = server.Close() }()

	grant, err := server.Grant(udp.GrantRequest{User: auth.User{ID: "user-7"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("a token of", len(grant.Token), "bytes, for sessions that may be silent for", grant.Timeout)
	// Output: a token of 812 bytes, for sessions that may be silent for 10s
}
