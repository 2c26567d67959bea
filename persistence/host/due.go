package host

import (
	"encoding/binary"
	"time"

	"github.com/parlor-server/parlor/persistence/store"
)

// spaceDue is a space of the store's rooms that is the host's: under dueKey lies
// a time in microseconds before which the room has nothing to run by itself. It
// may be too early, never too late: a room that is woken looks again.
const (
	spaceDue store.Space = 100
	dueKey               = "due"
)

// readDue looks when the rooms of the folder have to run, without opening them.
func (h *Host) readDue() {
	for _, info := range h.store.Rooms() {
		if _, err := h.kindOf(info.Name); err != nil || info.Quarantined != "" {
			continue
		}
		r, err := h.store.Room(info.Name)
		if err != nil {
			continue // whoever opens it hears of it
		}
		if text, _, ok, err := r.Get(spaceDue, []byte(dueKey)); err == nil && ok && len(text) == 8 {
			h.setDue(info.Name, time.UnixMicro(int64(binary.LittleEndian.Uint64(text))))
		}
	}
}

// setDue opens a closed room at that time.
func (h *Host) setDue(name string, at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.due[name] = at
	h.setAlarmLocked()
}

// setAlarmLocked sets the timer to the first of due.
func (h *Host) setAlarmLocked() {
	if len(h.due) == 0 || h.closing {
		return
	}
	var first time.Time
	for _, at := range h.due {
		if first.IsZero() || at.Before(first) {
			first = at
		}
	}
	in := max(time.Until(first), 0)
	if h.alarm == nil {
		h.alarm = time.AfterFunc(in, h.ring)
		return
	}
	h.alarm.Reset(in)
}

// ring opens the rooms that are due. An open room runs what is due by itself.
func (h *Host) ring() {
	h.mu.Lock()
	var names []string
	now := time.Now()
	for name, at := range h.due {
		if !at.After(now) {
			names = append(names, name)
			delete(h.due, name)
		}
	}
	h.setAlarmLocked()
	h.mu.Unlock()
	for _, name := range names {
		r, err := h.enter(name, "")
		if err != nil {
			continue // closing, or it cannot be opened: whoever asks for it hears of it
		}
		h.release(r)
	}
}

// dueLater keeps, with the room's other data, when it has to run next, if what
// is on disk is later or has passed. The caller commits the batch.
func (r *room) dueLater(now int64, batch *store.Batch) {
	at, ok := r.machine.NextDue()
	if !ok || r.storedDue != 0 && r.storedDue <= at && r.storedDue > now {
		return
	}
	r.storedDue = at
	batch.Put(spaceDue, dueKey, binary.LittleEndian.AppendUint64(nil, uint64(at)))
}
