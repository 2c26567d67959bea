package bots

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/clients/go"
)

// Sort is what a room that is no game is for.
type Sort uint8

// The sorts of rooms in which people meet.
const (
	Presence Sort = iota + 1 // bots move what they show, and cast
	Board                    // they draw, drag, edit, order, undo
	Document                 // they type, format, set entries of a map
)

// meeting is a Meet under way.
type meeting struct {
	cfg      Config
	sort     Sort
	failures failures
	ack      histogram // from an act to the server's answer, or to the next guest who sees it
	agreed   histogram // from the moment that a room's guests rest until they agree
	acts     atomic.Uint64
	refused  atomic.Uint64
	checks   atomic.Uint64
	desyncs  atomic.Uint64
	learned  lessons
	rooms    []*hall
}

// guest is one bot in a room where people meet. The room's goroutine calls act,
// rest and holds.
type guest interface {
	// act does one thing, a thirtieth of a second after the last one.
	act()
	// rest ends what is under way.
	rest()
	// holds is what the guest holds, by the names of its parts. It is settled
	// when nothing of its own is on the way.
	holds() (parts map[string]string, settled bool)
	// limit is how many parts a guest is shown of all there are; 0: all.
	limit() int
}

// Meet lets bots into presence rooms, boards or Yjs rooms: Config.Players clients
// in each of Config.Rooms rooms of Config.Kind, named KIND/bots-1 and so on, or
// all in one room if Kind is "kind/name". What they do is random and follows
// from what the room says of itself; what the room refuses again and again they
// leave. Every few seconds, and at the end, the guests of a room rest until they
// hold the same; if that takes longer than 10 seconds it is a desync.
//
// Behavior, Private and Join have no meaning here. It fails when the
// configuration is wrong or no bot gets in; all else that goes wrong is counted
// in the summary.
func Meet(ctx context.Context, sort Sort, cfg Config) (Meeting, error) {
	if cfg.URL == "" || cfg.Kind == "" {
		return Meeting{}, errors.New("bots need a server URL and a room kind")
	}
	if sort < Presence || sort > Document {
		return Meeting{}, errors.New("bots meet in presence rooms, on boards and in documents: say in which")
	}
	cfg.Rooms, cfg.Players = max(cfg.Rooms, 1), max(cfg.Players, 1)
	if cfg.Duration <= 0 {
		cfg.Duration = 10 * time.Second
	}
	if cfg.JoinRate <= 0 {
		cfg.JoinRate = 200
	}
	if strings.Contains(cfg.Kind, "/") {
		cfg.Rooms = 1
	}
	m := &meeting{cfg: cfg, sort: sort}
	m.failures.log = cfg.Logger
	defer m.close()
	m.fill(ctx)
	if len(m.rooms) == 0 {
		if err := ctx.Err(); err != nil {
			return Meeting{}, fmt.Errorf("open %q: %w", cfg.Kind, err)
		}
		return Meeting{}, fmt.Errorf("no bot could open %q: %w", cfg.Kind, m.failures.err())
	}
	return m.measure(ctx), nil
}

// name is that of the nth room.
func (m *meeting) name(n int) string {
	if strings.Contains(m.cfg.Kind, "/") {
		return m.cfg.Kind
	}
	return fmt.Sprintf("%s/bots-%d", m.cfg.Kind, n+1)
}

// fill lets all guests in, at the join rate.
func (m *meeting) fill(ctx context.Context) {
	pace := time.NewTicker(time.Second / time.Duration(m.cfg.JoinRate))
	defer pace.Stop()
	limit := make(chan struct{}, joinWorkers)
	var entering sync.WaitGroup
	halls := make([]*hall, m.cfg.Rooms)
	for n := range m.cfg.Rooms * m.cfg.Players {
		i := n / m.cfg.Players
		if halls[i] == nil {
			halls[i] = &hall{meeting: m, name: m.name(i)}
		}
		select {
		case <-pace.C:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		limit <- struct{}{}
		entering.Go(func() {
			defer func() { <-limit }()
			if err := halls[i].enter(ctx, n); err != nil {
				m.failures.add(err)
				return
			}
			m.failures.entered()
		})
	}
	entering.Wait()
	for _, h := range halls {
		if h != nil && len(h.guests) > 0 {
			m.rooms = append(m.rooms, h)
		}
	}
}

// enter connects the nth guest and lets it in.
func (h *hall) enter(ctx context.Context, n int) error {
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	m := h.meeting
	c, err := client.Dial(ctx, m.cfg.URL, client.Options{Token: m.cfg.Token, Name: "parlor-bots", Logger: m.cfg.Logger})
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(m.cfg.Seed, uint64(n)))
	var g guest
	switch m.sort {
	case Presence:
		g, err = h.newShower(ctx, c, r)
	case Board:
		g, err = h.newDrawer(ctx, c, r, n)
	case Document:
		g, err = h.newWriter(ctx, c, r)
	}
	if err != nil {
		_ = c.Close()
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients, h.guests = append(h.clients, c), append(h.guests, g)
	return nil
}

// close ends all guests.
func (m *meeting) close() {
	limit := make(chan struct{}, 64)
	var closing sync.WaitGroup
	for _, h := range m.rooms {
		for _, c := range h.clients {
			closing.Go(func() {
				limit <- struct{}{}
				defer func() { <-limit }()
				_ = c.Close()
			})
		}
	}
	closing.Wait()
	for _, h := range m.rooms {
		h.waiting.Wait()
	}
}
