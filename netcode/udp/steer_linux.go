package udp

import "golang.org/x/sys/unix"

// steerByShard gives the sockets that share the port of fd a filter that returns
// the second byte of the UDP payload: the index of the socket, in the order in
// which they were bound. The kernel falls back to a hash of the addresses where
// there is no such socket. Classic BPF needs no privilege.
func steerByShard(fd int) error {
	program := [...]unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_B | unix.BPF_ABS, K: 1}, // a shorter payload returns 0
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF,
		&unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
}
