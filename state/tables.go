package state

// Tables says which of a room's tables a frame carries.
type Tables uint8

const (
	AllTables      Tables = iota
	LossyTables           // all but those tagged reliable
	ReliableTables        // those tagged reliable
)

// has reports whether a table with this tag is among them.
func (t Tables) has(reliable bool) bool {
	return t == AllTables || reliable == (t == ReliableTables)
}
