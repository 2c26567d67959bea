package yjs

// log holds one client's items by clock, without gaps. It is cut into chunks,
// so that a split in the middle of a long log moves little.
type log struct {
	client uint64
	number uint32 // in the document
	next   uint64 // the clock that the client uses next
	chunks []chunk
	recent *item // found last, if it is still here

	// What the last transaction did: whether it appended, from which clock on, and
	// what it deleted.
	added   bool
	before  uint64
	deleted []clocks

	tombs      []clocks // all that is deleted, if known
	tombsKnown bool
}

// chunk is some of a log's items, of which the first has clock first.
type chunk struct {
	first uint64
	items []*item
}

const chunkItems = 256

// place is an item's place in a log, until the log changes.
type place struct{ chunk, index int }

func (l *log) at(p place) *item { return l.chunks[p.chunk].items[p.index] }

// end is the clock that the client uses next.
func (l *log) end() uint64 {
	if l == nil {
		return 0
	}
	return l.next
}

func (l *log) last() place {
	c := len(l.chunks) - 1
	return place{c, len(l.chunks[c].items) - 1}
}

// item is the one that holds clock, which must be below end.
func (l *log) item(clock uint64) *item {
	if it := l.recent; it != nil && it.clock <= clock && clock < it.end() {
		return it
	}
	l.recent = l.at(l.find(clock))
	return l.recent
}

// find is the place of the item that holds clock, which must be below end.
func (l *log) find(clock uint64) place {
	lo, hi := 0, len(l.chunks)-1
	if l.chunks[hi].first <= clock {
		lo = hi
	}
	for lo < hi {
		if middle := (lo + hi + 1) / 2; l.chunks[middle].first <= clock {
			lo = middle
		} else {
			hi = middle - 1
		}
	}
	return place{lo, l.chunks[lo].find(clock)}
}

// find is the index of the item that holds clock. Most items have one element:
// the first guess is often right.
func (c chunk) find(clock uint64) int {
	lo, hi := 0, len(c.items)-1
	guess := min(clock-c.first, uint64(hi))
	for lo < hi {
		it := c.items[guess]
		switch {
		case it.clock > clock:
			hi = int(guess) - 1
		case clock < it.end():
			return int(guess)
		default:
			lo = int(guess) + 1
		}
		guess = uint64(lo+hi) / 2
	}
	return lo
}

func (l *log) nextPlace(p place) (place, bool) {
	if p.index++; p.index < len(l.chunks[p.chunk].items) {
		return p, true
	}
	return place{p.chunk + 1, 0}, p.chunk+1 < len(l.chunks)
}

func (l *log) previous(p place) (place, bool) {
	if p.index--; p.index >= 0 {
		return p, true
	}
	if p.chunk--; p.chunk < 0 {
		return p, false
	}
	return place{p.chunk, len(l.chunks[p.chunk].items) - 1}, true
}

func (l *log) append(it *item) {
	l.next = it.end()
	if n := len(l.chunks); n > 0 && len(l.chunks[n-1].items) < chunkItems {
		l.chunks[n-1].items = append(l.chunks[n-1].items, it)
		return
	}
	room := 1
	if len(l.chunks) > 0 {
		room = chunkItems
	}
	l.chunks = append(l.chunks, chunk{it.clock, append(make([]*item, 0, room), it)})
}

// insertAfter puts it behind p.
func (l *log) insertAfter(p place, it *item) {
	items := l.chunks[p.chunk].items
	if len(items) >= chunkItems {
		half := len(items) / 2
		rest := append(make([]*item, 0, chunkItems), items[half:]...)
		clear(items[half:])
		l.chunks[p.chunk].items = items[:half]
		l.chunks = append(l.chunks, chunk{})
		copy(l.chunks[p.chunk+2:], l.chunks[p.chunk+1:])
		l.chunks[p.chunk+1] = chunk{rest[0].clock, rest}
		if p.index >= half {
			p = place{p.chunk + 1, p.index - half}
		}
		items = l.chunks[p.chunk].items
	}
	items = append(items, nil)
	copy(items[p.index+2:], items[p.index+1:])
	items[p.index+1] = it
	l.chunks[p.chunk].items = items
}

// removeAfter removes n items behind p.
func (l *log) removeAfter(p place, n int) {
	l.recent = nil
	from, c := p.index+1, p.chunk
	for n > 0 {
		items := l.chunks[c].items
		cut := min(n, len(items)-from)
		kept := append(items[:from], items[from+cut:]...)
		clear(items[len(kept):])
		l.chunks[c].items = kept
		if len(kept) > 0 {
			l.chunks[c].first = kept[0].clock
		}
		n -= cut
		if from, c = 0, c+1; len(kept) == 0 {
			c--
			l.chunks = append(l.chunks[:c], l.chunks[c+1:]...)
		}
	}
}

// truncate removes what begins at clock or later and calls f for each.
func (l *log) truncate(clock uint64, f func(*item)) {
	l.recent = nil
	l.next = clock
	for c := len(l.chunks) - 1; c >= 0; c-- {
		items := l.chunks[c].items
		for n := len(items) - 1; n >= 0; n-- {
			if items[n].clock < clock {
				l.chunks[c].items = items[:n+1]
				return
			}
			f(items[n])
			items[n] = nil
		}
		l.chunks = l.chunks[:c]
	}
}
