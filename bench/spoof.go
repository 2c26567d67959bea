//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"flag"
	"fmt"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

const (
	spoofPorts   = 64               // sockets, each with any address of 127.0.0.0/8
	spoofPackets = 2048             // different ones, again and again
	spoofLimit   = 10 * time.Second // no flood is longer
	spoofRate    = 200_000          // and none thicker, in packets a second
	spoofBatch   = 128
	tokenPublic  = 8 + 4 + 8 // bytes of a token before its nonce: version, key, expiry
)

// flooded is what the flood's process reports.
type flooded struct {
	Sent, Answers int
	AnswerBytes   int
	Seconds       float64
}

// spoofer sends first packets from addresses that nobody has. Each token has
// the public parts of a real one and is noise otherwise, so that only
// cryptography could tell it.
type spoofer struct {
	sockets [spoofPorts]int
	packets [][]byte
	next    int // of packets and sockets
	to      unix.RawSockaddrInet4
	out     *sourced
	in      *inbox
	report  flooded
}

// serveFlood is the flood's process.
func serveFlood(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("flood", flag.ContinueOnError)
	addr := flags.String("addr", "", "HOST:PORT of the server")
	rate := flags.Int("rate", 100_000, "packets a second")
	span := flags.Duration("span", 3*time.Second, "how long")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *rate < 1000 || *rate > spoofRate || *span > spoofLimit {
		return fmt.Errorf("a flood has 1,000 to %d packets a second and ends within %v", spoofRate, spoofLimit)
	}
	token, err := askForToken(&http.Client{Timeout: tokenTimeout}, *addr)
	if err != nil {
		return err
	}
	s, err := newSpoofer(token)
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	fmt.Println("ready")
	s.run(*rate, *span)
	return json.NewEncoder(os.Stdout).Encode(s.report)
}

func newSpoofer(token connectToken) (*spoofer, error) {
	s := &spoofer{in: newInbox(spoofBatch), out: newSourced(spoofBatch), to: sockaddr(token.addr)}
	for i := range s.sockets {
		fd, err := listenEverywhere()
		if err != nil {
			return nil, err
		}
		s.sockets[i] = fd
	}
	for range spoofPackets {
		s.packets = append(s.packets, junk(token.token))
	}
	return s, nil
}

// junk is a first packet whose token is noise behind its public part.
func junk(real []byte) []byte {
	token := make([]byte, len(real))
	_, _ = rand.Read(token) // never fails
	copy(token, real[:tokenPublic])
	var nonce [32]byte
	_, _ = rand.Read(nonce[:])
	return wire.AppendRequest(nil, wire.Request{Nonce: nonce, Token: token})
}

// run sends at a rate, some packets each millisecond, and counts the answers.
func (s *spoofer) run(rate int, span time.Duration) {
	began := time.Now()
	for {
		at := time.Since(began)
		if at >= span {
			break
		}
		for due := int(at.Seconds() * float64(rate)); s.report.Sent < due; {
			s.send(min(spoofBatch, due-s.report.Sent))
		}
		for range spoofPorts / 8 { // all within 8 ms
			s.drain(s.sockets[s.next%spoofPorts])
			s.next++
		}
		nap(time.Millisecond)
	}
	for range 50 { // answers on their way
		for _, fd := range s.sockets {
			s.drain(fd)
		}
		nap(time.Millisecond)
	}
	s.report.Seconds = span.Seconds()
}

// send sends a batch through one socket, each packet from another address.
func (s *spoofer) send(n int) {
	for i := range n {
		r := mathrand.Uint32()
		s.out.add(s.packets[(s.report.Sent+i)%len(s.packets)], &s.to, [4]byte{127, byte(r >> 16), byte(r >> 8), byte(r)})
	}
	s.next++
	s.out.send(s.sockets[s.next%spoofPorts])
	s.report.Sent += n
}

// drain counts what came back.
func (s *spoofer) drain(fd int) {
	for n := spoofBatch; n == spoofBatch; {
		n = s.in.receive(fd)
		for i := range n {
			s.report.Answers++
			s.report.AnswerBytes += len(s.in.datagram(i))
		}
	}
}
