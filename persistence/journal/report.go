package journal

import "fmt"

// Report says what opening or checking a journal has found.
type Report struct {
	Start, End Position // of what is there
	Segments   int
	Entries    int // replayed

	// Torn is what an interrupted append has left at the end: it was never
	// confirmed and is cut off. Empty if From equals To.
	Torn Range

	// Damage is what cannot be read although it was durable once.
	Damage []Damage

	// Broken are the rooms whose entries do not form an unbroken chain, with the
	// reason. Their entries were replayed up to the break, none after it.
	Broken map[string]string

	// Unaccounted is not empty when damage may have held entries of any room:
	// then a room is whole only if Whole has it, also one that the journal does
	// not know.
	Unaccounted string
	Whole       map[string]bool
}

// Range is a part of the journal: From, inclusive, to To.
type Range struct{ From, To Position }

// Damage is a part of the journal that cannot be read.
type Damage struct {
	Range
	File   string // the segment's name
	Offset int64  // of From in it
	What   string
	Needed bool // not before replayFrom
}

// String names the file, the place in it and what is wrong there.
func (d Damage) String() string {
	return fmt.Sprintf("%s at byte %d: %s", d.File, d.Offset, d.What)
}

// Reason is why a room cannot be proven whole, or "". The store refuses such a
// room, whether or not it knows the name.
func (r *Report) Reason(room string) string {
	if why, broken := r.Broken[room]; broken {
		return why
	}
	if r.Unaccounted != "" && !r.Whole[room] {
		return r.Unaccounted
	}
	return ""
}

// breakRoom notes why a room is not whole.
func (r *Report) breakRoom(room, why string) {
	if r.Broken == nil {
		r.Broken = map[string]string{}
	}
	r.Broken[room] = why
}
