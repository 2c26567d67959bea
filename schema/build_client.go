package schema

import "github.com/parlor-server/parlor/schema/fb"

// HelloInfo is the content of a Hello.
type HelloInfo struct {
	Token  string
	Client string
}

// JoinInfo is the content of a Join.
type JoinInfo struct {
	Request    uint32
	Mode       fb.JoinMode
	Kind, Room string
	Options    []byte
	Filter     []byte
	Token      string
	SchemaHash uint64
	Private    bool
}

// Hello builds the first message of a session.
func (b *Builder) Hello(h HelloInfo) []byte { return nil }

// Auth builds a message with a new token for a live session.
func (b *Builder) Auth(token string) []byte { return nil }

// Join builds a request for a room.
func (b *Builder) Join(j JoinInfo) []byte { return nil }

// Leave builds a message that gives up a seat.
func (b *Builder) Leave() []byte { return nil }

// Command builds one tick's command.
func (b *Builder) Command(tick uint32, input uint8, payload []byte) []byte { return nil }

// Event builds an event input; seq counts from 1 for each joined room.
func (b *Builder) Event(input uint8, seq uint32, payload []byte) []byte { return nil }
