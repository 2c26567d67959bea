package client

import (
	"context"
	"errors"
)

// Member is one connection in a presence room or on a board. A user with two
// connections is two members.
type Member[T any] struct {
	Number uint32
	User   string
	Group  string // that sees it; empty: everyone
	State  T
}

// Rect is a part of the plane.
type Rect struct{ X, Y, Width, Height float32 }

// Presence is who is in a room and what each shows: a T, whose fields are found
// by name among those of the room's state. Its methods may be called from any
// goroutine; callbacks run one at a time and must not wait.
type Presence[T any] struct {
	*seat
}

// OpenPresence enters the presence room "kind/name" and shows first. It returns
// when the server has let this client in; when the server refuses, the error
// wraps a *schema.Error. What is shown is shown again after each reconnection.
func OpenPresence[T any](ctx context.Context, c *Client, room string, first T) (*Presence[T], error) {
	return nil, errors.New("not yet")
}

// Show replaces what this connection shows. Only fields that have changed are
// sent, at the room's rate: the newest state wins.
func (p *Presence[T]) Show(state T) error { panic("not yet") }

// Update changes what this connection shows.
func (p *Presence[T]) Update(change func(*T)) error { panic("not yet") }

// Shown is what this connection wants to show.
func (p *Presence[T]) Shown() T { panic("not yet") }

// ShowTo says who sees this connection from now on: a group that it is in;
// empty: everyone.
func (p *Presence[T]) ShowTo(group string) { panic("not yet") }

// Me is this connection as the server shows it to others; ok is false until
// the server has said.
func (p *Presence[T]) Me() (me Member[T], ok bool) { panic("not yet") }

// Members are the others, in the order of their numbers.
func (p *Presence[T]) Members() []Member[T] { panic("not yet") }

// Member is the one with the number, which may be this connection.
func (p *Presence[T]) Member(number uint32) (m Member[T], ok bool) { panic("not yet") }

// OnChange registers f, called with the numbers of members that came, changed
// or left.
func (p *Presence[T]) OnChange(f func(members []uint32)) (cancel func()) { panic("not yet") }

// Look says what part of the plane the program draws, so that the server leaves
// out what is elsewhere; nil: everything.
func (p *Presence[T]) Look(part *Rect) { panic("not yet") }

// Follow asks for a member wherever it is; 0: nobody.
func (p *Presence[T]) Follow(member uint32) { panic("not yet") }

// EnterGroup enters a private group of the room; OnRefused is told if it may not.
func (p *Presence[T]) EnterGroup(name string) { panic("not yet") }

// LeaveGroup leaves it.
func (p *Presence[T]) LeaveGroup(name string) { panic("not yet") }

// Cast is a kind of message in a presence room that is no state: an emote, a
// ping. M is found among the room's casts by the name of its type.
type Cast[M any] struct{}

// Casted is one that has arrived.
type Casted[M any] struct {
	From  uint32 // the member
	Group string // in which it was said; empty: to everyone
	Data  M
}

// CastOf is the room's cast that has the name of M.
func CastOf[M, T any](p *Presence[T]) (*Cast[M], error) { return nil, errors.New("not yet") }

// Send sends m to everyone in the room. What is sent while the connection is
// lost fails with ErrDisconnected; OnRefused is told what the server refuses.
func (c *Cast[M]) Send(m M) error { panic("not yet") }

// SendIn sends m to a group.
func (c *Cast[M]) SendIn(group string, m M) error { panic("not yet") }

// SendTo sends m to one member.
func (c *Cast[M]) SendTo(member uint32, m M) error { panic("not yet") }

// On registers f, called for each that arrives.
func (c *Cast[M]) On(f func(Casted[M])) (cancel func()) { panic("not yet") }
