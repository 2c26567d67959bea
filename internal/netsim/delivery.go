package netsim

import (
	"container/heap"
	"time"
)

// delivery is a packet under way.
type delivery struct {
	at    time.Duration
	order uint64 // of sending: packets due at one time arrive in it
	hand  func(packet []byte)
	data  []byte
}

// deliveries is a heap of them, the earliest first.
type deliveries []delivery

func (d deliveries) Len() int { return len(d) }

func (d deliveries) Less(i, j int) bool {
	return d[i].at < d[j].at || d[i].at == d[j].at && d[i].order < d[j].order
}

func (d deliveries) Swap(i, j int) { d[i], d[j] = d[j], d[i] }

func (d *deliveries) Push(x any) { *d = append(*d, x.(delivery)) }

func (d *deliveries) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	(*d)[last] = delivery{}
	*d = (*d)[:last]
	return x
}

// add puts a packet under way.
func (d *deliveries) add(x delivery) { heap.Push(d, x) }

// due takes the earliest packet that has arrived by now.
func (d *deliveries) due(now time.Duration) (delivery, bool) {
	if len(*d) == 0 || (*d)[0].at > now {
		return delivery{}, false
	}
	return heap.Pop(d).(delivery), true
}
