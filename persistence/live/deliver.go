package live

import "github.com/parlor-server/parlor/schema"

// parcel is what one subscription gets in a step: a payload, or what a stream
// holds.
type parcel struct {
	sub      *sub
	payload  []byte
	stream   *Snapshot
	boundary bool // it is sent even if it says nothing
}

// small is up to how many bytes a stream is sent as one delta at once.
const small = 4096

// deliver sends the parcels of one connection as one step: the client applies
// all of them at once, and its cursor moves once (R4.1).
func (h *Hub) deliver(c *conn, parcels []parcel, out Out) {
	full := parcels[:0]
	for _, p := range parcels {
		if p.stream != nil {
			p.stream.peek(small)
		}
		if p.boundary || len(p.payload) > 0 || p.stream != nil && !p.stream.empty() {
			full = append(full, p)
		}
	}
	for i, p := range full {
		more := i < len(full)-1
		if p.stream == nil {
			flags := p.sub.view.flags()
			if more {
				flags |= schema.DeltaMore
			}
			out.Delta(c.name, p.sub.id, p.sub.sent+1, h.seq, flags, p.payload)
			p.sub.sent = h.seq
			continue
		}
		p.sub.sent = h.seq
		p.stream.more = more
		if p.stream.short() {
			payload, flags, _ := p.stream.Next(small)
			out.Delta(c.name, p.sub.id, p.stream.From, p.stream.Seq, flags, payload)
		} else {
			out.Stream(c.name, p.sub.id, p.stream)
		}
	}
	if len(full) > 0 {
		c.cursor = h.seq
	} else if c.partial {
		out.Delta(c.name, 0, c.cursor+1, h.seq, 0, nil)
		c.cursor = h.seq
	}
	c.partial = false
}
