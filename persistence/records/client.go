package records

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// maxClientID limits a client ID, in bytes.
const maxClientID = 128

// client is one client ID and what it has written: the memory of exactly once
// (R7). It outlives connections.
type client struct {
	id    string
	user  string // that it is bound to
	last  uint64 // its last mutation
	seen  int64  // when that was, µs
	fresh bool   // not stored yet: its first mutation will
	gone  bool   // forgotten
	ring  []storedReceipt
	line  []*waiting // mutations that wait: the first one for its preparation, the others for it
}

// storedReceipt is the receipt of one mutation, kept to be sent again.
type storedReceipt struct {
	client *client
	id     uint64 // of the mutation; 0: none
	seq    uint64
	at     int64
	more   *receiptMore // nil: done, without a result
}

// receiptMore is what most receipts lack.
type receiptMore struct {
	code    schema.Code
	field   string
	message string
	result  []byte
}

// receipt returns what the client is sent.
func (s *storedReceipt) receipt() Receipt {
	r := Receipt{Mutation: s.id, Seq: s.seq}
	if s.more != nil {
		r.Code, r.Field, r.Message, r.Result = s.more.code, s.more.field, s.more.message, s.more.result
	}
	return r
}

// slot is the place of a mutation's receipt in a ring of n.
func slot(id uint64, n int) int { return int(id % uint64(n)) }

// stored returns the receipt of an earlier mutation, or nil when it is no
// longer kept.
func (c *client) stored(id uint64, n int) *storedReceipt {
	if i := slot(id, n); i < len(c.ring) && c.ring[i].id == id {
		return &c.ring[i]
	}
	return nil
}

// keep puts a receipt into the ring, over the one that is n mutations older.
func (c *client) keep(s *storedReceipt, n int) {
	i := slot(s.id, n)
	for len(c.ring) <= i {
		c.ring = append(c.ring, storedReceipt{})
	}
	if s.id < c.ring[i].id {
		return // loading: the ring had another size
	}
	c.ring[i] = *s
	if s.id >= c.last {
		c.last, c.seen = s.id, s.at
	}
}

// putReceipt makes a receipt durable with its transaction, and the client too
// if it is new.
func (m *Machine) putReceipt(out *Outbox, s *storedReceipt) {
	c := s.client
	s.seq, s.at = m.seq, m.now
	if c.fresh {
		c.fresh = false
		out.put(m.seq, SpaceClients, c.id, []byte(c.user))
	}
	c.keep(s, m.def.limits.Receipts)
	start := len(out.buf)
	out.buf = append(append(out.buf, c.id...), 0)
	out.buf = binary.BigEndian.AppendUint32(out.buf, uint32(slot(s.id, m.def.limits.Receipts)))
	middle := len(out.buf)
	out.buf = s.append(out.buf)
	out.Puts = append(out.Puts, Put{Seq: m.seq, Space: SpaceReceipts, Key: out.buf[start:middle:middle], Value: out.buf[middle:len(out.buf):len(out.buf)]})
	out.size += len(out.buf) - start
}

// append encodes the receipt for the store.
func (s *storedReceipt) append(b []byte) []byte {
	b = append(b, 1) // the encoding's version
	b = binary.AppendUvarint(b, s.id)
	b = binary.AppendUvarint(b, s.seq)
	b = binary.AppendVarint(b, s.at)
	if s.more == nil {
		return b
	}
	b = binary.AppendUvarint(b, uint64(s.more.code))
	for _, text := range []string{s.more.field, s.more.message, string(s.more.result)} {
		b = binary.AppendUvarint(b, uint64(len(text)))
		b = append(b, text...)
	}
	return b
}

var errReceipt = errors.New("a stored receipt does not decode")

// parseReceipt is the opposite of append.
func parseReceipt(data []byte) (s storedReceipt, err error) {
	r := scanner{data: data}
	if r.byte() != 1 {
		return s, errReceipt
	}
	s.id, s.seq, s.at = r.uvarint(), r.uvarint(), r.varint()
	if len(r.data) > 0 && !r.bad {
		s.more = &receiptMore{code: schema.Code(r.uvarint()), field: r.text(), message: r.text()}
		if result := r.text(); result != "" {
			s.more.result = []byte(result)
		}
	}
	if r.bad || len(r.data) > 0 || s.id == 0 {
		return s, errReceipt
	}
	return s, nil
}

// loadClients reads who has written, and the receipts.
func (m *Machine) loadClients(loaded Loader) error {
	err := loaded.Each(SpaceClients, func(key, value []byte, _ uint64) error {
		m.clients[string(key)] = &client{id: string(key), user: string(value)}
		return nil
	})
	if err != nil {
		return err
	}
	err = loaded.Each(SpaceReceipts, func(key, value []byte, _ uint64) error {
		if len(key) < 5 {
			return errReceipt
		}
		s, err := parseReceipt(value)
		if err != nil {
			return err
		}
		if s.client = m.clients[string(key[:len(key)-5])]; s.client != nil {
			s.client.keep(&s, m.def.limits.Receipts)
		}
		return nil
	})
	m.nextForget(0)
	return err
}

// forgetEvery is the shortest time between two looks through the clients.
const forgetEvery = 24 * time.Hour

// nextForget plans the next look through the clients, not before a time.
func (m *Machine) nextForget(notBefore int64) {
	m.forget = math.MaxInt64
	for _, c := range m.clients {
		m.forget = min(m.forget, c.seen+m.def.limits.Clients.Microseconds())
	}
	m.forget = max(m.forget, notBefore)
}

// forgetClients drops the clients that have not written for long (R7.3).
func (m *Machine) forgetClients(out *Outbox) {
	var gone []string
	for id, c := range m.clients {
		if c.seen <= m.now-m.def.limits.Clients.Microseconds() && !c.fresh && len(c.line) == 0 {
			gone = append(gone, id)
		}
	}
	slices.Sort(gone) // the same order in every run
	if len(gone) > 0 {
		m.seq++
		m.stats.Transactions++
	}
	for _, id := range gone {
		for i := range m.clients[id].ring {
			if m.clients[id].ring[i].id != 0 {
				out.delete(m.seq, SpaceReceipts, receiptKey(id, i))
			}
		}
		out.delete(m.seq, SpaceClients, id)
		m.clients[id].gone = true
		delete(m.clients, id)
	}
	m.nextForget(m.now + forgetEvery.Microseconds())
	if len(gone) > 0 {
		m.hub.Apply(m.seq, nil, nil, &m.sink)
	}
}

func receiptKey(id string, slot int) string {
	return string(binary.BigEndian.AppendUint32(append([]byte(id), 0), uint32(slot)))
}

// checkClientID refuses an ID that would be trouble in a store's key or a log.
func checkClientID(id string) error {
	if len(id) > maxClientID || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return schema.Errorf(schema.CodeValidation, "a client ID has at most %d printable ASCII characters", maxClientID)
	}
	return nil
}
