package client

import (
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// Of a queue that the room no longer knows, what was never sent goes on, and
// who waits for the rest is told.
func TestR7_3_OnlyWhatMayHaveBeenSentIsUnresolved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		_, r := s.queued(path, schema.OpenedInfo{}, nil)
		items := s.items(r, "Items")
		p, _ := r.Durable(items.Create(item{ID: "done"}))
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		<-p.Done()
		sent, _ := r.Durable(items.Create(item{ID: "sent"}))
		s.mutated()
		s.mu.Lock()
		s.down = true
		s.mu.Unlock()
		s.hangUp()
		queued, _ := r.Durable(items.Create(item{ID: "queued"}))
		s.mu.Lock()
		s.down = false
		s.mu.Unlock()
		s.again()
		s.opening(schema.OpenedInfo{Known: false, Seq: 9})
		s.next(schema.KindLeave)
		s.opening(schema.OpenedInfo{Known: false, Seq: 9})
		if _, err := sent.Wait(t.Context()); !errors.Is(err, &schema.Error{Code: schema.CodeClientUnknown}) {
			t.Errorf("what may have been sent ended with %v", err)
		}
		if list := r.Unresolved(); len(list) != 1 || list[0].Record.Number != 2 {
			t.Errorf("unresolved: %+v", list)
		}
		if m := s.mutated(); m.Id() != 1 || m.Void() {
			t.Errorf("pushed %d", m.Id())
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 10})
		if _, err := queued.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A room that closes, fails or is not open has not looked at a write.
func TestR5_1_WhatTheRoomDidNotSeeIsSentAgain(t *testing.T) {
	for _, code := range []schema.Code{
		schema.CodeRoomClosed, schema.CodeInternal, schema.CodeStoreFailed, schema.CodeGoingAway,
		schema.CodeNotInRoom, schema.CodeRoomFaulted, schema.CodeQuarantined, schema.CodeRateLimited,
	} {
		t.Run(code.String(), func(t *testing.T) {
			inBubble(t, func(t *testing.T, s *script) {
				r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
				p, _ := r.Durable(s.items(r, "Items").Remove("a"))
				s.mutated()
				s.receipt(schema.ReceiptInfo{Mutation: 1, Code: code})
				if len(r.Rejected()) != 0 || r.Queued() != 1 {
					t.Fatalf("rejected: %+v", r.Rejected())
				}
				time.Sleep(pushPause)
				if m := s.mutated(); m.Id() != 1 || m.Void() {
					t.Errorf("pushed %d", m.Id())
				}
				s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 4})
				if got, err := p.Wait(t.Context()); err != nil || got.Seq != 4 {
					t.Errorf("%+v, %v", got, err)
				}
			})
		})
	}
}

// A stored refusal is the last word, whatever its code.
func TestR7_1_AStoredRefusalIsFinal(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		p, _ := r.Durable(s.items(r, "Items").Remove("a"))
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 3, Code: schema.CodeRateLimited})
		if _, err := p.Wait(t.Context()); err == nil || len(r.Rejected()) != 1 {
			t.Errorf("%v, %+v", err, r.Rejected())
		}
		time.Sleep(2 * pushPause)
		s.silent()
	})
}

func TestR7_2_AnExpiredResultIsUnresolved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		_, r := s.queued(path, schema.OpenedInfo{}, nil)
		p, _ := r.Durable(s.items(r, "Items").Remove("a"))
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 300, Code: schema.CodeResultExpired, Message: "processed, result expired"})
		if _, err := p.Wait(t.Context()); !errors.Is(err, &schema.Error{Code: schema.CodeResultExpired}) {
			t.Error(err)
		}
		if len(r.Unresolved()) != 1 || len(r.Rejected()) != 0 {
			t.Errorf("%+v, %+v", r.Unresolved(), r.Rejected())
		}
		_ = r.Close()
		_, r = s.queued(path, schema.OpenedInfo{Known: true, Last: 1, Seq: 300}, nil)
		if len(r.Unresolved()) != 1 || r.Queued() != 0 {
			t.Errorf("after a restart: %+v, %d queued", r.Unresolved(), r.Queued())
		}
		s.silent()
	})
}

// IDs that were given up count among those under way: the room keeps as many
// receipts, and no more.
func TestR5_1_NoMoreUnderWayThanReceiptsAreKept(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		remove := s.items(r, "Items").Remove("a")
		for i := range 2 * inFlight {
			if i%2 == 0 {
				_, _ = r.Durable(remove)
			} else {
				_, _ = r.Send(remove) // given up with the connection
			}
		}
		s.hangUp()
		s.again()
		s.opening(schema.OpenedInfo{})
		for i := range inFlight {
			if m := s.mutated(); m.Id() != uint64(i+1) || m.Void() != (i%2 == 1) {
				t.Fatalf("pushed %d, void %v", m.Id(), m.Void())
			}
		}
		s.silent()
	})
}

// Rows that a user may no longer read go, also when that is learned after a
// reconnection.
func TestR10_2_ForbiddenRowsGo(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{}, schema.OpenedInfo{})
		live, id := s.follow(s.items(r, "Items"), all(), 1, item{ID: "a", Title: "a"})
		s.hangUp()
		s.again()
		s.opening(schema.OpenedInfo{Seq: 2})
		s.subscribed()
		s.conn.send(schema.KindError, 0, s.conn.handle, s.conn.builder.Error(&schema.Error{Code: schema.CodeForbidden, Request: id}))
		synctest.Wait()
		s.want("forbidden", titles(live))
		if live.Err() == nil {
			t.Error("no error")
		}
		s.hangUp()
		s.again()
		s.opening(schema.OpenedInfo{Seq: 3})
		if sub := s.subscribed(); sub.Since() != 0 || len(sub.HeldBytes()) != 0 {
			t.Errorf("asks since %d", sub.Since())
		}
		s.delta(id, 0, 3, schema.DeltaSnapshot, s.entering(item{ID: "a", Title: "a"}))
		s.want("allowed again", titles(live), "a")
		if err := live.Err(); err != nil {
			t.Error(err)
		}
	})
}
