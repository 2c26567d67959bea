package value

// DeltaOp says what happened to a record of a subscription (R9.2).
type DeltaOp uint8

// The operations of a delta.
const (
	Enter DeltaOp = 1 // the whole record
	Alter DeltaOp = 2 // the fields that changed
	Leave DeltaOp = 3 // the key alone
)

// AppendEnter appends a record that the subscription did not hold.
func AppendEnter(dst []byte, key Key, row Row) []byte { panic("not yet") }

// AppendChange appends new values of a record that the subscription holds.
func AppendChange(dst []byte, key Key, patch Patch) []byte { panic("not yet") }

// AppendLeave appends the loss of a record.
func AppendLeave(dst []byte, key Key) []byte { panic("not yet") }

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
type DeltaReader struct{}

// ReadDelta begins to read. With a nil collection rows and patches are not
// checked.
func ReadDelta(c *Collection, payload []byte) DeltaReader { panic("not yet") }

// Next reads the next operation; false at the end and after an error.
func (r *DeltaReader) Next(e *DeltaEntry) bool { panic("not yet") }

// Err is why Next ended early, or nil.
func (r *DeltaReader) Err() error { panic("not yet") }

// AppendHeld appends one key to the list of those that a client says it holds.
func AppendHeld(dst []byte, key Key) []byte { panic("not yet") }

// ParseHeld reads the list; each key is checked against the collection.
func (c *Collection) ParseHeld(held []byte) ([]Key, error) { panic("not yet") }
