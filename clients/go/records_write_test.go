package client

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// A prediction that fails is not shown, and its write stays pending.
func TestR8_1_ThrowingMutatorIsSkipped(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, id := s.follow(items, all(), 1, item{ID: "a", Title: "a"})
		voteFor, err := Mutation(r, func(l *Local, v vote) error {
			had, err := items.In(l).Update(v.Item, func(i *item) { i.Title += "!" })
			if !had {
				_ = items.In(l).Put(item{ID: "ghost", Title: "ghost"})
				panic("no " + v.Item)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := r.Durable(voteFor(vote{"a"}))
		q, _ := r.Durable(voteFor(vote{"b"}))
		s.want("predicted", titles(live), "a!")
		s.mutated()
		s.mutated()
		s.delta(id, 2, 2, 0, s.leaving("a"))
		s.want("a is gone", titles(live))
		s.delta(id, 3, 3, 0, s.entering(item{ID: "b", Title: "b"}))
		s.want("b came", titles(live), "b!")
		if r.Queued() != 2 || p.Err() != nil || q.Err() != nil {
			t.Error("a write whose prediction failed is no longer pending")
		}
	})
}

// What a mutation was predicted to do and what it did are exchanged at once.
func TestR5_2_NoFlash(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, id := s.follow(items, all(), 1, item{ID: "a", Votes: 1})
		var seen []int
		live.OnChange(func(c Change[item]) {
			for _, ch := range c.Changed {
				seen = append(seen, ch.After.Votes)
			}
			if len(c.Left)+len(c.Entered) > 0 {
				t.Errorf("flash: %+v", c)
			}
		})
		voteFor, err := Mutation(r, func(l *Local, v vote) error {
			_, err := items.In(l).Update(v.Item, func(i *item) { i.Votes++ })
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		p, _ := r.Durable(voteFor(vote{"a"}))
		s.mutated()
		s.hangUp() // after the commit, before the receipt
		s.again()
		open := s.opening(schema.OpenedInfo{Known: true, Last: 1, Seq: 2})
		if open.Cursor() != 1 || open.Epoch() != 7 {
			t.Errorf("came back with cursor %d, epoch %d", open.Cursor(), open.Epoch())
		}
		if sub := s.subscribed(); sub.Since() != 1 || len(sub.HeldBytes()) == 0 {
			t.Errorf("asks since %d", sub.Since())
		}
		if m := s.mutated(); m.Id() != 1 {
			t.Errorf("pushed %d again", m.Id())
		}
		s.delta(id, 2, 2, 0, s.changing(item{ID: "a", Votes: 2}))
		if live.Rows()[0].Votes != 2 || p.Err() != nil {
			t.Errorf("%+v", live.Rows())
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 2})
		if got, err := p.Wait(t.Context()); err != nil || got.Seq != 2 {
			t.Errorf("resolved with %+v, %v", got, err)
		}
		for _, v := range seen {
			if v != 2 {
				t.Errorf("votes went through %v", seen)
			}
		}
	})
}

func TestR5_1_Confirmed(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		ends := make(chan error, 1)
		call := func() {
			go func() {
				_, err := r.Call(t.Context(), items.Create(item{ID: NewID()}))
				ends <- err
			}()
			synctest.Wait()
		}
		call()
		if m := s.mutated(); m.Id() != 1 {
			t.Errorf("ID %d", m.Id())
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		if err := <-ends; err != nil {
			t.Error(err)
		}
		call()
		s.mutated()
		began := time.Now()
		if err := <-ends; err == nil || err.Error() != "Mutation confirmation timed out" || time.Since(began) != 10*time.Second {
			t.Errorf("without a receipt: %v after %v", err, time.Since(began))
		}
		call()
		s.mutated()
		s.mu.Lock()
		s.down = true
		s.mu.Unlock()
		s.hangUp()
		if err := <-ends; err == nil || err.Error() != "WebSocket disconnected" {
			t.Errorf("in flight: %v", err)
		}
		call()
		if err := <-ends; err == nil || err.Error() != "WebSocket not connected" {
			t.Errorf("offline: %v", err)
		}
		if err := r.Fire(items.Create(item{ID: "x"})); err != nil {
			t.Errorf("fire offline: %v", err)
		}
		s.mu.Lock()
		s.down = false
		s.mu.Unlock()
		s.again()
		s.opening(schema.OpenedInfo{Known: true, Last: 2, Seq: 2}) // the third was never seen
		if m := s.mutated(); m.Id() != 3 || !m.Void() {
			t.Errorf("pushed %d, void %v; want 3 given up", m.Id(), m.Void())
		}
		s.silent()
	})
}

func TestR5_1_FireHasNoReceipt(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		if err := r.Fire(s.items(r, "Items").Remove("a")); err != nil {
			t.Fatal(err)
		}
		if m := s.mutated(); m.Id() != 0 || len(m.Name()) != 0 {
			t.Errorf("fired %d %q", m.Id(), m.Name())
		}
	})
}

// The caller hears the rules' words, and with which field they are about.
func TestR6_3_RefusalsReachTheCaller(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, _ := s.follow(items, all(), 1)
		p, err := r.Send(items.Create(item{ID: "a", Title: "a"}))
		if err != nil {
			t.Fatal(err)
		}
		s.want("optimistic", titles(live), "a")
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 2, Code: schema.CodeValidation, Message: "Title: not that", Field: "Title"})
		_, err = p.Wait(t.Context())
		var refused *RefusedError
		if !errors.As(err, &refused) || refused.Field != "Title" || refused.Message != "Title: not that" || !errors.Is(err, &schema.Error{Code: schema.CodeValidation}) {
			t.Errorf("refused with %v", err)
		}
		s.want("rolled back", titles(live))
		if r.Cursor() != 2 {
			t.Errorf("cursor %d", r.Cursor())
		}
		if len(r.Rejected()) != 0 {
			t.Error("a confirmed write is listed as rejected")
		}
	})
}

// Writes in callbacks neither wait for themselves nor get lost.
func TestCallbacksMayWrite(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		live, id := s.follow(items, all(), 1)
		live.OnChange(func(c Change[item]) {
			for _, i := range c.Entered {
				if len(i.Title) < 4 {
					if _, err := r.Durable(items.Create(item{ID: i.ID + "x", Title: i.Title + "x"})); err != nil {
						t.Error(err)
					}
				}
			}
		})
		s.delta(id, 2, 2, 0, s.entering(item{ID: "a", Title: "a"}))
		s.want("one led to the next", titles(live), "a", "ax", "axx", "axxx")
		for range 3 {
			s.mutated()
		}
	})
}

// Writes wait their turn when many have no receipt, or the server is short.
func TestManyWritesAreSentInOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		for i := range inFlight + 10 {
			if _, err := r.Durable(items.Create(item{ID: fmt.Sprint(i)})); err != nil {
				t.Fatal(err)
			}
		}
		for i := range inFlight {
			if m := s.mutated(); m.Id() != uint64(i+1) {
				t.Fatalf("pushed %d, want %d", m.Id(), i+1)
			}
		}
		s.silent()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		if m := s.mutated(); m.Id() != inFlight+1 {
			t.Errorf("pushed %d", m.Id())
		}
		s.receipt(schema.ReceiptInfo{Mutation: 2, Code: schema.CodeRateLimited})
		s.receipt(schema.ReceiptInfo{Mutation: 3, Code: schema.CodeOutOfOrder})
		s.silent()
		time.Sleep(pushPause)
		for i := range inFlight {
			if m := s.mutated(); m.Id() != uint64(i+2) {
				t.Fatalf("pushed %d again, want %d", m.Id(), i+2)
			}
		}
		s.silent()
	})
}

func TestWritesThatCannotBeMade(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		many := make([]Write, value.MaxOperations+1)
		for i := range many {
			many[i] = items.Remove("a")
		}
		for what, c := range map[string]struct {
			w    Write
			code schema.Code
		}{
			"R14.3 too many operations": {Together(many...), schema.CodeTooManyOperations},
			"R14.3 too long":            {items.Create(item{ID: "a", Title: string(make([]byte, 1<<20))}), schema.CodeTooLarge},
			"text that is not UTF-8":    {items.Create(item{ID: "a", Title: "\xff"}), schema.CodeValidation},
		} {
			if _, err := r.Durable(c.w); !errors.Is(err, &schema.Error{Code: c.code}) {
				t.Errorf("%s: %v, want %v", what, err, c.code)
			}
		}
		if _, err := r.Send(items.Put(item{ID: "a"}, "Nope")); err == nil {
			t.Error("a field that is none was written")
		}
		if _, err := r.Send(items.Remove(1.5)); err == nil {
			t.Error("a key that is none was taken")
		}
		if _, err := Records[item](r, "Nope"); err == nil {
			t.Error("a collection that is none was bound")
		}
		if _, err := Mutation[item](r, nil); err == nil {
			t.Error("a mutation that is none was bound")
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := r.Call(gone, items.Remove("a")); !errors.Is(err, context.Canceled) {
			t.Errorf("a call that was given up: %v", err)
		}
	})
}
