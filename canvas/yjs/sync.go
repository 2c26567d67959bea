package yjs

// The messages of y-websocket 3, which carry y-protocols' sync and awareness.

// MessageKind is the first number of a message.
type MessageKind uint8

// The kinds. Of the sync protocol's three steps each is a kind here.
const (
	SyncStep1      MessageKind = iota // Payload: the sender's state vector; answer with SyncStep2
	SyncStep2                         // Payload: an update with all that the other lacks
	SyncUpdate                        // Payload: an update
	AwarenessState                    // Payload: an awareness update
	AwarenessQuery                    // asks for everyone's awareness
	AuthDenied                        // Payload: the reason
)

// The numbers on the wire: the message's, and within sync the step's, which are
// those of the kinds.
const (
	wireSync = iota
	wireAwareness
	wireAuth
	wireAwarenessQuery
)

// Message is one message of a connection.
type Message struct {
	Kind    MessageKind
	Payload []byte
}

// ParseMessage reads a message from a client. The payload is part of b. Its
// error is ErrMalformed; there is nothing to answer then.
func ParseMessage(b []byte) (m Message, err error) {
	r := reader{b: b}
	switch r.uint() {
	case wireSync:
		step := r.uint()
		if step > uint64(SyncUpdate) {
			r.fail("unknown sync step")
		}
		m = Message{MessageKind(step), r.bytes()}
	case wireAwareness:
		m = Message{AwarenessState, r.bytes()}
	case wireAuth:
		if r.uint() != 0 {
			r.fail("unknown auth message")
		}
		m = Message{AuthDenied, r.text()}
	case wireAwarenessQuery:
		m = Message{Kind: AwarenessQuery}
	default:
		r.fail("unknown message")
	}
	if err := r.done("message"); err != nil {
		return Message{}, err
	}
	return m, nil
}

// Append writes the message.
func (m Message) Append(b []byte) []byte {
	switch m.Kind {
	case AwarenessState:
		b = append(b, wireAwareness)
	case AwarenessQuery:
		return append(b, wireAwarenessQuery)
	case AuthDenied:
		b = append(b, wireAuth, 0)
	default:
		b = append(b, wireSync, byte(m.Kind))
	}
	return appendBytes(b, m.Payload)
}
