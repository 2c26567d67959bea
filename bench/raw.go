//go:build linux

package main

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// traffic is what a connection cost on the wire, in bytes with the headers of
// IP and of the transport.
type traffic struct{ received, sent int64 }

// These calls cannot block, so the Go scheduler need not be told of them.

func rawWrite(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), err
}

func rawRead(fd int, b []byte) (int, syscall.Errno) {
	n, _, err := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), err
}

// epollWait is epoll_pwait2, whose time-out is finer than a millisecond. It is
// made the same way: in the load process nobody else wants the processor.
func epollWait(poll int, events []unix.EpollEvent, timeout *unix.Timespec) int {
	n, _, err := syscall.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(poll), uintptr(unsafe.Pointer(unsafe.SliceData(events))),
		uintptr(len(events)), uintptr(unsafe.Pointer(timeout)), 0, 0)
	if err != 0 {
		return 0
	}
	return int(n)
}

// instant is a time on the load's clock.
type instant time.Duration

func since(epoch time.Time) instant { return instant(time.Since(epoch)) }

// nap sleeps without the Go scheduler, which would round up to a millisecond
// and look for other work. Signals end it early.
func nap(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	_, _, _ = syscall.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0, uintptr(unsafe.Pointer(&t)), 0, 0, 0)
}
