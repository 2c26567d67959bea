package udp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

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
	unwatch  func(epoll uintptr)   // made once
	try      func(fd uintptr) bool // made once
}

func (w *wake) init(socket int) error {
	epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return fmt.Errorf("failed to create an epoll descriptor: %w", err)
	}
	if err := unix.SetNonblock(epoll, true); err != nil { // else the runtime polls no file
		return errors.Join(err, unix.Close(epoll))
	}
	w.socket = socket
	w.file = os.NewFile(uintptr(epoll), "epoll")
	err = w.file.SetReadDeadline(time.Time{}) // shows whether the runtime polls it
	if err == nil {
		w.raw, err = w.file.SyscallConn()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("failed to poll an epoll descriptor (the portable path may work here): %w", err), w.file.Close())
	}
	w.unwatch = func(epoll uintptr) {
		if unix.EpollCtl(int(epoll), unix.EPOLL_CTL_DEL, w.socket, nil) == nil {
			w.watching = false
		}
	}
	w.try = func(epoll uintptr) bool {
		if w.ready() {
			return true
		}
		return !w.watching && !w.watch(int(epoll)) // succeeds if it cannot wait
	}
	return nil
}

// watch puts the socket into the epoll descriptor. That reports also what came
// since ready failed; changing the events of a socket that is in it already does
// not, when the kernel still has it in its list of ready ones.
func (w *wake) watch(epoll int) bool {
	event := unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(w.socket)}
	w.watching = unix.EpollCtl(epoll, unix.EPOLL_CTL_ADD, w.socket, &event) == nil
	return w.watching
}

// until calls ready, now and whenever something has come, until it succeeds: it
// must fail only if the socket has nothing to read. net.ErrClosed after close.
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
