package bots

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/parlor-server/parlor/clients/go"
)

const (
	actEvery   = time.Second / 30
	checkEvery = 5 * time.Second
	restFirst  = 150 * time.Millisecond // until what is under way has arrived, usually
	askEvery   = 20 * time.Millisecond
	agreeIn    = 10 * time.Second
)

// hall is one room full of guests.
type hall struct {
	meeting *meeting
	name    string
	waiting sync.WaitGroup // for receipts

	mu      sync.Mutex // guards what follows, while guests come in
	clients []*client.Client
	guests  []guest
}

// live lets the guests act until ctx ends, and compares what they hold now and
// then. It is the room's goroutine.
func (h *hall) live(ctx context.Context) {
	ticker := time.NewTicker(actEvery)
	defer ticker.Stop()
	compared := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if time.Since(compared) > checkEvery {
			h.check(ctx)
			compared = time.Now()
		}
		for _, g := range h.guests {
			g.act()
			h.meeting.acts.Add(1)
		}
	}
}

// check lets all guests rest, and waits until they hold the same. When ctx ends
// before, nothing is counted.
func (h *hall) check(ctx context.Context) {
	for _, g := range h.guests {
		g.rest()
	}
	begin := time.Now()
	ask := time.NewTimer(restFirst)
	defer ask.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ask.C:
		}
		differs := h.differs()
		if differs == "" {
			h.meeting.checks.Add(1)
			h.meeting.agreed.add(time.Since(begin) - restFirst)
			return
		}
		if time.Since(begin) > agreeIn {
			h.meeting.checks.Add(1)
			h.meeting.desyncs.Add(1)
			h.meeting.failures.warn(fmt.Errorf("in %s guests do not hold the same: %s", h.name, differs))
			return
		}
		ask.Reset(askEvery)
	}
}

// differs says what guests do not agree about; "": nothing.
func (h *hall) differs() string {
	all := make([]map[string]string, len(h.guests))
	most, partial := 0, false
	for i, g := range h.guests {
		parts, settled := g.holds()
		if !settled {
			return fmt.Sprintf("something of guest %d is still on the way", i)
		}
		all[i] = parts
		most = max(most, len(parts))
		partial = partial || g.limit() > 0 && len(parts) >= g.limit()
	}
	return compare(all, most, partial)
}

// compare tells the first difference between what guests hold. Where they are
// shown only a part of everything, what two of them hold must be the same, and
// each must hold about as much as the others.
func compare(all []map[string]string, most int, partial bool) string {
	type holder struct {
		guest int
		value string
	}
	first := make(map[string]holder)
	for i, parts := range all {
		for _, name := range slices.Sorted(maps.Keys(parts)) {
			seen, ok := first[name]
			switch {
			case !ok:
				first[name] = holder{i, parts[name]}
			case seen.value != parts[name]:
				return fmt.Sprintf("%s is %.200q for guest %d and %.200q for guest %d", name, seen.value, seen.guest, parts[name], i)
			}
		}
	}
	for i, parts := range all {
		if partial && len(parts) >= most-1 { // its own state may be one more
			continue
		}
		for _, name := range slices.Sorted(maps.Keys(first)) {
			if _, ok := parts[name]; !ok {
				return fmt.Sprintf("guest %d lacks %s, which guest %d has", i, name, first[name].guest)
			}
		}
	}
	return ""
}
