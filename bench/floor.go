//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime/pprof"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// floorRoom is the least that a room can be: inputs move players, and 20 times
// a second each of them gets the same message. It has no state to compare, no
// queues, no protocol and no recording.
type floorRoom struct {
	conns   []atomic.Pointer[websocket.Conn]
	message []byte // the tick's; the room's goroutine owns it

	mu     sync.Mutex
	dx, dy []int8    // guarded by mu
	x, y   []float32 // guarded by mu
}

// floorPeriod is the time between two ticks of a floor's room.
const floorPeriod = 50 * time.Millisecond

// serveFloor is the floor process: plain coder/websocket, a goroutine a room
// that writes to its clients one after the other.
func serveFloor(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("floor", flag.ContinueOnError)
	count := flags.Int("rooms", 1, "rooms")
	players := flags.Int("players", 20, "players of a room")
	down := flags.Int("down", 100, "bytes of a message to a client")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rooms := make([]*floorRoom, *count)
	for i := range rooms {
		rooms[i] = newFloorRoom(*players, *down)
		go rooms[i].run(floorPeriod * time.Duration(i) / time.Duration(*count))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("failed to listen: %w", err)
	}
	fmt.Println(l.Addr())
	mux := http.NewServeMux()
	mux.HandleFunc("/profile", floorProfile)
	mux.HandleFunc("/{$}", func(w http.ResponseWriter, r *http.Request) {
		room, _ := strconv.Atoi(r.FormValue("room"))
		seat, _ := strconv.Atoi(r.FormValue("seat"))
		rooms[room].serve(w, r, seat)
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func newFloorRoom(players, down int) *floorRoom {
	r := &floorRoom{
		dx: make([]int8, players), dy: make([]int8, players), x: make([]float32, players), y: make([]float32, players),
		conns: make([]atomic.Pointer[websocket.Conn], players), message: make([]byte, down),
	}
	for i := range r.x {
		r.x[i], r.y[i] = rand.Float32()*1000, rand.Float32()*1000
	}
	return r
}

func (r *floorRoom) run(phase time.Duration) {
	next := time.Now().Add(phase)
	for {
		time.Sleep(time.Until(next))
		r.step()
		for i := range r.conns {
			if c := r.conns[i].Load(); c != nil {
				_ = c.Write(context.Background(), websocket.MessageBinary, r.message) // its reader notices
			}
		}
		next = next.Add(floorPeriod)
	}
}

// step moves the players and writes where they are, as far as there is place.
func (r *floorRoom) step() {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := 0
	for i := range r.x {
		r.x[i] += float32(r.dx[i]) * 0.25
		r.y[i] += float32(r.dy[i]) * 0.25
		if at+2 <= len(r.message) {
			r.message[at], r.message[at+1] = byte(int(r.x[i]*100)), byte(int(r.y[i]*100))
			at += 2
		}
	}
}

func (r *floorRoom) serve(w http.ResponseWriter, q *http.Request, seat int) {
	c, err := websocket.Accept(w, q, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered
	}
	r.conns[seat].Store(c)
	var buf [maxSend]byte
	for {
		_, reader, err := c.Reader(context.Background())
		if err != nil {
			break
		}
		n, err := io.ReadFull(reader, buf[:])
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) || n < floorUp {
			break
		}
		r.mu.Lock()
		r.dx[seat], r.dy[seat] = int8(buf[floorWay]), int8(buf[floorWay+1])
		r.mu.Unlock()
	}
	r.conns[seat].Store(nil)
	_ = c.CloseNow() // the client has gone
}

// floorProfile serves a CPU profile, to compare with the server's.
func floorProfile(w http.ResponseWriter, r *http.Request) {
	seconds, _ := strconv.ParseFloat(r.FormValue("seconds"), 64)
	if err := pprof.StartCPUProfile(w); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		return
	}
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	pprof.StopCPUProfile()
}
