//go:build linux

package main

import (
	"fmt"
	"os"
)

// edge is what has been used up to a moment.
type edge struct {
	at                instant
	server, own, busy float64
	traffic           traffic
	bytes             int64
}

func (l *load) edge() (e edge) {
	for _, c := range l.clients {
		if c.dead {
			continue
		}
		t := c.link.traffic()
		e.traffic.received += t.received
		e.traffic.sent += t.sent
		e.bytes += c.link.received()
	}
	e.busy, e.server, e.own, e.at = cpuOfAll(), cpuOf(l.plan.PID), cpuOf(os.Getpid()), l.at()
	return e
}

// measure plays for the warm-up and the window.
func (l *load) measure() (measurement, error) {
	l.run(l.at() + instant(l.plan.Warm))
	counts := newCounts(l.plan.Admin)
	if err := counts.begin(); err != nil {
		return measurement{}, err
	}
	l.run(l.at() + instant(settle))

	l.delays.reset()
	l.checked, l.upMessages, l.upBytes = 0, 0, 0
	for _, c := range l.clients {
		c.seen.reset()
	}
	fmt.Println("window")
	from := l.edge()
	l.run(from.at + instant(l.plan.Window))
	to := l.edge()
	rss := rssOf(l.plan.PID)
	m := l.sum(from, to)
	m.RSS = rss

	var err error
	m.Server, err = counts.end()
	if l.failed != nil {
		fmt.Fprintln(os.Stderr, "bench: the first of", l.errors, "errors:", l.failed)
	}
	return m, err
}

// sum is what lies between two edges.
func (l *load) sum(from, to edge) measurement {
	seconds := float64(to.at-from.at) / 1e9
	m := measurement{
		Seconds:   seconds,
		ServerCPU: (to.server - from.server) / seconds,
		LoadCPU:   (to.own - from.own) / seconds,
		AckP50:    l.delays.quantile(0.5), AckP99: l.delays.quantile(0.99), Acks: l.delays.count,
		Checked: l.checked, Desyncs: l.desyncs, Errors: l.errors,
	}
	m.OtherCPU = (to.busy-from.busy)/seconds - m.ServerCPU - m.LoadCPU
	for i, c := range l.clients {
		m.Frames += c.seen.frames
		if c.dead {
			m.Dead++
		}
		if hz := c.seen.hz(); i == 0 || hz < m.HzMin {
			m.HzMin = hz
		}
	}
	n := float64(len(l.clients))
	down, up := to.traffic.received-from.traffic.received, to.traffic.sent-from.traffic.sent
	m.WireDown = float64(down) / n / seconds
	m.WireUp = float64(up) / n / seconds
	m.FrameBytes = float64(to.bytes-from.bytes) / float64(max(1, m.Frames))
	m.UpBytes = float64(l.upBytes) / float64(max(1, l.upMessages))
	return m
}
