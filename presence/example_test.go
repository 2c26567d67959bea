package presence_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/presence"
)

// Pointer is what each visitor of the example shows.
type Pointer struct {
	Name string
	X, Y float32
}

// Emote is a message that is no state.
type Emote struct{ Emoji string }

// A room of pointers. A server runs it with parlor.Config{Presence: …}; clients
// enter "pointers/lobby".
func Example() {
	kind := presence.Define("pointers", presence.Room[Pointer]{
		Hz:         30,
		MaxMembers: 1000,
		Timeout:    30 * time.Second,
		Position:   func(p *Pointer) (x, y float32) { return p.X, p.Y }, // who looks at a part of the plane gets only that
		Join: func(u presence.User, p *Pointer) error { // the first state, or a refusal
			p.Name = u.Name
			return nil
		},
		Check: func(_ presence.User, old, now *Pointer) error {
			now.Name = old.Name // is the server's to say
			return nil
		},
		Group: func(u presence.User, group string) error {
			if team, _ := u.Claims["team"].(string); team != group {
				return errors.New("this is another team's group")
			}
			return nil
		},
		Casts: []presence.Cast[Pointer]{
			presence.OnCast[Pointer, Emote](5), // a second
		},
	})
	if err := kind.Err(); err != nil {
		fmt.Println(err) // it says in a sentence what cannot work
	}
	fmt.Println(kind.Name(), "at", kind.Hz(), "Hz")
	// Output: pointers at 30 Hz
}

// A machine is driven by whoever has a clock: a board, a test.
func ExampleMachine() {
	kind := presence.Define("pointers", presence.Room[Pointer]{
		Join: func(u presence.User, p *Pointer) error { p.Name = u.Name; return nil },
	})
	m, now := presence.NewMachine(kind), time.Unix(0, 0)
	member, err := m.Join(now, 1, presence.User{ID: "u1", Name: "Ann"})
	fmt.Println("member", member, err)
	err = presence.Edit(m, now, 1, func(p *Pointer) error { p.X = 3; return nil })
	state, ok := presence.StateOf[Pointer](m, 1)
	fmt.Println(state, ok, err)
	// Output:
	// member 1 <nil>
	// {Ann 3 0} true <nil>
}
