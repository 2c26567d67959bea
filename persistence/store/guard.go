package store

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// errTree is wrapped when the pages of the B+tree file make no sense.
var errTree = errors.New("the B+tree file is damaged")

// guard turns a panic into an error, and so it does with a fault on the mapped
// file: the B+tree trusts its pages, and damaged ones lead anywhere. Panics of
// the caller's code, which runs while calling is true, stay panics.
func guard(calling *bool, f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if calling != nil && *calling {
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errTree, p)
		}
	}()
	return f()
}
