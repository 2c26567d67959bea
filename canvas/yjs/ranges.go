package yjs

import (
	"cmp"
	"slices"
)

// clocks are length elements from clock on.
type clocks struct{ clock, length uint64 }

// deleteSet holds what is deleted, by client. Yjs calls it the delete set; a
// client's ranges are in order and apart once normal was called.
type deleteSet map[uint64][]clocks

// add appends; consecutive ranges become one at once.
func (ds deleteSet) add(client, clock, length uint64) {
	list := ds[client]
	if n := len(list); n > 0 && list[n-1].clock+list[n-1].length == clock {
		list[n-1].length += length
		return
	}
	ds[client] = append(list, clocks{clock, length})
}

// normal sorts and merges.
func (ds deleteSet) normal() {
	for client, list := range ds {
		if len(list) == 0 {
			delete(ds, client)
			continue
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
		ds[client] = list[:n+1]
	}
}

func (ds deleteSet) append(b []byte) []byte {
	b = appendUint(b, uint64(len(ds)))
	for _, client := range descending(ds) {
		b = appendUint(appendUint(b, client), uint64(len(ds[client])))
		for _, c := range ds[client] {
			b = appendUint(appendUint(b, c.clock), c.length)
		}
	}
	return b
}

// readDeleteSet reads the end of an update.
func readDeleteSet(r *reader) (deleteSet, error) {
	ds := deleteSet{}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		client := r.uint()
		m := r.count()
		if ds[client] == nil {
			ds[client] = make([]clocks, 0, min(m, (len(r.b)-r.i)/2))
		}
		for ; m > 0 && r.err == nil; m-- {
			clock, length := r.uint(), r.uint()
			if length > maxSafe-clock {
				r.fail("deleted range beyond 53 bits")
			} else if length > 0 && r.err == nil {
				ds.add(client, clock, length)
			}
		}
	}
	if err := r.done("update"); err != nil {
		return nil, err
	}
	ds.normal()
	return ds, nil
}
