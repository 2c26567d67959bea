// Command kcp is the walkers workload on stock kcp-go, as its users write it:
// a listener without FEC and encryption, a goroutine a session that reads, a
// goroutine a room that writes the same message to each session.
package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	kcp "github.com/xtaci/kcp-go/v5"
)

// An input: the client's index u32, its way as two int8, the input's number u32.
const (
	way    = 4
	number = 6
	least  = 10 // bytes
)

const period = 50 * time.Millisecond

// room is R players who walk.
type room struct {
	mu     sync.Mutex
	conns  []*kcp.UDPSession // guarded by mu
	acks   []uint32          // guarded by mu
	dx, dy []int8            // guarded by mu

	x, y    []float32 // run owns it
	message []byte    // run owns it
}

func main() {
	count := flag.Int("rooms", 1, "rooms")
	players := flag.Int("players", 20, "players of a room")
	down := flag.Int("down", 0, "bytes of a message to a client, at least 4 for each player of the room")
	flag.Parse()
	l, err := kcp.ListenWithOptions("127.0.0.1:0", nil, 0, 0)
	if err != nil {
		log.Fatal(err)
	}
	const buffer = 8 << 20
	if err := l.SetReadBuffer(buffer); err != nil {
		log.Fatal(err)
	}
	if err := l.SetWriteBuffer(buffer); err != nil {
		log.Fatal(err)
	}
	fmt.Println(l.Addr().(*net.UDPAddr).AddrPort())
	rooms := make([]*room, *count)
	for i := range rooms {
		rooms[i] = newRoom(*players, *down)
		go rooms[i].run(period * time.Duration(i) / time.Duration(*count))
	}
	for {
		c, err := l.AcceptKCP()
		if err != nil {
			log.Fatal(err)
		}
		c.SetNoDelay(1, 10, 2, 1)
		c.SetWindowSize(128, 128)
		c.SetMtu(1200)
		c.SetWriteDelay(false)
		go serve(rooms, *players, c)
	}
}

func newRoom(players, down int) *room {
	r := &room{
		conns: make([]*kcp.UDPSession, players), acks: make([]uint32, players), dx: make([]int8, players), dy: make([]int8, players),
		x: make([]float32, players), y: make([]float32, players), message: make([]byte, max(down, 4*players)),
	}
	for i := range r.x {
		r.x[i], r.y[i] = rand.Float32()*1000, rand.Float32()*1000
	}
	return r
}

// serve reads a session's inputs.
func serve(rooms []*room, players int, c *kcp.UDPSession) {
	defer func() { _ = c.Close() }()
	var buf [512]byte
	for {
		n, err := c.Read(buf[:])
		if err != nil {
			return
		}
		index := int(binary.LittleEndian.Uint32(buf[:]))
		if n < least || index >= len(rooms)*players {
			return
		}
		r, seat := rooms[index/players], index%players
		r.mu.Lock()
		r.conns[seat] = c
		r.dx[seat], r.dy[seat] = int8(buf[way]), int8(buf[way+1])
		r.acks[seat] = binary.LittleEndian.Uint32(buf[number:])
		r.mu.Unlock()
	}
}

func (r *room) run(phase time.Duration) {
	conns := make([]*kcp.UDPSession, len(r.conns))
	next := time.Now().Add(phase)
	for {
		time.Sleep(time.Until(next))
		r.step(conns)
		for _, c := range conns {
			if c != nil {
				_, _ = c.Write(r.message) // its reader notices
			}
		}
		next = next.Add(period)
	}
}

// step moves the players and writes which inputs were taken, then where the
// players are, as far as there is place.
func (r *room) step(conns []*kcp.UDPSession) {
	r.mu.Lock()
	defer r.mu.Unlock()
	copy(conns, r.conns)
	at := 4 * len(r.x)
	for i := range r.x {
		binary.LittleEndian.PutUint32(r.message[4*i:], r.acks[i])
		r.x[i] += float32(r.dx[i]) * 0.25
		r.y[i] += float32(r.dy[i]) * 0.25
		if at+2 <= len(r.message) {
			r.message[at], r.message[at+1] = byte(int(r.x[i]*100)), byte(int(r.y[i]*100))
			at += 2
		}
	}
}
