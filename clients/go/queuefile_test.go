package client

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/schema"
)

// queued opens a room with a queue file, as a program that starts does.
func (s *script) queued(path string, opened schema.OpenedInfo, setup func(*RecordRoom)) (*Client, *RecordRoom) {
	s.t.Helper()
	c := s.connect(Options{})
	o := RecordsOptions{Queue: path}
	if setup != nil {
		o.Setup = func(r *RecordRoom) error { setup(r); return nil }
	}
	return c, s.enter(c, o, opened)
}

func TestR5_1_DurableSurvivesReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		c, r := s.queued(path, schema.OpenedInfo{}, nil)
		first := s.conn.lastClient
		items := s.items(r, "Items")
		s.mu.Lock()
		s.down = true
		s.mu.Unlock()
		s.hangUp()
		for _, key := range []string{"a", "b", "c"} {
			if _, err := r.Durable(items.Create(item{ID: key, Title: key})); err != nil {
				t.Fatal(err)
			}
		}
		_ = c.Close() // the program ends
		s.mu.Lock()
		s.down = false
		s.mu.Unlock()

		var live *Live[item]
		_, r = s.queued(path, schema.OpenedInfo{Seq: 5}, func(r *RecordRoom) {
			live, _ = s.items(r, "Items").Subscribe(all())
		})
		if s.conn.lastClient != first {
			t.Errorf("client ID %s, was %s", s.conn.lastClient, first)
		}
		id := s.subscribed().Id()
		s.delta(id, 0, 5, schema.DeltaSnapshot, nil)
		s.want("shown from the file", titles(live), "a", "b", "c")
		for i := range 3 {
			if m := s.mutated(); m.Id() != uint64(i+1) || m.Void() {
				t.Errorf("pushed %d", m.Id())
			}
			s.receipt(schema.ReceiptInfo{Mutation: uint64(i + 1), Seq: uint64(6 + i)})
		}
		if r.Queued() != 0 {
			t.Errorf("%d still queued", r.Queued())
		}
		_ = r.Close()
		_, r = s.queued(path, schema.OpenedInfo{Known: true, Last: 3, Seq: 8}, nil)
		s.silent()
		if r.Queued() != 0 {
			t.Errorf("%d queued after the confirmation", r.Queued())
		}
	})
}

func TestR5_3_RejectedStaysListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		_, r := s.queued(path, schema.OpenedInfo{}, nil)
		var told []Rejection
		r.OnRejected(func(k Rejection) { told = append(told, k) })
		items := s.items(r, "Items")
		p, _ := r.Durable(items.Create(item{ID: "a", Title: "milk"}))
		q, _ := r.Durable(items.Create(item{ID: "b", Title: "eggs"}))
		s.mutated()
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1, Code: schema.CodeDuplicate, Message: "there is one", Field: "ID"})
		s.receipt(schema.ReceiptInfo{Mutation: 2, Seq: 2})
		if _, err := p.Wait(t.Context()); !errors.Is(err, &schema.Error{Code: schema.CodeDuplicate}) {
			t.Errorf("the first: %v", err)
		}
		if _, err := q.Wait(t.Context()); err != nil {
			t.Errorf("the rest of the queue: %v", err)
		}
		if len(told) != 1 || told[0].Err.Field != "ID" || !bytes.Contains(told[0].Record.Args, []byte(`"milk"`)) {
			t.Errorf("told %+v", told)
		}
		_ = r.Close()
		_, r = s.queued(path, schema.OpenedInfo{Known: true, Last: 2, Seq: 2}, nil)
		list := r.Rejected()
		if len(list) != 1 || list[0].Err.Message != "there is one" || !bytes.Contains(list[0].Record.Args, []byte(`{"create":"Items"`)) {
			t.Fatalf("after the reload: %+v", list)
		}
		if err := r.Dismiss(list[0].Record.Number); err != nil || len(r.Rejected()) != 0 {
			t.Error(err)
		}
		_ = r.Close()
		_, r = s.queued(path, schema.OpenedInfo{Known: true, Last: 2, Seq: 2}, nil)
		if len(r.Rejected()) != 0 || !errors.Is(r.Dismiss(1), ErrNoSuchWrite) {
			t.Error("dismissed, and listed again")
		}
	})
}

// IDs of confirmed writes that a program's end gave up are void, not used again.
func TestR7_1_GivenUpIDsAreVoid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		c, r := s.queued(path, schema.OpenedInfo{}, nil)
		items := s.items(r, "Items")
		for range 2 {
			if _, err := r.Send(items.Remove("x")); err != nil {
				t.Fatal(err)
			}
			s.mutated()
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		if _, err := r.Durable(items.Create(item{ID: "a"})); err != nil {
			t.Fatal(err)
		}
		_ = c.Close()
		s.queued(path, schema.OpenedInfo{Known: true, Last: 1, Seq: 1}, nil)
		for id := uint64(2); id <= reserveIDs; id++ {
			if m := s.mutated(); m.Id() != id || m.Void() != (id != 3) {
				t.Fatalf("pushed %d, void %v", m.Id(), m.Void())
			}
			code := schema.CodeVoided
			if id == 3 {
				code = 0
			}
			s.receipt(schema.ReceiptInfo{Mutation: id, Seq: id, Code: code})
		}
		s.silent()
	})
}

func TestR7_3_NeverSentTakesANewID(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		_, r := s.queued(path, schema.OpenedInfo{}, nil)
		first := s.conn.lastClient
		items := s.items(r, "Items")
		p, _ := r.Durable(items.Create(item{ID: "a"}))
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		<-p.Done()
		s.mu.Lock()
		s.down = true
		s.mu.Unlock()
		s.hangUp()
		for _, key := range []string{"b", "c"} {
			p, _ = r.Durable(items.Create(item{ID: key}))
		}
		time.Sleep(3 * time.Hour)
		s.mu.Lock()
		s.down = false
		s.mu.Unlock()
		s.again()
		s.opening(schema.OpenedInfo{Known: false, Seq: 9})
		s.next(schema.KindLeave)
		s.opening(schema.OpenedInfo{Known: false, Seq: 9})
		if s.conn.lastClient == first {
			t.Error("the old client ID again")
		}
		for id := uint64(1); id <= 2; id++ {
			if m := s.mutated(); m.Id() != id || m.Void() {
				t.Errorf("pushed %d", m.Id())
			}
			s.receipt(schema.ReceiptInfo{Mutation: id, Seq: 9 + id})
		}
		if _, err := p.Wait(t.Context()); err != nil || len(r.Unresolved()) != 0 {
			t.Error(err)
		}
	})
}

func TestR7_3_MaybeSentIsUnresolved(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		_, r := s.queued(path, schema.OpenedInfo{}, nil)
		items := s.items(r, "Items")
		for _, key := range []string{"a", "b"} {
			if _, err := r.Durable(items.Create(item{ID: key})); err != nil {
				t.Fatal(err)
			}
			s.mutated()
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		_ = r.Close()
		c := s.connect(Options{})
		var told []Unresolved
		opening := make(chan *RecordRoom, 1)
		go func() {
			r, err := c.OpenRecords(t.Context(), "board/main", RecordsOptions{Queue: path, Setup: func(r *RecordRoom) error {
				r.OnUnresolved(func(u Unresolved) { told = append(told, u) })
				return nil
			}})
			if err != nil {
				t.Error(err)
			}
			opening <- r
		}()
		s.opening(schema.OpenedInfo{Known: false, Epoch: 8})
		s.next(schema.KindLeave)
		s.opening(schema.OpenedInfo{Known: false, Epoch: 8})
		r = <-opening
		s.silent()
		list := r.Unresolved()
		if len(list) != 1 || !bytes.Contains(list[0].Record.Args, []byte(`"b"`)) || r.Queued() != 0 {
			t.Fatalf("unresolved %+v, %d queued", list, r.Queued())
		}
		if len(told) != 1 {
			t.Errorf("told %+v", told)
		}
		_ = r.Close()
		_, r = s.queued(path, schema.OpenedInfo{Known: false, Epoch: 8}, nil)
		if list = r.Unresolved(); len(list) != 1 {
			t.Fatalf("after the reload: %+v", list)
		}
		p, err := r.Retry(list[0].Record.Number)
		if err != nil || len(r.Unresolved()) != 0 {
			t.Fatal(err)
		}
		if m := s.mutated(); m.Id() != 1 {
			t.Errorf("pushed %d", m.Id())
		}
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		if _, err := p.Wait(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestQueueFileIsOneRoomsAndOneProcesss(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	f, k, err := openQueue(nil, path, "board/main")
	if err != nil || k.client == "" {
		t.Fatal(err)
	}
	if _, _, err := openQueue(nil, path, "board/main"); !errors.Is(err, ErrQueueLocked) {
		t.Errorf("opened twice: %v", err)
	}
	f.close()
	if _, _, err := openQueue(nil, path, "board/other"); err == nil || !strings.Contains(err.Error(), "board/main") {
		t.Errorf("another room's file: %v", err)
	}
	again, k2, err := openQueue(nil, path, "board/main")
	if err != nil || k2.client != k.client {
		t.Errorf("client ID %v, %v", k2, err)
	}
	again.close()
	other := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(other, []byte("not a queue file, and long enough to be one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := openQueue(nil, other, "board/main"); err == nil {
		t.Error("took a file that is no queue file")
	}
	if text, _ := os.ReadFile(other); !bytes.HasPrefix(text, []byte("not a queue")) {
		t.Error("overwrote a file that is no queue file")
	}
}

// Whatever a crash leaves of the last records, those before them are read.
func TestQueueFileDropsATornTail(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		owner := queueRecord{kind: queueOwner, room: "board/main", client: "me"}
		data := owner.appendFrame(nil)
		ends := []int{len(data)}
		for i := range rapid.IntRange(0, 6).Draw(t, "writes") {
			n := uint64(i + 1)
			q := queueRecord{kind: queueWrite, number: n, id: n, w: &write{number: n, id: n, name: "vote", args: []byte{1, 2, 3}, made: time.UnixMicro(5)}}
			data = q.appendFrame(data)
			ends = append(ends, len(data))
		}
		cut := rapid.IntRange(ends[0], len(data)).Draw(t, "cut")
		torn := bytes.Clone(data[:cut])
		if cut > ends[0] && rapid.Bool().Draw(t, "garbage") {
			torn = append(torn, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "after")...)
		}
		whole := 0
		for i, end := range ends {
			if end <= cut {
				whole = i
			}
		}
		k, size, _, err := readQueue(torn, "board/main")
		if err != nil {
			t.Fatal(err)
		}
		if len(k.pending) < whole || int(size) < ends[whole] || k.client != "me" {
			t.Fatalf("%d writes of %d, %d bytes of %d", len(k.pending), whole, size, ends[whole])
		}
	})
}

func TestQueueFileIsWrittenAnew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "queue")
	inBubble(t, func(t *testing.T, s *script) {
		_, r := s.queued(path, schema.OpenedInfo{}, nil)
		items := s.items(r, "Items")
		for i := range 1000 {
			if _, err := r.Durable(items.Create(item{ID: fmt.Sprint(i), Title: strings.Repeat("x", 100)})); err != nil {
				t.Fatal(err)
			}
			s.mutated()
			s.receipt(schema.ReceiptInfo{Mutation: uint64(i + 1), Seq: uint64(i + 1)})
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() > 2*minWaste {
			t.Errorf("%d bytes, %v", info.Size(), err)
		}
		_ = r.Close()
		_, r = s.queued(path, schema.OpenedInfo{Known: true, Last: 1000, Seq: 1000}, nil)
		if _, err := r.Durable(s.items(r, "Items").Remove("a")); err != nil {
			t.Fatal(err)
		}
		if m := s.mutated(); m.Id() != 1001 {
			t.Errorf("pushed %d", m.Id())
		}
	})
}

func TestQueueLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, s *script) {
		r := s.enter(s.connect(Options{}), RecordsOptions{QueueLimit: 1}, schema.OpenedInfo{})
		items := s.items(r, "Items")
		if _, err := r.Durable(items.Remove("a")); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Durable(items.Remove("b")); !errors.Is(err, ErrQueueFull) {
			t.Errorf("one too many: %v", err)
		}
		s.mutated()
		s.receipt(schema.ReceiptInfo{Mutation: 1, Seq: 1})
		if _, err := r.Durable(items.Remove("b")); err != nil {
			t.Error(err)
		}
		synctest.Wait()
	})
}

func FuzzQueueFile(f *testing.F) {
	for _, q := range []queueRecord{
		{kind: queueOwner, room: "board/main", client: "me"},
		{kind: queueWrite, number: 1, id: 1, w: &write{name: "vote", args: []byte{1}}},
		{kind: queueRejected, number: 1, id: 1, err: &RefusedError{Code: 50, Message: "m"}},
		{kind: queueSent, number: 1, epoch: 7},
	} {
		f.Add(q.append(nil))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		_, _, _, _ = readQueue(payload, "board/main")
		if len(payload) == 0 {
			return
		}
		q, err := parseQueueRecord(payload)
		if err != nil {
			return
		}
		again, err := parseQueueRecord(q.append(nil))
		if err != nil || again.number != q.number || again.id != q.id || again.kind != q.kind {
			t.Fatalf("%+v became %+v, %v", q, again, err)
		}
	})
}
