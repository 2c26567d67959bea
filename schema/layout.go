package schema

// shape says how a field is stored in its table.
type shape uint8

const (
	shape8        shape = iota + 1 // bool, ubyte
	shape16                        // ushort
	shapeSigned16                  // short
	shape32                        // uint
	shapeFloat32                   // float
	shape64                        // ulong, double
	shapeString                    // offset to a string
	shapeBytes                     // offset to a [ubyte]
	shapeTables                    // offset to a vector of tables
	shapeTable                     // offset to a table
	shapeApplied                   // offset to a vector of Applied structs
)

// size returns the bytes that the field takes inside its table.
func (s shape) size() int {
	switch s {
	case shape8:
		return 1
	case shape16, shapeSigned16:
		return 2
	case shape64:
		return 8
	}
	return 4
}

// field is one entry of a layout; its index is its FlatBuffers ID.
type field struct {
	name  string
	shape shape
	table *layout // of shapeTable and shapeTables
}

// layout is a table of protocol.fbs as the verifier sees it. Layouts are never
// written after their declaration.
type layout struct {
	name   string
	fields []field
}

const appliedSize = 8 // struct Applied: ushort, 2 bytes padding, uint

var (
	layoutHello = layout{"Hello", []field{{"protocol", shape16, nil}, {"token", shapeString, nil}, {"client", shapeString, nil}}}
	layoutAuth  = layout{"Auth", []field{{"token", shapeString, nil}}}
	layoutJoin  = layout{"Join", []field{
		{"request", shape32, nil}, {"mode", shape8, nil}, {"kind", shapeString, nil}, {"room", shapeString, nil},
		{"options", shapeBytes, nil}, {"filter", shapeBytes, nil}, {"token", shapeString, nil},
		{"schema_hash", shape64, nil}, {"private", shape8, nil},
	}}
	layoutLeave    = layout{"Leave", nil}
	layoutCommand  = layout{"Command", []field{{"tick", shape32, nil}, {"input", shape8, nil}, {"payload", shapeBytes, nil}, {"seen", shape32, nil}}}
	layoutCommands = layout{"Commands", []field{{"held", shape16, nil}, {"seen", shape32, nil}, {"payload", shapeBytes, nil}}}
	layoutEvent    = layout{"Event", []field{{"input", shape8, nil}, {"seq", shape32, nil}, {"payload", shapeBytes, nil}}}

	layoutOpen = layout{"Open", []field{
		{"request", shape32, nil}, {"room", shapeString, nil}, {"client", shapeString, nil}, {"epoch", shape64, nil},
		{"cursor", shape64, nil}, {"schema_hash", shape64, nil}, {"version", shape32, nil},
	}}
	layoutSubscribe = layout{"Subscribe", []field{
		{"id", shape32, nil}, {"collection", shapeString, nil}, {"query", shapeBytes, nil}, {"since", shape64, nil}, {"held", shapeBytes, nil},
	}}
	layoutUnsubscribe = layout{"Unsubscribe", []field{{"id", shape32, nil}}}
	layoutMutate      = layout{"Mutate", []field{
		{"id", shape64, nil}, {"name", shapeString, nil}, {"args", shapeBytes, nil}, {"version", shape32, nil}, {"void", shape8, nil},
	}}

	layoutShow = layout{"Show", []field{{"state", shapeBytes, nil}, {"group", shapeString, nil}}}
	layoutCast = layout{"Cast", []field{
		{"request", shape32, nil}, {"name", shapeString, nil}, {"data", shapeBytes, nil}, {"group", shapeString, nil}, {"to", shape32, nil},
	}}
	layoutLook = layout{"Look", []field{
		{"x", shapeFloat32, nil}, {"y", shapeFloat32, nil}, {"width", shapeFloat32, nil}, {"height", shapeFloat32, nil}, {"follow", shape32, nil},
	}}
	layoutGroup = layout{"Group", []field{{"request", shape32, nil}, {"name", shapeString, nil}, {"leave", shape8, nil}}}
	layoutDrag  = layout{"Drag", []field{{"gesture", shape32, nil}, {"payload", shapeBytes, nil}, {"phase", shape8, nil}}}

	layoutWelcome = layout{"Welcome", []field{
		{"protocol", shape16, nil}, {"session", shapeString, nil}, {"user", shapeString, nil}, {"guest_token", shapeString, nil},
		{"server_time", shape64, nil}, {"ping_interval", shape32, nil}, {"server", shapeString, nil}, {"development", shape8, nil},
	}}
	layoutColumn = layout{"Column", []field{
		{"name", shapeString, nil}, {"kind", shape8, nil}, {"flags", shape8, nil},
		{"quant", shape64, nil}, {"min", shape64, nil}, {"max", shape64, nil},
	}}
	layoutTableDef = layout{"TableDef", []field{{"name", shapeString, nil}, {"single", shape8, nil}, {"columns", shapeTables, &layoutColumn}, {"reliable", shape8, nil}}}
	layoutEventDef = layout{"EventDef", []field{{"name", shapeString, nil}, {"columns", shapeTables, &layoutColumn}}}
	layoutInputDef = layout{"InputDef", []field{
		{"name", shapeString, nil}, {"command", shape8, nil}, {"steps", shape16, nil}, {"columns", shapeTables, &layoutColumn},
	}}
	layoutSchema = layout{"Schema", []field{
		{"hash", shape64, nil}, {"tables", shapeTables, &layoutTableDef},
		{"events", shapeTables, &layoutEventDef}, {"inputs", shapeTables, &layoutInputDef},
	}}
	layoutJoined = layout{"Joined", []field{
		{"request", shape32, nil}, {"room", shapeString, nil}, {"kind", shapeString, nil}, {"player", shape32, nil},
		{"token", shapeString, nil}, {"hz", shape16, nil}, {"tick", shape32, nil}, {"grace", shape32, nil},
		{"reconnected", shape8, nil}, {"schema_hash", shape64, nil}, {"schema", shapeTable, &layoutSchema},
	}}
	layoutLeft    = layout{"Left", []field{{"code", shape16, nil}, {"message", shapeString, nil}}}
	layoutState   = layout{"State", []field{{"tick", shape32, nil}, {"payload", shapeBytes, nil}, {"age", shape32, nil}, {"part", shape8, nil}, {"parts", shape8, nil}}}
	layoutOwner   = layout{"Owner", []field{{"tick", shape32, nil}, {"payload", shapeBytes, nil}}}
	layoutEvents  = layout{"Events", []field{{"tick", shape32, nil}, {"payload", shapeBytes, nil}}}
	layoutMessage = layout{"Message", []field{{"tick", shape32, nil}, {"name", shapeString, nil}, {"data", shapeBytes, nil}}}
	layoutTiming  = layout{"Timing", []field{{"margin", shapeSigned16, nil}, {"missing", shape16, nil}}}
	layoutError   = layout{"Error", []field{{"code", shape16, nil}, {"request", shape32, nil}, {"message", shapeString, nil}}}

	layoutOpened = layout{"Opened", []field{
		{"request", shape32, nil}, {"room", shapeString, nil}, {"epoch", shape64, nil}, {"seq", shape64, nil}, {"known", shape8, nil},
		{"last", shape64, nil}, {"role", shapeString, nil}, {"version", shape32, nil}, {"schema_hash", shape64, nil}, {"schema", shapeBytes, nil},
		{"member", shape32, nil}, {"hz", shape16, nil},
	}}
	layoutDelta   = layout{"Delta", []field{{"id", shape32, nil}, {"from", shape64, nil}, {"seq", shape64, nil}, {"payload", shapeBytes, nil}}}
	layoutReceipt = layout{"Receipt", []field{
		{"mutation", shape64, nil}, {"seq", shape64, nil}, {"code", shape16, nil}, {"message", shapeString, nil},
		{"field", shapeString, nil}, {"result", shapeBytes, nil},
	}}
	layoutReset = layout{"Reset", []field{{"epoch", shape64, nil}, {"code", shape16, nil}, {"message", shapeString, nil}}}

	layoutCrowd  = layout{"Crowd", []field{{"payload", shapeBytes, nil}}}
	layoutCasted = layout{"Casted", []field{{"from", shape32, nil}, {"name", shapeString, nil}, {"data", shapeBytes, nil}, {"group", shapeString, nil}}}
	layoutDrags  = layout{"Drags", []field{{"payload", shapeBytes, nil}}}
	layoutSync   = layout{"Sync", []field{{"payload", shapeBytes, nil}}}

	layoutPing = layout{"Ping", []field{{"id", shape32, nil}, {"time", shape64, nil}}}
	layoutPong = layout{"Pong", []field{
		{"id", shape32, nil}, {"time", shape64, nil}, {"server_time", shape64, nil}, {"applied", shapeApplied, nil},
	}}
	layoutClose = layout{"Close", []field{{"code", shape16, nil}, {"message", shapeString, nil}}}
)

// layoutOf returns the layout of the kind's body, or nil for an unknown kind.
func layoutOf(k Kind) *layout {
	switch k {
	case KindHello:
		return &layoutHello
	case KindAuth:
		return &layoutAuth
	case KindJoin:
		return &layoutJoin
	case KindLeave:
		return &layoutLeave
	case KindCommand:
		return &layoutCommand
	case KindEvent:
		return &layoutEvent
	case KindCommands:
		return &layoutCommands
	case KindWelcome:
		return &layoutWelcome
	case KindOpen, KindSubscribe, KindUnsubscribe, KindMutate, KindOpened, KindDelta, KindReceipt, KindReset:
		return recordLayoutOf(k)
	case KindShow, KindCast, KindLook, KindGroup, KindDrag, KindCrowd, KindCasted, KindDrags, KindSync:
		return sharedLayoutOf(k)
	case KindJoined:
		return &layoutJoined
	case KindLeft:
		return &layoutLeft
	case KindState:
		return &layoutState
	case KindOwner:
		return &layoutOwner
	case KindEvents:
		return &layoutEvents
	case KindMessage:
		return &layoutMessage
	case KindError:
		return &layoutError
	case KindTiming:
		return &layoutTiming
	case KindPing:
		return &layoutPing
	case KindPong:
		return &layoutPong
	case KindClose:
		return &layoutClose
	}
	return nil
}

// recordLayoutOf is layoutOf for the messages of record rooms.
func recordLayoutOf(k Kind) *layout {
	switch k {
	case KindOpen:
		return &layoutOpen
	case KindSubscribe:
		return &layoutSubscribe
	case KindUnsubscribe:
		return &layoutUnsubscribe
	case KindMutate:
		return &layoutMutate
	case KindOpened:
		return &layoutOpened
	case KindDelta:
		return &layoutDelta
	case KindReceipt:
		return &layoutReceipt
	case KindReset:
		return &layoutReset
	}
	return nil
}

// sharedLayoutOf is layoutOf for the messages of presence, canvas and Yjs rooms.
func sharedLayoutOf(k Kind) *layout {
	switch k {
	case KindShow:
		return &layoutShow
	case KindCast:
		return &layoutCast
	case KindLook:
		return &layoutLook
	case KindGroup:
		return &layoutGroup
	case KindDrag:
		return &layoutDrag
	case KindCrowd:
		return &layoutCrowd
	case KindCasted:
		return &layoutCasted
	case KindDrags:
		return &layoutDrags
	case KindSync:
		return &layoutSync
	}
	return nil
}
