package udp

import (
	"fmt"
	"net"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is the kernel's struct mmsghdr.
type message struct {
	header unix.Msghdr
	length uint32 // how many bytes were moved
}

// messages is what recvmmsg and sendmmsg work on: each message points to its
// iovec and its address. They are made once: then a call allocates nothing.
type messages struct {
	list   [socketBatch]message
	iovecs [socketBatch]unix.Iovec
	names  [socketBatch]sockaddr
}

func (m *messages) init() {
	for i := range m.list {
		h := &m.list[i].header
		h.Iov = &m.iovecs[i]
		h.SetIovlen(1)
		h.Name = (*byte)(unsafe.Pointer(&m.names[i]))
		h.Namelen = sockaddrSize
	}
}

// call makes one of the two system calls for the messages from..to-1.
func (m *messages) call(number uintptr, fd, from, to int) (int, syscall.Errno) {
	for {
		n, _, errno := unix.Syscall6(number, uintptr(fd), uintptr(unsafe.Pointer(&m.list[from])), uintptr(to-from),
			unix.MSG_DONTWAIT, 0, 0)
		if errno != unix.EINTR {
			return int(n), errno
		}
	}
}

// reader is the receiving half of a fastSocket.
type reader struct {
	socket   *fastSocket
	buffers  [socketBatch][slotSize]byte
	messages messages
	pace     readPace

	want, got int           // of the call that runs
	errno     syscall.Errno // what it met
	call      func() bool
}

func (r *reader) init(s *fastSocket) {
	r.socket = s
	r.messages.init()
	for i := range r.buffers {
		r.messages.iovecs[i].Base = &r.buffers[i][0]
		r.messages.iovecs[i].SetLen(slotSize)
	}
	r.call = func() bool {
		r.got, r.errno = r.messages.call(unix.SYS_RECVMMSG, s.fd, 0, r.want)
		return r.errno != unix.EAGAIN
	}
}

// HOT
func (s *fastSocket) read(batch []datagram) (int, error) {
	s.readMu.Lock()
	defer s.readMu.Unlock()
	r := &s.reader
	if r.want = min(len(batch), socketBatch); r.want == 0 {
		return 0, nil
	}
	if pause := r.pace.pause(time.Now()); pause > 0 {
		s.wake.mute()
		time.Sleep(pause)
	}
	for failed := 0; ; {
		if s.wake.until(r.call) != nil {
			return 0, net.ErrClosed
		}
		if r.errno != 0 {
			if failed++; failed == readFailures {
				return 0, fmt.Errorf("failed to read from the UDP socket (the portable path may work here): %w", r.errno)
			}
			continue
		}
		failed = 0
		s.counters.readCalls.Add(1)
		r.pace.arrived(r.got, r.got == socketBatch, time.Now())
		if n := r.collect(batch); n > 0 {
			s.counters.received.Add(uint64(n))
			return n, nil
		}
	}
}

// collect fills batch with what the last call brought.
func (r *reader) collect(batch []datagram) int {
	n := 0
	for i := range r.got {
		m := &r.messages.list[i]
		size := int(m.length)
		if size > maxDatagram {
			r.socket.counters.oversize.Add(1)
		} else {
			batch[n] = datagram{data: r.buffers[i][:size:slotSize], addr: r.messages.names[i].decode()}
			n++
		}
		m.header.Namelen = sockaddrSize // the kernel wrote the length it used
	}
	return n
}

// writer is the sending half of a fastSocket.
type writer struct {
	socket   *fastSocket
	messages messages

	next, end int // the messages that are to be sent
}

func (w *writer) init(s *fastSocket) {
	w.socket = s
	w.messages.init()
}

// send makes one system call. The kernel stops at the first message that it
// refuses, and says why when that is the first of a call: this one is given up.
func (w *writer) send(fd int) {
	n, errno := w.messages.call(unix.SYS_SENDMMSG, fd, w.next, w.end)
	w.socket.counters.writeCalls.Add(1)
	if errno != 0 || n <= 0 {
		w.socket.counters.refused.Add(1)
		w.next++
		return
	}
	w.socket.counters.sent.Add(uint64(n))
	w.next += n
}

// HOT
func (s *fastSocket) write(batch []datagram) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return net.ErrClosed
	}
	for len(batch) > 0 {
		n := min(len(batch), socketBatch)
		s.writer.fill(batch[:n])
		batch = batch[n:]
		for s.writer.next < s.writer.end {
			s.writer.send(s.fd)
		}
	}
	return nil
}

// fill makes messages of batch, but for those that this socket cannot address.
func (w *writer) fill(batch []datagram) {
	w.next, w.end = 0, 0
	for i := range batch {
		data, m := batch[i].data, &w.messages
		length, ok := m.names[w.end].encode(batch[i].addr, w.socket.six)
		if !ok || len(data) > maxDatagram {
			w.socket.counters.refused.Add(1)
			continue
		}
		m.list[w.end].header.Namelen = length
		m.iovecs[w.end].Base = unsafe.SliceData(data)
		m.iovecs[w.end].SetLen(len(data))
		w.end++
	}
}
