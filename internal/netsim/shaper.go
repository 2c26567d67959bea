package netsim

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"
)

// Config says how bad one direction of a line is. The zero Config is perfect.
type Config struct {
	Loss    float64       // share of packets that vanish, 0 to 1
	Dup     float64       // share of packets that come twice
	Reorder float64       // share of packets that the next ones overtake
	Delay   time.Duration // of every packet
	Jitter  time.Duration // a packet's delay differs from Delay by at most this; the order stays
	Rate    int           // bits a second; 0: unlimited
	Buffer  int           // bytes that wait for a line with a Rate: a quarter of a second, at least 16 KiB
	Seed    uint64        // of all that is random
}

// minBuffer holds a dozen of the largest packets.
const minBuffer = 16 << 10

// Check reports what is wrong with a Config.
func (c Config) Check() error {
	for _, share := range []struct {
		name  string
		value float64
	}{{"loss", c.Loss}, {"duplication", c.Dup}, {"reordering", c.Reorder}} {
		if !(share.value >= 0 && share.value <= 1) {
			return fmt.Errorf("a %s of %v is impossible: give a share from 0 to 1", share.name, share.value)
		}
	}
	switch {
	case c.Delay < 0 || c.Jitter < 0:
		return fmt.Errorf("a delay of %v ± %v is impossible: it cannot be less than nothing", c.Delay, c.Jitter)
	case c.Rate < 0 || c.Buffer < 0:
		return fmt.Errorf("a rate of %d bit/s with a buffer of %d bytes is impossible", c.Rate, c.Buffer)
	}
	return nil
}

// buffer is how long a packet waits at most until the line is free.
func (c Config) buffer() time.Duration {
	bytes := c.Buffer
	if bytes == 0 {
		bytes = max(c.Rate/8/4, minBuffer)
	}
	return c.transmission(bytes)
}

// transmission is how long a line with a rate is taken by a packet.
func (c Config) transmission(size int) time.Duration {
	return time.Duration(float64(size) * 8 / float64(c.Rate) * float64(time.Second))
}

// Counts are what has become of a Shaper's packets.
type Counts struct {
	Packets   uint64 // all
	Bytes     uint64 // of all
	Lost      uint64 // by chance
	Full      uint64 // lost because the line's buffer was full
	Doubled   uint64
	Reordered uint64 // held back
}

// Add sums counts.
func (c Counts) Add(d Counts) Counts {
	return Counts{
		c.Packets + d.Packets, c.Bytes + d.Bytes, c.Lost + d.Lost,
		c.Full + d.Full, c.Doubled + d.Doubled, c.Reordered + d.Reordered,
	}
}

// Sub is what has been counted since d.
func (c Counts) Sub(d Counts) Counts {
	return Counts{
		c.Packets - d.Packets, c.Bytes - d.Bytes, c.Lost - d.Lost,
		c.Full - d.Full, c.Doubled - d.Doubled, c.Reordered - d.Reordered,
	}
}

// Shaper decides when the packets of one direction of a line arrive. It reads
// no clock and does no I/O: the same calls give the same answers. One goroutine
// at a time may call it.
type Shaper struct {
	cfg    Config
	random *rand.Rand
	counts Counts

	free    time.Duration // when the line is free for the next packet
	newest  time.Duration // when the latest packet in order arrives
	last    time.Duration // when the last packet was sent
	spacing time.Duration // between packets, as a running mean
}

// NewShaper makes the Shaper of one direction. stream tells directions with the
// same Seed apart. It panics when Config.Check finds something.
func NewShaper(cfg Config, stream uint64) *Shaper {
	if err := cfg.Check(); err != nil {
		panic("netsim: " + err.Error())
	}
	return &Shaper{
		cfg: cfg, random: rand.New(rand.NewPCG(cfg.Seed, stream)),
		newest: math.MinInt64, spacing: firstSpacing,
	}
}

const (
	firstSpacing = 10 * time.Millisecond // before it is known
	maxSpacing   = 50 * time.Millisecond
)

// Plan decides about a packet of size bytes that is sent at now, which never
// goes back. It appends the delay of each copy that arrives to to: none means
// that the packet is lost.
func (s *Shaper) Plan(size int, now time.Duration, to []time.Duration) []time.Duration {
	s.counts.Packets++
	s.counts.Bytes += uint64(size)
	s.space(now)
	// All that is random is drawn for every packet, so that a change of one
	// share leaves what happens to the other packets as it is.
	lost, doubled, reordered := s.chance(s.cfg.Loss), s.chance(s.cfg.Dup), s.chance(s.cfg.Reorder)
	delay, again, back := s.delay(), s.delay(), 1+2*s.random.Float64()

	sent := now
	if s.cfg.Rate > 0 {
		start := max(now, s.free)
		if start-now > s.cfg.buffer() {
			s.counts.Full++
			return to
		}
		s.free = start + s.cfg.transmission(size)
		sent = s.free
	}
	if lost {
		s.counts.Lost++
		return to
	}
	arrival := sent + delay
	if reordered {
		s.counts.Reordered++
		arrival = max(arrival, s.newest) + time.Duration(back*float64(s.spacing))
	} else {
		arrival = max(arrival, s.newest)
		s.newest = arrival
	}
	to = append(to, arrival-now)
	if doubled {
		s.counts.Doubled++
		to = append(to, max(arrival, sent+again)-now)
	}
	return to
}

// Counts returns what has become of the packets so far.
func (s *Shaper) Counts() Counts { return s.counts }

// space measures how far apart packets are: a packet that is held back for one
// to three times that is overtaken by the next ones.
func (s *Shaper) space(now time.Duration) {
	if s.counts.Packets > 1 {
		gap := min(now-s.last, maxSpacing)
		s.spacing += (gap - s.spacing) / 8
		s.spacing = max(s.spacing, time.Millisecond)
	}
	s.last = now
}

func (s *Shaper) chance(share float64) bool { return s.random.Float64() < share }

func (s *Shaper) delay() time.Duration {
	swing := (2*s.random.Float64() - 1) * float64(s.cfg.Jitter)
	return max(0, s.cfg.Delay+time.Duration(swing))
}
