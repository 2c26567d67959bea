package bots

import (
	"log/slog"
	"sync"
	"sync/atomic"
)

// failures counts what goes wrong, and keeps the first error. Any goroutine may
// use it.
type failures struct {
	log   *slog.Logger // nil: nothing is logged
	count atomic.Uint64

	mu    sync.Mutex // guards what follows
	first error
	in    bool // a bot is in; if none gets in, the run itself fails with first
	told  bool // first is in the log
}

func (f *failures) add(err error) {
	f.count.Add(1)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		f.first = err
	}
	f.tell()
}

// entered says that a bot is in.
func (f *failures) entered() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.in = true
	f.tell()
}

// err is the first failure.
func (f *failures) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

// tell names the first failure in the log, once a bot is in. mu is held.
func (f *failures) tell() {
	if f.told || f.first == nil || !f.in || f.log == nil {
		return
	}
	f.told = true
	f.log.Warn("a bot failed; further failures are only counted", "error", f.first)
}

// warn logs what is counted elsewhere.
func (f *failures) warn(err error) {
	if f.log != nil {
		f.log.Warn("desync", "error", err)
	}
}
