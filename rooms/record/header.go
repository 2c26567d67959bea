package record

import (
	"encoding/json"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// Header says what a segment records and what can replay it. The caller of
// [Recorder.Open] fills everything except the last group, which belongs to the
// single segment and is filled by the Recorder. Byte slices are opaque and must
// not change after Open.
type Header struct {
	Room  string // the room's ID
	Kind  string // the kind of room, as it was defined
	Rules string // the version of the game's rules
	Hz    int    // ticks a second
	Seed  uint64 // of the room's random numbers

	Build // the program that ran the room, see [BuildInfo]

	SchemaHash uint64
	Schema     json.RawMessage // the schema descriptor as JSON
	Options    []byte          // what the room was created with
	Started    time.Time       // when the room was created

	Segment   int       // 1 for the first segment of the recording
	FirstTick tick.Tick // the first tick after the snapshot
	Previous  uint32    // final checksum of the segment that this one continues; 0 if none
}

// Build names the program that ran a room, as precisely as a replay needs it.
type Build struct {
	Revision  string // revision of the main module's repository, if known
	Modified  bool   // the repository held changes that were not committed
	Main      string // path and version of the main module
	GoVersion string
	GOOS      string
	GOARCH    string
	GOAMD64   string // v1 to v4 on amd64, otherwise empty
}

// BuildInfo returns the Build of the running program.
func BuildInfo() Build { return Build{} }
