package client

import (
	"math"
	"sync"
	"time"

	"github.com/parlor-server/parlor/tick"
)

// Clock estimates the server's tick from the arrival of frames and the round
// trip of pings. An alpha-beta filter follows both when ticks arrive and how
// far apart they are, so that a server whose time dilates is followed without
// a lag. Any goroutine may use it.
//
// With p the ticks' distance in time, the estimates are:
//
//	arrived tick = the tick whose frame arrives about now
//	server tick  = arrived tick + rtt/2 / p
//	command tick = server tick + (rtt/2 + 4 × jitter) / p + 1 + correction, rounded
//
// The command tick is what a command sent now should name, to be there just in
// time: half a round trip for the way, a margin for jitter, and a tick because
// the server's present tick has already begun. The correction is what the
// server's reports of commands that came late have added to the lead. Once the
// clock has settled, command ticks pass at most a twentieth faster or slower
// than the server's, however the estimates change, so that commands stay
// evenly paced.
type Clock struct {
	mu      sync.Mutex // guards what follows
	rate    tick.Rate
	last    tick.Tick     // of the last frame
	line    time.Time     // when that frame should have arrived, by the filter
	period  float64       // seconds between ticks, by the filter
	jitter  float64       // seconds, mean distance of arrivals from the line
	rtt     time.Duration // smoothed
	named   tick.Tick     // the last tick that Next gave out
	settled int           // frames since reset, up to clockSettle

	head       float64   // the command tick with its fraction; 0: not yet
	headAt     time.Time // when head was right
	correction float64   // ticks
	loss       float64   // share of the ticks whose frame was lost, smoothed
}

const (
	clockAlpha  = 0.1
	clockBeta   = 0.005
	clockSettle = 20   // frames in which the filter moves faster
	clockJump   = 0.5  // seconds off the line after which it is drawn anew
	clockSlew   = 0.05 // how far the pace of command ticks may leave the server's
	clockPause  = 0.25 // seconds that commands are off after which they jump instead
	maxTrip     = 1.0  // seconds of round trip that commands are sent ahead for
	maxMargin   = 0.25 // seconds that they are ahead for jitter,
	maxTicks    = 24   // and ticks: the server keeps commands for 32
	maxLate     = 8.0  // ticks that the lead grows because commands come late
	mostMissing = 0.05 // share of commands that may be missing: a packet is lost now and then
	maxLost     = 4    // ticks in a row whose frames may have been lost; a longer gap is a pause
)

func newClock() *Clock { return &Clock{} }

// reset begins a membership at a tick.
func (c *Clock) reset(rate tick.Rate, at tick.Tick, rtt time.Duration, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rate, c.last, c.line, c.rtt = rate, at, now, rtt
	c.period, c.jitter, c.named, c.settled = rate.Period().Seconds(), 0, 0, 0
	c.head, c.correction, c.loss = 0, 0, 0
}

func (c *Clock) setRTT(rtt time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rtt = rtt
}

// timed takes in the server's report on this player's commands: how many ticks
// the latest of them came before its tick, and how many were missing in about
// a second. A packet that is lost now and then is no reason: its commands come
// with the next one.
func (c *Clock) timed(margin, missing int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	share := float64(missing) / max(1, float64(c.rate))
	switch {
	case share > 0.5: // hardly anything comes in time
		c.correction = min(c.correction+max(1, min(float64(-margin), 4)), maxLate)
	case share > mostMissing:
		c.correction = min(c.correction+0.5, maxLate)
	case missing == 0 && margin > 0:
		c.correction = max(0, c.correction-0.2)
	}
}

// lost takes in a frame of a lossy room: the ticks between it and the one
// before have had frames too, unless there are so many that nothing happened;
// missing is the share of the one before that has not come. mu is held.
func (c *Clock) lost(steps, missing float64) {
	if steps > maxLost+1 {
		return
	}
	c.loss += ((steps-1+missing)/steps - c.loss) * steps / 64
}

// trouble is what an Interpolator has to bridge: the mean distance of frames
// from their regular times, in ticks, the share of lost frames, and the ticks
// after a frame for which the server has surely sent one too, because it
// cannot know yet that the frame arrived.
func (c *Clock) trouble() (jitter, loss, sure float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.period == 0 {
		return 0, 0, 0
	}
	return c.jitter / c.period, c.loss, math.Floor(c.rtt.Seconds() / c.period)
}

// running reports whether frames have told the time.
func (c *Clock) running() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.settled > 0
}

// framed takes in the arrival of a frame.
func (c *Clock) framed(at tick.Tick, now time.Time) { c.arrive(at, now, false, 0) }

// framedLossy is framed where frames may be lost, and one was sent for each
// tick; missing is the share of the frame before that has not come.
func (c *Clock) framedLossy(at tick.Tick, now time.Time, missing float64) {
	c.arrive(at, now, true, missing)
}

func (c *Clock) arrive(at tick.Tick, now time.Time, lossy bool, missing float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	steps := float64(int32(at - c.last))
	if steps <= 0 && c.settled > 0 {
		return // an extra keyframe of the same tick says nothing about time
	}
	if lossy && c.settled > 0 {
		c.lost(steps, missing)
	}
	expected := c.line.Add(seconds(steps * c.period))
	off := now.Sub(expected).Seconds()
	if c.settled == 0 || math.Abs(off) > clockJump {
		c.last, c.line, c.settled = at, now, 1
		c.period = c.rate.Period().Seconds()
		return
	}
	alpha := clockAlpha
	if c.settled < clockSettle {
		c.settled++
		alpha = max(alpha, 1/float64(c.settled))
	}
	nominal := c.rate.Period().Seconds()
	c.last = at
	c.line = expected.Add(seconds(alpha * off))
	c.period = min(max(c.period+clockBeta*off/steps, nominal/2), nominal*8)
	c.jitter += (math.Abs(off) - c.jitter) / 16
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// arrived is the tick whose frame arrives at now, with its fraction; mu is
// held. A room in which nothing happens sends one frame a second; without any
// the clock runs on for three seconds at most.
func (c *Clock) arrived(now time.Time) float64 {
	return float64(c.last) + min(now.Sub(c.line).Seconds(), 3)/c.period
}

// ArrivedTick is the tick whose frame arrives at now, with its fraction.
func (c *Clock) ArrivedTick(now time.Time) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rate == 0 {
		return 0
	}
	return c.arrived(now)
}

// ServerTick is the tick that the server is at, with its fraction.
func (c *Clock) ServerTick(now time.Time) float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rate == 0 {
		return 0
	}
	return c.arrived(now) + c.rtt.Seconds()/2/c.period
}

// CommandTick is the tick that a command sent at now should name.
func (c *Clock) CommandTick(now time.Time) tick.Tick {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.commandTick(now)
}

// commandTick moves head on to now and rounds it; mu is held.
func (c *Clock) commandTick(now time.Time) tick.Tick {
	if c.rate == 0 {
		return 0
	}
	trip := min(c.rtt.Seconds(), maxTrip) / c.period
	margin := min(min(4*c.jitter, maxMargin)/c.period+c.correction, maxTicks)
	target := c.arrived(now) + trip + margin + 1
	passed := now.Sub(c.headAt).Seconds() / c.period
	off := target - c.head - passed
	switch {
	case c.head == 0 || c.settled < clockSettle || math.Abs(off)*c.period > clockPause:
		c.head, c.headAt = target, now
	case passed > 0:
		c.head += passed + max(-clockSlew*passed, min(clockSlew*passed, off))
		c.headAt = now
	}
	return tick.Tick(max(0, math.Floor(c.head+0.5)))
}

// Next names the tick of the next command, if one is due at now: ticks are
// given out one after the other, none twice, at the server's pace. Whoever
// sends commands calls it until it has none, at least once a tick:
//
//	for t, ok := clock.Next(now); ok; t, ok = clock.Next(now) { … }
//
// After a pause longer than a quarter of a second the ticks in between are
// left out.
func (c *Clock) Next(now time.Time) (tick.Tick, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	target := c.commandTick(now)
	if target == 0 {
		return 0, false
	}
	behind := int32(target - c.named)
	if behind <= 0 && behind > -int32(c.rate) {
		return 0, false
	}
	if c.named == 0 || behind > int32(c.rate)/4+1 || behind < 0 {
		c.named = target
	} else {
		c.named++
	}
	return c.named, true
}

// Jitter is the mean distance of frames from their regular times.
func (c *Clock) Jitter() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return seconds(c.jitter)
}

// Dilation is how fast the room's time passes: 1 is real time.
func (c *Clock) Dilation() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.period == 0 {
		return 1
	}
	return c.rate.Period().Seconds() / c.period
}
