package record

import (
	"errors"
	"fmt"
)

// ErrTruncated is what a [Damage] is (in the sense of errors.Is) when the end
// of a segment is missing but all that is there is sound.
var ErrTruncated = errors.New("recording is truncated")

// Damage says where a recording is damaged and how.
type Damage struct {
	File      string
	Offset    int64 // byte in the file
	What      string
	Truncated bool
}

// Error names the file, the byte and what is wrong.
func (d *Damage) Error() string {
	return fmt.Sprintf("%s: byte %d: %s", d.File, d.Offset, d.What)
}

// Is makes errors.Is(err, ErrTruncated) true for a truncated segment.
func (d *Damage) Is(target error) bool { return d.Truncated && target == ErrTruncated }
