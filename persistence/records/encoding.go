package records

import (
	"encoding/binary"
	"errors"
)

// scanner reads what the room itself has stored; bad is set by anything that
// does not decode, and stays.
type scanner struct {
	data []byte
	bad  bool
}

func (r *scanner) byte() byte {
	if len(r.data) == 0 {
		r.bad = true
		return 0
	}
	b := r.data[0]
	r.data = r.data[1:]
	return b
}

func (r *scanner) uvarint() uint64 {
	v, n := binary.Uvarint(r.data)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *scanner) varint() int64 {
	v, n := binary.Varint(r.data)
	if n <= 0 {
		r.bad = true
		return 0
	}
	r.data = r.data[n:]
	return v
}

func (r *scanner) text() string {
	n := r.uvarint()
	if r.bad || n > uint64(len(r.data)) {
		r.bad = true
		return ""
	}
	text := string(r.data[:n])
	r.data = r.data[n:]
	return text
}

func uvarint(v uint64) []byte { return binary.AppendUvarint(nil, v) }

// spaceKey is a collection in the room's own spaces.
func spaceKey(space uint32) string { return string(binary.BigEndian.AppendUint32(nil, space)) }

// encode is a plan as it is stored.
func (p *plan) encode() []byte {
	b := []byte{1} // the encoding's version
	b = binary.AppendVarint(b, p.at)
	b = binary.AppendVarint(b, p.every)
	return append(b, p.args...)
}

var errPlan = errors.New("a stored plan does not decode")

func parsePlan(key string, data []byte) (*plan, error) {
	r := scanner{data: data}
	if r.byte() != 1 {
		return nil, errPlan
	}
	p := &plan{key: key, at: r.varint(), every: r.varint()}
	if r.bad {
		return nil, errPlan
	}
	p.args = append(p.args, r.data...)
	return p, nil
}
