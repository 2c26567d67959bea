package client

import (
	"testing"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

// FuzzReceive gives the client whatever a server may send. Nothing may panic,
// and a frame that was taken must be one that could have been sent.
func FuzzReceive(f *testing.F) {
	_, room, store, world := playingClient(f)
	b := schema.NewBuilder()
	message := func(kind schema.Kind, handle uint16, body []byte) {
		f.Add(append(schema.Header{Kind: kind, Handle: handle}.Append(nil), body...))
	}
	f.Add(walkOn(f, b, store, world))
	message(schema.KindState, 1, b.State(9, 0, store.AppendKeyframe(nil, true)))
	message(schema.KindOwner, 1, b.Owner(2, []byte{1}))
	message(schema.KindEvents, 1, b.Events(2, []byte{1, 0}))
	message(schema.KindMessage, 1, b.Message(2, "name", []byte("{}")))
	message(schema.KindLeft, 1, b.Left(schema.CodeKicked, "bye"))
	message(schema.KindError, 1, b.Error(&schema.Error{Code: schema.CodeBadInput, Request: 1}))
	message(schema.KindError, 0, b.Error(&schema.Error{Code: schema.CodeRoomFull, Request: 1}))
	message(schema.KindJoined, 2, b.Joined(schema.JoinedInfo{Request: 1, Hz: 20, SchemaHash: 1, Schema: room.Schema()}))
	message(schema.KindPing, 0, b.Ping(1, 2))
	message(schema.KindPong, 0, b.Pong(schema.PongInfo{ID: 1, Time: 2}))
	message(schema.KindClose, 0, b.Close(schema.CodeGoingAway, "bye"))
	f.Fuzz(func(t *testing.T, msg []byte) {
		c, room, _, _ := playingClient(t)
		c.schemas = NewSchemas()
		c.calls = map[uint32]*joinCall{1: {room: newRoom(c, JoinOptions{}, schema.JoinInfo{}), err: make(chan error, 1)}}
		players, err := Table[walker](room, "Players")
		if err != nil {
			t.Fatal(err)
		}
		players.OnChanged(func(state.ID, walker, walker) {})
		if _, err := OnEvent(room, "Shouts", func(shout) {}); err != nil {
			t.Fatal(err)
		}
		head, body, err := verified(msg)
		if err != nil {
			return
		}
		_ = c.dispatch(head, body, time.Now())
		if room.broken.Load() != 0 && room.applied.Load() != 0 {
			t.Error("a state that is not trusted counts as applied")
		}
	})
}
