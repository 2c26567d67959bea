package state

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

// Store is the engine of one room's world: it makes the world's tables ready,
// brackets calls so that one can be undone, finds at the end of each tick what
// changed, and encodes that for clients. The room's goroutine owns it; no two
// methods may run at once.
//
// The order of calls is
//
//	StartTick, (Begin, changes, Commit or Rollback)…, EndTick, Append…
//
// Calls before the first StartTick, such as the one that sets the world up,
// count for the first tick.
type Store struct {
	// What every tick reads stands together.
	tick     tick.Tick
	hz       tick.Rate
	ticking  bool // between StartTick and EndTick
	inCall   bool
	changed  bool
	rand     tick.Rand
	undoRand tick.Rand
	undoSent int   // how many events there were when the call began
	touched  *rows // the first table with rows touched in this call; nil: none
	full     Hash
	tables   []*rows
	public   []*rows // those that clients have, as in the schema
	timers   []timerList
	writes   *writes     // nil: the world has no Records
	sent     []sentEvent // events of this tick
	targeted []sentEvent // as of EndTick: those to one player, by player
	owners   []ownerCell // owner cells changed in this tick, by player
	finder   changeFinder
	writer   bits.Writer
	frames   frameEncoder
	ring     ring

	reliable bool    // some table is
	rewinds  []*rows // tables with a history
	splitter splitter
	parts    int // fields of the world so far
	schema   schema.Schema
	events   []eventList
	links    []func() error // what NewStore does when all tables are known
	owned    []ownerCell    // buffer for all that one player owns
}

// Options are what a world needs beside its type.
type Options struct {
	Hz   tick.Rate // of the room: how many ticks a second Timers.After counts
	Seed uint64    // of the random numbers
}

// part is a field of a world.
type part interface {
	join(s *Store, name string, options tagOptions) error
}

// NewStore makes the world ready that it is given a pointer to. All fields of
// the world are Table, Value, Index, Timers, Event or Records; the error names any other.
func NewStore(world any, options Options) (*Store, error) {
	if err := options.Hz.Validate(); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	w := reflect.ValueOf(world)
	if w.Kind() != reflect.Pointer || w.IsNil() || w.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("state: a world is a struct of state types, given by its pointer; got %T", world)
	}
	s := &Store{hz: options.Hz, rand: tick.NewRand(options.Seed)}
	w = w.Elem()
	for i := range w.NumField() {
		f := w.Type().Field(i)
		if err := s.join(w.Field(i), f); err != nil {
			return nil, err
		}
	}
	for _, link := range s.links {
		if err := link(); err != nil {
			return nil, fmt.Errorf("state: %w", err)
		}
	}
	s.links = nil
	s.ring.clear(0)
	for _, r := range s.tables {
		r.sync()
	}
	s.full = s.sumHash()
	return s, nil
}

func (s *Store) join(field reflect.Value, f reflect.StructField) error {
	if !f.IsExported() {
		return fmt.Errorf("state: World.%s: is not exported; the fields of a world are exported state types", f.Name)
	}
	p, ok := field.Addr().Interface().(part)
	if !ok {
		return fmt.Errorf("state: World.%s: %s is not a state type; use %s", f.Name, f.Type, stateTypeFor(f.Type))
	}
	options, err := tagOptions{}.with(f.Tag.Get("parlor"))
	if err != nil {
		return fmt.Errorf("state: World.%s: %w", f.Name, err)
	}
	table, isTable := p.(interface{ bound() *rows })
	if err := options.refuseTable(); err != nil && !isTable {
		return fmt.Errorf("state: World.%s: %w", f.Name, err)
	}
	if err := p.join(s, f.Name, options); err != nil {
		return fmt.Errorf("state: World.%s.%w", f.Name, err)
	}
	if isTable {
		if err := s.tagTable(table.bound(), options); err != nil {
			return fmt.Errorf("state: World.%s: %w", f.Name, err)
		}
	}
	s.parts++
	return nil
}

// stateTypeFor is what to use instead of a type that a world cannot hold.
func stateTypeFor(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array:
		return "state.Table"
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		return "state.Timers or state.Event"
	}
	return "state.Value"
}

// Schema describes the world's tables and events. The caller must not change it.
func (s *Store) Schema() schema.Schema { return s.schema }

func (s *Store) describeTable(r *rows, local bool) {
	def := schema.TableDef{Name: r.name, Single: r.single, Reliable: r.reliable}
	for i := range r.columns {
		if c := &r.columns[i]; !c.local {
			def.Columns = append(def.Columns, c.Column)
		}
	}
	if local || len(r.columns) > 0 && len(def.Columns) == 0 {
		return
	}
	r.public = len(s.schema.Tables)
	s.schema.Tables = append(s.schema.Tables, def)
	r.grid = newGrid(r.public, &def)
	s.public = append(s.public, r)
}

func (s *Store) describeEvent(name string, columns []column) {
	def := schema.EventDef{Name: name}
	for i := range columns {
		def.Columns = append(def.Columns, columns[i].Column)
	}
	s.schema.Events = append(s.schema.Events, def)
}

// Rand is the room's random numbers. What a call drew is undone with it.
func (s *Store) Rand() *tick.Rand { return &s.rand }

// Tick is the tick that StartTick began last, 0 before the first.
func (s *Store) Tick() tick.Tick { return s.tick }

// StartTick begins tick t, which must be later than the last one, and forgets
// the last one's events.
func (s *Store) StartTick(t tick.Tick) {
	if s.inCall || s.ticking || t <= s.tick {
		panic(fmt.Sprintf("state: StartTick(%d) inside a call, inside a tick, or not after tick %d", t, s.tick))
	}
	s.tick, s.ticking = t, true
	s.truncateSent(0)
	s.targeted = s.targeted[:0]
	if s.writes != nil {
		clear(s.writes.made)
		s.writes.made = s.writes.made[:0]
	}
}

// Begin starts a call: changes until Commit or Rollback belong together.
func (s *Store) Begin() {
	if s.inCall {
		panic("state: Begin inside a call")
	}
	s.inCall = true
	s.undoRand, s.undoSent = s.rand, len(s.sent)
	if s.writes != nil {
		s.writes.begin()
	}
}

// Commit ends a call and keeps its changes.
func (s *Store) Commit() {
	if !s.inCall {
		panic("state: Commit without Begin")
	}
	for r := s.touched; r != nil; r = r.sibling {
		r.commit()
	}
	for _, t := range s.timers {
		t.commit()
	}
	if s.writes != nil {
		s.writes.commit()
	}
	s.touched, s.inCall = nil, false
}

// Rollback ends a call and leaves nothing of it: rows, indexes, timers, random
// numbers, events and writes to records are what they were at Begin.
func (s *Store) Rollback() {
	if !s.inCall {
		panic("state: Rollback without Begin")
	}
	for r := s.touched; r != nil; r = r.sibling {
		r.rollback()
	}
	for _, t := range s.timers {
		t.rollback()
	}
	if s.writes != nil {
		s.writes.rollback()
	}
	s.truncateSent(s.undoSent)
	s.rand = s.undoRand
	s.touched, s.inCall = nil, false
}

// truncateSent forgets all events after the first n.
func (s *Store) truncateSent(n int) {
	for i := len(s.sent) - 1; i >= n; i-- {
		s.events[s.sent[i].event].truncate(s.sent[i].item)
	}
	s.sent = s.sent[:n]
}

// EndTick finds what changed since the last one, brings the hashes up to date
// and remembers the changes for deltas. Until the next StartTick the Append
// methods give what happened in this tick.
func (s *Store) EndTick() {
	if s.inCall || !s.ticking {
		panic("state: EndTick inside a call, or without StartTick")
	}
	s.ticking = false
	s.owners = s.owners[:0]
	s.changed = s.finder.find(s)
	s.sortOwners()
	for i := range s.sent {
		if s.sent[i].to != 0 {
			s.targeted = append(s.targeted, s.sent[i])
		}
	}
	slices.SortStableFunc(s.targeted, func(a, b sentEvent) int { return cmp.Compare(a.to, b.to) })
	s.full = s.sumHash()
	for _, r := range s.rewinds {
		r.remember(s.tick)
	}
}

// Changed reports whether the last EndTick found a public change.
func (s *Store) Changed() bool { return s.changed }

// ChangedIn reports whether the last EndTick found a public change in these tables.
func (s *Store) ChangedIn(tables Tables) bool {
	if !s.changed || tables == AllTables {
		return s.changed
	}
	for c := s.ring.changes(0); len(c) > 0; c = c[c[1]:] {
		if tables.has(s.public[c[0]].reliable) {
			return true
		}
	}
	return false
}

// HasReliable reports whether some table is tagged reliable.
func (s *Store) HasReliable() bool { return s.reliable }

// HasRewind reports whether some table is tagged rewind.
func (s *Store) HasRewind() bool { return len(s.rewinds) > 0 }

// TimersPending is the number of pending timers of the whole world.
func (s *Store) TimersPending() (n int) {
	for _, t := range s.timers {
		n += t.pending()
	}
	return n
}

// NextTimer is the tick at which the first pending timer is due, if there is one.
func (s *Store) NextTimer() (first tick.Tick, ok bool) {
	for _, t := range s.timers {
		if at, pending := t.first(); pending && (!ok || at < first) {
			first, ok = at, true
		}
	}
	return first, ok
}

// PublicHash is the hash of what a client holds that has the last tick's
// state: all public cells. A Mirror computes the same. It costs about as much
// as encoding the rows that changed since it was last asked for, so not every
// frame needs it.
func (s *Store) PublicHash() Hash {
	var h Hash
	for _, r := range s.public {
		h.add(r.grid.publicHash())
	}
	return h
}

// PublicHashOf is the public hash of some of the tables.
func (s *Store) PublicHashOf(tables Tables) (h Hash) {
	for _, r := range s.public {
		if tables.has(r.reliable) {
			h.add(r.grid.publicHash())
		}
	}
	return h
}

// FullHash is the hash of everything that decides the future, as of the last
// EndTick: exact cells, local ones too, free slots, timers, random numbers, tick.
func (s *Store) FullHash() Hash { return s.full }
