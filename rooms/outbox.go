package rooms

import (
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// Outbox is what a room wants to happen after a call: plain data, owned by
// the runner, emptied after every tick. A failed reducer's part is cut off.
//
// State frames are not in it: the runner encodes them from the room's store,
// once for each base that its clients hold.
type Outbox struct {
	Send []Send
	// Put is what the rules wrote to record rooms. The game goes on without
	// waiting; each transaction's outcome comes back as an OpWritten.
	Put []state.Transaction
}

// Send is one message that leaves now.
type Send struct {
	To      state.ID    // 0: everyone in the room
	Kind    schema.Kind // KindMessage, KindError, or KindLeft (which ends To's membership)
	Code    schema.Code // KindError, KindLeft
	Request uint32      // KindError: the event's number
	Name    string      // KindMessage
	Text    string      // KindError, KindLeft
	Data    []byte      // KindMessage: JSON
}

// mark and cut let a failed call take back what it put in.
func (o *Outbox) mark() int     { return len(o.Send) }
func (o *Outbox) cut(mark int)  { clear(o.Send[mark:]); o.Send = o.Send[:mark] }
func (o *Outbox) reset()        { o.cut(0); o.Put = nil }
func (o *Outbox) add(send Send) { o.Send = append(o.Send, send) }

func (o *Outbox) fail(to state.ID, code schema.Code, request uint32, text string) {
	o.add(Send{To: to, Kind: schema.KindError, Code: code, Request: request, Text: text})
}

func (o *Outbox) left(to state.ID, code schema.Code, text string) {
	o.add(Send{To: to, Kind: schema.KindLeft, Code: code, Text: text})
}

// refusesInput tells that it says to a player that an input was malformed.
func (s *Send) refusesInput() bool {
	return s.Kind == schema.KindError && s.Code == schema.CodeBadInput
}
