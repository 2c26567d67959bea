//go:build linux

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/parlor-server/parlor/schema"
)

const (
	again        = syscall.EAGAIN
	usualBeat    = 50                     // milliseconds between two inputs of a client
	pulsePeriod  = 10                     // milliseconds between two looks at timers, as KCP's
	settle       = 200 * time.Millisecond // after the server was asked for its counts
	joinPatience = 20 * time.Second
	joinsAtOnce  = 32
)

// load is all clients of one run, on one thread. Nothing of it is shared.
type load struct {
	plan    plan
	addr    netip.AddrPort
	epoch   time.Time
	poll    int  // epoll descriptor
	hub     *hub // nil: each client has a descriptor of its own
	events  []unix.EpollEvent
	buf     []byte
	clients []*client
	byFD    map[int32]*client
	awake   [pulsePeriod][]*client // want a pulse, by the millisecond in which they get it
	pulses  int                    // milliseconds in which there were any
	ready   int
	period  int // milliseconds between two inputs of a client
	inverse int
	beating bool
	rand    *rand.Rand
	build   *schema.Builder
	http    http.Client

	now     instant // when the present round of the loop began
	delays  delays
	checked int64
	desyncs int64
	errors  int64
	failed  error // the first error

	upMessages, upBytes int64
}

// serveLoad is the load process: it is given a plan and prints a line when the
// window opens, then the measurement.
func serveLoad(_ context.Context, args []string) error {
	var p plan
	if len(args) != 1 {
		return errors.New("the load wants one plan")
	}
	if err := json.Unmarshal([]byte(args[0]), &p); err != nil {
		return fmt.Errorf("failed to read the plan: %w", err)
	}
	runtime.LockOSThread()
	l, err := newLoad(p)
	if err != nil {
		return err
	}
	if err := l.join(); err != nil {
		return err
	}
	m, err := l.measure()
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(m)
}

func newLoad(p plan) (*load, error) {
	addr, err := netip.ParseAddrPort(p.Addr)
	if err != nil || !addr.Addr().IsLoopback() || !addr.Addr().Is4() {
		return nil, fmt.Errorf("the load runs against this machine only, not %s", p.Addr)
	}
	poll, err := unix.EpollCreate1(0)
	if err != nil {
		return nil, fmt.Errorf("failed to create an epoll: %w", err)
	}
	l := &load{
		plan: p, addr: addr, epoch: time.Now(), poll: poll, events: make([]unix.EpollEvent, 1024), buf: make([]byte, 1<<20),
		byFD: make(map[int32]*client), rand: rand.New(rand.NewPCG(1, 2)), build: schema.NewBuilder(),
		http: http.Client{Timeout: tokenTimeout},
	}
	l.period = usualBeat
	if p.Hz > 0 {
		l.period = 1000 / p.Hz
	}
	l.inverse = inverseOf(l.period)
	if p.UDP {
		if l.hub, err = newHub(l, p.Rooms*p.Players); err != nil {
			return nil, err
		}
		if err := l.watch(l.hub.fd); err != nil {
			return nil, err
		}
	}
	if err := l.populate(); err != nil {
		return nil, err
	}
	return l, nil
}

// join brings all clients in: first one into each room, then the others.
func (l *load) join() error {
	var first, others []*client
	for i, c := range l.clients {
		if i%l.plan.Players == 0 {
			first = append(first, c)
		} else {
			others = append(others, c)
		}
	}
	for _, group := range [][]*client{first, others} {
		if err := l.bring(group); err != nil {
			return err
		}
	}
	for _, c := range l.clients {
		c.talk.start(c)
	}
	l.beating = !l.plan.Idle
	return nil
}

// bring connects a group, a few at a time, and waits until they are ready.
func (l *load) bring(group []*client) error {
	deadline := l.at() + instant(joinPatience)
	goal := l.ready + len(group)
	for l.ready < goal {
		for len(group) > 0 && goal-l.ready-len(group) < joinsAtOnce {
			if err := l.connect(group[0]); err != nil {
				return err
			}
			group = group[1:]
		}
		l.turn(time.Millisecond)
		if l.failed != nil {
			return fmt.Errorf("failed to join: %w", l.failed)
		}
		if l.now > deadline {
			return fmt.Errorf("only %d of %d clients have joined in %v", l.ready, goal, joinPatience)
		}
	}
	return nil
}

func (l *load) connect(c *client) error {
	if err := c.link.open(c); err != nil {
		return err
	}
	if w, ok := c.link.(*webSocket); ok {
		l.byFD[int32(w.fd)] = c
		return l.watch(w.fd)
	}
	return nil
}

// watch has turn wait for a descriptor.
func (l *load) watch(fd int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)}
	if err := unix.EpollCtl(l.poll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("failed to watch a socket: %w", err)
	}
	return nil
}

func (l *load) at() instant { return since(l.epoch) }

// turn waits for messages, at most as long as said, and hands them over.
func (l *load) turn(wait time.Duration) {
	timeout := unix.NsecToTimespec(max(0, wait.Nanoseconds()))
	n := epollWait(l.poll, l.events, &timeout) // EINTR: nothing has come
	l.now = l.at()
	for i := range max(n, 0) {
		if l.hub != nil {
			l.hub.readable()
			break
		}
		if c := l.byFD[l.events[i].Fd]; c != nil {
			c.link.(*webSocket).readable(c)
		}
	}
	if ms := int(l.now / instant(time.Millisecond)); ms > l.pulses {
		l.pulses = max(l.pulses+1, ms-pulsePeriod)
		l.pulse(&l.awake[l.pulses%pulsePeriod])
	}
	l.flush()
}

// pulse runs the timers of those whose turn it is.
func (l *load) pulse(turn *[]*client) {
	awake := (*turn)[:0]
	for _, c := range *turn {
		if c.dead || !c.awake.pulse() {
			c.awake = nil
		} else {
			awake = append(awake, c)
		}
	}
	*turn = awake
}

// run lets the clients play until a time. In every millisecond it is some
// clients' turn to send, at a random moment: at a fixed one it would depend on
// chance how a server's own ticks lie to it, and so what they cost.
func (l *load) run(until instant) {
	const ms = instant(time.Millisecond)
	next := l.at()/ms + 1
	due := next * ms
	for l.at() < until {
		for at := l.at(); at >= due && at < until; at = l.at() {
			l.now = l.at()
			l.beatAll(int(next))
			next++
			due = next * ms
			if !l.plan.OnGrid {
				due += instant(l.rand.Int64N(int64(ms)))
			}
			if l.at() >= due { // behind: let messages in between
				l.turn(0)
			}
		}
		l.flush()
		l.turn(min(time.Millisecond, time.Duration(due-l.at())))
	}
}

// flush lets what clients have sent leave.
func (l *load) flush() {
	if l.hub != nil {
		l.hub.flush()
	}
}

// beatAll makes those clients send whose phase a millisecond is. The stride
// spreads the clients of a room over the whole period.
func (l *load) beatAll(ms int) {
	if !l.beating {
		return
	}
	for i := ms * l.inverse % l.period; i < len(l.clients); i += l.period {
		if c := l.clients[i]; !c.dead {
			c.talk.beat(c)
		}
	}
}

// inverseOf is the number whose product with the stride between two clients of
// a room is 1 mod period.
func inverseOf(period int) int {
	const stride = 7
	for i := 1; i < period; i++ {
		if stride*i%period == 1 {
			return i
		}
	}
	return 1
}

// fail counts an error.
func (l *load) fail(why string) {
	l.errors++
	if l.failed == nil {
		l.failed = errors.New(why)
	}
}
