//go:build linux

package main

import "fmt"

// floorPlayer is a client of the floor: it sends as many bytes as a walker
// and counts what it gets.
type floorPlayer struct {
	room, seat int
	up         []byte
	beats      int
}

func (f *floorPlayer) path() (string, error) {
	return fmt.Sprintf("/?room=%d&seat=%d", f.room, f.seat), nil
}

func (f *floorPlayer) opened(c *client) { c.isReady() }
func (f *floorPlayer) start(*client)    {}

func (f *floorPlayer) beat(c *client) {
	if f.beats%turnEvery == 0 {
		way := c.load.rand.IntN(4)
		f.up[0], f.up[1] = byte(way&1*2-1), byte(way&2-1)
	}
	f.beats++
	c.tell(f.up)
}

func (f *floorPlayer) message(c *client, _ []byte) {
	c.seen.frame(c.seen.next(), c.load.now)
}
