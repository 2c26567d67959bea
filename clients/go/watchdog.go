package client

import "time"

// startWatchdog looks at the connection once a second: it measures the round
// trip, and closes a connection on which nothing arrives any more, or on which
// a keyframe that was asked for does not arrive. It has no goroutine of its own.
func (c *Client) startWatchdog() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watchdog = time.AfterFunc(time.Second, c.watch)
}

func (c *Client) watch() {
	if c.ctx.Err() != nil {
		return
	}
	now := time.Now()
	c.mu.Lock()
	c.watchdog.Reset(time.Second) // before the ping, whose write may wait
	silence := now.Sub(c.start) - time.Duration(c.heard.Load())
	patience := max(minSilence, 3*c.welcome.pingInterval)
	stuck, wait := false, keyframeWait
	if c.send.lossy.Load() {
		wait = lossyKeyframeWait
	}
	for _, room := range c.rooms {
		since := room.broken.Load()
		stuck = stuck || since != 0 && now.Sub(c.start)-time.Duration(since) > wait
	}
	ping := now.Sub(c.pinged) >= pingEvery
	if ping {
		c.pings++
		c.pinged = now
	}
	id := c.pings
	c.mu.Unlock()

	if silence > patience || stuck {
		c.log.Info("closing the connection", "silence", silence, "keyframe_missing", stuck)
		c.send.shut()
		return
	}
	if ping {
		c.send.tryPing(id, uint64(now.Sub(c.start).Microseconds()))
	}
}
