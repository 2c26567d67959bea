package live

// Reason says why a stream is sent.
type Reason uint8

// Reasons of streams.
const (
	First    Reason = iota // the client held nothing, or changed its query
	CaughtUp               // what changed since the client's cursor
	Pruned                 // the change log no longer reaches the client's cursor
	Slow                   // too much changed while the connection was paused
)

// Snapshot is the result of a query at one sequence, or the difference to what
// the client holds, in parts. It reads rows as they were, so the room goes on
// meanwhile. One goroutine at a time may use it.
type Snapshot struct {
	From, Seq uint64 // of each part's Delta
	Reason    Reason
}

// Next returns the next part: a Delta's payload of about max bytes, which may be
// empty, and its flags. Last says that none follows. It reads a bounded number
// of rows each time.
func (s *Snapshot) Next(max int) (payload []byte, flags uint8, last bool) { panic("not yet") }
