package netcode

// Session is one connection of one client.
type Session struct{}

// Receive handles one inbound message.
func (s *Session) Receive(msg []byte) error { return nil }
