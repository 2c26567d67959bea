package udp

// The sizes that are asked for the kernel's queues of a socket: 4 MiB are some
// 2,000 datagrams of full size, or what a flood of 100,000 small ones a second
// brings in 50 ms.
const (
	receiveBuffer = 4 << 20
	sendBuffer    = 2 << 20
)

// openSockets opens the shards' sockets on one address ("127.0.0.1:0" and ":7777"
// alike; without a host both families are served). On Linux it opens n, at most
// maxShards, all on one port, and steered says that the kernel hands a datagram
// to the socket whose index its second byte names. Elsewhere, or when portable
// is set, it opens one.
func openSockets(addr string, n int, portable bool) (sockets []socket, steered bool, err error) {
	if !portable {
		return openFast(addr, n)
	}
	s, err := openPortable(addr)
	if err != nil {
		return nil, false, err
	}
	return []socket{s}, false, nil
}

// maxShards is how many shards the second byte of a packet can name; 0xff is
// that of packets without a session.
const maxShards = 255
