package canvas

import (
	"github.com/parlor-server/parlor/persistence/store"
	"github.com/parlor-server/parlor/schema"
)

// Outbox is what a machine wants to be done. Puts become durable all at once.
// Now leaves at once, After when the puts of this outbox and of all before it are
// on disk; each in order, and of two outboxes the earlier one's first. The host
// makes it; one machine fills it at a time.
type Outbox struct {
	Puts  []Put
	Now   []Send
	After []Send

	// Offer sends a volatile message (Crowd, Drags) at once, unless the
	// connection has not taken what it was sent before: then it reports false, and
	// the machine makes a newer one later. It is good during the call of Apply
	// that the outbox was given to.
	Offer func(conn Conn, head schema.Header, body []byte) bool
	// Backlog is how many bytes the connection has not taken yet.
	Backlog func(conn Conn) int
}

// Put writes a record of the room, or deletes it if Value is nil. Key and value
// stay as they are until Reset.
type Put struct {
	Space store.Space
	Key   string
	Value []byte
}

// Spaces of a room in the store.
const (
	SpaceMeta     store.Space = 16 // what is in the others, see Document
	SpaceSnapshot store.Space = 17 // chunks of a snapshot, by number: u32, big endian
	SpaceLog      store.Space = 18 // updates since then, by number: u64, big endian
	SpaceVersions store.Space = 19 // named versions of a board
	SpaceUndo     store.Space = 20 // of a board
	SpaceReceipts store.Space = 21 // of a board: exactly once
	SpaceOwn      store.Space = 22 // and those after it up to 99: of any other machine
)

// Send is one message for one connection. What cannot be sent because the
// connection is gone is dropped; a connection that does not read is ended with
// SLOW_CLIENT, a single message is never left out.
type Send struct {
	Conn  Conn
	Kind  schema.Kind
	Flags uint8
	// Body of KindSync is one message as y-websocket sends it: the host puts it
	// into an envelope where one is needed. That of the other kinds is the
	// message's. It may be in many Sends, and nobody changes it any more.
	Body []byte
	// Error is instead of Body for KindError and KindLeft. A stock client, which
	// knows neither, is closed with the code.
	Error *schema.Error
	End   bool // the membership ends with this message
	// Whole: it is all of a room, and does not count for the bytes that may wait
	// for a slow client.
	Whole bool
}

// Reset empties the outbox and keeps its memory.
func (o *Outbox) Reset() {
	clear(o.Puts)
	clear(o.Now)
	clear(o.After)
	o.Puts, o.Now, o.After = o.Puts[:0], o.Now[:0], o.After[:0]
}

// Put adds a record to write.
func (o *Outbox) Put(space store.Space, key string, value []byte) {
	if value == nil {
		value = []byte{}
	}
	o.Puts = append(o.Puts, Put{Space: space, Key: key, Value: value})
}

// Delete adds a record to delete.
func (o *Outbox) Delete(space store.Space, key string) {
	o.Puts = append(o.Puts, Put{Space: space, Key: key})
}
