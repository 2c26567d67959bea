package schema

import "github.com/parlor-server/parlor/schema/fb"

// Flags of a Delta's header.
const (
	// DeltaMore says that more deltas of the same step follow: the client
	// applies them all at once, with the first that lacks the flag.
	DeltaMore = 1
	// DeltaSnapshot says that the payload is a part of all rows of the
	// subscription. The client replaces what it held when the last part, which
	// lacks DeltaPart, has come.
	DeltaSnapshot = 2
	// DeltaPart says that another part of the same snapshot follows.
	DeltaPart = 4
	// DeltaCapped says that the query ended at its scan limit: there may be
	// more rows than these.
	DeltaCapped = 8
)

// OpenInfo is the content of an Open.
type OpenInfo struct {
	Request       uint32
	Room          string
	Client        string
	Epoch, Cursor uint64
	SchemaHash    uint64
	Version       uint32
}

// Open builds a request to enter a record room.
func (b *Builder) Open(o OpenInfo) []byte {
	f := b.begin()
	room, client := b.text(o.Room), b.text(o.Client)
	fb.OpenStart(f)
	fb.OpenAddEpoch(f, o.Epoch)
	fb.OpenAddCursor(f, o.Cursor)
	fb.OpenAddSchemaHash(f, o.SchemaHash)
	fb.OpenAddRequest(f, o.Request)
	fb.OpenAddRoom(f, room)
	fb.OpenAddClient(f, client)
	fb.OpenAddVersion(f, o.Version)
	return b.finish(fb.OpenEnd(f))
}

// SubscribeInfo is the content of a Subscribe.
type SubscribeInfo struct {
	ID         uint32
	Collection string
	Query      []byte // JSON
	Since      uint64
	Held       []byte
}

// Subscribe builds a request for a live query.
func (b *Builder) Subscribe(s SubscribeInfo) []byte {
	f := b.begin()
	query, held := b.bytes(s.Query), b.bytes(s.Held)
	collection := b.text(s.Collection)
	fb.SubscribeStart(f)
	fb.SubscribeAddSince(f, s.Since)
	fb.SubscribeAddId(f, s.ID)
	fb.SubscribeAddCollection(f, collection)
	fb.SubscribeAddQuery(f, query)
	fb.SubscribeAddHeld(f, held)
	return b.finish(fb.SubscribeEnd(f))
}

// Unsubscribe builds the end of a live query.
func (b *Builder) Unsubscribe(id uint32) []byte {
	f := b.begin()
	fb.UnsubscribeStart(f)
	fb.UnsubscribeAddId(f, id)
	return b.finish(fb.UnsubscribeEnd(f))
}

// MutateInfo is the content of a Mutate.
type MutateInfo struct {
	ID      uint64
	Name    string
	Args    []byte
	Version uint32
	Void    bool
}

// Mutate builds a request for a transaction.
func (b *Builder) Mutate(m MutateInfo) []byte {
	f := b.begin()
	args := b.bytes(m.Args)
	name := b.text(m.Name)
	fb.MutateStart(f)
	fb.MutateAddId(f, m.ID)
	fb.MutateAddName(f, name)
	fb.MutateAddArgs(f, args)
	fb.MutateAddVersion(f, m.Version)
	fb.MutateAddVoid(f, m.Void)
	return b.finish(fb.MutateEnd(f))
}

// OpenedInfo is the content of an Opened.
type OpenedInfo struct {
	Request    uint32
	Room       string
	Epoch, Seq uint64
	Known      bool
	Last       uint64
	Role       string
	Version    uint32
	SchemaHash uint64
	Schema     []byte // JSON
	Member     uint32 // of a presence room or a board
	Hz         uint16
}

// Opened builds the answer to an Open.
func (b *Builder) Opened(o OpenedInfo) []byte {
	f := b.begin()
	descriptor := b.bytes(o.Schema)
	room, role := b.text(o.Room), b.text(o.Role)
	fb.OpenedStart(f)
	fb.OpenedAddEpoch(f, o.Epoch)
	fb.OpenedAddSeq(f, o.Seq)
	fb.OpenedAddLast(f, o.Last)
	fb.OpenedAddSchemaHash(f, o.SchemaHash)
	fb.OpenedAddRequest(f, o.Request)
	fb.OpenedAddRoom(f, room)
	fb.OpenedAddRole(f, role)
	fb.OpenedAddVersion(f, o.Version)
	fb.OpenedAddSchema(f, descriptor)
	fb.OpenedAddMember(f, o.Member)
	fb.OpenedAddHz(f, o.Hz)
	fb.OpenedAddKnown(f, o.Known)
	return b.finish(fb.OpenedEnd(f))
}

// Delta builds a change of what one subscription holds.
func (b *Builder) Delta(id uint32, from, seq uint64, payload []byte) []byte {
	f := b.begin()
	p := b.bytes(payload)
	fb.DeltaStart(f)
	fb.DeltaAddFrom(f, from)
	fb.DeltaAddSeq(f, seq)
	fb.DeltaAddId(f, id)
	fb.DeltaAddPayload(f, p)
	return b.finish(fb.DeltaEnd(f))
}

// ReceiptInfo is the content of a Receipt.
type ReceiptInfo struct {
	Mutation, Seq uint64
	Code          Code
	Message       string
	Field         string
	Result        []byte // JSON
}

// Receipt builds the answer to a Mutate.
func (b *Builder) Receipt(r ReceiptInfo) []byte {
	f := b.begin()
	result := b.bytes(r.Result)
	message, field := b.text(r.Message), b.text(r.Field)
	fb.ReceiptStart(f)
	fb.ReceiptAddMutation(f, r.Mutation)
	fb.ReceiptAddSeq(f, r.Seq)
	fb.ReceiptAddMessage(f, message)
	fb.ReceiptAddField(f, field)
	fb.ReceiptAddResult(f, result)
	fb.ReceiptAddCode(f, uint16(r.Code))
	return b.finish(fb.ReceiptEnd(f))
}

// Reset builds the word that snapshots follow.
func (b *Builder) Reset(epoch uint64, code Code, message string) []byte {
	f := b.begin()
	text := b.text(message)
	fb.ResetStart(f)
	fb.ResetAddEpoch(f, epoch)
	fb.ResetAddMessage(f, text)
	fb.ResetAddCode(f, uint16(code))
	return b.finish(fb.ResetEnd(f))
}
