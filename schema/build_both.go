package schema

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
func (b *Builder) Ping(id uint32, time uint64) []byte { return nil }

// Pong answers a Ping.
func (b *Builder) Pong(p PongInfo) []byte { return nil }

// Close is a session's last message.
func (b *Builder) Close(code Code, message string) []byte { return nil }
