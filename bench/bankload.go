//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// serveBankLoad is the process of Parlor's clients: each has a WebSocket, a
// client ID and so many calls under way, each a transaction with a receipt.
func serveBankLoad(_ context.Context, args []string) error {
	flags := flag.NewFlagSet("bank load", flag.ContinueOnError)
	addr := flags.String("addr", "", "HOST:PORT")
	l := bankLoad{}
	flags.IntVar(&l.accounts, "accounts", 100_000, "accounts")
	flags.IntVar(&l.clients, "clients", 64, "connections")
	flags.IntVar(&l.inFlight, "in-flight", 1, "calls under way on each")
	flags.BoolVar(&l.contended, "contended", false, "80 % of calls on 1 % of accounts")
	warm := flags.Duration("warm", time.Second, "time before the window")
	window := flags.Duration("window", 3*time.Second, "time that counts")
	if err := flags.Parse(args); err != nil {
		return err
	}
	tellers := make([]*teller, l.clients)
	for i := range tellers {
		t, err := l.connect(*addr, i)
		if err != nil {
			return fmt.Errorf("client %d: %w", i, err)
		}
		tellers[i] = t
	}
	fmt.Println("ready")
	l.begin = time.Now().Add(*warm)
	l.end = l.begin.Add(*window)
	errs := make([]error, len(tellers))
	var group sync.WaitGroup
	for i, t := range tellers {
		group.Go(func() { errs[i] = t.work() })
	}
	group.Wait()
	var all []time.Duration
	for _, t := range tellers {
		all = append(all, t.latencies...)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	if len(all) == 0 {
		return errors.New("no call was confirmed")
	}
	slices.Sort(all)
	at := func(q float64) float64 { return float64(all[int(q*float64(len(all)-1))].Microseconds()) / 1000 }
	return json.NewEncoder(os.Stdout).Encode(bankResult{
		TPS: float64(len(all)) / window.Seconds(), P50: at(0.5), P99: at(0.99), Calls: len(all),
	})
}

type bankLoad struct {
	accounts, clients, inFlight int
	contended                   bool
	begin, end                  time.Time
}

// next draws a transfer between two accounts, which count from 1.
func (l *bankLoad) next(r *rand.Rand) (from, to int32, amount int64) {
	n := l.accounts
	if l.contended && r.IntN(5) != 0 {
		n = max(n/100, 2)
	}
	a, b := r.IntN(n), r.IntN(n-1)
	if b >= a {
		b++
	}
	return int32(a + 1), int32(b + 1), int64(1 + r.IntN(10))
}

// teller is one client.
type teller struct {
	load   *bankLoad
	conn   net.Conn
	in     *bufio.Reader
	out    []byte
	body   []byte
	args   []byte
	build  *schema.Builder
	handle uint16
	rand   *rand.Rand

	next, done uint64      // mutation IDs: the last sent, the last confirmed
	sent       []time.Time // a ring by ID
	latencies  []time.Duration

	// Of a client that subscribes.
	complete bool      // all rows of the query have come
	first    time.Time // when the first part of them came
	steps    int       // changes since
	file     *os.File  // holds the socket for who reads it instead
}

// connect opens a WebSocket and the bank.
func (l *bankLoad) connect(addr string, i int) (*teller, error) { return l.open(addr, "bank/main", i) }

// open opens a WebSocket and a room.
func (l *bankLoad) open(addr, room string, i int) (*teller, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("failed to connect: %w", err)
	}
	t := &teller{
		load: l, conn: conn, in: bufio.NewReaderSize(conn, 64<<10), build: schema.NewBuilder(),
		rand: rand.New(rand.NewPCG(uint64(i), 1)), sent: make([]time.Time, l.inFlight),
	}
	request := "GET /ws HTTP/1.1\r\nHost: " + addr + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
	if _, err := conn.Write([]byte(request)); err != nil {
		return nil, fmt.Errorf("failed to ask for a WebSocket: %w", err)
	}
	answer, err := http.ReadResponse(t.in, nil)
	if err != nil {
		return nil, fmt.Errorf("the server gave no WebSocket: %w", err)
	}
	if err := answer.Body.Close(); err != nil { // the frames are not its body
		return nil, fmt.Errorf("the server gave no WebSocket: %w", err)
	}
	if answer.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the server gave no WebSocket: %s", answer.Status)
	}
	t.queue(schema.KindHello, t.build.Hello(schema.HelloInfo{Client: "bench"}))
	id := fmt.Sprintf("bench-%d-%d", os.Getpid(), i)
	t.queue(schema.KindOpen, t.build.Open(schema.OpenInfo{Request: 1, Room: room, Client: id}))
	if err := t.flush(); err != nil {
		return nil, err
	}
	for t.handle == 0 {
		if err := t.receive(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// work keeps calls under way until the window is over.
func (t *teller) work() error {
	defer func() { _ = t.conn.Close() }()
	for range t.load.inFlight {
		t.call(time.Now())
	}
	for {
		if err := t.flush(); err != nil {
			return err
		}
		if err := t.receive(); err != nil {
			return err
		}
		for t.in.Buffered() > 0 && t.whole() {
			if err := t.receive(); err != nil {
				return err
			}
		}
		now := time.Now()
		if now.After(t.load.end) {
			return nil
		}
		for t.next-t.done < uint64(t.load.inFlight) {
			t.call(now)
		}
	}
}

// call queues one transfer.
func (t *teller) call(now time.Time) {
	from, to, amount := t.load.next(t.rand)
	a := append(t.args[:0], 3) // the arguments' fields in order
	a = binary.AppendVarint(a, int64(from))
	a = binary.AppendVarint(a, int64(to))
	t.args = binary.AppendVarint(a, amount)
	t.next++
	t.sent[t.next%uint64(len(t.sent))] = now
	t.queue(schema.KindMutate, t.build.Mutate(schema.MutateInfo{ID: t.next, Name: "Transfer", Args: t.args}))
}

// queue appends one WebSocket frame. The mask is zero, which RFC 6455 forbids
// to browsers only in spirit: it spares the load work.
func (t *teller) queue(kind schema.Kind, body []byte) {
	size := schema.HeaderSize + len(body)
	t.out = append(t.out, 0x80|opBinary)
	if size < 126 {
		t.out = append(t.out, 0x80|byte(size))
	} else {
		t.out = binary.BigEndian.AppendUint16(append(t.out, 0x80|126), uint16(size))
	}
	t.out = append(t.out, 0, 0, 0, 0)
	t.out = schema.Header{Kind: kind, Handle: t.handle}.Append(t.out)
	t.out = append(t.out, body...)
}

func (t *teller) flush() error {
	if len(t.out) == 0 {
		return nil
	}
	_, err := t.conn.Write(t.out)
	t.out = t.out[:0]
	return err
}

// whole tells that the buffer holds a whole frame.
func (t *teller) whole() bool {
	b, _ := t.in.Peek(t.in.Buffered())
	_, _, _, ok := frame(b)
	return ok
}

// receive takes one frame.
func (t *teller) receive() error {
	var head [2]byte
	if _, err := io.ReadFull(t.in, head[:]); err != nil {
		return err
	}
	size := int(head[1] & 127)
	switch size {
	case 126:
		var long [2]byte
		if _, err := io.ReadFull(t.in, long[:]); err != nil {
			return err
		}
		size = int(binary.BigEndian.Uint16(long[:]))
	case 127:
		var long [8]byte
		if _, err := io.ReadFull(t.in, long[:]); err != nil {
			return err
		}
		size = int(binary.BigEndian.Uint64(long[:]))
	}
	if cap(t.body) < size {
		t.body = make([]byte, size)
	}
	t.body = t.body[:size]
	if _, err := io.ReadFull(t.in, t.body); err != nil {
		return err
	}
	if head[0]&15 != opBinary {
		return nil
	}
	return t.message(t.body)
}

func (t *teller) message(m []byte) error {
	head, body, err := schema.ParseHeader(m)
	if err != nil {
		return err
	}
	switch head.Kind {
	case schema.KindOpened:
		t.handle = head.Handle
	case schema.KindDelta:
		t.delta(head.Flags)
	case schema.KindReceipt:
		return t.receipt(fb.GetRootAsReceipt(body, 0))
	case schema.KindPing:
		p := fb.GetRootAsPing(body, 0)
		handle := t.handle
		t.handle = 0
		t.queue(schema.KindPong, t.build.Pong(schema.PongInfo{ID: p.Id(), Time: p.Time()}))
		t.handle = handle
	case schema.KindError:
		e := fb.GetRootAsError(body, 0)
		return fmt.Errorf("the server refused: %s: %s", schema.Code(e.Code()), e.Message())
	case schema.KindClose:
		return errors.New("the server closed the connection")
	}
	return nil
}

// delta counts what came of a query.
func (t *teller) delta(flags uint8) {
	switch {
	case flags&schema.DeltaSnapshot != 0:
		if t.first.IsZero() {
			t.first = time.Now()
		}
		t.complete = flags&schema.DeltaPart == 0
	case flags&schema.DeltaMore == 0:
		t.steps++
	}
}

func (t *teller) receipt(r *fb.Receipt) error {
	if code := schema.Code(r.Code()); code != 0 && code != schema.CodeValidation { // an account may be empty
		return fmt.Errorf("transfer %d was refused: %s: %s", r.Mutation(), code, r.Message())
	}
	if r.Mutation() != t.done+1 {
		return fmt.Errorf("the receipt of %d follows that of %d", r.Mutation(), t.done)
	}
	t.done++
	if now := time.Now(); now.After(t.load.begin) && now.Before(t.load.end) {
		t.latencies = append(t.latencies, now.Sub(t.sent[t.done%uint64(len(t.sent))]))
	}
	return nil
}
