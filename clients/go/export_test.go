package client

// Cut breaks the connection, as a network would.
func (c *Client) Cut() { c.send.shut() }

// Distrust makes the room give its mirror up. It is called in a View.
func (r *Room) Distrust() { r.distrust("a test wants it") }

// Correction is what the server's reports have added to the lead, in ticks.
func (c *Clock) Correction() float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.correction
}
