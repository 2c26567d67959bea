package schema

import (
	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/parlor-server/parlor/schema/fb"
)

// Applied is the last tick that a client has applied in one room.
type Applied struct {
	Handle uint16
	Tick   uint32
}

// PongInfo is the content of a Pong.
type PongInfo struct {
	ID         uint32
	Time       uint64 // the Ping's
	ServerTime uint64 // from the server: microseconds since the Unix epoch
	Applied    []Applied
}

// Ping asks for a Pong; time is the sender's clock in microseconds.
func (b *Builder) Ping(id uint32, time uint64) []byte {
	f := b.begin()
	fb.PingStart(f)
	fb.PingAddTime(f, time)
	fb.PingAddId(f, id)
	return b.finish(fb.PingEnd(f))
}

// Pong answers a Ping.
func (b *Builder) Pong(p PongInfo) []byte {
	f := b.begin()
	var applied flatbuffers.UOffsetT
	if len(p.Applied) > 0 {
		fb.PongStartAppliedVector(f, len(p.Applied))
		for i := len(p.Applied) - 1; i >= 0; i-- {
			fb.CreateApplied(f, p.Applied[i].Handle, p.Applied[i].Tick)
		}
		applied = f.EndVector(len(p.Applied))
	}
	fb.PongStart(f)
	fb.PongAddTime(f, p.Time)
	fb.PongAddServerTime(f, p.ServerTime)
	fb.PongAddId(f, p.ID)
	fb.PongAddApplied(f, applied)
	return b.finish(fb.PongEnd(f))
}

// Close is a session's last message.
func (b *Builder) Close(code Code, message string) []byte {
	f := b.begin()
	text := b.text(message)
	fb.CloseStart(f)
	fb.CloseAddMessage(f, text)
	fb.CloseAddCode(f, uint16(code))
	return b.finish(fb.CloseEnd(f))
}
