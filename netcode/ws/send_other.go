//go:build !unix

package ws

import "errors"

// nonBlocking is false here: all bytes leave through the writer goroutine.
const nonBlocking = false

func send(uintptr, []byte) (int, error) { return 0, errors.ErrUnsupported }
