package yjs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// ErrCrowded: more clients than AwarenessLimits.Clients, or more than
// AwarenessLimits.Bytes that they show.
var ErrCrowded = errors.New("too many clients show themselves here, or too much: try again later")

// AwarenessTimeout is when yjs clients take another for gone that has not
// renewed its state; they renew each 15 seconds.
const AwarenessTimeout = 30 * time.Second

// AwarenessLimits bound one room's awareness. Zero values are the defaults.
type AwarenessLimits struct {
	Clients    int // that show a state at one time; default 4096
	StateBytes int // of one state's JSON; default 64 KiB
	Bytes      int // of all states; default 4 MiB
}

// Awareness is who is here and what each shows: a JSON value by client, never
// stored. Of each client the state with the highest clock counts, as in
// y-protocols; at equal clocks a removal does. One goroutine owns it.
type Awareness struct {
	limits  AwarenessLimits
	clients map[uint64]*presence
	present int // of clients, those with a state
	bytes   int // of all states
}

// presence is a client's last word.
type presence struct {
	clock uint64
	state []byte // nil after its removal, of which the clock is kept
	since time.Time
}

// AwarenessChange is what an update has done.
type AwarenessChange struct {
	// Broadcast goes to everyone, also to the sender: a y-websocket client that
	// hears nothing for 30 seconds drops its connection. nil: nothing changed.
	Broadcast []byte
	// Answer goes to the sender only, if not nil. Its state was no newer than its
	// removal here (its connection had been lost), or it is not known here: new, or
	// known to the others from before a restart of the server. Told of the removal
	// at that clock it shows itself again with a higher one, at once.
	Answer []byte
	// Shown are the clients that have a new state, Removed those that left.
	Shown, Removed []uint64
}

// NewAwareness makes an empty one.
func NewAwareness(l AwarenessLimits) *Awareness {
	if l.Clients <= 0 {
		l.Clients = 4096
	}
	if l.StateBytes <= 0 {
		l.StateBytes = 64 << 10
	}
	if l.Bytes <= 0 {
		l.Bytes = 4 << 20
	}
	return &Awareness{limits: l, clients: map[uint64]*presence{}}
}

// entry is one client's part of an awareness update.
type entry struct {
	client, clock uint64
	state         []byte // nil: removed
}

// Apply takes an update. Its errors are ErrMalformed, ErrTooLarge and
// ErrCrowded; then nothing has changed.
func (a *Awareness) Apply(update []byte, now time.Time) (AwarenessChange, error) {
	return a.ApplyOf(update, now, nil)
}

// ApplyOf is Apply that passes over what the update says of clients for which
// may is false, for a connection may speak for itself only: y-websocket clients
// also send back what others show. It is asked once for each client and the bytes
// of its new state, in the update's order; nil allows all.
func (a *Awareness) ApplyOf(update []byte, now time.Time, may func(client uint64, size int) bool) (AwarenessChange, error) {
	entries, err := a.parse(update)
	if err == nil && may != nil {
		entries = slices.DeleteFunc(entries, func(e entry) bool { return !may(e.client, len(e.state)) })
	}
	if err == nil {
		err = a.roomFor(entries)
	}
	if err != nil {
		return AwarenessChange{}, fmt.Errorf("failed to apply awareness: %w", err)
	}
	if len(a.clients) > 4*a.limits.Clients {
		a.forget(now)
	}
	var change AwarenessChange
	var stale []entry // to be answered as removed
	for _, e := range entries {
		p := a.clients[e.client]
		switch {
		case p == nil && e.state == nil:
			continue // nobody has seen it
		case p == nil && e.clock == 0:
			// To y-protocols who is unknown is at clock 0: nobody would take this
			// for news. It is what a new client says first.
			stale = append(stale, entry{client: e.client})
			continue
		case p == nil:
			// It may be new to this server only, after a restart: the others know this
			// clock already, and would take it for no news.
			stale = append(stale, entry{client: e.client, clock: e.clock})
			p = &presence{}
			a.clients[e.client] = p
		case e.clock > p.clock, e.clock == p.clock && e.state == nil && p.state != nil:
		default:
			if p.state == nil && e.state != nil {
				stale = append(stale, entry{client: e.client, clock: p.clock})
			}
			continue
		}
		if e.state != nil {
			change.Shown = append(change.Shown, e.client)
		} else if p.state != nil {
			change.Removed = append(change.Removed, e.client)
		}
		a.set(p, e, now)
	}
	change.Broadcast = a.encode(slices.Concat(change.Shown, change.Removed))
	change.Answer = encodeEntries(stale)
	return change, nil
}

func (a *Awareness) set(p *presence, e entry, now time.Time) {
	a.bytes += len(e.state) - len(p.state)
	if p.state != nil {
		a.present--
	}
	if e.state != nil {
		a.present++
	}
	p.clock, p.state, p.since = e.clock, e.state, now
}

// parse reads and checks an update. A state that is no JSON would break every
// client that reads it.
func (a *Awareness) parse(update []byte) ([]entry, error) {
	r := reader{b: update}
	var entries []entry
	seen := map[uint64]bool{}
	for n := r.count(); n > 0 && r.err == nil; n-- {
		e := entry{client: r.uint(), clock: r.uint(), state: r.text()}
		if r.err != nil {
			break
		}
		if seen[e.client] {
			return nil, malformed("client %d twice", e.client)
		}
		seen[e.client] = true
		if len(e.state) > a.limits.StateBytes {
			return nil, fmt.Errorf("%w: a state may have %d bytes", ErrTooLarge, a.limits.StateBytes)
		}
		if !json.Valid(e.state) {
			return nil, malformed("the state of client %d is no JSON", e.client)
		}
		if e.state = bytes.Clone(bytes.TrimSpace(e.state)); string(e.state) == "null" {
			e.state = nil
		}
		entries = append(entries, e)
	}
	if err := r.done("awareness update"); err != nil {
		return nil, err
	}
	return entries, nil
}

// roomFor refuses entries that would pass the limit of clients or of bytes.
func (a *Awareness) roomFor(entries []entry) error {
	more, growth := 0, 0
	for _, e := range entries {
		growth += len(e.state) - a.Size(e.client)
		if p := a.clients[e.client]; e.state != nil && (p == nil || p.state == nil) {
			more++
		}
	}
	if a.present+more > a.limits.Clients && more > 0 || a.bytes+growth > a.limits.Bytes && growth > 0 {
		return ErrCrowded
	}
	return nil
}

// Size is how many bytes the state has that a client shows.
func (a *Awareness) Size(client uint64) int {
	if p := a.clients[client]; p != nil {
		return len(p.state)
	}
	return 0
}

// Remove takes away the states of clients whose connection has ended; update is
// for those who stay, or nil.
func (a *Awareness) Remove(now time.Time, clients ...uint64) (update []byte) {
	var removed []uint64
	for _, client := range clients {
		if p := a.clients[client]; p != nil && p.state != nil {
			a.set(p, entry{client: client, clock: p.clock}, now)
			removed = append(removed, client)
		}
	}
	update = a.encode(removed)
	a.forget(now)
	return update
}

// Expire removes the states that were not renewed for AwarenessTimeout.
func (a *Awareness) Expire(now time.Time) (update []byte) {
	var old []uint64
	for client, p := range a.clients {
		if p.state != nil && now.Sub(p.since) >= AwarenessTimeout {
			old = append(old, client)
		}
	}
	return a.Remove(now, old...)
}

// forget drops the clocks of clients that left long ago, and of the earliest
// when there are many. One of those that returns then is new here; clients that
// remember its removal see it when it renews its state.
func (a *Awareness) forget(now time.Time) {
	var gone []uint64
	for client, p := range a.clients {
		if p.state != nil {
			continue
		}
		if now.Sub(p.since) > time.Hour {
			delete(a.clients, client)
		} else {
			gone = append(gone, client)
		}
	}
	if len(gone) <= 2*a.limits.Clients {
		return
	}
	slices.SortFunc(gone, func(x, y uint64) int {
		return cmp.Or(a.clients[x].since.Compare(a.clients[y].since), cmp.Compare(x, y))
	})
	for _, client := range gone[:len(gone)-a.limits.Clients] {
		delete(a.clients, client)
	}
}

// Encode is everyone's state, for who joins or asks; nil if there is nobody.
func (a *Awareness) Encode() []byte { return a.encode(a.Clients()) }

// EncodeOf is the last word of each of these clients, a state or a removal: for
// who has missed some. nil, if there are none.
func (a *Awareness) EncodeOf(clients []uint64) []byte { return a.encode(slices.Clone(clients)) }

// Clients are those that show a state, in order.
func (a *Awareness) Clients() []uint64 {
	var clients []uint64
	for client, p := range a.clients {
		if p.state != nil {
			clients = append(clients, client)
		}
	}
	slices.Sort(clients)
	return clients
}

// State is what a client shows, as JSON; nil if it is not here.
func (a *Awareness) State(client uint64) json.RawMessage {
	if p := a.clients[client]; p != nil {
		return slices.Clone(p.state)
	}
	return nil
}

// EncodeAwareness writes an update of one client's state by hand: a server that
// shows itself, a test. A nil state is a removal.
func EncodeAwareness(client, clock uint64, state json.RawMessage) []byte {
	return entry{client, clock, state}.append([]byte{1})
}

func (a *Awareness) encode(clients []uint64) []byte {
	if len(clients) == 0 {
		return nil
	}
	slices.Sort(clients)
	entries := make([]entry, len(clients))
	for i, client := range clients {
		entries[i].client = client // unknown is as removed at clock 0
		if p := a.clients[client]; p != nil {
			entries[i].clock, entries[i].state = p.clock, p.state
		}
	}
	return encodeEntries(entries)
}

// encodeEntries writes an update; nil if there is nothing in it.
func encodeEntries(entries []entry) []byte {
	if len(entries) == 0 {
		return nil
	}
	b := appendUint(nil, uint64(len(entries)))
	for _, e := range entries {
		b = e.append(b)
	}
	return b
}

func (e entry) append(b []byte) []byte {
	b = appendUint(appendUint(b, e.client), e.clock)
	if e.state == nil {
		return appendBytes(b, "null")
	}
	return appendBytes(b, e.state)
}
