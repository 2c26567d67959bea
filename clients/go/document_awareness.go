package client

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
)

const (
	renewAwareness = 15 * time.Second // what is shown is said again this often, as yjs clients do
	checkAwareness = 3 * time.Second
)

// shownAwareness is who shows what in a document. The seat's mu guards it.
type shownAwareness struct {
	everyone *yjs.Awareness
	mine     json.RawMessage // nil: nothing
	clock    uint64          // of what was said last
	due      bool            // mine is to be said
	said     time.Time
	timer    *time.Timer // while the room is open
}

// forget begins anew, for a document with another ID.
func (a *shownAwareness) forget() {
	a.everyone, a.clock, a.due = yjs.NewAwareness(yjs.AwarenessLimits{}), 0, a.mine != nil
}

func (a *shownAwareness) show(state json.RawMessage) {
	a.due = a.due || state != nil || a.mine != nil
	a.mine = state
}

func (a *shownAwareness) all() map[uint64]json.RawMessage {
	states := make(map[uint64]json.RawMessage)
	for _, id := range a.everyone.Clients() {
		states[id] = slices.Clone(a.everyone.State(id))
	}
	return states
}

// entered begins a connection.
func (a *shownAwareness) entered(d *Document) {
	a.due = a.mine != nil
	a.timer = time.AfterFunc(checkAwareness, func() { a.check(d) })
}

// lost takes away what others show, of whom nothing is heard any more.
func (a *shownAwareness) lost(d *Document) {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	gone := slices.DeleteFunc(a.everyone.Clients(), func(id uint64) bool { return id == d.id })
	a.everyone = yjs.NewAwareness(yjs.AwarenessLimits{})
	if a.mine != nil && a.clock > 0 {
		_, _ = a.everyone.Apply(yjs.EncodeAwareness(d.id, a.clock, a.mine), time.Now())
	}
	a.tell(d, gone)
}

// check renews what is shown and forgets who has not.
func (a *shownAwareness) check(d *Document) {
	d.mu.Lock()
	if a.timer == nil {
		d.mu.Unlock()
		return
	}
	now := time.Now()
	a.timer.Reset(checkAwareness)
	if a.mine != nil && now.Sub(a.said) >= renewAwareness {
		a.due = true
	}
	before := a.everyone.Clients()
	if a.everyone.Expire(now) != nil {
		a.tell(d, slices.DeleteFunc(before, func(id uint64) bool { return a.everyone.State(id) != nil }))
	}
	d.mu.Unlock()
	d.push()
}

// received takes an update of others.
func (a *shownAwareness) received(d *Document, update []byte) error {
	change, err := a.everyone.Apply(update, time.Now())
	if err != nil {
		return err
	}
	if slices.Contains(change.Removed, d.id) {
		a.due = a.mine != nil // we are not gone: say so
	}
	a.tell(d, slices.Concat(change.Shown, change.Removed))
	return nil
}

// take is the update that is to be sent; nil: none.
func (a *shownAwareness) take(d *Document, now time.Time) []byte {
	if !a.due {
		return nil
	}
	a.due = false
	a.clock++ // 0 would be no news to anyone
	a.said = now
	update := yjs.EncodeAwareness(d.id, a.clock, a.mine)
	if change, err := a.everyone.Apply(update, now); err == nil {
		a.tell(d, slices.Concat(change.Shown, change.Removed))
	}
	return update
}

// tell makes the callbacks due.
func (a *shownAwareness) tell(d *Document, clients []uint64) {
	if len(clients) == 0 || !d.onAwareness.some() {
		return
	}
	d.notify(func() {
		for f := range d.onAwareness.all() {
			f(clients)
		}
	})
}
