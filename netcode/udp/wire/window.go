package wire

// WindowSize is how many packets back a late one is still taken.
const WindowSize = 256

// window remembers which of the newest WindowSize counters were received. Bit
// counter mod WindowSize of the ring belongs to a counter.
type window struct {
	newest uint64
	bits   [WindowSize / 64]uint64
}

// seen reports that a packet must not be taken: it was, or is too old to know.
// Counter 0 belongs to Accept.
func (w *window) seen(counter uint64) bool {
	if counter > w.newest {
		return false
	}
	if counter == 0 || w.newest-counter >= WindowSize {
		return true
	}
	return w.bits[counter/64%uint64(len(w.bits))]>>(counter%64)&1 != 0
}

// mark takes a counter that was not seen.
func (w *window) mark(counter uint64) {
	if counter > w.newest {
		w.advance(counter)
	}
	w.bits[counter/64%uint64(len(w.bits))] |= 1 << (counter % 64)
}

// advance forgets the counters that leave the window: usually one.
func (w *window) advance(counter uint64) {
	if counter-w.newest >= WindowSize {
		w.bits = [WindowSize / 64]uint64{}
		w.newest = counter
		return
	}
	for c := counter; c > w.newest; c-- { // downwards: beyond the last counter comes 0
		w.bits[c/64%uint64(len(w.bits))] &^= 1 << (c % 64)
	}
	w.newest = counter
}
