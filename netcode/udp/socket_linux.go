package udp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fastSocket is a UDP socket that moves many datagrams a system call. It is a
// bare descriptor: were it the runtime's, every datagram would wake a thread in
// the poller, also while the reader pauses.
type fastSocket struct {
	local         netip.AddrPort
	six           bool // takes IPv6 addresses; IPv4 ones in their mapped form
	receiveBuffer int
	sendBuffer    int
	wake          wake
	counters      socketCounters

	readMu sync.Mutex // guards reader; held while a read runs, before mu
	reader reader

	mu     sync.Mutex // guards fd against close, and writer
	fd     int        // -1 after close, which holds both locks
	writer writer
}

// openFast opens n sockets on one port. The first is bound alone, without
// SO_REUSEPORT, so that a second server on the port fails instead of taking half
// of the packets; it shares its port afterwards.
func openFast(addr string, n int) (sockets []socket, steered bool, err error) {
	if n < 1 || n > maxShards {
		return nil, false, fmt.Errorf("%d UDP shards: choose between 1 and %d", n, maxShards)
	}
	var opened []*fastSocket
	defer func() {
		if err != nil {
			for _, s := range opened {
				_ = s.close()
			}
		}
	}()
	for i := range n {
		s, err := openFastOne(addr, i > 0)
		if err != nil {
			return nil, false, fmt.Errorf("failed to open the UDP socket %s: %w", addr, err)
		}
		opened = append(opened, s)
		addr = s.local.String()
		if i == 0 && n > 1 {
			if err := s.control(sharePort); err != nil {
				return nil, false, fmt.Errorf("failed to share the UDP port of %s among %d sockets (one shard needs no sharing): %w", addr, n, err)
			}
		}
	}
	for _, s := range opened {
		sockets = append(sockets, s)
	}
	// Without steering, the kernel spreads by address, and shards forward.
	steered = n == 1 || opened[0].control(steerByShard) == nil
	return sockets, steered, nil
}

// openFastOne binds one socket, which shares its port if shared is set.
func openFastOne(addr string, shared bool) (*fastSocket, error) {
	var config net.ListenConfig
	if shared {
		config.Control = func(_, _ string, raw syscall.RawConn) error { return control(raw, sharePort) }
	}
	conn, err := config.ListenPacket(context.Background(), "udp", addr)
	if err != nil {
		return nil, err
	}
	s, err := newFastSocket(conn.(*net.UDPConn))
	return s, errors.Join(err, conn.Close())
}

// newFastSocket makes a socket of a bound connection, which the caller closes:
// package net knows best how addresses become sockets.
func newFastSocket(conn *net.UDPConn) (*fastSocket, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	s := &fastSocket{local: addrPortOf(conn.LocalAddr()), fd: -1}
	err = control(raw, func(fd int) (err error) {
		s.fd, err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	if err = s.setUp(); err != nil {
		return nil, errors.Join(err, unix.Close(s.fd))
	}
	s.reader.init(s)
	s.writer.init(s)
	return s, nil
}

func (s *fastSocket) setUp() error {
	name, err := unix.Getsockname(s.fd)
	if err != nil {
		return err
	}
	_, s.six = name.(*unix.SockaddrInet6)
	// Packets of 1,200 bytes are not to be fragmented, as in QUIC. It also spares
	// the kernel an IPv4 ID for each of them, which it draws from a large table.
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE)
	s.receiveBuffer = growBuffer(s.fd, unix.SO_RCVBUFFORCE, unix.SO_RCVBUF, receiveBuffer)
	s.sendBuffer = growBuffer(s.fd, unix.SO_SNDBUFFORCE, unix.SO_SNDBUF, sendBuffer)
	return s.wake.init(s.fd)
}

// growBuffer asks for a queue of size bytes, above the system's limit if this
// process may, and returns what it got.
func growBuffer(fd, force, plain, size int) int {
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, force, size) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, plain, size)
	}
	got, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, plain)
	if err != nil {
		return 0
	}
	return got / 2 // the kernel doubles it for its own needs
}

func sharePort(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// control runs f with the descriptor, unless the socket is closed.
func (s *fastSocket) control(f func(fd int) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return net.ErrClosed
	}
	return f(s.fd)
}

// control runs f with the descriptor of one of package net's.
func control(raw syscall.RawConn, f func(fd int) error) error {
	var failed error
	if err := raw.Control(func(fd uintptr) { failed = f(int(fd)) }); err != nil {
		return err
	}
	return failed
}

func (s *fastSocket) localAddr() netip.AddrPort { return s.local }

func (s *fastSocket) counts() socketCounts {
	counts := s.counters.snapshot()
	counts.ReceiveBuffer, counts.SendBuffer = s.receiveBuffer, s.sendBuffer
	_ = s.control(func(fd int) error { // fails after close only
		counts.Overflowed = overflowed(fd)
		return nil
	})
	return counts
}

// overflowed is how many datagrams the kernel dropped since the socket's queue
// was full; 0 if it does not tell.
func overflowed(fd int) uint64 {
	var info [unix.SK_MEMINFO_VARS]uint32
	size := uint32(unsafe.Sizeof(info))
	_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
	if errno != 0 {
		return 0
	}
	return uint64(info[unix.SK_MEMINFO_DROPS])
}

func (s *fastSocket) close() error {
	if err := s.wake.close(); err != nil { // ends a read that waits
		return err
	}
	s.readMu.Lock()
	defer s.readMu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	fd := s.fd
	s.fd = -1
	return unix.Close(fd)
}
