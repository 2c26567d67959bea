package tick

import "time"

// appointment is a time at which a loop has to do something: run a lane, or end a task's sleep.
type appointment struct {
	at    time.Duration // since the loop's epoch
	place int           // in its agenda, or -1
	lane  *lane         // either this
	task  *Task         // or this
}

// agenda yields appointments by time: a binary heap whose entries know their place. The loop's
// goroutine only. It never holds an appointment twice.
type agenda struct {
	heap []*appointment
}

func (a *agenda) empty() bool         { return len(a.heap) == 0 }
func (a *agenda) first() *appointment { return a.heap[0] }

// due tells whether the first appointment is at or before now.
func (a *agenda) due(now time.Duration) bool { return len(a.heap) > 0 && a.heap[0].at <= now }

// put adds the appointment, or moves it after its time was changed.
func (a *agenda) put(p *appointment) {
	if p.place < 0 {
		p.place = len(a.heap)
		a.heap = append(a.heap, p)
	}
	a.down(p)
	a.up(p)
}

// remove takes the appointment out, if it is in.
func (a *agenda) remove(p *appointment) {
	if p.place < 0 {
		return
	}
	end := len(a.heap) - 1
	last := a.heap[end]
	a.heap[end] = nil
	a.heap = a.heap[:end]
	if last != p {
		last.place = p.place
		a.heap[last.place] = last
		a.put(last)
	}
	p.place = -1
}

// up moves p towards the root, as far as it is earlier.
func (a *agenda) up(p *appointment) {
	for p.place > 0 {
		parent := a.heap[(p.place-1)/2]
		if parent.at <= p.at {
			return
		}
		a.swap(parent, p)
	}
}

// down moves p away from the root, as far as it is later.
func (a *agenda) down(p *appointment) {
	for {
		child := 2*p.place + 1
		if child >= len(a.heap) {
			return
		}
		if child+1 < len(a.heap) && a.heap[child+1].at < a.heap[child].at {
			child++
		}
		if a.heap[child].at >= p.at {
			return
		}
		a.swap(a.heap[child], p)
	}
}

func (a *agenda) swap(p, q *appointment) {
	p.place, q.place = q.place, p.place
	a.heap[p.place], a.heap[q.place] = p, q
}
