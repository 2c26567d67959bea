package schema

import "strconv"

// Version is the protocol's version, in Hello and Welcome.
const Version = 1

// Kind says which table a message's body holds.
type Kind uint8

// Client to server.
const (
	KindHello    Kind = 1
	KindAuth     Kind = 2
	KindJoin     Kind = 3
	KindLeave    Kind = 4
	KindCommand  Kind = 5
	KindEvent    Kind = 6
	KindCommands Kind = 7

	KindOpen        Kind = 8
	KindSubscribe   Kind = 9
	KindUnsubscribe Kind = 10
	KindMutate      Kind = 11

	KindShow  Kind = 12
	KindCast  Kind = 13
	KindLook  Kind = 14
	KindGroup Kind = 15
	KindDrag  Kind = 36
)

// Server to client.
const (
	KindWelcome Kind = 16
	KindJoined  Kind = 17
	KindLeft    Kind = 18
	KindState   Kind = 19
	KindOwner   Kind = 20
	KindEvents  Kind = 21
	KindMessage Kind = 22
	KindError   Kind = 23
	KindTiming  Kind = 24

	KindOpened  Kind = 25
	KindDelta   Kind = 26
	KindReceipt Kind = 27
	KindReset   Kind = 28

	KindCrowd  Kind = 29
	KindCasted Kind = 30
	KindDrags  Kind = 31
)

// Both ways.
const (
	KindPing  Kind = 32
	KindPong  Kind = 33
	KindClose Kind = 34
	KindSync  Kind = 35
)

// String returns the table's name, such as "Hello".
func (k Kind) String() string {
	if l := layoutOf(k); l != nil {
		return l.name
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// Known reports whether this version of the protocol has the kind.
func (k Kind) Known() bool { return layoutOf(k) != nil }
