package record

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Recorder.
type Options struct {
	Mode     Mode
	MaxBytes int64         // size of all segments together; 0: no limit
	MaxAge   time.Duration // segments that ended longer ago are deleted; 0: no limit
	Logger   *slog.Logger  // nil: no logging

	// QueueBytes bounds what all rooms together may have handed over and is not
	// written yet; 0: 64 MiB.
	QueueBytes int
}

// Recorder writes the recordings below one folder, as KIND/ROOM/000001.rec and
// so on. It owns one goroutine, which does all the file work; Close ends it.
// The methods are safe for concurrent use. A nil Recorder is valid and records
// nothing. Every room being recorded holds one open file.
type Recorder struct {
	dir    string
	mode   Mode
	log    *slog.Logger
	queue  queue
	closed sync.Once
	done   chan struct{} // closed when the goroutine has ended
	stats  counters

	// Of the goroutine.
	shelf shelf
	open  map[*recording]struct{} // rooms with an open segment
	owed  []*os.File              // ended segments that are not synced yet

	failed       error // the last error, for Close
	failUnlogged int   // errors since one was logged
	failLogged   time.Time
	gapsUnlogged int // gaps since one was logged
	gapLogged    time.Time
}

type counters struct {
	bytes, segments, gaps, failures, deleted atomic.Uint64
	onDisk                                   atomic.Int64
}

// Stats are counters since New.
type Stats struct {
	Bytes    uint64 // written
	Segments uint64 // begun
	Gaps     uint64 // segments cut short: the queue was full, a file failed, or the room misused its Writer
	Failures uint64 // of file operations
	Deleted  uint64 // segments deleted by the limits or the mode
	OnDisk   int64  // bytes of all segments that are there now
}

// Stats may be called from any goroutine.
func (r *Recorder) Stats() Stats {
	if r == nil {
		return Stats{}
	}
	c := &r.stats
	return Stats{
		Bytes: c.bytes.Load(), Segments: c.segments.Load(), Gaps: c.gaps.Load() + r.queue.gaps.Load(),
		Failures: c.failures.Load(), Deleted: c.deleted.Load(), OnDisk: c.onDisk.Load(),
	}
}

// New starts the Recorder of a folder, which is created if missing. One Recorder
// at a time may use a folder.
func New(dir string, opts Options) (*Recorder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create the folder for recordings: %w", err)
	}
	r := newRecorder(dir, opts)
	go r.run()
	return r, nil
}

func newRecorder(dir string, opts Options) *Recorder {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.QueueBytes <= 0 {
		opts.QueueBytes = 64 << 20
	}
	r := &Recorder{
		dir: dir, mode: opts.Mode, log: opts.Logger,
		queue: queue{wake: make(chan struct{}, 1), maxBytes: opts.QueueBytes},
		done:  make(chan struct{}),
		open:  map[*recording]struct{}{},
	}
	r.shelf = shelf{maxBytes: opts.MaxBytes, maxAge: opts.MaxAge, fail: r.fail}
	return r
}

// Open returns the Writer of a new room, or nil if the mode leaves the room out.
// It does no I/O. The room must close the Writer.
func (r *Recorder) Open(h Header) *Writer {
	if r == nil {
		return nil
	}
	hash := hashOf(h.Room)
	if !r.mode.records(hash) {
		return nil
	}
	h.Hz = max(h.Hz, 1)
	rec := &recording{header: h, kind: folderName(h.Kind), room: folderName(h.Room)}
	return newWriter(&r.queue, rec, h.Hz, hash)
}

// Close writes what is queued, ends all files, those of rooms that are still
// running with a gap mark, and stops the goroutine. Writers may be used
// afterwards and record nothing. It returns the last error of a file operation
// since New, all of which have been logged.
func (r *Recorder) Close() error {
	if r == nil {
		return nil
	}
	r.closed.Do(r.queue.close)
	<-r.done
	return r.failed
}

const (
	limitsEvery = time.Minute
	maxOwed     = 64
)

// run is the goroutine.
func (r *Recorder) run() {
	defer close(r.done)
	minute := time.NewTicker(limitsEvery)
	defer minute.Stop()
	r.shelf.scan(r.dir)
	r.enforce()
	for {
		select {
		case <-minute.C:
			r.enforce()
		default:
		}
		if l, c, ok := r.queue.take(); ok {
			r.handle(l, c)
			continue
		}
		if len(r.owed) > 0 {
			r.settle(len(r.owed) - 1)
			continue
		}
		if r.finished() {
			return
		}
		select {
		case <-r.queue.wake:
		case <-minute.C:
			r.enforce()
		}
	}
}

// finished ends what is still open once the queue is closed and empty.
func (r *Recorder) finished() bool {
	r.queue.mu.Lock()
	over := r.queue.closed && r.queue.first == nil
	r.queue.mu.Unlock()
	if !over {
		return false
	}
	for rec := range r.open {
		r.end(rec, EndGap)
	}
	r.settle(0)
	return true
}

// handle does one step of a room.
func (r *Recorder) handle(l *lane, c chunk) {
	rec := l.rec
	switch c.step {
	case stepBegin:
		r.begin(rec, c)
	case stepEntries:
		if rec.file == nil {
			break // the segment failed: the rest of it is lost
		}
		if err := rec.entries(c.data, c.ticks); err != nil {
			r.fail("write a recording", err)
			r.stats.gaps.Add(1)
			r.gap(rec)
			break
		}
		r.grow(int64(len(c.data)))
	case stepGap:
		r.gap(rec)
	case stepClose:
		r.finish(rec, c.faulted)
	}
	r.queue.give(l, c.data)
}

// begin ends the segment before and begins a new one.
func (r *Recorder) begin(rec *recording, c chunk) {
	continues := rec.file != nil
	if continues {
		continues = r.end(rec, EndContinues)
	}
	if rec.folder == nil {
		f, err := makeFolder(r.dir, rec.kind, rec.room)
		if err != nil {
			r.fail("create the folder of a recording", err)
			r.stats.gaps.Add(1)
			return
		}
		rec.folder = f
	}
	if err := rec.begin(c.first, c.data, continues); err != nil {
		r.fail("begin a segment", err)
		r.stats.gaps.Add(1)
		return
	}
	r.open[rec] = struct{}{}
	rec.folder.segments++
	r.stats.segments.Add(1)
	r.grow(rec.size)
	if r.mode.faulted {
		r.forget(rec, 1)
	}
	r.enforce()
}

// gap ends the open segment early, and logs that, at most once a second.
func (r *Recorder) gap(rec *recording) {
	r.gapsUnlogged++
	if now := time.Now(); now.Sub(r.gapLogged) >= time.Second {
		r.log.Warn("recording has a gap up to the room's next snapshot",
			"kind", rec.header.Kind, "room", rec.header.Room, "segment", rec.number, "rooms", r.gapsUnlogged)
		r.gapLogged, r.gapsUnlogged = now, 0
	}
	if rec.file != nil {
		r.end(rec, EndGap)
	}
}

// end writes the end mark and hands the file to be synced. It reports false when
// the file has no end mark.
func (r *Recorder) end(rec *recording, how End) bool {
	before := rec.size
	err := rec.end(how)
	if err != nil {
		r.fail("end a segment", err)
	}
	r.grow(rec.size - before)
	k := &kept{folder: rec.folder, number: rec.number, size: rec.size, ended: time.Now()}
	r.shelf.add(k)
	if r.mode.faulted {
		rec.kept = append(rec.kept, k)
	}
	r.owed = append(r.owed, rec.file)
	rec.file = nil
	delete(r.open, rec)
	r.settle(maxOwed)
	return err == nil
}

// finish ends the recording of a room that is over.
func (r *Recorder) finish(rec *recording, faulted bool) {
	if rec.file != nil {
		r.end(rec, EndClosed)
	}
	if rec.folder == nil {
		return
	}
	rec.folder.live = false
	if r.mode.faulted && !faulted {
		r.forget(rec, 0)
	}
	r.shelf.tidy(rec.folder)
	r.publish()
}

// forget deletes all ended segments of a room but the newest ones.
func (r *Recorder) forget(rec *recording, newest int) {
	for len(rec.kept) > newest {
		r.shelf.delete(rec.kept[0])
		rec.kept = rec.kept[1:]
	}
}

// settle syncs ended files until so many are left. A slow disk is allowed a few
// before it holds up the writing.
func (r *Recorder) settle(left int) {
	for len(r.owed) > left {
		f := r.owed[0]
		r.owed = r.owed[1:]
		if err := errors.Join(f.Sync(), f.Close()); err != nil {
			r.fail("sync a recording", err)
		}
	}
}

func (r *Recorder) grow(n int64) {
	r.stats.bytes.Add(uint64(n))
	r.shelf.bytes += n
	r.publish()
}

func (r *Recorder) enforce() {
	r.shelf.enforce(time.Now())
	r.publish()
}

func (r *Recorder) publish() {
	r.stats.onDisk.Store(r.shelf.bytes)
	r.stats.deleted.Store(r.shelf.deleted)
}

// fail counts an error and logs it, at most one a second.
func (r *Recorder) fail(what string, err error) {
	r.failed = fmt.Errorf("%s: %w", what, err)
	r.stats.failures.Add(1)
	r.failUnlogged++
	if now := time.Now(); now.Sub(r.failLogged) >= time.Second {
		r.log.Error("recording failed", "what", what, "err", err, "errors", r.failUnlogged)
		r.failLogged, r.failUnlogged = now, 0
	}
}
