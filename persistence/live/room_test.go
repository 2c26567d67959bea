package live

import (
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/table"
	"github.com/parlor-server/parlor/persistence/value"
)

// Fields of the tests' collection.
const (
	fieldID = iota + 3
	fieldList
	fieldVotes
	fieldDue
	fieldOwner
	fieldPublic
)

// board describes a collection with a visibility field, an optional field, and
// any of three indexes; and one of events.
func board(indexes ...string) *value.Schema {
	items := value.Collection{
		Name: "Items",
		Fields: append(value.Envelope(),
			value.Field{Name: "ID", Kind: value.String},
			value.Field{Name: "List", Kind: value.String},
			value.Field{Name: "Votes", Kind: value.Int32},
			value.Field{Name: "Due", Kind: value.Int64, Optional: true},
			value.Field{Name: "Owner", Kind: value.String},
			value.Field{Name: "Public", Kind: value.Bool}),
		Key: fieldID,
	}
	for _, name := range indexes {
		fields := map[string][]int{"list": {fieldList}, "votes": {fieldVotes}, "listVotes": {fieldList, fieldVotes}}
		items.Indexes = append(items.Indexes, value.Index{Name: name, Fields: fields[name]})
	}
	events := value.Collection{
		Name:   "Pings",
		Fields: append(value.Envelope(), value.Field{Name: "List", Kind: value.String}, value.Field{Name: "Owner", Kind: value.String}),
		Key:    -1, Event: true,
	}
	return &value.Schema{Version: 1, Collections: []value.Collection{items, events}}
}

// item is one row of the collection.
type item struct {
	id, list string
	votes    int64
	due      int64 // < 0: null
	owner    string
	public   bool
}

func (i item) row(c *value.Collection) value.Row {
	due := value.Null()
	if i.due >= 0 {
		due = value.OfInt(i.due)
	}
	row, err := c.Make([]value.Value{
		value.OfString(i.owner), value.OfMicros(1), value.OfMicros(1), value.OfString(i.id), value.OfString(i.list),
		value.OfInt(i.votes), due, value.OfString(i.owner), value.OfBool(i.public),
	})
	if err != nil {
		panic(err)
	}
	return row
}

func drawItem(t *rapid.T) item {
	return item{
		id:     rapid.StringMatching("[a-d][a-f]").Draw(t, "id"),
		list:   rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "list"),
		votes:  rapid.Int64Range(0, 4).Draw(t, "votes"),
		due:    rapid.Int64Range(-1, 2).Draw(t, "due"),
		owner:  rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "owner"),
		public: rapid.Bool().Draw(t, "public"),
	}
}

func drawCond(t *rapid.T, depth int) query.Cond {
	n := rapid.IntRange(0, 9).Draw(t, "cond")
	if depth == 0 {
		n %= 7
	}
	votes := rapid.Int64Range(0, 4).Draw(t, "than")
	switch n {
	case 0, 1:
		return query.Eq("List", rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "eq"))
	case 2:
		return query.Gt("Votes", votes)
	case 3:
		return query.Lte("Votes", votes)
	case 4:
		return query.In("List", "x", "")
	case 5:
		return query.IsNull("Due")
	case 6:
		return query.Ne("Due", 1)
	case 7:
		return query.And(drawCond(t, depth-1), drawCond(t, depth-1))
	case 8:
		return query.Or(drawCond(t, depth-1), drawCond(t, depth-1))
	}
	return query.Not(drawCond(t, depth-1))
}

func drawQuery(t *rapid.T, c *value.Collection) *query.Bound {
	q := query.All()
	if rapid.Bool().Draw(t, "where") {
		q = query.Where(drawCond(t, 2))
	}
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		field := rapid.SampledFrom([]string{"Votes", "List", "Due", "ID"}).Draw(t, "by")
		if slices.ContainsFunc(q.OrderBy, func(o query.Order) bool { return o.Field == field }) {
			continue
		}
		var how []query.Direction
		if rapid.Bool().Draw(t, "desc") {
			how = append(how, query.Desc)
		}
		if rapid.Bool().Draw(t, "nulls") {
			how = append(how, query.NullsFirst)
		}
		q = q.By(field, how...)
	}
	if rapid.IntRange(0, 2).Draw(t, "limited") > 0 {
		q = q.Take(rapid.IntRange(0, 5).Draw(t, "limit"))
	}
	if rapid.IntRange(0, 3).Draw(t, "paged") == 0 {
		q = q.Skip(rapid.IntRange(0, 4).Draw(t, "offset"))
	}
	b, err := q.Bind(c)
	if err != nil {
		t.Fatalf("bind %s: %v", q.Encode(), err)
	}
	return b
}

// role is a reader of the tests: "all", "none", "own:USER", or "seen:USER" for
// public rows and one's own.
type role struct {
	name       string
	collection *value.Collection
}

func (r role) Class(int) string { return r.name }

func (r role) CanRead(table int, row value.Row) bool {
	kind, user, _ := strings.Cut(r.name, ":")
	if table == 1 {
		return kind != "none"
	}
	own := r.collection.Get(row, fieldOwner).Text() == user
	switch kind {
	case "all":
		return true
	case "own":
		return own
	case "seen":
		return own || r.collection.Get(row, fieldPublic).Bool()
	}
	return false
}

// naive computes a query's result from all rows, the slow way.
func naive(rows map[value.Key]value.Row, b *query.Bound, r Reader) []value.Key {
	type member struct {
		key  value.Key
		row  value.Row
		sort string
	}
	var all []member
	sort := func() {
		slices.SortFunc(all, func(x, y member) int { return strings.Compare(x.sort, y.sort) })
	}
	for key, row := range rows {
		if b.Match(row) && r.CanRead(0, row) {
			all = append(all, member{key, row, string(b.AppendSortKey(nil, row))})
		}
		if b.Limit >= 0 && len(all) > b.Offset+b.Limit+500 { // for speed: these are out already
			sort()
			all = all[:b.Offset+b.Limit]
		}
	}
	sort()
	if len(all) < 100 && !slices.IsSortedFunc(all, func(x, y member) int { return b.Compare(x.row, y.row) }) {
		panic("sort keys and Compare disagree")
	}
	all = all[min(b.Offset, len(all)):]
	if b.Limit >= 0 {
		all = all[:min(b.Limit, len(all))]
	}
	keys := make([]value.Key, 0, len(all))
	for _, m := range all {
		keys = append(keys, m.key)
	}
	return keys
}

// room is a hub with its tables, and what they held after each transaction.
type room struct {
	tb      rapid.TB
	set     *table.Set
	hub     *Hub
	items   *value.Collection
	seq     uint64
	history []map[value.Key]value.Row // by sequence
	clients map[Conn]*client
	steps   []string
	results map[result][]value.Key // that were computed
}

// result names one computation.
type result struct {
	seq   uint64
	query string
	role  string
}

// result computes what a query gives as of a sequence.
func (r *room) result(seq uint64, b *query.Bound, role string) []value.Key {
	name := result{seq, string(b.Query().Encode()), role}
	keys, ok := r.results[name]
	if !ok {
		keys = naive(r.history[seq], b, r.reader(role))
		r.results[name] = keys
	}
	return slices.Clone(keys)
}

func newRoom(tb rapid.TB, l Limits, indexes ...string) *room {
	s := board(indexes...)
	set := table.NewSet(s)
	return &room{
		tb: tb, set: set, hub: New(set, 0, l), items: &s.Collections[0],
		history: []map[value.Key]value.Row{{}}, clients: map[Conn]*client{},
		results: map[result][]value.Key{},
	}
}

// write runs one transaction; regrant may give connections other readers in it.
func (r *room) write(write func(tx *table.Tx), regrant func(), events ...Event) {
	r.seq++
	tx := r.set.Begin(r.seq)
	write(tx)
	changes := tx.Commit()
	rows := maps.Clone(r.history[len(r.history)-1])
	for _, c := range changes {
		if c.New == nil {
			delete(rows, c.Key)
		} else {
			rows[c.Key] = c.New.Row
		}
	}
	r.history = append(r.history, rows)
	if regrant != nil {
		regrant()
	}
	r.hub.Apply(r.seq, changes, events, r)
}

// put writes items in one transaction.
func (r *room) put(items ...item) {
	r.write(func(tx *table.Tx) {
		for _, i := range items {
			if err := tx.Put(0, i.row(r.items)); err != nil {
				r.tb.Fatalf("put: %v", err)
			}
		}
	}, nil)
}

// remove deletes items in one transaction.
func (r *room) remove(ids ...string) {
	r.write(func(tx *table.Tx) {
		for _, id := range ids {
			tx.Delete(0, key(id))
		}
	}, nil)
}

func key(id string) value.Key { return value.Key(value.AppendKeyValue(nil, value.OfString(id))) }

func (r *room) reader(name string) Reader { return role{name, r.items} }

func (r *room) bind(q query.Query) *query.Bound {
	b, err := q.Bind(r.items)
	if err != nil {
		r.tb.Fatalf("bind: %v", err)
	}
	return b
}

// Delta and Stream make the room the Out of its hub: what it says is queued for
// the client, with what should be true once it has it.
func (r *room) Delta(c Conn, id uint32, from, seq uint64, flags uint8, payload []byte) {
	r.clients[c].enqueue(parcelOf{id: id, from: from, seq: seq, flags: flags, payload: payload})
}

func (r *room) Stream(c Conn, id uint32, s *Snapshot) {
	r.clients[c].enqueue(parcelOf{id: id, from: s.From, seq: s.Seq, stream: s})
}
