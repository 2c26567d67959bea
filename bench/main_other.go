//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "bench: it measures with epoll and /proc, so it runs on Linux only")
	os.Exit(1)
}
