package schema

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
func (b *Builder) Welcome(w WelcomeInfo) []byte { return nil }

// Joined answers a Join.
func (b *Builder) Joined(j JoinedInfo) []byte { return nil }

// Left ends a membership.
func (b *Builder) Left(code Code, message string) []byte { return nil }

// State builds a frame of the change from tick-age to tick; age 0: a keyframe.
func (b *Builder) State(tick, age uint32, payload []byte) []byte { return nil }

// Owner builds a section of owner columns.
func (b *Builder) Owner(tick uint32, payload []byte) []byte { return nil }

// Events builds one tick's events.
func (b *Builder) Events(tick uint32, payload []byte) []byte { return nil }

// Message builds a room message; data is JSON.
func (b *Builder) Message(tick uint32, name string, data []byte) []byte { return nil }

// Error refuses one message of the client.
func (b *Builder) Error(e *Error) []byte { return nil }
