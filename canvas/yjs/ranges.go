package yjs

import (
	"cmp"
	"slices"
)

// clocks are length elements from clock on.
type clocks struct{ clock, length uint64 }

// addRange appends; consecutive ranges become one at once.
func addRange(list []clocks, clock, length uint64) []clocks {
	if n := len(list); n > 0 && list[n-1].clock+list[n-1].length == clock {
		list[n-1].length += length
		return list
	}
	return append(list, clocks{clock, length})
}

// normal sorts and merges ranges.
func normal(list []clocks) []clocks {
	if len(list) < 2 {
		return list
	}
	slices.SortFunc(list, func(a, b clocks) int { return cmp.Compare(a.clock, b.clock) })
	n := 0
	for _, c := range list[1:] {
		if last := &list[n]; last.clock+last.length >= c.clock {
			last.length = max(last.length, c.clock+c.length-last.clock)
		} else {
			n++
			list[n] = c
		}
	}
	return list[:n+1]
}

func appendRanges(b []byte, client uint64, list []clocks) []byte {
	b = appendUint(appendUint(b, client), uint64(len(list)))
	for _, c := range list {
		b = appendUint(appendUint(b, c.clock), c.length)
	}
	return b
}

// clientRanges are elements of one client.
type clientRanges struct {
	client uint64
	list   []clocks
}

// readDeleteSet reads the end of an update: what it deletes, the highest client
// first, each once, its ranges in order and apart. Yjs calls it the delete set.
func readDeleteSet(r *reader) (ds []clientRanges, err error) {
	n := r.count()
	if n > 0 {
		ds = make([]clientRanges, 0, min(n, (len(r.b)-r.i)/2))
	}
	for ; n > 0 && r.err == nil; n-- {
		client := r.uint()
		m := r.count()
		list := make([]clocks, 0, min(m, (len(r.b)-r.i)/2))
		for ; m > 0 && r.err == nil; m-- {
			clock, length := r.uint(), r.uint()
			if length > maxSafe-clock {
				r.fail("deleted range beyond 53 bits")
			} else if length > 0 && r.err == nil {
				list = addRange(list, clock, length)
			}
		}
		if len(list) > 0 {
			ds = append(ds, clientRanges{client, list})
		}
	}
	if err := r.done("update"); err != nil {
		return nil, err
	}
	slices.SortStableFunc(ds, func(a, b clientRanges) int { return cmp.Compare(b.client, a.client) })
	apart := ds[:0]
	for _, c := range ds {
		if last := len(apart) - 1; last >= 0 && apart[last].client == c.client {
			apart[last].list = append(apart[last].list, c.list...)
		} else {
			apart = append(apart, c)
		}
	}
	for i := range apart {
		apart[i].list = normal(apart[i].list)
	}
	return apart, nil
}
