package record

import (
	"time"

	"github.com/parlor-server/parlor/tick"
)

const (
	segmentLength = 30 * time.Second // of the room's ticks
	fullBuffer    = 64 << 10
	firstBuffer   = 2 << 10
)

// Writer takes what one room does. It belongs to the goroutine that runs the
// room, never blocks and allocates nothing in steady state. A nil Writer is
// valid and records nothing.
//
// Full buffers (64 KiB or a second's worth) go to the Recorder. When that cannot
// keep up, the rest of the segment is dropped and its file ends with a gap mark;
// the next segment starts clean with its snapshot. The game goes on.
type Writer struct {
	queue *queue
	lane  *lane

	buf    []byte // blockHead bytes, then entries
	player uint32 // of the last input

	state    writerState
	told     bool      // the Recorder knows of the gap
	begun    bool      // a segment was begun at some time, recorded or not
	start    tick.Tick // the snapshot of the newest segment was taken after this tick
	last     tick.Tick // the last tick that ended
	inputs   bool      // there are inputs since then
	ticks    uint32    // complete ticks of the segment
	length   tick.Tick // of a segment
	second   tick.Tick
	flushed  tick.Tick // the last tick at the last flush
	flushDue tick.Tick // ticks between flushes; the first ones are shorter, see newWriter
}

type writerState uint8

const (
	writerIdle   writerState = iota // no segment, or a gap: entries are dropped
	writerOpen                      // in a segment
	writerClosed                    // Close was called
)

// newWriter spreads the rooms by their hash: rooms that start together, as after
// a restart, neither flush in the same tick nor begin their segments together.
func newWriter(q *queue, rec *recording, hz int, hash uint64) *Writer {
	second := tick.Tick(max(hz, 1))
	full := second * tick.Tick(segmentLength/time.Second)
	return &Writer{
		queue:    q,
		lane:     &lane{rec: rec},
		buf:      newBuffer(firstBuffer),
		length:   full/2 + tick.Tick(hash%uint64(full/2+1)),
		second:   second,
		flushDue: 1 + tick.Tick(hash%uint64(second)),
	}
}

func newBuffer(size int) []byte { return make([]byte, blockHead, max(size, blockHead)) }

// NeedSegment reports whether a new segment should begin after tick now: none
// has begun yet, or 30 seconds of ticks have passed (15 to 30 for the first, so
// that rooms take turns).
func (w *Writer) NeedSegment(now tick.Tick) bool {
	if w == nil || w.state == writerClosed {
		return false
	}
	return !w.begun || now-w.start >= w.length
}

// BeginSegment ends the segment before, if any, and begins a new one. The
// snapshot is the room's whole state after the given tick (0: before the first
// tick); it is copied. Call it between ticks: if there are inputs without a
// tick's end, or ticks were left out, the segment before ends with a gap.
func (w *Writer) BeginSegment(after tick.Tick, snapshot []byte) {
	if w == nil || w.state == writerClosed {
		return
	}
	if w.state == writerOpen {
		if w.inputs || after != w.last {
			w.gap()
		} else {
			w.flush()
		}
	}
	if w.begun {
		w.length = w.second * tick.Tick(segmentLength/time.Second)
	}
	w.begun, w.start, w.last = true, after, after

	data := append(w.buf[:blockHead], snapshot...)
	w.buf = data[:blockHead]
	if len(snapshot) > maxBlock || !w.hand(chunk{step: stepBegin, data: data, first: after + 1}) {
		w.gap()
		return
	}
	w.state, w.told = writerOpen, false
	w.player, w.inputs, w.ticks, w.flushed = 0, false, 0, after
}

// Input records an input of the tick that ends next. The payload is copied.
func (w *Writer) Input(in Input) {
	if w == nil || w.state != writerOpen {
		return
	}
	w.buf = appendInput(w.buf, in, w.player)
	w.player, w.inputs = in.Player, true
	if len(w.buf) >= fullBuffer {
		w.flush()
	}
}

// TickEnd ends a tick. Ticks follow each other without holes, otherwise the
// segment ends with a gap.
func (w *Writer) TickEnd(t tick.Tick, full Hash) {
	if w == nil || w.state != writerOpen {
		return
	}
	if t != w.last+1 {
		w.gap()
		return
	}
	w.buf = appendTickEnd(w.buf, full)
	w.last, w.inputs = t, false
	w.ticks++
	if t-w.flushed >= w.flushDue || len(w.buf) >= fullBuffer {
		w.flushDue = w.second
		w.flush()
	}
}

// Flush hands over what has been buffered, for a room that goes to sleep. It
// does nothing when the recorder is far behind with this room, so that a room
// that naps often does not fill the queue.
func (w *Writer) Flush() {
	if w == nil || w.state != writerOpen || w.queue.waiting(w.lane) >= maxChunks/2 {
		return
	}
	w.flush()
}

// Close ends the recording. Inputs since the last TickEnd are kept: they are
// those of the tick that failed. Calls after the first do nothing.
func (w *Writer) Close(reason string, faulted bool) {
	if w == nil || w.state == writerClosed {
		return
	}
	if w.state == writerOpen {
		w.buf = appendClose(w.buf, Close{Reason: reason, Faulted: faulted})
		w.flush()
	}
	w.state = writerClosed
	w.queue.put(w.lane, chunk{step: stepClose, faulted: faulted})
	w.buf = nil
}

// flush hands the buffered entries over, or turns them into a gap.
func (w *Writer) flush() {
	w.flushed = w.last
	if len(w.buf) <= blockHead {
		return
	}
	if len(w.buf)-blockHead > maxBlock || !w.hand(chunk{step: stepEntries, data: w.buf, ticks: w.ticks}) {
		w.gap()
	}
}

// hand gives a chunk away together with its buffer and takes an empty one.
func (w *Writer) hand(c chunk) bool {
	fresh, ok := w.queue.put(w.lane, c)
	if !ok {
		return false
	}
	if fresh == nil {
		fresh = newBuffer(firstBuffer)
	}
	w.buf = fresh[:blockHead]
	return true
}

// gap drops what is buffered and stops recording until the next segment.
func (w *Writer) gap() {
	w.state = writerIdle
	w.buf = w.buf[:blockHead]
	w.queue.gaps.Add(1)
	if !w.told {
		w.told = true
		w.queue.put(w.lane, chunk{step: stepGap})
	}
}
