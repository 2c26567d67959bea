package schema

import "github.com/parlor-server/parlor/schema/fb"

// JoinMode says how a Join finds its room.
type JoinMode = fb.JoinMode

// The modes.
const (
	JoinOrCreate = fb.JoinModeJoinOrCreate // a room of the kind with a free seat, or a new one
	JoinCreate   = fb.JoinModeCreate       // a new room
	JoinByID     = fb.JoinModeJoinByID     // the room with the ID
	JoinAgain    = fb.JoinModeReconnect    // the seat that the token holds
	JoinTicket   = fb.JoinModeTicket       // the seat that matchmaking reserved
)

// HelloInfo is the content of a Hello.
type HelloInfo struct {
	Token  string
	Client string
}

// JoinInfo is the content of a Join.
type JoinInfo struct {
	Request    uint32
	Mode       JoinMode
	Kind, Room string
	Options    []byte // JSON
	Filter     []byte // JSON
	Token      string
	SchemaHash uint64
	Private    bool
}

// Hello builds the first message of a session.
func (b *Builder) Hello(h HelloInfo) []byte {
	f := b.begin()
	token, client := b.text(h.Token), b.text(h.Client)
	fb.HelloStart(f)
	fb.HelloAddToken(f, token)
	fb.HelloAddClient(f, client)
	fb.HelloAddProtocol(f, Version)
	return b.finish(fb.HelloEnd(f))
}

// Auth builds a message with a new token for a live session.
func (b *Builder) Auth(token string) []byte {
	f := b.begin()
	text := b.text(token)
	fb.AuthStart(f)
	fb.AuthAddToken(f, text)
	return b.finish(fb.AuthEnd(f))
}

// Join builds a request for a room.
func (b *Builder) Join(j JoinInfo) []byte {
	f := b.begin()
	options, filter := b.bytes(j.Options), b.bytes(j.Filter)
	kind, room, token := b.text(j.Kind), b.text(j.Room), b.text(j.Token)
	fb.JoinStart(f)
	fb.JoinAddSchemaHash(f, j.SchemaHash)
	fb.JoinAddRequest(f, j.Request)
	fb.JoinAddKind(f, kind)
	fb.JoinAddRoom(f, room)
	fb.JoinAddOptions(f, options)
	fb.JoinAddFilter(f, filter)
	fb.JoinAddToken(f, token)
	fb.JoinAddMode(f, j.Mode)
	fb.JoinAddPrivate(f, j.Private)
	return b.finish(fb.JoinEnd(f))
}

// Leave builds a message that gives up a seat.
func (b *Builder) Leave() []byte {
	f := b.begin()
	fb.LeaveStart(f)
	return b.finish(fb.LeaveEnd(f))
}

// Command builds one tick's command.
func (b *Builder) Command(tick uint32, input uint8, payload []byte) []byte {
	f := b.begin()
	p := b.bytes(payload)
	fb.CommandStart(f)
	fb.CommandAddTick(f, tick)
	fb.CommandAddPayload(f, p)
	fb.CommandAddInput(f, input)
	return b.finish(fb.CommandEnd(f))
}

// CommandSeen is Command with what the player saw, in 1/256 ticks.
func (b *Builder) CommandSeen(tick uint32, input uint8, payload []byte, seen uint32) []byte {
	f := b.begin()
	p := b.bytes(payload)
	fb.CommandStart(f)
	fb.CommandAddTick(f, tick)
	fb.CommandAddPayload(f, p)
	fb.CommandAddSeen(f, seen)
	fb.CommandAddInput(f, input)
	return b.finish(fb.CommandEnd(f))
}

// Commands builds the repeated commands, as AppendCommands packs them.
func (b *Builder) Commands(held uint16, seen uint32, payload []byte) []byte {
	f := b.begin()
	p := b.bytes(payload)
	fb.CommandsStart(f)
	fb.CommandsAddSeen(f, seen)
	fb.CommandsAddPayload(f, p)
	fb.CommandsAddHeld(f, held)
	return b.finish(fb.CommandsEnd(f))
}

// Event builds an event input; seq counts from 1 for each joined room.
func (b *Builder) Event(input uint8, seq uint32, payload []byte) []byte {
	f := b.begin()
	p := b.bytes(payload)
	fb.EventStart(f)
	fb.EventAddSeq(f, seq)
	fb.EventAddPayload(f, p)
	fb.EventAddInput(f, input)
	return b.finish(fb.EventEnd(f))
}
