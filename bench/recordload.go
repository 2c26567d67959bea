//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parlor-server/parlor/schema"
)

// recordsLoad is what the clients of the records benchmark are told.
type recordsLoad struct {
	addr                       string
	subscribers, subscriptions int
	writes                     int
	window                     time.Duration
}

// readResult is what they measured, in milliseconds.
type readResult struct {
	FirstP50 float64 `json:"first_p50"`
	LastP50  float64 `json:"last_p50"`
	LastP99  float64 `json:"last_p99"`
	LastMax  float64 `json:"last_max"`
	Rows     int     `json:"rows"` // or writes
}

// serveRecordsLoad is the process of clients that read. Its first argument says what
// they do.
func serveRecordsLoad(_ context.Context, args []string) error {
	works := map[string]func(*recordsLoad) (readResult, error){"fanout": fanOut, "hold": hold, "late": comeLate}
	if len(args) == 0 || works[args[0]] == nil {
		return errors.New("the load wants to be told what to do")
	}
	flags := flag.NewFlagSet("records load", flag.ContinueOnError)
	l := &recordsLoad{}
	flags.StringVar(&l.addr, "addr", "", "HOST:PORT")
	flags.IntVar(&l.subscribers, "subscribers", 1, "connections")
	flags.IntVar(&l.subscriptions, "subscriptions", 1, "of each connection")
	flags.IntVar(&l.writes, "writes", 0, "at most")
	flags.DurationVar(&l.window, "window", 3*time.Second, "how long they measure")
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	result, err := works[args[0]](l)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(result)
}

func (l *recordsLoad) open(i int, room string) (*teller, error) {
	t, err := (&bankLoad{inFlight: 1}).open(l.addr, room, i)
	if err != nil {
		return nil, fmt.Errorf("client %d: %w", i, err)
	}
	return t, nil
}

// subscribe asks a query and reads until all of its rows have come.
func (t *teller) subscribe(id uint32, collection, query string) error {
	t.complete = false
	t.queue(schema.KindSubscribe, t.build.Subscribe(schema.SubscribeInfo{ID: id, Collection: collection, Query: []byte(query)}))
	if err := t.flush(); err != nil {
		return err
	}
	for !t.complete {
		if err := t.receive(); err != nil {
			return err
		}
	}
	return nil
}

// hold keeps subscriptions that no transfer matches, until it is killed.
func hold(l *recordsLoad) (r readResult, err error) {
	tellers := make([]*teller, l.subscribers)
	for i := range tellers {
		if tellers[i], err = l.open(i, "bank/main"); err != nil {
			return r, err
		}
		for n := range l.subscriptions {
			if err := tellers[i].subscribe(uint32(n+1), "Accounts", fmt.Sprintf(`{"where":{"eq":["Owner","owner-%d-%d"]}}`, i, n)); err != nil {
				return r, err
			}
		}
		go func() {
			for tellers[i].receive() == nil && tellers[i].flush() == nil { // answers pings
			}
		}()
	}
	fmt.Println("ready")
	select {}
}

// comeLate lets one client after the other ask for all records.
func comeLate(l *recordsLoad) (r readResult, err error) {
	var first, last []time.Duration
	for began := time.Now(); len(last) < 2 || time.Since(began) < l.window; {
		t, err := l.open(len(last), shelfRoom)
		if err != nil {
			return r, err
		}
		asked := time.Now()
		if err := t.subscribe(1, "Items", `{}`); err != nil {
			return r, err
		}
		first, last = append(first, t.first.Sub(asked)), append(last, time.Since(asked))
		_ = t.conn.Close()
	}
	return reading(first, last), nil
}

func reading(first, last []time.Duration) readResult {
	slices.Sort(first)
	slices.Sort(last)
	at := func(d []time.Duration, q float64) float64 {
		return float64(d[int(q*float64(len(d)-1))].Microseconds()) / 1000
	}
	return readResult{FirstP50: at(first, 0.5), LastP50: at(last, 0.5), LastP99: at(last, 0.99), LastMax: at(last, 1), Rows: len(last)}
}

// audience is many subscribers that one thread reads.
type audience struct {
	poll   int
	byFD   map[int32]*listener
	events []unix.EpollEvent
	buf    []byte
}

// listener is one of them.
type listener struct {
	teller *teller
	fd     int
	rest   []byte // the beginning of a frame
}

// fanOut lets one client write, one transfer at a time, and measures when the
// first and the last of many subscribers have been told.
func fanOut(l *recordsLoad) (r readResult, err error) {
	a := &audience{byFD: make(map[int32]*listener), events: make([]unix.EpollEvent, 256), buf: make([]byte, 64<<10)}
	if a.poll, err = unix.EpollCreate1(0); err != nil {
		return r, fmt.Errorf("failed to poll: %w", err)
	}
	for i := range l.subscribers {
		t, err := l.open(i, "bank/main")
		if err != nil {
			return r, err
		}
		if err := t.subscribe(1, "Accounts", `{"where":{"lte":["ID",100]}}`); err != nil {
			return r, err
		}
		if err := a.add(t); err != nil {
			return r, err
		}
	}
	writer, err := l.open(l.subscribers, "bank/main")
	if err != nil {
		return r, err
	}
	fmt.Println("ready")
	var first, last []time.Duration
	writer.load.accounts, writer.load.begin, writer.load.end = 2, time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	for began := time.Now(); len(last) < l.writes && time.Since(began) < l.window; {
		asked := time.Now()
		writer.call(asked)
		if err := writer.flush(); err != nil {
			return r, err
		}
		f, err := a.all(asked)
		if err != nil {
			return r, err
		}
		first, last = append(first, f), append(last, time.Since(asked))
		for writer.done < writer.next {
			if err := writer.receive(); err != nil {
				return r, err
			}
		}
		time.Sleep(5 * time.Millisecond)
	}
	return reading(first, last), nil
}

// add takes a client's socket from it.
func (a *audience) add(t *teller) error {
	f, err := t.conn.(*net.TCPConn).File()
	if err != nil {
		return fmt.Errorf("failed to take a socket: %w", err)
	}
	fd := int(f.Fd()) // f stays open with the process
	rest, _ := t.in.Peek(t.in.Buffered())
	x := &listener{teller: t, fd: fd, rest: slices.Clone(rest)}
	if err := unix.SetNonblock(fd, true); err != nil {
		return fmt.Errorf("failed to read without waiting: %w", err)
	}
	if err := unix.EpollCtl(a.poll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}); err != nil {
		return fmt.Errorf("failed to poll a socket: %w", err)
	}
	x.teller.file = f
	a.byFD[int32(fd)] = x
	return nil
}

// all waits until each has got the end of one step.
func (a *audience) all(asked time.Time) (first time.Duration, err error) {
	patience := unix.NsecToTimespec(int64(100 * time.Millisecond))
	for told := 0; told < len(a.byFD); {
		if time.Since(asked) > 10*time.Second {
			return 0, fmt.Errorf("only %d of %d subscribers were told of a write", told, len(a.byFD))
		}
		n := epollWait(a.poll, a.events, &patience)
		for i := range a.events[:n] {
			x := a.byFD[a.events[i].Fd]
			steps := x.teller.steps
			if err := a.read(x); err != nil {
				return 0, err
			}
			told += x.teller.steps - steps
		}
		if first == 0 && told > 0 {
			first = time.Since(asked)
		}
	}
	return first, nil
}

// read takes what has come for one.
func (a *audience) read(x *listener) error {
	n := copy(a.buf, x.rest)
	m, errno := rawRead(x.fd, a.buf[n:])
	if errno == again {
		return nil
	}
	if errno != 0 || m <= 0 {
		return errors.New("the server closed a connection")
	}
	data := a.buf[:n+m]
	for {
		opcode, payload, rest, ok := frame(data)
		if !ok {
			x.rest = append(x.rest[:0], data...)
			return nil
		}
		data = rest
		if opcode != opBinary {
			continue
		}
		if err := x.teller.message(payload); err != nil {
			return err
		}
		if err := x.teller.flush(); err != nil {
			return err
		}
	}
}
