package wire_test

import (
	"fmt"

	"github.com/parlor-server/parlor/presence/wire"
)

// A client keeps the members of a room by their numbers.
func ExampleReadCrowd() {
	d, err := wire.Parse([]byte(`{"state":[{"name":"Name","kind":"string"}],"casts":[],"timeout":30000,"sample":128}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	payload := wire.AppendEnter(nil, 1, "u1", "", []byte{1, 3, 'A', 'n', 'n'})
	payload = wire.AppendLeave(payload, 2)
	r := wire.ReadCrowd(&d.State, payload)
	for e := (wire.Entry{}); r.Next(&e); {
		switch e.Op {
		case wire.Enter:
			fmt.Printf("member %d of user %s is %s\n", e.Member, e.User, d.State.Get(e.Row, 0).Text())
		case wire.Leave:
			fmt.Printf("member %d has left\n", e.Member)
		}
	}
	fmt.Println(r.Err())
	// Output:
	// member 1 of user u1 is Ann
	// member 2 has left
	// <nil>
}
