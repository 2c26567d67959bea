package schema

import (
	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/parlor-server/parlor/schema/fb"
)

// WelcomeInfo is the content of a Welcome.
type WelcomeInfo struct {
	Session      string
	User         string
	GuestToken   string
	ServerTime   uint64 // microseconds since the Unix epoch
	PingInterval uint32 // milliseconds
	Server       string
	Development  bool
}

// JoinedInfo is the content of a Joined.
type JoinedInfo struct {
	Request     uint32
	Room, Kind  string
	Player      uint32
	Token       string
	Hz          uint16
	Tick        uint32
	Grace       uint32 // milliseconds
	Reconnected bool
	SchemaHash  uint64
	Schema      *Schema // nil when the client has it already
}

// Welcome answers a Hello.
func (b *Builder) Welcome(w WelcomeInfo) []byte {
	f := b.begin()
	session, user, guest, server := b.text(w.Session), b.text(w.User), b.text(w.GuestToken), b.text(w.Server)
	fb.WelcomeStart(f)
	fb.WelcomeAddServerTime(f, w.ServerTime)
	fb.WelcomeAddSession(f, session)
	fb.WelcomeAddUser(f, user)
	fb.WelcomeAddGuestToken(f, guest)
	fb.WelcomeAddPingInterval(f, w.PingInterval)
	fb.WelcomeAddServer(f, server)
	fb.WelcomeAddProtocol(f, Version)
	fb.WelcomeAddDevelopment(f, w.Development)
	return b.finish(fb.WelcomeEnd(f))
}

// Joined answers a Join.
func (b *Builder) Joined(j JoinedInfo) []byte {
	f := b.begin()
	var schema flatbuffers.UOffsetT
	if j.Schema != nil {
		schema = b.schema(j.Schema, j.SchemaHash)
	}
	room, kind, token := b.text(j.Room), b.text(j.Kind), b.text(j.Token)
	fb.JoinedStart(f)
	fb.JoinedAddSchemaHash(f, j.SchemaHash)
	fb.JoinedAddRequest(f, j.Request)
	fb.JoinedAddRoom(f, room)
	fb.JoinedAddKind(f, kind)
	fb.JoinedAddPlayer(f, j.Player)
	fb.JoinedAddToken(f, token)
	fb.JoinedAddTick(f, j.Tick)
	fb.JoinedAddGrace(f, j.Grace)
	fb.JoinedAddSchema(f, schema)
	fb.JoinedAddHz(f, j.Hz)
	fb.JoinedAddReconnected(f, j.Reconnected)
	return b.finish(fb.JoinedEnd(f))
}

// Left ends a membership.
func (b *Builder) Left(code Code, message string) []byte {
	f := b.begin()
	text := b.text(message)
	fb.LeftStart(f)
	fb.LeftAddMessage(f, text)
	fb.LeftAddCode(f, uint16(code))
	return b.finish(fb.LeftEnd(f))
}

// State builds a frame of the change from tick-age to tick; age 0: a keyframe.
func (b *Builder) State(tick, age uint32, payload []byte) []byte {
	if age == 1 {
		return b.tickPayload(tick, payload)
	}
	return b.stateWithAge(tick, age, payload)
}

// StatePart builds one of the parts of a frame.
func (b *Builder) StatePart(tick, age uint32, part, parts uint8, payload []byte) []byte {
	f := b.begin()
	p := b.bytes(payload)
	fb.StateStart(f)
	fb.StateAddTick(f, tick)
	fb.StateAddPayload(f, p)
	fb.StateAddAge(f, age)
	fb.StateAddPart(f, part)
	fb.StateAddParts(f, parts)
	return b.finish(fb.StateEnd(f))
}

// Timing builds a report on how early commands arrive; see protocol.fbs.
func (b *Builder) Timing(margin int16, missing uint16) []byte {
	f := b.begin()
	fb.TimingStart(f)
	fb.TimingAddMargin(f, margin)
	fb.TimingAddMissing(f, missing)
	return b.finish(fb.TimingEnd(f))
}

// Owner builds a section of owner columns.
func (b *Builder) Owner(tick uint32, payload []byte) []byte { return b.tickPayload(tick, payload) }

// Events builds one tick's events.
func (b *Builder) Events(tick uint32, payload []byte) []byte { return b.tickPayload(tick, payload) }

// Message builds a room message; data is JSON.
func (b *Builder) Message(tick uint32, name string, data []byte) []byte {
	f := b.begin()
	d, n := b.bytes(data), b.text(name)
	fb.MessageStart(f)
	fb.MessageAddTick(f, tick)
	fb.MessageAddName(f, n)
	fb.MessageAddData(f, d)
	return b.finish(fb.MessageEnd(f))
}

// Error refuses one message of the client.
func (b *Builder) Error(e *Error) []byte {
	f := b.begin()
	text := b.text(e.Message)
	fb.ErrorStart(f)
	fb.ErrorAddRequest(f, e.Request)
	fb.ErrorAddMessage(f, text)
	fb.ErrorAddCode(f, uint16(e.Code))
	return b.finish(fb.ErrorEnd(f))
}
