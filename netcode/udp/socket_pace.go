package udp

import "time"

// pauseLength is how long a busy reader lets datagrams gather, as network cards
// do: one system call and one wake-up then bring many. Go's timers make up to
// 1 ms of it.
const pauseLength = 500 * time.Microsecond

// pauseGap is the mean time between datagrams under which a reader is busy.
const pauseGap = time.Millisecond

// readPace decides whether a reader pauses before its next read. It belongs to the
// reader.
type readPace struct {
	last time.Time // when the last read returned
	busy bool
}

// arrived notes that a read returned n datagrams; more says that others are
// likely to wait.
func (p *readPace) arrived(n int, more bool, now time.Time) {
	p.busy = !more && now.Sub(p.last) < time.Duration(n)*pauseGap
	p.last = now
}

// pause is how long to sleep before the next read: what is left of pauseLength
// after handling the last one, if datagrams come fast.
func (p *readPace) pause(now time.Time) time.Duration {
	if !p.busy {
		return 0
	}
	return pauseLength - now.Sub(p.last)
}
