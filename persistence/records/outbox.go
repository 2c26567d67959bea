package records

import (
	"context"

	"github.com/parlor-server/parlor/persistence/live"
	"github.com/parlor-server/parlor/schema"
)

// Outbox is what came of one or several ops: work for the runner, in this order.
//
//  1. Now leaves at once.
//  2. Prepare is run in the pool.
//  3. Puts are made durable, all of them in one batch with those before it in
//     order.
//  4. Once they are, After leaves, in order, and Hooks run, each on a goroutine
//     of its own. If the commit fails, both are dropped, and the room closes.
//
// After waits for the Puts of earlier outboxes too, also when this one has none.
type Outbox struct {
	Now     []Send
	Prepare []Preparation
	Puts    []Put
	After   []Send
	Hooks   []func(ctx context.Context)

	buf      []byte    // keys and values of Puts; those that were cut from an earlier, shorter one stay in it
	receipts []Receipt // of After
	size     int       // bytes of Puts
}

// Size is how many bytes Puts are, about.
func (o *Outbox) Size() int { return o.size }

// Reset empties the outbox for new use; nothing of what it held may be used
// any more.
func (o *Outbox) Reset() {
	clear(o.Now)
	clear(o.Prepare)
	clear(o.Puts)
	clear(o.After)
	clear(o.Hooks)
	clear(o.receipts)
	o.Now, o.Prepare, o.Puts, o.After, o.Hooks = o.Now[:0], o.Prepare[:0], o.Puts[:0], o.After[:0], o.Hooks[:0]
	o.buf, o.receipts, o.size = o.buf[:0], o.receipts[:0], 0
}

// put adds a key to write. Key is copied, value is not.
func (o *Outbox) put(seq uint64, space uint32, key string, value []byte) {
	o.Puts = append(o.Puts, Put{Seq: seq, Space: space, Key: o.copyKey(key), Value: value})
	o.size += len(key) + len(value)
}

func (o *Outbox) delete(seq uint64, space uint32, key string) {
	o.Puts = append(o.Puts, Put{Seq: seq, Space: space, Key: o.copyKey(key), Delete: true})
	o.size += len(key)
}

func (o *Outbox) copyKey(key string) []byte {
	start := len(o.buf)
	o.buf = append(o.buf, key...)
	return o.buf[start:len(o.buf):len(o.buf)]
}

// receipt adds the answer to a mutation.
func (o *Outbox) receipt(c Conn, r Receipt) {
	o.receipts = append(o.receipts, r)
	o.After = append(o.After, Send{Kind: SendReceipt, Conn: c, Receipt: &o.receipts[len(o.receipts)-1]})
}

// refuse answers one message at once.
func (o *Outbox) refuse(c Conn, id uint32, code schema.Code, text string) {
	o.Now = append(o.Now, Send{Kind: SendError, Conn: c, ID: id, Code: code, Message: text})
}

// answer calls a caller back once all before it is durable.
func (o *Outbox) answer(f func()) { o.After = append(o.After, Send{Kind: SendAnswer, Answer: f}) }

// Put is one key to write or delete in the store. Puts of equal Seq are one
// transaction; numbers rise by one from each to the next.
type Put struct {
	Seq    uint64
	Space  uint32
	Delete bool
	Key    []byte
	Value  []byte
}

// Send is one message to one connection, or one answer to a caller.
type Send struct {
	Kind SendKind
	Conn Conn

	// SendError: what it answers: Attach.Request, Subscribe.ID. SendDelta,
	// SendStream: the subscription.
	ID    uint32
	Flags uint8
	// SendDelta: From, Seq, Payload (shared: do not change it). SendReset: Seq
	// is the epoch.
	From, Seq uint64
	Payload   []byte

	Code    schema.Code
	Message string

	Receipt *Receipt           // SendReceipt
	Opened  *schema.OpenedInfo // SendOpened
	Stream  *live.Snapshot     // SendStream
	Answer  func()             // SendAnswer: call it; Conn is 0
}

// SendKind says what a Send is.
type SendKind uint8

// Kinds of Send.
const (
	SendOpened  SendKind = iota + 1 // Request 0: the role changed
	SendError                       // refuses one message
	SendDelta                       // a live query's change
	SendStream                      // a snapshot, in parts; what follows for the connection waits for its end
	SendReceipt                     // answers a Mutate
	SendReset                       // snapshots follow
	SendLeft                        // the connection is detached, by Code; nothing follows
	SendAnswer                      // of an Invoke, Transact or Read
)

// Spaces of the store below 256, where a room keeps its own; collections begin
// at FirstCollection, and are in the change log.
const (
	SpaceCatalogue  = 1
	SpaceClients    = 2
	SpaceReceipts   = 3
	SpaceCounters   = 4
	SpaceSchedules  = 5
	FirstCollection = 256
)
