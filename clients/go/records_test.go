package client

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// all is the whole collection by creation of the test: keys rise.
func all() query.Query { return query.All().By("ID") }

func TestR8_1_MilkEggsBread(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, id := s.follow(items, query.All().By("Votes"), 1) // Votes stand for the place in the list
		place := func(l *Local) int {
			n := 0
			for _, key := range []string{"m", "e", "b"} {
				if _, ok := items.In(l).Get(key); ok {
					n++
				}
			}
			return n
		}
		appendItem, err := Mutation(r, func(l *Local, v vote) error {
			names := map[string]string{"m": "milk", "b": "bread"}
			return items.In(l).Put(item{ID: v.Item, Title: names[v.Item], Votes: place(l)})
		})
		if err != nil {
			t.Fatal(err)
		}
		var sent []*Pending
		for _, key := range []string{"m", "b"} {
			p, err := r.Durable(appendItem(vote{key}))
			if err != nil {
				t.Fatal(err)
			}
			sent = append(sent, p)
		}
		s.want("at once", titles(live), "milk", "bread")
		s.mutated()
		s.mutated()
		s.delta(id, 2, 2, schema.DeltaMore, s.entering(item{ID: "m", Title: "milk", Votes: 0}))
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 2})
		s.want("milk confirmed", titles(live), "milk", "bread")
		s.delta(id, 3, 3, 0, s.entering(item{ID: "e", Title: "eggs", Votes: 1}))
		s.want("eggs came", titles(live), "milk", "eggs", "bread")
		s.delta(id, 4, 4, schema.DeltaMore, s.entering(item{ID: "b", Title: "bread", Votes: 2}))
		s.receipt(schema.ReceiptInfo{Mutation: 2, Seq: 4})
		s.want("all confirmed", titles(live), "milk", "eggs", "bread")
		for _, p := range sent {
			if _, err := p.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestR4_2_ReceiptAloneMovesTheCursor(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{Seq: 3})
		items := s.items(r, "Items")
		s.follow(items, query.Where(query.Eq("List", "inbox")), 3)
		p, _ := r.Send(items.Create(item{ID: "a", List: "other"}))
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 4})
		if got, err := p.Wait(t.Context()); err != nil || got.Seq != 4 || r.Cursor() != 4 {
			t.Errorf("%+v, %v, cursor %d", got, err, r.Cursor())
		}
		s.hangUp()
		s.again()
		if open := s.opening(schema.OpenedInfo{Known: true, Last: 1, Seq: 4}); open.Cursor() != 4 {
			t.Errorf("came back with cursor %d", open.Cursor())
		}
		if sub := s.subscribed(); sub.Since() != 4 {
			t.Errorf("asks since %d", sub.Since())
		}
	})
}

// Deltas of one step are applied together, and so is all that a return brings.
func TestR4_1_StepsAreAppliedAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items, others := s.items(r, "Items"), s.items(r, "Others")
		a, idA := s.follow(items, all(), 1)
		b, idB := s.follow(others, all(), 1)
		s.delta(idA, 2, 2, schema.DeltaMore, s.entering(item{ID: "a", Title: "a2"}))
		s.want("half a step", titles(a))
		s.delta(idB, 2, 2, 0, s.entering(item{ID: "a", Title: "b2"}))
		s.want("the step", append(titles(a), titles(b)...), "a2", "b2")
		s.hangUp()
		s.again()
		s.opening(schema.OpenedInfo{Known: true, Seq: 5})
		s.subscribed()
		s.subscribed()
		s.delta(idA, 3, 5, 0, s.changing(item{ID: "a", Title: "a5"}))
		s.want("half a return", append(titles(a), titles(b)...), "a2", "b2")
		if r.Cursor() != 2 {
			t.Errorf("cursor %d before all queries are at 5", r.Cursor())
		}
		s.delta(idB, 3, 5, 0, s.changing(item{ID: "a", Title: "b5"}))
		s.want("the return", append(titles(a), titles(b)...), "a5", "b5")
		if r.Cursor() != 5 {
			t.Errorf("cursor %d", r.Cursor())
		}
	})
}

func TestR8_3_GapPullsOldIsIgnored(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, id := s.follow(items, all(), 5, item{ID: "a", Title: "a5"})
		p, _ := r.Send(items.Put(item{ID: "z", List: "x"}))
		s.mutated()
		s.delta(id, 3, 4, schema.DeltaMore, s.changing(item{ID: "a", Title: "a4"}))
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 5})
		if live.Rows()[0].Title != "a5" {
			t.Errorf("an old delta was applied: %+v", live.Rows())
		}
		if _, err := p.Wait(t.Context()); err != nil {
			t.Errorf("the confirmation of an old delta: %v", err)
		}
		s.delta(id, 8, 8, 0, s.changing(item{ID: "a", Title: "a8"}))
		if live.Rows()[0].Title != "a5" {
			t.Errorf("a delta after a gap was applied: %+v", live.Rows())
		}
		if _, body := s.next(schema.KindUnsubscribe); fb.GetRootAsUnsubscribe(body, 0).Id() != id {
			t.Error("the old subscription goes on")
		}
		sub := s.subscribed()
		if sub.Id() == id || sub.Since() != 5 {
			t.Errorf("pulls %d since %d", sub.Id(), sub.Since())
		}
		s.delta(id, 9, 9, 0, s.leaving("a"))
		s.delta(sub.Id(), 6, 9, 0, s.changing(item{ID: "a", Title: "a9"}))
		s.want("after the pull", titles(live), "a9")
	})
}

func TestR9_4_GrowingSendsTheDifference(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, id := s.follow(items, all().Take(2), 1, item{ID: "a", Title: "a"}, item{ID: "b", Title: "b"})
		if err := live.Query(all().Take(3)); err != nil {
			t.Fatal(err)
		}
		s.want("while it grows", titles(live), "a", "b")
		if sub := s.subscribed(); sub.Id() != id || sub.Since() != 1 {
			t.Errorf("asks %d since %d", sub.Id(), sub.Since())
		}
		s.delta(id, 2, 2, 0, s.leaving("a")) // a delete lands while paging
		s.delta(id, 3, 2, 0, s.entering(item{ID: "c", Title: "c"}, item{ID: "d", Title: "d"}))
		s.want("grown", titles(live), "b", "c", "d")
		if err := live.Query(all().Take(2).Skip(1)); err != nil {
			t.Fatal(err)
		}
		s.subscribed()
		s.delta(id, 3, 2, schema.DeltaMore, s.leaving("b"))
		s.delta(id, 3, 2, 0, nil)
		s.want("scrolled", titles(live), "c", "d")
		live.Close()
		if _, body := s.next(schema.KindUnsubscribe); fb.GetRootAsUnsubscribe(body, 0).Id() != id {
			t.Error("another subscription was ended")
		}
	})
}

// An error is the subscription's own, and hangs nobody.
func TestR9_1_RefusedSubscriptions(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		if _, err := items.Subscribe(query.Where(query.Eq("Nope", 1))); !errors.Is(err, &schema.Error{Code: schema.CodeBadQuery}) {
			t.Errorf("an unknown field: %v", err)
		}
		good, goodID := s.follow(items, all(), 1)
		bad, err := items.Subscribe(all())
		if err != nil {
			t.Fatal(err)
		}
		id := s.subscribed().Id()
		s.conn.send(schema.KindError, 0, s.conn.handle, s.conn.builder.Error(&schema.Error{Code: schema.CodeTooManySubscriptions, Request: id, Message: "enough"}))
		if err := bad.Ready(t.Context()); !errors.Is(err, &schema.Error{Code: schema.CodeTooManySubscriptions}) {
			t.Errorf("ready with %v", err)
		}
		s.delta(goodID, 2, 2, 0, s.entering(item{ID: "a", Title: "a"}))
		s.want("the other", titles(good), "a")
	})
}

func TestR11_2_ResetWithoutAFlash(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, id := s.follow(items, all(), 9, item{ID: "a", Title: "a"}, item{ID: "b", Title: "b"})
		var steps []string
		live.OnChange(func(c Change[item]) {
			steps = append(steps, fmt.Sprintf("+%d ~%d -%d", len(c.Entered), len(c.Changed), len(c.Left)))
		})
		s.hangUp()
		s.again()
		s.opening(schema.OpenedInfo{Epoch: 8, Seq: 3})
		if sub := s.subscribed(); sub.Since() != 0 || len(sub.HeldBytes()) != 0 {
			t.Errorf("asks another epoch since %d", sub.Since())
		}
		s.conn.send(schema.KindReset, 0, s.conn.handle, s.conn.builder.Reset(8, 0, "restored"))
		s.want("before the snapshot", titles(live), "a", "b")
		s.delta(id, 0, 3, schema.DeltaSnapshot|schema.DeltaPart, s.entering(item{ID: "b", Title: "b"}))
		s.want("half a snapshot", titles(live), "a", "b")
		s.delta(id, 0, 3, schema.DeltaSnapshot, s.entering(item{ID: "c", Title: "c"}))
		s.want("the snapshot", titles(live), "b", "c")
		s.want("in steps", steps, "+1 ~0 -1")
		if r.Cursor() != 3 {
			t.Errorf("cursor %d", r.Cursor())
		}
		s.delta(id, 0, 4, schema.DeltaSnapshot, nil)
		s.want("an empty snapshot", titles(live))
	})
}

func TestR14_1_RoomsAreApart(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		c := s.connect(Options{})
		r := s.enter(c, RecordsOptions{}, schema.OpenedInfo{})
		first := s.conn.handle
		denied := make(chan error, 1)
		go func() {
			_, err := c.OpenRecords(t.Context(), "board/secret", RecordsOptions{})
			denied <- err
		}()
		_, body := s.next(schema.KindOpen)
		s.conn.send(schema.KindError, 0, 0, s.conn.builder.Error(&schema.Error{Code: schema.CodeForbidden, Request: fb.GetRootAsOpen(body, 0).Request(), Message: "not you"}))
		if err := <-denied; !errors.Is(err, &schema.Error{Code: schema.CodeForbidden}) {
			t.Errorf("denied with %v", err)
		}
		other := s.enter(c, RecordsOptions{}, schema.OpenedInfo{Epoch: 70, Seq: 50})
		live, id := s.follow(s.items(other, "Items"), all(), 50, item{ID: "a", Title: "a"})
		if r.Cursor() != 0 || other.Cursor() != 50 || r.Status() != RecordsOpen {
			t.Errorf("cursors %d and %d", r.Cursor(), other.Cursor())
		}
		s.conn.send(schema.KindDelta, 0, first, s.conn.builder.Delta(id, 1, 99, s.leaving("a")))
		s.want("the other room", titles(live), "a")
		_ = r.Close()
		if head, _ := s.next(schema.KindLeave); head.Handle != first {
			t.Errorf("left %d", head.Handle)
		}
		if _, err := r.Send(Write{}); !errors.Is(err, ErrNotConnected) {
			t.Errorf("a write after the end: %v", err)
		}
	})
}

// A room that is overloaded opens later, by itself.
func TestR14_1_AnOverloadedRoomIsAskedAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		var states []RecordStatus
		r.OnStatus(func(st RecordStatus) { states = append(states, st) })
		s.conn.send(schema.KindLeft, 0, s.conn.handle, s.conn.builder.Left(schema.CodeStoreFailed, "the disk"))
		synctest.Wait()
		time.Sleep(time.Minute)
		s.opening(schema.OpenedInfo{Known: true})
		if r.Status() != RecordsOpen || len(states) != 2 || states[0] != RecordsOffline {
			t.Errorf("states %v", states)
		}
		s.conn.send(schema.KindLeft, 0, s.conn.handle, s.conn.builder.Left(schema.CodeForbidden, "no more"))
		<-r.Gone()
		if !errors.Is(r.Err(), &schema.Error{Code: schema.CodeForbidden}) {
			t.Error(r.Err())
		}
	})
}
