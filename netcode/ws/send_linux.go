//go:build linux && (amd64 || arm64)

package ws

import (
	"syscall"
	"unsafe"
)

// nonBlocking says that send never blocks on this platform.
const nonBlocking = true

// send writes what the socket takes now; 0 when it takes nothing. The system
// call cannot block, so the scheduler need not be told of it (RawSyscall).
func send(fd uintptr, b []byte) (int, error) {
	const flags = syscall.MSG_DONTWAIT | syscall.MSG_NOSIGNAL
	for {
		n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, fd,
			uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)), flags, 0, 0)
		switch errno {
		case 0:
			return int(n), nil
		case syscall.EAGAIN:
			return 0, nil
		case syscall.EINTR:
		default:
			return 0, errno
		}
	}
}
