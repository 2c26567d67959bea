package client

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/value"
)

// liveQuery is a live query without its row type: which confirmed rows the
// server says it has, and the window that these and pending writes make.
// RecordRoom.mu guards it.
type liveQuery struct {
	collection string
	decode     func(value.Row) (any, error)
	changed    func(*queryStep, func(func()))

	id       uint32
	q        query.Query
	bound    *query.Bound
	members  map[value.Key]*heldRow
	at       uint64                  // members are as of this sequence
	fresh    map[value.Key]value.Row // of a snapshot of which parts are missing; nil: there is none
	awaiting bool                    // the server has not answered since the room was opened
	stale    bool                    // entries are to be replaced as a whole: leave them alone until then
	capped   bool
	closed   bool
	err      error
	answered chan struct{} // closed at the answer

	entries []*queryEntry // by sort
	byKey   map[value.Key]*queryEntry
	gone    int // entries that are no longer in byKey
	added   []*queryEntry
	step    queryStep
}

// queryEntry is a row that matches.
type queryEntry struct {
	key    value.Key
	sort   string
	row    value.Row
	record any  // decoded, a pointer
	own    bool // a pending write wrote it, and the server has not said that it is in the result
	shown  bool // in the window
	gone   bool
	moved  bool // sort is of another query
}

// queryStep is what a step did to the window.
type queryStep struct {
	entered, left []*queryEntry
	altered       [][2]*queryEntry
	replaced      map[value.Key]*queryEntry // entries that update took out
}

// rebind fits the query to its collection in a schema.
func (q *liveQuery) rebind(t *replicaTable) error {
	b, err := q.q.Bind(t.c)
	if err != nil {
		return err
	}
	q.bound = b
	return nil
}

// reorder sorts all entries anew, for another query.
func (q *liveQuery) reorder(t *replicaTable) {
	for _, e := range q.entries {
		t.touched[e.key] = struct{}{}
		e.moved = true // update makes it anew
	}
	for key := range q.members {
		t.touched[key] = struct{}{}
	}
	for key := range t.own {
		t.touched[key] = struct{}{}
	}
}

// update brings the entries of the keys that were touched up to date.
func (q *liveQuery) update(t *replicaTable) {
	if q.stale || q.closed || q.bound == nil {
		return
	}
	for key := range t.touched {
		row, own := t.own[key]
		held := q.members[key]
		if !own && held != nil {
			row = held.row
		}
		old := q.byKey[key]
		if row != nil && !q.bound.Match(row) {
			row = nil
		}
		switch {
		case old == nil && row == nil:
			continue
		case old != nil && row != nil && old.own == (held == nil) && !old.moved && bytes.Equal(old.row, row):
			continue
		}
		if old != nil {
			q.take(old)
		}
		if row != nil {
			q.put(key, row, held == nil)
		}
	}
	q.arrange()
}

// take removes an entry.
func (q *liveQuery) take(e *queryEntry) {
	delete(q.byKey, e.key)
	e.gone = true
	q.gone++
	if q.step.replaced == nil {
		q.step.replaced = make(map[value.Key]*queryEntry)
	}
	q.step.replaced[e.key] = e
}

// put adds an entry; a row that cannot be decoded is not shown.
func (q *liveQuery) put(key value.Key, row value.Row, own bool) {
	record, err := q.decode(row)
	if err != nil {
		return
	}
	e := &queryEntry{key: key, row: row, record: record, own: own, sort: string(q.bound.AppendSortKey(nil, row))}
	q.byKey[key] = e
	q.added = append(q.added, e)
}

const fewEntries = 8 // are put in place one by one

// arrange puts the entries in order again.
func (q *liveQuery) arrange() {
	bySort := func(a, b *queryEntry) int { return cmp.Compare(a.sort, b.sort) }
	if q.gone+len(q.added) <= fewEntries {
		for _, e := range q.step.replaced {
			if i, ok := slices.BinarySearchFunc(q.entries, e, bySort); ok && q.entries[i] == e {
				q.entries = slices.Delete(q.entries, i, i+1)
				q.gone--
			}
		}
		for _, e := range q.added {
			i, _ := slices.BinarySearchFunc(q.entries, e, bySort)
			q.entries = slices.Insert(q.entries, i, e)
		}
		q.added = q.added[:0]
	}
	if q.gone > 0 {
		q.entries = slices.DeleteFunc(q.entries, func(e *queryEntry) bool { return e.gone })
		q.gone = 0
	}
	if len(q.added) > 0 {
		q.entries = append(q.entries, q.added...)
		slices.SortFunc(q.entries, bySort)
		q.added = q.added[:0]
	}
}

// window is the range of entries that is shown. Of a page that begins at an
// offset, rows of its own that sort before all confirmed ones belong to an
// earlier page.
func (q *liveQuery) window() (from, to int) {
	if q.bound == nil {
		return 0, 0
	}
	to = len(q.entries)
	if q.bound.Offset > 0 {
		for from < to && q.entries[from].own {
			from++
		}
	}
	if q.bound.Limit >= 0 {
		to = min(to, from+q.bound.Limit)
	}
	return from, to
}

// shown are the entries in the window.
func (q *liveQuery) shown() []*queryEntry {
	from, to := q.window()
	return q.entries[from:to]
}

// settle finds out what the step did to the window, and tells it.
func (q *liveQuery) settle(notify func(func())) {
	from, to := q.window()
	for i, e := range q.entries {
		in := from <= i && i < to
		if in == e.shown {
			continue
		}
		e.shown = in
		old := q.step.replaced[e.key]
		switch {
		case !in:
			q.step.left = append(q.step.left, e)
		case old == nil || !old.shown:
			q.step.entered = append(q.step.entered, e)
		default:
			old.shown = false // it has not left
			if !bytes.Equal(old.row, e.row) {
				q.step.altered = append(q.step.altered, [2]*queryEntry{old, e})
			}
		}
	}
	for _, old := range q.step.replaced {
		if old.shown {
			q.step.left = append(q.step.left, old)
		}
	}
	slices.SortFunc(q.step.left, func(a, b *queryEntry) int { return cmp.Compare(a.sort, b.sort) })
	if s := &q.step; len(s.entered)+len(s.left)+len(s.altered) > 0 {
		q.changed(s, notify)
	}
	q.step = queryStep{}
}

// heldKeys are the keys of the members as a Subscribe carries them.
func (q *liveQuery) heldKeys() []byte {
	var held []byte
	for key := range q.members {
		held = value.AppendHeld(held, key)
	}
	return held
}

// answer lets those go on who wait for the server's answer.
func (q *liveQuery) answer() {
	select {
	case <-q.answered:
	default:
		close(q.answered)
	}
}

// unanswered makes them wait.
func (q *liveQuery) unanswered() {
	if q.answered == nil {
		q.answered = make(chan struct{})
		return
	}
	select {
	case <-q.answered:
		q.answered = make(chan struct{})
	default: // those who wait for the last one wait for this one too
	}
}
