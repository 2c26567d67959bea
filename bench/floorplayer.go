//go:build linux

package main

import "encoding/binary"

// Of what a floor's client sends, the beginning: who it is, and its way.
const (
	floorIndex = 0 // u32
	floorWay   = 4 // two int8
	floorUp    = 6 // bytes at least
)

// floorPlayer is a client of the floor: it sends as many bytes as a walker
// and counts what it gets.
type floorPlayer struct {
	up    []byte
	beats int
}

func newFloorPlayer(up, index int) *floorPlayer {
	f := &floorPlayer{up: make([]byte, max(floorUp, up))}
	binary.LittleEndian.PutUint32(f.up[floorIndex:], uint32(index))
	return f
}

func (f *floorPlayer) opened(c *client) { c.isReady() }
func (f *floorPlayer) start(*client)    {}

func (f *floorPlayer) beat(c *client) {
	if f.beats%turnEvery == 0 {
		way := c.load.rand.IntN(4)
		f.up[floorWay], f.up[floorWay+1] = byte(way&1*2-1), byte(way&2-1)
	}
	f.beats++
	c.tell(f.up)
}

func (f *floorPlayer) message(c *client, _ []byte) {
	c.seen.frame(c.seen.next(), c.load.now)
}
