package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// The registers' room: each Set is a transaction that writes a register and one
// line of a log without gaps, so that a client's view can be checked to be a
// prefix of it.
type (
	register struct {
		Key   string `parlor:"key"`
		Value string
	}
	logLine struct {
		N              int `parlor:"key"`
		Op, Key, Value string
	}
	registers struct {
		Registers records.Collection[string, register]
		Log       records.Collection[int, logLine]
	}
	Set  struct{ Op, Key, Value string }
	Sync struct{}
)

func (w *registers) set(_ *records.Ctx, s Set) error {
	if s.Value == "" {
		return errors.New("say what")
	}
	if _, err := w.Log.Insert(logLine{N: w.Log.Len() + 1, Op: s.Op, Key: s.Key, Value: s.Value}); err != nil {
		return err
	}
	return w.Registers.Put(register{Key: s.Key, Value: s.Value})
}

func (w *registers) sync(*records.Ctx, Sync) error { return nil }

func registersKind() records.Kind {
	return records.Define("registers", records.Room[registers]{
		Mutations: []records.Mutation[registers]{records.Call((*registers).set), records.Call((*registers).sync)},
	})
}

// recordServer is a real server that can be ended and started again at its
// address, with its data.
type recordServer struct {
	t    *testing.T
	data string
	addr string
	mu   sync.Mutex // guards what follows
	stop func()
}

func newRecordServer(t *testing.T) *recordServer {
	t.Helper()
	s := &recordServer{t: t, data: t.TempDir(), addr: "127.0.0.1:0"}
	s.start()
	t.Cleanup(func() { s.stop() })
	return s
}

func (s *recordServer) start() {
	s.t.Helper()
	p, err := parlor.New(parlor.Config{
		Records: []records.Kind{registersKind()},
		Data:    s.data, Record: "off", AdminAddr: "off", UDPAddr: "off", MutationRate: 100_000, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	l, err := net.Listen("tcp", s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.addr = l.Addr().String()
	server := &http.Server{Handler: p.Handler(), ReadHeaderTimeout: time.Minute}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(l)
	}()
	s.stop = func() {
		if err := p.Close(); err != nil {
			s.t.Error(err)
		}
		_ = server.Close()
		<-served
	}
}

func (s *recordServer) restart() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.start()
}

// scribe is a client in the registers' room that checks what it sees.
type scribe struct {
	t    *testing.T
	room *client.RecordRoom
	set  func(Set) client.Write
	sync func(Sync) client.Write
	regs *client.Live[register]
	log  *client.Live[logLine]
	seen int // lines of the log; the client's goroutine's
}

func newScribe(t *testing.T, s *recordServer, o client.RecordsOptions) *scribe {
	t.Helper()
	c, err := client.Dial(within(t), "ws://"+s.addr, client.Options{Reconnect: client.Reconnect{Base: time.Millisecond, Max: 10 * time.Millisecond}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p := &scribe{t: t}
	o.Setup = p.setup
	if p.room, err = c.OpenRecords(within(t), "registers/main", o); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(p.log.Ready(within(t)), p.regs.Ready(within(t))); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *scribe) setup(r *client.RecordRoom) error {
	regs, err1 := client.Records[register](r, "Registers")
	lines, err2 := client.Records[logLine](r, "Log")
	set, err3 := client.Mutation[Set](r, nil)
	sync, err4 := client.Mutation[Sync](r, nil)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return err
	}
	p.set, p.sync = set, sync
	var err5, err6 error
	p.log, err5 = lines.Subscribe(query.All().By("N"))
	p.regs, err6 = regs.Subscribe(query.All())
	p.log.OnChange(func(client.Change[logLine]) { p.check() })
	return errors.Join(err5, err6)
}

// check is the first invariant: the view is a prefix of the log, which only
// grows, and all queries are at the same place in it.
func (p *scribe) check() {
	want := map[string]string{}
	rows := p.log.Rows()
	for i, line := range rows {
		if line.N != i+1 {
			p.t.Errorf("line %d is at %d: no prefix of the log", line.N, i+1)
			return
		}
		want[line.Key] = line.Value
	}
	if len(rows) < p.seen {
		p.t.Errorf("the log shrank from %d to %d", p.seen, len(rows))
	}
	p.seen = len(rows)
	for _, r := range p.regs.Rows() {
		if want[r.Key] != r.Value {
			p.t.Errorf("at %d register %s is %s, the log says %s", len(rows), r.Key, r.Value, want[r.Key])
		}
		delete(want, r.Key)
	}
	if len(want) > 0 {
		p.t.Errorf("at %d registers are missing: %v", len(rows), want)
	}
}

// has reports whether the operation is in the view.
func (p *scribe) has(op string) bool {
	return slices.ContainsFunc(p.log.Rows(), func(l logLine) bool { return l.Op == op })
}

// confirm makes a confirmed write, again and again while the connection is lost
// before it was sent. unknown: nobody knows whether it happened.
func (p *scribe) confirm(ctx context.Context, w client.Write) (receipt client.Receipt, unknown bool) {
	open := make(chan struct{}, 1)
	cancel := p.room.OnStatus(func(s client.RecordStatus) {
		select {
		case open <- struct{}{}:
		default:
		}
	})
	defer cancel()
	for {
		receipt, err := p.room.Call(ctx, w)
		switch {
		case err == nil:
			return receipt, false
		case errors.Is(err, client.ErrNotConnected):
			if p.room.Status() == client.RecordsOpen {
				continue
			}
			select {
			case <-open:
			case <-ctx.Done():
				p.t.Error("the room did not open again")
				return receipt, true
			}
		case errors.Is(err, client.ErrWriteLost), errors.Is(err, client.ErrWriteTimeout):
			return receipt, true
		default:
			p.t.Errorf("a confirmed write: %v", err)
			return receipt, true
		}
	}
}

func TestR5_2_DurableThroughRestarts(t *testing.T) {
	s := newRecordServer(t)
	p := newScribe(t, s, client.RecordsOptions{Queue: filepath.Join(t.TempDir(), "queue")})
	var writes []*client.Pending
	for i := range 60 {
		switch i {
		case 10, 30:
			p.room.Client().Cut()
		case 20, 40:
			s.restart()
		}
		w, err := p.room.Durable(p.set(Set{Op: fmt.Sprint(i), Key: "k", Value: fmt.Sprint("v", i)}))
		if err != nil {
			t.Fatal(err)
		}
		writes = append(writes, w)
	}
	refused, err := p.room.Durable(p.set(Set{Op: "bad"}))
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range writes {
		receipt, err := w.Wait(within(t))
		if err != nil || p.room.Cursor() < receipt.Seq || !p.has(fmt.Sprint(i)) {
			t.Errorf("write %d: %+v, %v", i, receipt, err)
		}
	}
	if _, err := refused.Wait(within(t)); !errors.Is(err, &schema.Error{Code: schema.CodeExecuteFailed}) || len(p.room.Rejected()) != 1 {
		t.Errorf("R5.3: %v, %v", err, p.room.Rejected())
	}
	for i, line := range p.log.Rows() {
		if line.Op != fmt.Sprint(i) {
			t.Errorf("R5.1: line %d is of write %s: out of order, or twice", i, line.Op)
		}
	}
}

// registerInput is an operation of the history that porcupine checks.
type registerInput struct {
	put        bool
	key, value string
}

// registerModel is a register for each key.
func registerModel() porcupine.Model {
	return porcupine.Model{
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			byKey := map[string][]porcupine.Operation{}
			for _, o := range history {
				key := o.Input.(registerInput).key
				byKey[key] = append(byKey[key], o)
			}
			var parts [][]porcupine.Operation
			for _, part := range byKey {
				parts = append(parts, part)
			}
			return parts
		},
		Init: func() any { return "" },
		Step: func(state, input, output any) (bool, any) {
			if in := input.(registerInput); in.put {
				return true, in.value
			}
			return output.(string) == state.(string), state
		},
	}
}

// history is what concurrent clients did.
type history struct {
	mu    sync.Mutex // guards what follows
	began time.Time
	ops   []porcupine.Operation
	sure  []string // operations of which a receipt said that they are done
}

func (h *history) now() int64 { return int64(time.Since(h.began)) }

func (h *history) add(who int, in registerInput, out string, from, to int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: who, Input: in, Output: out, Call: from, Return: to})
}

// Writes and reads of concurrent clients under lost connections and restarts of
// the server are linearizable, and the three invariants hold.
func TestRecordsAreLinearizable(t *testing.T) {
	const clients, rounds = 4, 40
	s := newRecordServer(t)
	h := &history{began: time.Now()}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var scribes []*scribe
	for range clients {
		scribes = append(scribes, newScribe(t, s, client.RecordsOptions{}))
	}
	var work sync.WaitGroup
	for who, p := range scribes {
		work.Go(func() {
			for i := range rounds {
				switch {
				case i%10 == 3+who:
					p.room.Client().Cut()
				case i%20 == 15 && who == 0:
					s.restart()
				}
				h.round(ctx, p, who, i)
			}
		})
	}
	work.Wait()
	if result := porcupine.CheckOperations(registerModel(), h.ops); !result {
		t.Errorf("the history of %d operations is not linearizable", len(h.ops))
	}
	count := map[string]int{}
	scribes[0].confirm(ctx, scribes[0].sync(Sync{}))
	for _, line := range scribes[0].log.Rows() {
		if count[line.Op]++; count[line.Op] > 1 {
			t.Errorf("R7.1: operation %s took effect twice", line.Op)
		}
	}
	for _, op := range h.sure {
		if count[op] != 1 {
			t.Errorf("operation %s was confirmed and is there %d times", op, count[op])
		}
	}
}

// round is one put and one get of a client.
func (h *history) round(ctx context.Context, p *scribe, who, i int) {
	key, op := fmt.Sprint("k", (who+i)%3), fmt.Sprint(who, "-", i)
	from := h.now()
	receipt, unknown := p.confirm(ctx, p.set(Set{Op: op, Key: key, Value: op}))
	if unknown { // it may happen at any time after, or never: then at the end
		h.add(who, registerInput{put: true, key: key, value: op}, "", from, int64(time.Hour))
	} else {
		h.add(who, registerInput{put: true, key: key, value: op}, "", from, h.now())
		if p.room.Cursor() < receipt.Seq || !p.has(op) {
			p.t.Errorf("R4.1: the receipt of %s came before its deltas", op)
		}
		h.mu.Lock()
		h.sure = append(h.sure, op)
		h.mu.Unlock()
	}
	from = h.now()
	for { // the replica may be behind; after a receipt it is not
		if _, unknown := p.confirm(ctx, p.sync(Sync{})); !unknown || ctx.Err() != nil {
			break
		}
	}
	got := ""
	for _, r := range p.regs.Rows() {
		if r.Key == key {
			got = r.Value
		}
	}
	h.add(who, registerInput{key: key}, got, from, h.now())
}
