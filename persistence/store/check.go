package store

import "github.com/parlor-server/parlor/internal/disk"

// CheckReport is what Check has found.
type CheckReport struct {
	Rooms, Records, Changes int
	Damage                  []string // one sentence each, with room and key; empty if all is well
}

// Check reads all of a data folder that no process has open: checksums, the
// journal's chains, the pages of the B+tree, the change log against the data,
// and the high-water marks. The error is about reading, damage is in the report.
func Check(dir string, fs disk.FS) (CheckReport, error) { panic("not yet") }
