//go:build !linux

package udp

// openFast opens what this platform has: one socket of package net.
func openFast(addr string, _ int) ([]socket, bool, error) {
	return openSockets(addr, 1, true)
}
