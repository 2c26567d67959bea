package schema

import (
	"testing"

	"github.com/parlor-server/parlor/schema/fb"
)

// everyKind lists all kinds of the protocol.
func everyKind() []Kind {
	var kinds []Kind
	for k := range 256 {
		if Kind(k).Known() {
			kinds = append(kinds, Kind(k))
		}
	}
	return kinds
}

// testSchema uses every feature of a descriptor.
func testSchema() Schema {
	return Schema{
		Tables: []TableDef{
			{Name: "Players", Columns: []Column{
				{Name: "X", Kind: Float32, Flags: HasMin | HasMax, Quant: 0.01, Min: -5, Max: 100},
				{Name: "Aim", Kind: Float32, Flags: Angle, Quant: 0.01},
				{Name: "HP", Kind: Uint8},
				{Name: "Name", Kind: String},
				{Name: "Ammo", Kind: Uint8, Flags: Owner},
			}},
			{Name: "Round", Single: true, Columns: []Column{{Name: "Left", Kind: Int64}}},
		},
		Events: []EventDef{{Name: "Kills", Columns: []Column{{Name: "By", Kind: ID}, {Name: "Of", Kind: ID}}}},
		Inputs: []InputDef{
			{Name: "Move", Command: true, Table: 0, Columns: []Column{{Name: "X", Kind: Int8, Flags: HasMin | HasMax, Min: -1, Max: 1}}},
			{Name: "Shoot"},
		},
	}
}

// bodies returns a full and an empty body of every kind.
func bodies(t testing.TB) map[Kind][][]byte {
	b := NewBuilder()
	s := testSchema()
	out := map[Kind][][]byte{}
	add := func(k Kind, body []byte) { out[k] = append(out[k], append([]byte(nil), body...)) }
	add(KindHello, b.Hello(HelloInfo{Token: "tok", Client: "test/1"}))
	add(KindHello, b.Hello(HelloInfo{}))
	add(KindAuth, b.Auth("token"))
	add(KindAuth, b.Auth(""))
	add(KindJoin, b.Join(JoinInfo{
		Request: 1, Mode: JoinAgain, Kind: "arena", Room: "r1", Options: []byte(`{}`), Filter: []byte(`{"a":1}`),
		Token: "t", SchemaHash: 99, Private: true,
	}))
	add(KindJoin, b.Join(JoinInfo{}))
	add(KindLeave, b.Leave())
	add(KindCommand, b.Command(7, 1, []byte{1, 2, 3}))
	add(KindCommand, b.Command(0, 0, nil))
	add(KindCommand, b.CommandSeen(7, 1, []byte{1, 2, 3}, 1500))
	add(KindCommands, b.Commands(5, 1500, []byte{1, 2, 3}))
	add(KindCommands, b.Commands(0, 0, nil))
	add(KindEvent, b.Event(2, 9, []byte{4}))
	add(KindEvent, b.Event(0, 0, nil))
	add(KindWelcome, b.Welcome(WelcomeInfo{Session: "s", User: "u", GuestToken: "g", ServerTime: 1, PingInterval: 2, Server: "v", Development: true}))
	add(KindWelcome, b.Welcome(WelcomeInfo{}))
	add(KindJoined, b.Joined(JoinedInfo{
		Request: 1, Room: "r1", Kind: "arena", Player: 1<<20 | 3, Token: "t", Hz: 30, Tick: 5, Grace: 20000,
		Reconnected: true, SchemaHash: s.Hash(), Schema: &s,
	}))
	add(KindJoined, b.Joined(JoinedInfo{}))
	add(KindLeft, b.Left(CodeKicked, "bye"))
	add(KindLeft, b.Left(0, ""))
	add(KindState, b.State(5, 1, []byte{1, 2}))
	add(KindState, b.State(5, 0, []byte{1, 2, 3, 4, 5}))
	add(KindState, b.State(0, 7, nil))
	add(KindState, b.StatePart(9, 5, 1, 3, []byte{1}))
	add(KindTiming, b.Timing(-3, 2))
	add(KindOwner, b.Owner(5, []byte{1, 2}))
	add(KindEvents, b.Events(5, []byte{1, 2}))
	add(KindMessage, b.Message(5, "chat", []byte(`"hi"`)))
	add(KindMessage, b.Message(0, "", nil))
	add(KindError, b.Error(&Error{Code: CodeRoomFull, Request: 3, Message: "full"}))
	add(KindError, b.Error(&Error{}))
	add(KindPing, b.Ping(1, 2))
	add(KindPong, b.Pong(PongInfo{ID: 1, Time: 2, ServerTime: 3, Applied: []Applied{{1, 10}, {2, 20}}}))
	add(KindPong, b.Pong(PongInfo{}))
	add(KindClose, b.Close(CodeGoingAway, "later"))
	addRecordBodies(add)
	addSharedBodies(add)
	for _, k := range everyKind() {
		if len(out[k]) == 0 {
			t.Fatalf("no body of %s", k)
		}
	}
	return out
}

func addRecordBodies(add func(Kind, []byte)) {
	b := NewBuilder()
	add(KindOpen, b.Open(OpenInfo{Request: 1, Room: "tasks/main", Client: "c", Epoch: 2, Cursor: 3, SchemaHash: 4, Version: 5}))
	add(KindOpen, b.Open(OpenInfo{}))
	add(KindSubscribe, b.Subscribe(SubscribeInfo{ID: 1, Collection: "Tasks", Query: []byte(`{}`), Since: 2, Held: []byte{1, 2}}))
	add(KindSubscribe, b.Subscribe(SubscribeInfo{}))
	add(KindUnsubscribe, b.Unsubscribe(7))
	add(KindMutate, b.Mutate(MutateInfo{ID: 1, Name: "Vote", Args: []byte{1}, Version: 2, Void: true}))
	add(KindMutate, b.Mutate(MutateInfo{}))
	add(KindOpened, b.Opened(OpenedInfo{
		Request: 1, Room: "tasks/main", Epoch: 2, Seq: 3, Known: true, Last: 4, Role: "editor", Version: 5, SchemaHash: 6, Schema: []byte(`{}`),
		Member: 7, Hz: 30,
	}))
	add(KindOpened, b.Opened(OpenedInfo{}))
	add(KindDelta, b.Delta(1, 2, 3, []byte{4, 5}))
	add(KindDelta, b.Delta(0, 0, 0, nil))
	add(KindReceipt, b.Receipt(ReceiptInfo{Mutation: 1, Seq: 2, Code: CodeDuplicate, Message: "there", Field: "ID", Result: []byte(`1`)}))
	add(KindReceipt, b.Receipt(ReceiptInfo{}))
	add(KindReset, b.Reset(1, CodeGoingAway, "restored"))
	add(KindReset, b.Reset(0, 0, ""))
}

func addSharedBodies(add func(Kind, []byte)) {
	b := NewBuilder()
	add(KindShow, b.Show([]byte{1, 2}, "red"))
	add(KindShow, b.Show(nil, ""))
	add(KindCast, b.Cast(CastInfo{Request: 1, Name: "Wave", Data: []byte{2}, Group: "red", To: 3}))
	add(KindCast, b.Cast(CastInfo{}))
	add(KindLook, b.Look(LookInfo{X: -1, Y: 2, Width: 3, Height: 4, Follow: 5}))
	add(KindLook, b.Look(LookInfo{}))
	add(KindGroup, b.Group(1, "red", true))
	add(KindGroup, b.Group(0, "", false))
	add(KindDrag, b.Drag(1, DragEnd, []byte{2}))
	add(KindDrag, b.Drag(0, DragOn, nil))
	add(KindCrowd, b.Crowd([]byte{1}))
	add(KindCrowd, b.Crowd(nil))
	add(KindCasted, b.Casted(CastedInfo{From: 1, Name: "Wave", Data: []byte{2}, Group: "red"}))
	add(KindCasted, b.Casted(CastedInfo{}))
	add(KindDrags, b.Drags([]byte{1}))
	add(KindDrags, b.Drags(nil))
	add(KindSync, b.Sync([]byte{0, 0, 1, 0}))
	add(KindSync, b.Sync(nil))
}

// sharedRoot is root for the messages of presence, canvas and Yjs rooms.
func sharedRoot(k Kind, body []byte) any {
	switch k {
	case KindShow:
		return fb.GetRootAsShow(body, 0)
	case KindCast:
		return fb.GetRootAsCast(body, 0)
	case KindLook:
		return fb.GetRootAsLook(body, 0)
	case KindGroup:
		return fb.GetRootAsGroup(body, 0)
	case KindDrag:
		return fb.GetRootAsDrag(body, 0)
	case KindCrowd:
		return fb.GetRootAsCrowd(body, 0)
	case KindCasted:
		return fb.GetRootAsCasted(body, 0)
	case KindDrags:
		return fb.GetRootAsDrags(body, 0)
	case KindSync:
		return fb.GetRootAsSync(body, 0)
	}
	return nil
}

// root returns the generated accessor of a body.
func root(k Kind, body []byte) any {
	switch k {
	case KindShow, KindCast, KindLook, KindGroup, KindDrag, KindCrowd, KindCasted, KindDrags, KindSync:
		return sharedRoot(k, body)
	case KindOpen:
		return fb.GetRootAsOpen(body, 0)
	case KindSubscribe:
		return fb.GetRootAsSubscribe(body, 0)
	case KindUnsubscribe:
		return fb.GetRootAsUnsubscribe(body, 0)
	case KindMutate:
		return fb.GetRootAsMutate(body, 0)
	case KindOpened:
		return fb.GetRootAsOpened(body, 0)
	case KindDelta:
		return fb.GetRootAsDelta(body, 0)
	case KindReceipt:
		return fb.GetRootAsReceipt(body, 0)
	case KindReset:
		return fb.GetRootAsReset(body, 0)
	case KindHello:
		return fb.GetRootAsHello(body, 0)
	case KindAuth:
		return fb.GetRootAsAuth(body, 0)
	case KindJoin:
		return fb.GetRootAsJoin(body, 0)
	case KindLeave:
		return fb.GetRootAsLeave(body, 0)
	case KindCommand:
		return fb.GetRootAsCommand(body, 0)
	case KindEvent:
		return fb.GetRootAsEvent(body, 0)
	case KindCommands:
		return fb.GetRootAsCommands(body, 0)
	case KindTiming:
		return fb.GetRootAsTiming(body, 0)
	case KindWelcome:
		return fb.GetRootAsWelcome(body, 0)
	case KindJoined:
		return fb.GetRootAsJoined(body, 0)
	case KindLeft:
		return fb.GetRootAsLeft(body, 0)
	case KindState:
		return fb.GetRootAsState(body, 0)
	case KindOwner:
		return fb.GetRootAsOwner(body, 0)
	case KindEvents:
		return fb.GetRootAsEvents(body, 0)
	case KindMessage:
		return fb.GetRootAsMessage(body, 0)
	case KindError:
		return fb.GetRootAsError(body, 0)
	case KindPing:
		return fb.GetRootAsPing(body, 0)
	case KindPong:
		return fb.GetRootAsPong(body, 0)
	case KindClose:
		return fb.GetRootAsClose(body, 0)
	}
	return nil
}
