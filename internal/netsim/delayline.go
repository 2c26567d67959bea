package netsim

import (
	"context"
	"sync"
	"time"
)

// maxLineBytes of packets are under way in a Relay; more are dropped.
const maxLineBytes = 64 << 20

// delayLine hands over packets when they have arrived, from one goroutine, run.
// Any goroutine may call add.
type delayLine struct {
	start time.Time
	wake  chan struct{} // holds one: there is an earlier packet

	mu       sync.Mutex // guards all below
	underWay deliveries
	order    uint64
	bytes    int
	free     [][]byte // buffers to use again
}

// freeBuffers are kept at most.
const freeBuffers = 1024

func newDelayLine() *delayLine {
	return &delayLine{start: time.Now(), wake: make(chan struct{}, 1)}
}

// add has hand called with a copy of packet after delay.
func (l *delayLine) add(delay time.Duration, hand func([]byte), packet []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bytes+len(packet) > maxLineBytes {
		return
	}
	var data []byte
	if n := len(l.free); n > 0 {
		data, l.free = l.free[n-1], l.free[:n-1]
	}
	l.bytes += len(packet)
	l.order++
	l.underWay.add(delivery{
		at: time.Since(l.start) + delay, order: l.order, hand: hand, data: append(data[:0], packet...),
	})
	if l.underWay[0].order == l.order {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
}

// run delivers until ctx ends.
func (l *delayLine) run(ctx context.Context) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		next := l.deliver()
		timer.Reset(next)
		select {
		case <-timer.C:
		case <-l.wake:
		case <-ctx.Done():
			return
		}
	}
}

// deliver hands over what has arrived and returns how long it is to the next.
func (l *delayLine) deliver() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		d, ok := l.underWay.due(time.Since(l.start))
		if !ok {
			break
		}
		l.mu.Unlock()
		d.hand(d.data)
		l.mu.Lock()
		l.bytes -= len(d.data)
		if len(l.free) < freeBuffers {
			l.free = append(l.free, d.data)
		}
	}
	if len(l.underWay) == 0 {
		return time.Hour
	}
	return max(0, l.underWay[0].at-time.Since(l.start))
}
