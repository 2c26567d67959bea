package schema

import (
	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/parlor-server/parlor/schema/fb"
)

// FlagWhole, of a Crowd or Drags, says that the payload is all there is: the
// client forgets what it held.
const FlagWhole uint8 = 1

// Phases of a Drag.
const (
	DragOn     uint8 = 0 // it goes on
	DragEnd    uint8 = 1 // it ends here, and is kept
	DragCancel uint8 = 2 // it is given up
)

// Show builds a change of what the connection shows.
func (b *Builder) Show(state []byte, group string) []byte {
	f := b.begin()
	patch, to := b.bytes(state), b.text(group)
	fb.ShowStart(f)
	fb.ShowAddState(f, patch)
	fb.ShowAddGroup(f, to)
	return b.finish(fb.ShowEnd(f))
}

// CastInfo is the content of a Cast.
type CastInfo struct {
	Request uint32
	Name    string
	Data    []byte
	Group   string
	To      uint32
}

// Cast builds a message to others in the room.
func (b *Builder) Cast(c CastInfo) []byte {
	f := b.begin()
	data := b.bytes(c.Data)
	name, group := b.text(c.Name), b.text(c.Group)
	fb.CastStart(f)
	fb.CastAddRequest(f, c.Request)
	fb.CastAddName(f, name)
	fb.CastAddData(f, data)
	fb.CastAddGroup(f, group)
	fb.CastAddTo(f, c.To)
	return b.finish(fb.CastEnd(f))
}

// LookInfo is the content of a Look.
type LookInfo struct {
	X, Y, Width, Height float32
	Follow              uint32
}

// Look builds the part of the plane that a client draws.
func (b *Builder) Look(l LookInfo) []byte {
	f := b.begin()
	fb.LookStart(f)
	fb.LookAddX(f, l.X)
	fb.LookAddY(f, l.Y)
	fb.LookAddWidth(f, l.Width)
	fb.LookAddHeight(f, l.Height)
	fb.LookAddFollow(f, l.Follow)
	return b.finish(fb.LookEnd(f))
}

// Group builds a request to enter a private group, or to leave it.
func (b *Builder) Group(request uint32, name string, leave bool) []byte {
	f := b.begin()
	text := b.text(name)
	fb.GroupStart(f)
	fb.GroupAddRequest(f, request)
	fb.GroupAddName(f, text)
	fb.GroupAddLeave(f, leave)
	return b.finish(fb.GroupEnd(f))
}

// Drag builds a step of a gesture.
func (b *Builder) Drag(gesture uint32, phase uint8, payload []byte) []byte {
	f := b.begin()
	p := b.bytes(payload)
	fb.DragStart(f)
	fb.DragAddGesture(f, gesture)
	fb.DragAddPayload(f, p)
	fb.DragAddPhase(f, phase)
	return b.finish(fb.DragEnd(f))
}

// Crowd builds the word of who is here.
func (b *Builder) Crowd(payload []byte) []byte {
	return b.payload(fb.CrowdStart, fb.CrowdAddPayload, fb.CrowdEnd, payload)
}

// Drags builds the word of what is being dragged.
func (b *Builder) Drags(payload []byte) []byte {
	return b.payload(fb.DragsStart, fb.DragsAddPayload, fb.DragsEnd, payload)
}

// Sync builds the envelope of a message of the Yjs protocols.
func (b *Builder) Sync(message []byte) []byte {
	return b.payload(fb.SyncStart, fb.SyncAddPayload, fb.SyncEnd, message)
}

// payload builds a table whose only field is a payload.
func (b *Builder) payload(
	start func(*flatbuffers.Builder), add func(*flatbuffers.Builder, flatbuffers.UOffsetT),
	end func(*flatbuffers.Builder) flatbuffers.UOffsetT, payload []byte,
) []byte {
	f := b.begin()
	p := b.bytes(payload)
	start(f)
	add(f, p)
	return b.finish(end(f))
}

// CastedInfo is the content of a Casted.
type CastedInfo struct {
	From  uint32
	Name  string
	Data  []byte
	Group string
}

// Casted builds a Cast that arrives.
func (b *Builder) Casted(c CastedInfo) []byte {
	f := b.begin()
	data := b.bytes(c.Data)
	name, group := b.text(c.Name), b.text(c.Group)
	fb.CastedStart(f)
	fb.CastedAddFrom(f, c.From)
	fb.CastedAddName(f, name)
	fb.CastedAddData(f, data)
	fb.CastedAddGroup(f, group)
	return b.finish(fb.CastedEnd(f))
}
