package record

import (
	"fmt"
	"strconv"
	"strings"
)

// Mode chooses which rooms are recorded. The zero value records all.
type Mode struct {
	faulted bool
	skip    float64 // percent of the rooms that are not recorded
}

// ParseMode reads "all", "faulted" or "sample=N%".
//
// faulted keeps the newest two segments of a running room and deletes them when
// the room ends without a fault. sample=N% records that share of the rooms,
// chosen by their IDs.
func ParseMode(s string) (Mode, error) {
	switch s {
	case "all":
		return Mode{}, nil
	case "faulted":
		return Mode{faulted: true}, nil
	}
	if number, ok := strings.CutPrefix(s, "sample="); ok {
		number, ok = strings.CutSuffix(number, "%")
		n, err := strconv.ParseFloat(number, 64)
		if ok && err == nil && n >= 0 && n <= 100 {
			return Mode{skip: 100 - n}, nil
		}
	}
	return Mode{}, fmt.Errorf(`parse recording mode %q: want all, faulted or sample=N%% with N from 0 to 100`, s)
}

// String is what ParseMode reads.
func (m Mode) String() string {
	switch {
	case m.faulted:
		return "faulted"
	case m.skip > 0:
		return "sample=" + strconv.FormatFloat(100-m.skip, 'g', -1, 64) + "%"
	}
	return "all"
}

// MarshalText makes Mode a flag and configuration value.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText is ParseMode.
func (m *Mode) UnmarshalText(text []byte) error {
	parsed, err := ParseMode(string(text))
	if err == nil {
		*m = parsed
	}
	return err
}

// records decides for a room by the hash of its ID, so that a room is recorded
// or not on every server alike.
func (m Mode) records(hash uint64) bool {
	const steps = 10_000
	return float64(hash%steps) >= m.skip/100*steps
}
