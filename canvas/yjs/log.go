package yjs

import "sort"

// log holds one client's items by clock, without gaps. It is cut into chunks,
// so that a split in the middle of a long log moves little.
type log struct{ chunks [][]*item }

const chunkItems = 256

// place is an item's place in a log, until the log changes.
type place struct{ chunk, index int }

func (l *log) at(p place) *item { return l.chunks[p.chunk][p.index] }

// end is the clock that the client uses next.
func (l *log) end() uint64 {
	if l == nil || len(l.chunks) == 0 {
		return 0
	}
	return l.at(l.last()).end()
}

func (l *log) last() place {
	c := len(l.chunks) - 1
	return place{c, len(l.chunks[c]) - 1}
}

// find is the place of the item that holds clock, which must be below end.
func (l *log) find(clock uint64) place {
	c := sort.Search(len(l.chunks), func(c int) bool { return l.chunks[c][0].id.Clock > clock }) - 1
	chunk := l.chunks[c]
	return place{c, sort.Search(len(chunk), func(i int) bool { return chunk[i].id.Clock > clock }) - 1}
}

func (l *log) next(p place) (place, bool) {
	if p.index++; p.index < len(l.chunks[p.chunk]) {
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
	return place{p.chunk, len(l.chunks[p.chunk]) - 1}, true
}

func (l *log) append(it *item) {
	if n := len(l.chunks); n > 0 && len(l.chunks[n-1]) < chunkItems {
		l.chunks[n-1] = append(l.chunks[n-1], it)
		return
	}
	l.chunks = append(l.chunks, append(make([]*item, 0, 1), it))
}

// insertAfter puts it behind p.
func (l *log) insertAfter(p place, it *item) {
	chunk := l.chunks[p.chunk]
	if len(chunk) >= chunkItems {
		half := len(chunk) / 2
		rest := append(make([]*item, 0, chunkItems), chunk[half:]...)
		clear(chunk[half:])
		l.chunks[p.chunk] = chunk[:half]
		l.chunks = append(l.chunks, nil)
		copy(l.chunks[p.chunk+2:], l.chunks[p.chunk+1:])
		l.chunks[p.chunk+1] = rest
		if p.index >= half {
			p = place{p.chunk + 1, p.index - half}
		}
		chunk = l.chunks[p.chunk]
	}
	chunk = append(chunk, nil)
	copy(chunk[p.index+2:], chunk[p.index+1:])
	chunk[p.index+1] = it
	l.chunks[p.chunk] = chunk
}

// removeAfter removes n items behind p.
func (l *log) removeAfter(p place, n int) {
	from, c := p.index+1, p.chunk
	for n > 0 {
		chunk := l.chunks[c]
		cut := min(n, len(chunk)-from)
		kept := append(chunk[:from], chunk[from+cut:]...)
		clear(chunk[len(kept):])
		l.chunks[c] = kept
		n -= cut
		if from, c = 0, c+1; len(kept) == 0 {
			c--
			l.chunks = append(l.chunks[:c], l.chunks[c+1:]...)
		}
	}
}

// truncate removes what begins at clock or later and calls f for each.
func (l *log) truncate(clock uint64, f func(*item)) {
	for c := len(l.chunks) - 1; c >= 0; c-- {
		chunk := l.chunks[c]
		for n := len(chunk) - 1; n >= 0; n-- {
			if chunk[n].id.Clock < clock {
				l.chunks[c] = chunk[:n+1]
				return
			}
			f(chunk[n])
			chunk[n] = nil
		}
		l.chunks = l.chunks[:c]
	}
}
