package record

import "github.com/parlor-server/parlor/tick"

// Writer takes what one room does. It belongs to the goroutine that runs the
// room, never blocks and allocates nothing in steady state. A nil Writer is
// valid and records nothing.
//
// When the recorder cannot keep up, the rest of the segment is dropped and the
// file ends with a gap mark; the next segment starts clean with its snapshot.
type Writer struct{}

// NeedSegment reports whether a new segment should begin after tick now: none
// has begun yet, or 30 seconds of ticks have passed.
func (w *Writer) NeedSegment(now tick.Tick) bool { return false }

// BeginSegment ends the segment before, if any, and begins a new one. The
// snapshot is the room's whole state after the given tick (0: before the first
// tick); it is copied. Call it between ticks.
func (w *Writer) BeginSegment(after tick.Tick, snapshot []byte) {}

// Input records an input of the tick that ends next. The payload is copied.
func (w *Writer) Input(in Input) {}

// TickEnd ends a tick. Ticks follow each other without holes.
func (w *Writer) TickEnd(t tick.Tick, full Hash) {}

// Flush hands over what has been buffered, for a room that goes to sleep.
func (w *Writer) Flush() {}

// Close ends the recording. Inputs since the last TickEnd are kept: they are
// those of the tick that failed.
func (w *Writer) Close(reason string, faulted bool) {}
