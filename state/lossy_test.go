package state

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/tick"
)

// lossyRoom is a store and what its clients should come to hold.
type lossyRoom struct {
	*modelTest
	was map[tick.Tick]*Mirror // as a keyframe of each tick gives it
}

// lossyClient is a client behind a bad link, and what the server knows of it.
type lossyClient struct {
	room   *lossyRoom
	mirror *Mirror
	held   map[tick.Tick]bool // base ticks that came completely

	reliable  []reliableMessage // arrives in order
	datagrams []Part            // arrive in any order, or not

	// On the server.
	keyframe     tick.Tick // the newest keyframe's
	inFlight     bool      // it has not come yet
	chained      tick.Tick // what the reliable tables were last sent as of
	ackedTick    tick.Tick
	ackedBits    uint16
	limit        int
	completeSeen int
}

type reliableMessage struct {
	tick     tick.Tick
	keyframe bool
	lossy    *Part
	payload  []byte
}

// base is what the server's next lossy frame starts from.
func (c *lossyClient) base() tick.Tick {
	newest := c.ackedTick - c.ackedTick%BaseEvery
	for i := range tick.Tick(heldBases) {
		if c.ackedBits>>i&1 != 0 && newest-i*BaseEvery > c.keyframe {
			return newest - i*BaseEvery
		}
	}
	return c.keyframe
}

// send is the server's part of a tick.
func (c *lossyClient) send() {
	s := c.room.s
	now := s.Tick()
	if s.ChangedIn(ReliableTables) || c.room.number("chain", 0, 9) == 0 {
		if payload, ok := s.AppendDeltaOf(nil, ReliableTables, c.chained, now%4 == 0); ok {
			c.reliable = append(c.reliable, reliableMessage{tick: now, payload: payload})
			c.chained = now
		}
	}
	frame := Part{Tick: now, Base: c.base()}
	var payloads [][]byte
	parts, fits, ok := s.Parts(LossyTables, frame.Base, c.limit, now%BaseEvery == 0, func(part int, payload []byte) {
		if part != len(payloads) || len(payload) > c.limit {
			c.room.t.Fatalf("part %d has %d bytes, at most %d may be", part, len(payload), c.limit)
		}
		payloads = append(payloads, slices.Clone(payload))
	})
	switch {
	case !ok:
		if !c.inFlight {
			c.keyframe, c.chained, c.inFlight = now, now, true
			c.ackedTick, c.ackedBits = 0, 0
			c.reliable = append(c.reliable, reliableMessage{tick: now, keyframe: true, payload: s.AppendKeyframe(nil, true)})
		}
	case !fits:
		if len(payloads) > 0 {
			c.room.t.Fatal("parts were emitted of what does not fit")
		}
		frame.Parts = 1
		frame.Payload, _ = s.AppendDeltaOf(nil, LossyTables, frame.Base, now%BaseEvery == 0)
		c.reliable = append(c.reliable, reliableMessage{tick: now, lossy: &frame})
	default:
		if parts != len(payloads) {
			c.room.t.Fatalf("%d parts, %d were emitted", parts, len(payloads))
		}
		frame.Parts = parts
		for frame.Part, frame.Payload = range payloads {
			c.datagrams = append(c.datagrams, frame)
		}
	}
}

// receive delivers some of what is on its way.
func (c *lossyClient) receive() {
	for range c.room.number("reliable", 0, 2) {
		if len(c.reliable) > 0 {
			c.deliver(c.reliable[0])
			c.reliable = c.reliable[1:]
		}
	}
	calm := c.room.number("calm", 0, 2) > 0
	for len(c.datagrams) > 0 {
		fate, n := 0, 0
		if !calm {
			fate, n = c.room.number("fate", 0, 9), c.room.number("datagram", 0, len(c.datagrams)-1)
		}
		f := c.datagrams[n]
		switch fate {
		case 0, 1, 2, 3: // arrives
			c.datagrams = slices.Delete(c.datagrams, n, n+1)
			c.apply(f)
		case 4: // arrives, and once more later
			c.apply(f)
		case 5, 6: // is lost
			c.datagrams = slices.Delete(c.datagrams, n, n+1)
		default: // the rest comes later
			return
		}
	}
}

func (c *lossyClient) deliver(r reliableMessage) {
	switch {
	case r.lossy != nil:
		c.apply(*r.lossy)
	case r.keyframe:
		if err := c.mirror.ApplyFrame(r.payload, true); err != nil {
			c.room.t.Fatal(err)
		}
		c.mirror.Keep(r.tick)
		c.inFlight = r.tick != c.keyframe
		c.held = map[tick.Tick]bool{r.tick: r.tick%BaseEvery == 0}
		c.check(AllTables, r.tick)
	default:
		if applied, _ := c.mirror.Held(); applied == 0 {
			return
		}
		before := c.mirror.copies()
		if err := c.mirror.ApplyReliable(r.payload); err != nil {
			c.room.t.Fatal(err)
		}
		if h, ok := c.mirror.LastFrameHash(); ok && h != c.mirror.Hash() {
			c.room.t.Fatal("the frame's hash is not the mirror's")
		}
		c.checkLists(before)
		c.check(ReliableTables, r.tick)
	}
}

// apply gives the client a part and checks what comes of it.
func (c *lossyClient) apply(f Part) {
	t := c.room.t
	applied, bits := c.mirror.Held()
	before := c.mirror.copies()
	complete, err := c.mirror.ApplyPart(f)
	c.checkLists(before)
	now, nowBits := c.mirror.Held()
	switch {
	case err != nil && !errors.Is(err, ErrOld) && !errors.Is(err, ErrNotHeld):
		t.Fatal(err)
	case err != nil && !maps.EqualFunc(before[0], c.mirror.copies()[0], slices.Equal[[]any]):
		t.Fatal("a part that was refused did something")
	case errors.Is(err, ErrOld) && f.Tick > c.mirror.lossy.begun.Tick:
		t.Fatal("a new part is old")
	case errors.Is(err, ErrNotHeld) && (c.held[f.Base] && f.Base+ringTicks > applied):
		t.Fatalf("base %d should be held, applied is %d", f.Base, applied)
	}
	if !complete {
		if now != applied || nowBits != bits {
			t.Fatal("what is held changed without a complete frame")
		}
		return
	}
	if now != f.Tick {
		t.Fatalf("applied is %d after a complete frame of %d", now, f.Tick)
	}
	c.completeSeen++
	c.check(LossyTables, f.Tick)
	if h, ok := c.mirror.LastFrameHash(); ok != (f.Tick%BaseEvery == 0) || ok && h != c.mirror.Hash() {
		t.Fatal("the frame's hash is not the mirror's")
	}
	c.held[f.Tick] = f.Tick%BaseEvery == 0
	newest := now - now%BaseEvery
	for i := range tick.Tick(heldBases) {
		want := newest >= i*BaseEvery && c.held[newest-i*BaseEvery]
		if got := nowBits>>i&1 != 0; got != want {
			t.Fatalf("at tick %d bit %d is %t", now, i, got)
		}
	}
	if len(c.mirror.lossy.held) > heldBases+1 {
		t.Fatalf("%d states are held", len(c.mirror.lossy.held))
	}
}

// check compares some tables with what the server had at a tick.
func (c *lossyClient) check(tables Tables, at tick.Tick) {
	t, want := c.room.t, c.room.was[at]
	if c.mirror.HashOf(tables) != want.HashOf(tables) {
		t.Fatalf("at tick %d the client's hash is another", at)
	}
	is, was := c.mirror.copies(), want.copies()
	for i := range c.mirror.tables {
		table := &c.mirror.tables[i]
		if tables.has(table.def.Reliable) && !maps.EqualFunc(is[i], was[i], slices.Equal[[]any]) {
			t.Fatalf("%s at tick %d: %v, want %v", table.def.Name, at, is[i], was[i])
		}
		if table.grid.rehash() != table.grid.publicHash() {
			t.Fatalf("%s: the hash differs from one from nothing", table.def.Name)
		}
	}
}

// copies are the public cells of all rows of each table.
func (m *Mirror) copies() (all []map[ID][]any) {
	for i := range m.tables {
		rows := map[ID][]any{}
		for id := range m.tables[i].IDs() {
			rows[id] = m.tables[i].jsonCells(id, m.tables[i].public)
		}
		all = append(all, rows)
	}
	return all
}

// checkLists compares the lists of changes with what changed.
func (c *lossyClient) checkLists(before []map[ID][]any) {
	for i, is := range c.mirror.copies() {
		var added, changed, removed []ID
		for id, cells := range is {
			if was, there := before[i][id]; !there {
				added = append(added, id)
			} else if !slices.Equal(was, cells) {
				changed = append(changed, id)
			}
		}
		for id := range before[i] {
			if _, there := is[id]; !there {
				removed = append(removed, id)
			}
		}
		table := &c.mirror.tables[i]
		for n, want := range [][]ID{added, changed, removed} {
			slices.SortFunc(want, func(a, b ID) int { return a.Slot() - b.Slot() })
			if got := [][]ID{table.added, table.changed, table.removed}[n]; !slices.Equal(got, want) {
				if n == 1 && isSubset(want, got) && table.def.Reliable {
					continue // a text that is what it was before
				}
				c.room.t.Fatalf("%s: list %d is %v, want %v", table.def.Name, n, got, want)
			}
		}
	}
}

func isSubset(part, all []ID) bool {
	for _, id := range part {
		if !slices.Contains(all, id) {
			return false
		}
	}
	return true
}

// tagReliable makes tables reliable as the tag would.
func (s *Store) tagReliable(some []bool) {
	for i, r := range s.public {
		r.reliable, s.schema.Tables[i].Reliable = some[i], some[i]
		s.reliable = s.reliable || some[i]
	}
}

func TestLossyFramesAgreeWithTheStore(t *testing.T) {
	completed := 0
	rapid.Check(t, func(t *rapid.T) {
		room := &lossyRoom{newModelTest(t), map[tick.Tick]*Mirror{}}
		s := room.s
		s.tagReliable([]bool{room.number("players", 0, 3) == 0, room.number("shots", 0, 3) == 0, room.number("round", 0, 1) == 0, false})
		var clients []*lossyClient
		for range 2 {
			limit := rapid.SampledFrom([]int{30, 60, 200, 1140}).Draw(t, "limit")
			clients = append(clients, &lossyClient{room: room, mirror: NewMirror(s.Schema()), limit: limit})
		}
		for range room.number("ticks", 1, 90) {
			room.tick()
			now := s.Tick()
			room.was[now] = NewMirror(s.Schema())
			if err := room.was[now].ApplyFrame(s.AppendKeyframe(nil, true), true); err != nil {
				t.Fatal(err)
			}
			if now > 1 {
				checkChangedIn(room, now)
			}
			for _, c := range clients {
				c.send()
				c.receive()
				if room.number("ack", 0, 3) > 0 && !c.inFlight {
					c.ackedTick, c.ackedBits = c.mirror.Held()
				}
			}
		}
		for _, c := range clients {
			completed += c.completeSeen
		}
	})
	if completed < 100 {
		t.Errorf("only %d frames came completely", completed)
	}
}

// checkChangedIn compares what the store says of this tick with its states.
func checkChangedIn(room *lossyRoom, now tick.Tick) {
	is, was := room.was[now].copies(), room.was[now-1].copies()
	for _, tables := range []Tables{AllTables, LossyTables, ReliableTables} {
		differ := false
		for i := range is {
			differ = differ || tables.has(room.s.public[i].reliable) && !maps.EqualFunc(is[i], was[i], slices.Equal[[]any])
		}
		if got := room.s.ChangedIn(tables); got != differ {
			room.t.Fatalf("ChangedIn(%d) is %t, want %t", tables, got, differ)
		}
	}
	if room.s.PublicHashOf(LossyTables) != room.was[now].HashOf(LossyTables) {
		room.t.Fatal("the store's hash of lossy tables is not the mirror's")
	}
}
