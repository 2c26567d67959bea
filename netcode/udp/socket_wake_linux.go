package udp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// wake lets one goroutine wait for datagrams, and be deaf to them while it does
// not. The runtime's poller wakes a thread for every datagram on a socket that
// it knows; so it knows an epoll descriptor instead, and the socket is in that
// one only while the goroutine waits, or datagrams are rare.
type wake struct {
	socket int
	file   *os.File // the epoll descriptor
	raw    syscall.RawConn

	// The waiting goroutine's.
	watching bool
	ready    func() bool           // what it waits for
	watch    func(epoll uintptr)   // made once
	unwatch  func(epoll uintptr)   // made once
	try      func(fd uintptr) bool // made once
}

func (w *wake) init(socket int) error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("failed to create an epoll descriptor: %w", err)
	}
	if err := errors.Join(
		unix.SetNonblock(epoll, true), // what makes the runtime poll a file
		unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, socket, &unix.EpollEvent{Fd: int32(socket)}),
	); err != nil {
		return errors.Join(err, unix.Close(epoll))
	}
	w.socket = socket
	w.file = os.NewFile(uintptr(epoll), "epoll")
	if w.raw, err = w.file.SyscallConn(); err != nil {
		return errors.Join(err, w.file.Close())
	}
	w.watch = func(epoll uintptr) { w.listen(int(epoll), unix.EPOLLIN) }
	w.unwatch = func(epoll uintptr) { w.listen(int(epoll), 0) }
	w.try = func(epoll uintptr) bool {
		if w.ready() {
			return true
		}
		if !w.watching {
			w.watch(epoll) // reports also what has come since
		}
		return false
	}
	return nil
}

// listen sets which events of the socket make the epoll descriptor readable.
func (w *wake) listen(epoll int, events uint32) {
	event := unix.EpollEvent{Events: events, Fd: int32(w.socket)}
	if unix.EpollCtl(epoll, unix.EPOLL_CTL_MOD, w.socket, &event) == nil {
		w.watching = events != 0
	}
}

// until calls ready, which must fail only if the socket has nothing to read, now
// and whenever something has come, until it succeeds. net.ErrClosed after close.
func (w *wake) until(ready func() bool) error {
	w.ready = ready
	if w.raw.Read(w.try) != nil {
		return net.ErrClosed
	}
	return nil
}

// mute lets datagrams come without waking anyone, until the next until.
func (w *wake) mute() {
	if w.watching {
		_ = w.raw.Control(w.unwatch) // fails after close only
	}
}

func (w *wake) close() error {
	if w.file.Close() != nil {
		return net.ErrClosed
	}
	return nil
}
