package records_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/tick"
)

func TestR3_1_OneSequenceNumberATransaction(t *testing.T) {
	kind := records.Define("board", BoardRoom())
	var out records.Outbox
	store := new(recordstest.Store)
	m, err := kind.Open(store, records.OpenOptions{Room: "board/x", Epoch: 1, Now: 1}, &out)
	if err != nil {
		t.Fatal(err)
	}
	store.Put(out.Puts)
	if m.Seq() != 1 {
		t.Fatalf("a new room is at %d", m.Seq())
	}
	out.Reset()
	m.Apply(2, &records.Attach{Conn: 1, User: records.User{ID: "root"}, ClientID: "c"}, &out)
	name, args, _ := m.EncodeArgs(Archive{List: "l"})
	out.Reset()
	m.Apply(3, &records.Mutate{Conn: 1, ID: 1, Name: name, Args: args}, &out)
	m.Apply(4, &records.Mutate{Conn: 1, ID: 2, Name: name, Args: []byte("nonsense")}, &out) // refused
	var got []string
	for _, p := range out.Puts {
		what := map[uint32]string{records.SpaceClients: "client", records.SpaceReceipts: "receipt", records.SpaceCounters: "counter"}[p.Space]
		if p.Space >= records.FirstCollection {
			what = "record"
		}
		got = append(got, fmt.Sprint(p.Seq, " ", what))
	}
	equal(t, "the journal gets", got, "2 record", "2 counter", "2 client", "2 receipt", "3 receipt")
	if len(out.Now) != 0 || m.Seq() != 3 {
		t.Errorf("it is at %d, and sends %v before anything is durable", m.Seq(), out.Now)
	}
}

func TestR3_2_NothingThatNamesTheStateLeavesBeforeItIsDurable(t *testing.T) {
	kind := records.Define("bank", BankRoom())
	var out records.Outbox
	m, err := kind.Open(new(recordstest.Store), records.OpenOptions{Room: "bank/x", Epoch: 1, Now: 1}, &out)
	if err != nil {
		t.Fatal(err)
	}
	answered := false
	for _, op := range []records.Op{
		&records.Transact{Do: func(w any, _ *records.Ctx) error { return w.(*Bank).Accounts.Put(Account{ID: 1, Balance: 9}) }, Done: func(records.Outcome, error) { answered = true }},
		&records.Attach{Conn: 1, User: records.User{ID: "ann"}, ClientID: "c"},
		&records.Subscribe{Conn: 1, ID: 1, Collection: "Accounts"},
		&records.Mutate{Conn: 1, ID: 1, Name: "Transfer", Args: []byte{0}},
		&records.Read{Operator: true, Collection: "Accounts", Query: query.All(), Done: func(records.Result, error) { answered = true }},
		&records.Invoke{Operator: true, Name: "Transfer", Args: []byte("{}"), Done: func(records.Receipt) { answered = true }},
	} {
		out.Reset()
		m.Apply(2, op, &out)
		if len(out.Now) != 0 || len(out.After) == 0 || answered {
			t.Errorf("%T sends %v at once, %v after, answered %v", op, out.Now, out.After, answered)
		}
	}
	out.Reset()
	m.Apply(3, &records.Subscribe{Conn: 1, ID: 2, Collection: "Nothing"}, &out)
	if len(out.Now) != 1 || out.Now[0].Code != schema.CodeNoSuchCollection {
		t.Errorf("an error that names no state waits: %v", out.Now)
	}
}

func TestR3_3_ThePositionIsStored(t *testing.T) {
	room := recordstest.New(t, BankRoom())
	room.Write(func(b *Bank, _ *records.Ctx) error { return b.Accounts.Put(Account{ID: 1}) })
	room.Write(func(b *Bank, _ *records.Ctx) error { b.Accounts.Delete(1); return nil })
	seq := room.Machine().Seq()
	room.Restart(0) // nothing is left of the records
	if ann := room.Join("ann"); ann.Opened.Seq != seq || ann.Cursor != seq {
		t.Errorf("the room is at %d after a restart, it was at %d", ann.Opened.Seq, seq)
	}
}

func TestR3_4_ReadsNameTheirSequence(t *testing.T) {
	room := bank(t)
	var got records.Result
	room.Do(&records.Read{Operator: true, Collection: "Accounts", Query: query.Where(query.Lt("ID", 3)).Take(2).Skip(1), Done: func(r records.Result, err error) { got = r }})
	if got.Seq != room.Machine().Seq() || len(got.Rows) != 2 {
		t.Errorf("read %d rows as of %d", len(got.Rows), got.Seq)
	}
	if _, err := room.Query("", "Accounts", query.Where(query.Eq("Nothing", 1))); code(err) != schema.CodeBadQuery {
		t.Errorf("a bad query: %v", err)
	}
	if _, err := room.Query("", "Nothing", query.All()); code(err) != schema.CodeNoSuchCollection {
		t.Errorf("an unknown collection: %v", err)
	}
}

func TestR3_5_AnotherEpochIsReset(t *testing.T) {
	room := board(t)
	ann := room.Join("ann")
	live := allTasks(ann)
	backup := room.Store().Clone()
	if err := ann.Create("Tasks", Task{ID: "a", List: "l", Title: "A"}); err != nil {
		t.Fatal(err)
	}
	ann.Reconnect()
	if ann.Resets() != 0 || len(live.Rows()) != 1 {
		t.Errorf("the same epoch: %d resets, %v", ann.Resets(), live.Rows())
	}
	room.Restore(backup)
	ann.Reconnect()
	if ann.Resets() != 1 || len(live.Rows()) != 0 {
		t.Errorf("after a restore: %d resets, %v", ann.Resets(), live.Rows())
	}
	if ann.Opened.Epoch != 2 || ann.Opened.Known {
		t.Errorf("the welcome is %+v", ann.Opened)
	}
}

func TestR4_1_ReceiptsComeAfterTheDeltas(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	for range 3 {
		recordstest.Subscribe[Account](ann, "Accounts", query.Where(query.Lt("ID", 2)))
	}
	ann.Trace()
	r := ann.Call(Transfer{0, 1, 1})
	equal(t, "ann got", ann.Trace(), "delta 1 change", "delta 1 change", "delta 2 change", "delta 2 change", "delta 3 change", "delta 3 change", "receipt 1")
	if ann.Cursor != r.Seq || r.Seq != room.Machine().Seq() {
		t.Errorf("the cursor is %d after the receipt of %d", ann.Cursor, r.Seq)
	}

	ann.Pause() // its deltas are buffered
	ann.Call(Transfer{0, 1, 1})
	ann.Call(Transfer{0, 1, 1})
	equal(t, "a paused connection got", ann.Trace())
	ann.Resume()
	got := ann.Trace()
	if last := got[len(got)-2:]; !slices.Equal(last, []string{"receipt 2", "receipt 3"}) || len(got) != 8 {
		t.Errorf("after the pause: %v", got)
	}
	if ann.Cursor != room.Machine().Seq() {
		t.Errorf("the cursor is %d of %d", ann.Cursor, room.Machine().Seq())
	}
}

func TestR4_1_ASubscriptionDoesNotOvertakeDeltas(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	recordstest.Subscribe[Account](ann, "Accounts", query.Where(query.Eq("ID", 0)))
	b := recordstest.Subscribe[Account](ann, "Accounts", query.Where(query.Eq("ID", 1)))
	ann.Pause()
	room.Write(func(w *Bank, _ *records.Ctx) error { return w.Accounts.Update(1, func(a *Account) { a.Balance = 5 }) })
	recordstest.Subscribe[Account](ann, "Accounts", query.Where(query.Eq("ID", 0)))
	ann.Trace()
	ann.Resume()
	got := ann.Trace()
	if slices.Index(got, "delta 2 change") > slices.Index(got, "delta 3 enter") || b.Rows()[0].Balance != 5 {
		t.Errorf("ann got %v, and sees %v", got, b.Rows())
	}
}

func TestR4_2_AWriteThatNobodyFollows(t *testing.T) {
	room := bank(t)
	ann := room.Join("ann")
	recordstest.Subscribe[Account](ann, "Accounts", query.Where(query.Eq("ID", 9)))
	ann.Trace()
	before := ann.Cursor
	r := ann.Call(Transfer{0, 1, 1})
	equal(t, "ann got", ann.Trace(), "receipt 1")
	if ann.Cursor != r.Seq || r.Seq != before+1 {
		t.Errorf("the cursor went from %d to %d, the receipt is of %d", before, ann.Cursor, r.Seq)
	}
}

func TestR4_1_TheCallersLastDeltaSaysThatItsReceiptFollows(t *testing.T) {
	kind := records.Define("bank", BankRoom())
	var out records.Outbox
	m, err := kind.Open(new(recordstest.Store), records.OpenOptions{Room: "bank/x", Epoch: 1, Now: 1}, &out)
	if err != nil {
		t.Fatal(err)
	}
	m.Apply(2, &records.Transact{Do: func(w any, _ *records.Ctx) error {
		return errors.Join(w.(*Bank).Accounts.Put(Account{ID: 1, Balance: 9}), w.(*Bank).Accounts.Put(Account{ID: 2, Balance: 9}))
	}, Done: func(records.Outcome, error) {}}, &out)
	for conn := records.Conn(1); conn <= 2; conn++ {
		m.Apply(2, &records.Attach{Conn: conn, User: records.User{ID: "ann"}, ClientID: fmt.Sprint(conn)}, &out)
		m.Apply(2, &records.Subscribe{Conn: conn, ID: 1, Collection: "Accounts"}, &out)
	}
	for i := range out.After {
		if s := &out.After[i]; s.Kind == records.SendStream {
			for last := false; !last; {
				_, _, last = s.Stream.Next(1 << 20)
			}
		}
	}
	name, args, _ := m.EncodeArgs(Transfer{1, 2, 3})
	out.Reset()
	m.Apply(3, &records.Mutate{Conn: 1, ID: 1, Name: name, Args: args}, &out)
	more := make(map[records.Conn]bool)
	for _, s := range out.After {
		if s.Kind == records.SendDelta {
			more[s.Conn] = s.Flags&schema.DeltaMore != 0
		}
	}
	if len(more) != 2 || !more[1] || more[2] {
		t.Errorf("more follows: %v", more)
	}
}

func TestR9_1_AQueryThatCannotBeIsAnErrorOfItsSubscription(t *testing.T) {
	room := board(t)
	ann := room.Join("ann")
	live := allTasks(ann)
	for id, bad := range map[uint32]string{
		101: `{"where":{"near":["Title","x"]}}`, 102: `{"where":{"eq":["Nothing",1]}}`, 103: `{`, 104: `{"where":{"eq":["Votes","many"]}}`,
	} {
		room.Do(&records.Subscribe{Conn: 1, ID: id, Collection: "Tasks", Query: []byte(bad)})
		if got := ann.Refusals(); len(got) != 1 || got[0].Code != schema.CodeBadQuery || got[0].ID != id {
			t.Errorf("%s: %v", bad, got)
		}
	}
	room.Do(&records.Subscribe{Conn: 1, ID: 9, Collection: "Tasks", Since: 1, Held: []byte("nonsense")})
	if got := ann.Refusals(); len(got) != 1 {
		t.Errorf("held keys that do not decode: %v", got)
	}
	room.Write(func(b *Board, _ *records.Ctx) error { return b.Tasks.Put(Task{ID: "a", Title: "A"}) })
	equal(t, "the other subscription goes on", titles(live), "A")
}

func TestR9_3_ATopOfFifty(t *testing.T) {
	const tasks, limit, updates = 5000, 50, 400
	room := board(t)
	room.Write(func(b *Board, _ *records.Ctx) error {
		for i := range tasks {
			if err := b.Tasks.Put(Task{ID: fmt.Sprintf("%04d", i), Votes: i % 100}); err != nil {
				return err
			}
		}
		return nil
	})
	q := query.All().By("Votes", query.Desc).By("ID").Take(limit)
	live := recordstest.Subscribe[Task](room.Join("root"), "Tasks", q)
	r := tick.NewRand(1)
	for range updates {
		var want []string
		room.Write(func(b *Board, _ *records.Ctx) error {
			id := fmt.Sprintf("%04d", r.IntN(tasks))
			if r.IntN(4) == 0 {
				for id = range b.Tasks.Where(q.Take(1)) { // the top
				}
				b.Tasks.Delete(id)
			} else if err := b.Tasks.Put(Task{ID: id, Votes: r.IntN(110)}); err != nil {
				return err
			}
			for id := range b.Tasks.Where(q) {
				want = append(want, id)
			}
			return nil
		})
		var got []string
		for _, task := range live.Rows() {
			got = append(got, task.ID)
		}
		equal(t, "the top", got, want...)
	}
	if live.Most() > limit+1 {
		t.Errorf("the client held %d", live.Most())
	}
}

func TestR11_2_CatchUpSendsTheDifference(t *testing.T) {
	room := board(t)
	for i := range 5 {
		room.Write(func(b *Board, _ *records.Ctx) error {
			return b.Tasks.Put(Task{ID: string(rune('a' + i)), Title: "old"})
		})
	}
	ann := room.Join("ann")
	live := allTasks(ann)
	ann.Disconnect()
	room.Write(func(b *Board, _ *records.Ctx) error {
		b.Tasks.Delete("a")
		b.Tasks.Delete("b")
		return errors.Join(b.Tasks.Put(Task{ID: "b", Title: "again"}), b.Tasks.Put(Task{ID: "f", Title: "new"}))
	})
	ann.Trace()
	ann.Reconnect()
	got := ann.Trace()
	slices.Sort(got)
	equal(t, "ann got", got, "delta 1 enter", "delta 1 enter", "delta 1 leave", "opened as editor")
	equal(t, "ann sees", titles(live), "again", "old", "old", "old", "new")
	if ann.Resets() != 0 {
		t.Error("it was reset")
	}
}

func TestR11_2_BelowTheFloorIsASnapshot(t *testing.T) {
	room := board(t)
	for i := range 5 {
		room.Write(func(b *Board, _ *records.Ctx) error { return b.Tasks.Put(Task{ID: string(rune('a' + i))}) })
	}
	seq := room.Machine().Seq() - 2 // what the client holds is as of this
	for _, test := range []struct {
		floor    uint64
		snapshot bool
	}{{seq - 1, false}, {seq, false}, {seq + 1, false}, {seq + 2, true}} {
		room.Do(&records.Detach{Conn: 1})
		var out records.Outbox
		room.Machine().Apply(1, &records.Attach{Conn: 1, User: records.User{ID: "ann"}, Epoch: 1, Cursor: seq}, &out)
		out.Reset()
		room.Machine().Apply(1, &records.Subscribe{Conn: 1, ID: 1, Collection: "Tasks", Since: seq, Floor: test.floor}, &out)
		snapshot := false
		for _, s := range out.After {
			flags := s.Flags
			if s.Kind == records.SendStream {
				_, flags, _ = s.Stream.Next(1 << 20)
			}
			snapshot = snapshot || flags&schema.DeltaSnapshot != 0
		}
		if snapshot != test.snapshot {
			t.Errorf("since %d with the floor at %d: snapshot is %v", seq, test.floor, snapshot)
		}
	}
}

func TestR11_3_CatchUpLeaksNoKeys(t *testing.T) {
	room := board(t)
	room.Write(func(b *Board, _ *records.Ctx) error { return b.Notes.Put(Note{ID: "secret", Owner: "bob"}) })
	ann := room.Join("ann")
	since := room.Machine().Seq()
	room.Write(func(b *Board, _ *records.Ctx) error { b.Notes.Delete("secret"); return nil })
	ann.Trace()
	room.Do(&records.Subscribe{Conn: 1, ID: 1, Collection: "Notes", Since: since})
	equal(t, "ann, who did not hold it, got", ann.Trace())
}
