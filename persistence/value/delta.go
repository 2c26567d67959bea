package value

import "github.com/parlor-server/parlor/schema"

// DeltaOp says what happened to a record of a subscription (R9.2).
type DeltaOp uint8

// The operations of a delta.
const (
	Enter DeltaOp = 1 // the whole record
	Alter DeltaOp = 2 // the fields that changed
	Leave DeltaOp = 3 // the key alone
)

// AppendEnter appends a record that the subscription did not hold.
func AppendEnter(dst []byte, key Key, row Row) []byte {
	return appendBytes(appendText(append(dst, byte(Enter)), key), row)
}

// AppendChange appends new values of a record that the subscription holds.
func AppendChange(dst []byte, key Key, patch Patch) []byte {
	return appendBytes(appendText(append(dst, byte(Alter)), key), patch)
}

// AppendLeave appends the loss of a record.
func AppendLeave(dst []byte, key Key) []byte {
	return appendText(append(dst, byte(Leave)), key)
}

func appendText(dst []byte, s Key) []byte {
	return append(appendUvarint(dst, uint64(len(s))), s...)
}

func appendBytes(dst []byte, b []byte) []byte {
	return append(appendUvarint(dst, uint64(len(b))), b...)
}

// DeltaEntry is one operation of a delta. Key is a copy; Row and Patch share
// the payload's memory.
type DeltaEntry struct {
	Op    DeltaOp
	Key   Key
	Row   Row   // of an Enter
	Patch Patch // of an Alter
}

// DeltaReader reads a delta's payload, which it checks against the collection.
//
//	r := value.ReadDelta(c, payload)
//	for r.Next(&e) { … }
//	err := r.Err()
type DeltaReader struct {
	c    *Collection
	rest []byte
	err  error
}

// ReadDelta begins to read. With a nil collection keys, rows and patches are
// not checked.
func ReadDelta(c *Collection, payload []byte) DeltaReader {
	return DeltaReader{c: c, rest: payload}
}

// Next reads the next operation; false at the end and after an error.
func (r *DeltaReader) Next(e *DeltaEntry) bool {
	if r.err != nil || len(r.rest) == 0 {
		return false
	}
	*e = DeltaEntry{Op: DeltaOp(r.rest[0])}
	if e.Op < Enter || e.Op > Leave {
		return r.fail(schema.Errorf(schema.CodeBadMessage, "a delta has an operation %d", r.rest[0]))
	}
	key, rest, ok := readText(r.rest[1:])
	var body []byte
	if ok && e.Op != Leave {
		body, rest, ok = readText(rest)
	}
	if !ok {
		return r.fail(schema.Errorf(schema.CodeBadMessage, "a delta is cut short"))
	}
	e.Key, r.rest = Key(key), rest
	switch e.Op {
	case Enter:
		e.Row = body
	case Alter:
		e.Patch = body
	}
	if err := r.check(e); err != nil {
		return r.fail(err)
	}
	return true
}

func (r *DeltaReader) check(e *DeltaEntry) error {
	if r.c == nil {
		return nil
	}
	if err := r.c.CheckKey(e.Key); err != nil {
		return err
	}
	switch e.Op {
	case Enter:
		return r.c.CheckRow(e.Row)
	case Alter:
		return r.c.CheckPatch(e.Patch)
	}
	return nil
}

func (r *DeltaReader) fail(err error) bool {
	r.err = err
	return false
}

// Err is why Next ended early, or nil.
func (r *DeltaReader) Err() error { return r.err }

// AppendHeld appends one key to the list of those that a client says it holds.
func AppendHeld(dst []byte, key Key) []byte { return appendText(dst, key) }

// ParseHeld reads the list; each key is checked against the collection.
func (c *Collection) ParseHeld(held []byte) ([]Key, error) {
	var keys []Key
	for len(held) > 0 {
		key, rest, ok := readText(held)
		if !ok {
			return nil, schema.Errorf(schema.CodeBadMessage, "the list of keys is cut short")
		}
		if err := c.CheckKey(Key(key)); err != nil {
			return nil, err
		}
		keys, held = append(keys, Key(key)), rest
	}
	return keys, nil
}
