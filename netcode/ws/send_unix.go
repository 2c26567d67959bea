//go:build unix && !(linux && (amd64 || arm64))

package ws

import "syscall"

// nonBlocking says that send never blocks on this platform.
const nonBlocking = true

// send writes what the socket takes now; 0 when it takes nothing. Go's sockets
// are in non-blocking mode.
func send(fd uintptr, b []byte) (int, error) {
	for {
		n, err := syscall.Write(int(fd), b)
		switch err {
		case nil:
			return n, nil
		case syscall.EAGAIN:
			return 0, nil
		case syscall.EINTR:
		default:
			return 0, err
		}
	}
}
