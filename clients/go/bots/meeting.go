package bots

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Meeting is what a Meet measured, from the moment that all bots were in.
type Meeting struct {
	Rooms   int     `json:"rooms"`
	Players int     `json:"players"` // bots that got in
	Seconds float64 `json:"seconds"`
	// Transport is how the bots were connected at the end: "udp",
	// "websocket", or "mixed".
	Transport string `json:"transport"`
	Acts      uint64 `json:"acts"` // what bots were let do
	// AckP50 and AckP99 are of the times from an act to its answer: in presence
	// rooms until the guest is shown what it shows, where the room takes it as it
	// is; on boards until the receipt; in documents until another guest has it.
	AckP50 float64 `json:"ack_ms_p50"`
	AckP99 float64 `json:"ack_ms_p99"`
	// Checks is how often the bots of a room rested and were compared, AgreedP99
	// how long it took until all held the same.
	Checks      uint64  `json:"checks"`
	AgreedP99   float64 `json:"agreed_ms_p99"`
	DownBytes   float64 `json:"down_bytes_per_player_s"`
	Refused     uint64  `json:"refused"` // acts that the room's rules refused
	Desyncs     uint64  `json:"desyncs"` // comparisons after which bots did not hold the same
	Errors      uint64  `json:"errors"`  // failed joins, rooms that ended
	Disconnects uint64  `json:"disconnects"`
}

// String is the summary as a sentence.
func (m Meeting) String() string {
	return fmt.Sprintf("%d rooms, %d players over %s, %.0f s: %d acts, ack %.1f ms (p50) %.1f ms (p99), %.0f B/s down a player, %d refused, compared %d times (agreed after %.1f ms, p99), %d desyncs, %d errors, %d disconnects",
		m.Rooms, m.Players, m.Transport, m.Seconds, m.Acts, m.AckP50, m.AckP99, m.DownBytes, m.Refused, m.Checks, m.AgreedP99, m.Desyncs, m.Errors, m.Disconnects)
}

// measure lets the rooms live for the duration, says once a second how it goes,
// and compares them at the end.
func (m *meeting) measure(ctx context.Context) Meeting {
	first := m.read()
	playing, stop := context.WithTimeout(ctx, m.cfg.Duration)
	defer stop()
	var living sync.WaitGroup
	for _, h := range m.rooms {
		living.Go(func() { h.live(playing) })
	}
	second := time.NewTicker(time.Second)
	defer second.Stop()
	before := first
	for playing.Err() == nil {
		select {
		case <-playing.Done():
		case <-second.C:
			now := m.read()
			m.progress(first, before, now)
			before = now
		}
	}
	living.Wait()
	last := m.read()
	var checking sync.WaitGroup
	for _, h := range m.rooms {
		checking.Go(func() { h.check(ctx) })
	}
	checking.Wait()
	return m.summary(first, last)
}

// read sums the clients' counters up.
func (m *meeting) read() reading {
	now := reading{at: time.Now()}
	for _, h := range m.rooms {
		for _, c := range h.clients {
			s := c.Stats()
			now.connected(c.Transport())
			now.bytes += s.BytesIn
			now.total.Disconnects += s.Disconnects
		}
	}
	return now
}

// summary is of the time between two readings; failures count from the start.
func (m *meeting) summary(from, to reading) Meeting {
	s := Meeting{
		Rooms: len(m.rooms), Seconds: to.at.Sub(from.at).Seconds(), Transport: to.transport, Acts: m.acts.Load(),
		AckP50: m.ack.quantile(0.5), AckP99: m.ack.quantile(0.99), Checks: m.checks.Load(), AgreedP99: m.agreed.quantile(0.99),
		Refused: m.refused.Load(), Desyncs: m.desyncs.Load(), Errors: m.failures.count.Load(), Disconnects: to.total.Disconnects,
	}
	for _, h := range m.rooms {
		s.Players += len(h.guests)
	}
	if s.Seconds > 0 && s.Players > 0 {
		s.DownBytes = float64(to.bytes-from.bytes) / s.Seconds / float64(s.Players)
	}
	return s
}

// progress writes one line about the time between two readings.
func (m *meeting) progress(first, before, now reading) {
	if m.cfg.Progress == nil {
		return
	}
	s := m.summary(before, now)
	fmt.Fprintf(m.cfg.Progress, "%4.0f s  %d rooms  %d players  %d acts  ack %5.1f / %5.1f ms  %6.0f B/s a player  %d checks  %d refused  %d desyncs  %d errors  %d disconnects\n",
		now.at.Sub(first.at).Seconds(), s.Rooms, s.Players, s.Acts, s.AckP50, s.AckP99, s.DownBytes, s.Checks, s.Refused, s.Desyncs, s.Errors, s.Disconnects)
}
