package netcode_test

import (
	"context"
	"fmt"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/schema"
)

// printer is a transport that prints what a client would receive.
type printer struct{}

func (printer) Queue(head [schema.HeaderSize]byte, _ []byte) {
	h, _, _ := schema.ParseHeader(head[:])
	fmt.Println("sent", h.Kind)
}

func (p printer) TryQueue(head [schema.HeaderSize]byte, body []byte) bool {
	p.Queue(head, body)
	return true
}

func (printer) Flush()                                 {}
func (printer) Pending() int                           { return 0 }
func (printer) RemoteAddr() string                     { return "192.0.2.1:4321" }
func (printer) Close(code schema.Code, message string) { fmt.Println("closed", code, message) }

type everyone struct{}

func (everyone) Authenticate(_ context.Context, token string) (auth.User, string, error) {
	return auth.User{ID: token}, "", nil
}

type noRooms struct{}

func (noRooms) Reserve(context.Context, netcode.JoinRequest) (netcode.Seat, error) {
	return nil, schema.Errorf(schema.CodeNoSuchKind, "there are no rooms")
}

// A transport opens a session for every connection and hands it each message.
func ExampleServer_Open() {
	server, err := netcode.NewServer(netcode.Config{Auth: everyone{}, Host: noRooms{}})
	if err != nil {
		panic(err)
	}
	session := server.Open(printer{})

	hello := schema.Header{Kind: schema.KindHello}.Append(nil)
	hello = append(hello, schema.NewBuilder().Hello(schema.HelloInfo{Token: "ann"})...)
	fmt.Println(session.Receive(hello), session.User().ID)

	fmt.Println(session.Receive([]byte("garbage")))
	session.Ended(0)
	fmt.Println(server.Close(), server.Stats().Closes(schema.CodeBadMessage))
	// Output:
	// sent Welcome
	// <nil> ann
	// closed BAD_MESSAGE message is shorter than its header
	// session is closed
	// <nil> 1
}
