package schema_test

import (
	"fmt"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// A message is a header and a body; the receiver verifies the body before it
// reads it.
func Example() {
	b := schema.NewBuilder()
	head := schema.Header{Kind: schema.KindCommand, Handle: 1, Ack: 41}
	message := append(head.Append(nil), b.Command(44, 0, []byte{5})...)

	h, body, err := schema.ParseHeader(message)
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := schema.Verify(h.Kind, body); err != nil {
		fmt.Println(err)
		return
	}
	command := fb.GetRootAsCommand(body, 0)
	fmt.Println(h.Kind, "in room", h.Handle, "for tick", command.Tick(), "has applied", h.Ack)

	// Output: Command in room 1 for tick 44 has applied 41
}
