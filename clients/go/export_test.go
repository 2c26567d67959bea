package client

// Cut breaks the connection, as a network would.
func (c *Client) Cut() { c.send.shut() }

// Distrust makes the room give its mirror up. It is called in a View.
func (r *Room) Distrust() { r.distrust("a test wants it") }
