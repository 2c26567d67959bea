package board

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Exactly once (W6): of each client ID of a user the last mutations' receipts are
// kept, in memory and in the store, and answered again. When there are too many
// clients, the one that has written least recently is forgotten.

const (
	keptReceipts = 64   // of each client
	keptClients  = 1000 // of each board
	keptOfUser   = 50   // clients of each user: one cannot displace the others
	keptResult   = 1024 // bytes of a result: a longer one is not answered again
	maxClient    = 128  // bytes of a client ID
)

// client is what a client ID of a user has written.
type client struct {
	key  string // user \0 client ID
	last uint64 // its last mutation; 0: none
	seen int64  // when that was, ms
	ring [keptReceipts][]byte
}

// receipt is the answer to one mutation.
type receipt struct {
	schema.ReceiptInfo
	at int64
}

// know finds what the board knows of a client.
func (b *Board) know(p *person, id string) (known bool, last uint64) {
	if id == "" || len(id) > maxClient || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false, 0
	}
	key := p.user.ID + "\x00" + id
	if c := b.clients[key]; c != nil {
		p.client = c
		return true, c.last
	}
	p.client = &client{key: key} // until it writes, the board does not know it
	return false, 0
}

// mutate answers a Mutate.
func (b *Board) mutate(now time.Time, p *person, m *fb.Mutate, out *canvas.Outbox) {
	c, id := p.client, m.Id()
	if c != nil && b.clients[c.key] != nil {
		c = b.clients[c.key] // another connection of the client may have written first
		p.client = c
	}
	if id == 0 || c == nil {
		r := b.perform(now, p, m, out)
		r.Mutation = id
		if id != 0 {
			b.answer(p, r, out)
		}
		return
	}
	switch {
	case id <= c.last:
		b.answer(p, b.again(c.stored(id), string(m.Name())), out)
	case c.last == 0 && id > 1:
		b.answer(p, schema.ReceiptInfo{Mutation: id, Code: schema.CodeClientUnknown, Message: "the board does not know this client: begin a new client ID with 1"}, out)
	case id > c.last+1:
		b.answer(p, schema.ReceiptInfo{Mutation: id, Code: schema.CodeOutOfOrder, Message: "mutations before this one are missing: send them first"}, out)
	default:
		r := b.perform(now, p, m, out)
		r.Mutation = id
		b.remember(c, receipt{r, now.UnixMilli()}, out)
		b.answer(p, r, out)
	}
}

// answer sends a receipt, behind the Delta of what it is about.
func (b *Board) answer(p *person, r schema.ReceiptInfo, out *canvas.Outbox) {
	later := b.Later(out)
	*later = append(*later, canvas.Send{Conn: p.conn, Kind: schema.KindReceipt, Body: slices.Clone(b.builder.Receipt(r))})
}

// stored is the receipt of an earlier mutation.
func (c *client) stored(id uint64) schema.ReceiptInfo {
	r, err := parseReceipt(c.ring[id%keptReceipts])
	if err != nil || r.Mutation != id {
		return schema.ReceiptInfo{Mutation: id, Code: schema.CodeResultExpired, Message: "this was processed; its receipt is no longer kept"}
	}
	return r.ReceiptInfo
}

// again completes the receipt of a mutation that was answered before: the list
// of versions is not kept with it.
func (b *Board) again(r schema.ReceiptInfo, name string) schema.ReceiptInfo {
	if name == "versions" && r.Code == 0 {
		r.Result, _ = json.Marshal(map[string][]Version{"versions": b.Versions()}) // strings and numbers never fail
	}
	return r
}

// remember keeps a receipt, over the one that is 64 mutations older.
func (b *Board) remember(c *client, r receipt, out *canvas.Outbox) {
	if b.clients[c.key] == nil {
		b.forgetClient(c.user(), out)
		b.clients[c.key] = c
	}
	if len(r.Result) > keptResult {
		r.Result = nil
	}
	data := r.append(nil)
	c.take(r.Mutation, r.at, data)
	out.Put(canvas.SpaceReceipts, c.slot(r.Mutation), data)
}

func (c *client) take(id uint64, at int64, data []byte) {
	c.ring[id%keptReceipts] = data
	if id >= c.last {
		c.last, c.seen = id, at
	}
}

// slot is the key of a receipt in the store.
func (c *client) slot(id uint64) string {
	return c.key + "\x00" + string([]byte{byte(id % keptReceipts)})
}

// user is whose client it is.
func (c *client) user() string { return c.key[:strings.LastIndexByte(c.key, 0)] }

// forgetClient makes room for one more of a user: the user's own go first.
func (b *Board) forgetClient(user string, out *canvas.Outbox) {
	own := 0
	for _, c := range b.clients {
		if c.user() == user {
			own++
		}
	}
	if own < keptOfUser && len(b.clients) < keptClients {
		return
	}
	var oldest *client
	for _, c := range b.clients {
		if own >= keptOfUser && c.user() != user {
			continue
		}
		if oldest == nil || c.seen < oldest.seen || c.seen == oldest.seen && c.key < oldest.key {
			oldest = c
		}
	}
	delete(b.clients, oldest.key)
	for i := range oldest.ring {
		if oldest.ring[i] != nil {
			out.Delete(canvas.SpaceReceipts, oldest.slot(uint64(i)))
		}
	}
}

// append encodes the receipt for the store.
func (r *receipt) append(b []byte) []byte {
	b = append(b, 1) // the encoding's version
	b = binary.AppendUvarint(b, r.Mutation)
	b = binary.AppendUvarint(b, r.Seq)
	b = binary.AppendVarint(b, r.at)
	if r.Code == 0 && len(r.Result) == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(r.Code))
	b = appendString(b, r.Message)
	b = appendString(b, r.Field)
	return appendString(b, string(r.Result))
}

var errStored = errors.New("what is stored of the board does not decode")

// parseReceipt is the opposite of append.
func parseReceipt(data []byte) (r receipt, err error) {
	in := cut{b: data}
	if in.byte() != 1 {
		return r, errStored
	}
	r.Mutation, r.Seq, r.at = in.uvarint(), in.uvarint(), in.varint()
	if len(in.b) > 0 && in.err == nil {
		r.Code, r.Message, r.Field = schema.Code(in.uvarint()), in.text(), in.text()
		r.Result = []byte(in.text())
	}
	if in.err != nil || len(in.b) > 0 || r.Mutation == 0 {
		return r, errStored
	}
	return r, nil
}

// loadReceipts reads what clients have written.
func (b *Board) loadReceipts(load canvas.Loader) error {
	return load.Each(canvas.SpaceReceipts, func(key, value []byte, _ uint64) error {
		r, err := parseReceipt(value)
		if err != nil || len(key) < 3 {
			return errStored
		}
		name := string(key[:len(key)-2])
		c := b.clients[name]
		if c == nil {
			c = &client{key: name}
			b.clients[name] = c
		}
		c.take(r.Mutation, r.at, slices.Clone(value))
		return nil
	})
}
