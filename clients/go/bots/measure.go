package bots

import (
	"context"
	"fmt"
	"time"

	"github.com/parlor-server/parlor/clients/go"
)

// reading is the state of all counters at one moment.
type reading struct {
	at    time.Time
	bytes uint64
	ticks []tickReading // by room
	total client.Stats  // summed over the bots; only what counts as failure

	transport string
}

// tickReading is a room's newest frame, of the bot that has seen most.
type tickReading struct {
	tick uint32
	at   int64 // Unix nanoseconds
}

func (r *run) read() reading {
	now := reading{at: time.Now()}
	for _, room := range r.rooms {
		var newest tickReading
		for _, p := range room.all() {
			s := p.client.Stats()
			now.connected(p.client.Transport())
			now.bytes += s.BytesIn
			now.total.Desyncs += s.Desyncs
			now.total.Errors += s.Errors + s.BadFrames
			now.total.Disconnects += s.Disconnects
			if t := p.tick.Load(); t > newest.tick {
				newest = tickReading{t, p.at.Load()}
			}
		}
		now.ticks = append(now.ticks, newest)
	}
	return now
}

// connected notes how one more bot is connected; "": it is not at the moment.
func (r *reading) connected(transport string) {
	switch {
	case transport == "" || transport == r.transport:
	case r.transport == "":
		r.transport = transport
	default:
		r.transport = "mixed"
	}
}

// measure waits for the duration, and says once a second how it goes.
func (r *run) measure(ctx context.Context) Summary {
	r.ack.reset()
	first := r.read()
	before := first
	end := time.NewTimer(r.cfg.Duration)
	defer end.Stop()
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case <-second.C:
			now := r.read()
			r.progress(first, before, now)
			before = now
			continue
		case <-end.C:
		case <-ctx.Done():
		}
		return r.summary(first, r.read())
	}
}

// progress writes one line about the time between two readings.
func (r *run) progress(first, before, now reading) {
	if r.cfg.Progress == nil {
		return
	}
	s := r.summary(before, now)
	fmt.Fprintf(r.cfg.Progress, "%4.0f s  %d rooms  %d players  %5.1f Hz  ack %5.1f / %5.1f ms  %6.0f B/s a player  %d desyncs  %d errors  %d disconnects\n",
		now.at.Sub(first.at).Seconds(), s.Rooms, s.Players, s.TickHzMin, s.AckP50, s.AckP99, s.DownBytes, s.Desyncs, s.Errors, s.Disconnects)
}

// summary is of the time between two readings; failures count from the start.
func (r *run) summary(from, to reading) Summary {
	s := Summary{
		Rooms: len(r.rooms), Seconds: to.at.Sub(from.at).Seconds(),
		Transport: to.transport,
		AckP50:    r.ack.quantile(0.5), AckP99: r.ack.quantile(0.99),
		Desyncs: to.total.Desyncs, Errors: to.total.Errors + r.failures.count.Load(), Disconnects: to.total.Disconnects,
	}
	for i, room := range r.rooms {
		s.Players += len(room.all())
		hz := 0.0
		if span := to.ticks[i].at - from.ticks[i].at; span > 0 {
			ticks := to.ticks[i].tick
			if before := from.ticks[i].tick; before <= ticks { // else it is another room now
				ticks -= before
			}
			hz = float64(ticks) / (float64(span) / 1e9)
		}
		if i == 0 || hz < s.TickHzMin {
			s.TickHzMin = hz
		}
	}
	if s.Seconds > 0 && s.Players > 0 {
		s.DownBytes = float64(to.bytes-from.bytes) / s.Seconds / float64(s.Players)
	}
	return s
}
