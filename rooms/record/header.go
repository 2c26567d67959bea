package record

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
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
	Schema     json.RawMessage `json:",omitempty"` // the schema descriptor; JSON, whose spacing is not kept
	Options    []byte          `json:",omitempty"` // what the room was created with
	Started    time.Time       // when the room was created

	Segment   int       // 1 for the first segment of the recording
	FirstTick tick.Tick // the first tick after the snapshot
	Continues bool      // this segment goes on where the one before it ended
	Previous  uint32    // final checksum of the segment that this one continues
}

// Build names the program that ran a room, as precisely as a replay needs it.
type Build struct {
	Revision  string // revision of the main module's repository; empty if not known, as under go run
	Modified  bool   // the repository held changes that were not committed
	Main      string // path and version of the main module
	GoVersion string
	GOOS      string
	GOARCH    string
	GOAMD64   string // v1 to v4 on amd64, otherwise empty
}

// BuildInfo returns the Build of the running program.
func BuildInfo() Build {
	b := Build{GoVersion: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Main = info.Main.Path
	if info.Main.Version != "" {
		b.Main += "@" + info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		case "GOAMD64":
			b.GOAMD64 = s.Value
		}
	}
	return b
}

func (h *Header) append(dst []byte) ([]byte, error) {
	b, err := json.Marshal(h)
	if err != nil {
		return dst, fmt.Errorf("encode recording header: %w", err)
	}
	return append(dst, b...), nil
}

func parseHeader(b []byte) (Header, error) {
	var h Header
	if err := json.Unmarshal(b, &h); err != nil {
		return Header{}, fmt.Errorf("header does not read: %w", err)
	}
	if h.Hz < 1 {
		return Header{}, fmt.Errorf("header has a rate of %d Hz", h.Hz)
	}
	return h, nil
}

// sameRoom names the first field in which two segments cannot be of one recording.
func (h *Header) sameRoom(other *Header) (field string, same bool) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"room", h.Room == other.Room},
		{"kind", h.Kind == other.Kind},
		{"rules", h.Rules == other.Rules},
		{"rate", h.Hz == other.Hz},
		{"seed", h.Seed == other.Seed},
		{"build", h.Build == other.Build},
		{"schema", h.SchemaHash == other.SchemaHash},
		{"start", h.Started.Equal(other.Started)},
	} {
		if !f.same {
			return f.name, false
		}
	}
	return "", true
}
