package rooms_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/rooms/roomstest"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
)

type coin struct {
	ID   string `parlor:"key"`
	Gold int32
}

type saved struct{ Gold int32 }

type purseWorld struct {
	Gold    state.Value[int32]
	Refused state.Value[uint8]
	Purse   state.Records[coin]
	Saved   state.Event[saved]
}

type gain struct{ Amount uint8 }

// purseGame keeps a user's gold in the record room purse/USER.
func purseGame() rooms.Game[purseWorld, []coin] {
	return rooms.Game[purseWorld, []coin]{
		Hz: 20, Grace: -1, EmptyFor: time.Second,
		Load: func(ctx context.Context, r rooms.JoinRequest) ([]coin, error) {
			return rooms.ReadRecords[coin](ctx, r, "purse/"+r.User.ID, "Purse", nil)
		},
		Join: func(w *purseWorld, _ *rooms.Ctx, _ *rooms.Player, had []coin) {
			for _, c := range had {
				*w.Gold.Edit() += c.Gold
			}
		},
		Leave: func(w *purseWorld, _ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) {
			w.Purse.Put("purse/"+p.User, coin{"last", w.Gold.Get()})
		},
		Written: func(w *purseWorld, _ *rooms.Ctx, r rooms.Written) {
			if r.Code != 0 {
				w.Refused.Set(uint8(r.Code))
			}
		},
		Inputs: []rooms.Input[purseWorld]{rooms.Event(func(w *purseWorld, _ *rooms.Ctx, p *rooms.Player, e gain) error {
			*w.Gold.Edit() += int32(e.Amount)
			w.Purse.Put("purse/"+p.User, coin{"gold", w.Gold.Get()}).Then(w.Saved.Notice(p.ID, saved{w.Gold.Get()}))
			if e.Amount == 13 {
				return errors.New("unlucky")
			}
			return nil
		})},
	}
}

// vault is a fake of the record rooms: it keeps rows, and outcomes until told.
type vault struct {
	mu     sync.Mutex
	rows   map[string][]json.RawMessage // by room
	held   []func()
	hold   bool
	refuse error
}

func (v *vault) Write(room string, writes []state.RecordWrite, done func(error)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	settle := func() { done(v.refuse) }
	if v.refuse == nil {
		for _, w := range writes {
			v.rows[room] = append(v.rows[room], w.Row)
		}
	}
	if v.hold {
		v.held = append(v.held, settle)
		return
	}
	go settle()
}

func (v *vault) Read(_ context.Context, room, collection string, _ []byte) ([]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if collection != "Purse" {
		return nil, errors.New("no such collection")
	}
	if v.rows[room] == nil {
		return []byte("[]"), nil
	}
	return json.Marshal(v.rows[room])
}

func (v *vault) count(room string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.rows[room])
}

func TestWritesAreDurableBeforeTheirEvents(t *testing.T) {
	v := &vault{rows: make(map[string][]json.RawMessage), hold: true}
	dir := t.TempDir()
	inHouseWith(t, dir, v, func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "purse"})
		frames := a.frames
		if err := seat.Event(1, 0, payload(t, gain{5})); err != nil {
			t.Fatal(err)
		}
		_ = seat.Event(2, 0, payload(t, gain{13})) // undone, with its write
		h.pass(time.Second)
		if v.count("purse/ann") != 1 || a.events != 0 || a.frames <= frames {
			t.Errorf("before the outcome: %d rows, %d events, %d frames more", v.count("purse/ann"), a.events, a.frames-frames)
		}
		v.held[0]()
		h.pass(time.Second)
		if a.events != 1 {
			t.Errorf("after it %d events came", a.events)
		}
		v.mu.Lock()
		v.hold = false
		v.mu.Unlock()
		seat.Leave()
		h.pass(5 * time.Second)
		if v.count("purse/ann") != 2 {
			t.Error("what Leave wrote is lost")
		}
		_, _ = h.join("ann", rooms.JoinRequest{Kind: "purse"})
	}, rooms.Define("purse", purseGame()))
	verifyKinds(t, dir, 2, rooms.Define("purse", purseGame()))
}

func TestARefusedWriteReachesTheRules(t *testing.T) {
	v := &vault{rows: make(map[string][]json.RawMessage), refuse: schema.Errorf(schema.CodeDuplicate, "there")}
	dir := t.TempDir()
	inHouseWith(t, dir, v, func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "purse"})
		_ = seat.Event(1, 0, payload(t, gain{5}))
		h.pass(time.Second)
		if a.events != 0 {
			t.Error("an event says that a refused write is durable")
		}
	}, rooms.Define("purse", purseGame()))
	verifyKinds(t, dir, 1, rooms.Define("purse", purseGame()))
}

func TestRulesSeeOutcomesInTests(t *testing.T) {
	room := roomstest.New(t, purseGame(), roomstest.HoldWrites(), roomstest.Records(&vault{}))
	ann := room.Join("ann", nil)
	room.Send(ann, gain{5})
	room.Step(2)
	writes := room.Writes()
	if len(writes) != 1 || writes[0].Room != "purse/ann" || !strings.Contains(string(writes[0].Writes[0].Row), `"Gold":5`) {
		t.Fatalf("writes %+v", writes)
	}
	room.Settle(writes[0].ID, schema.Errorf(schema.CodeDuplicate, "there"))
	room.Step(1)
	if got := schema.Code(room.World.Refused.Get()); got != schema.CodeDuplicate {
		t.Errorf("the rules saw %s", got)
	}
}

// verifyKinds replays every room's recording below dir.
func verifyKinds(t *testing.T, dir string, want int, kinds ...rooms.Kind) {
	t.Helper()
	found := recordings(t, dir)
	if len(found) != want {
		t.Fatalf("%d recordings, want %d", len(found), want)
	}
	for _, room := range found {
		if ticks, err := rooms.Verify(kinds, room, record.ReadOptions{}); err != nil || ticks == 0 {
			t.Errorf("%s: %d ticks, %v", room, ticks, err)
		}
	}
}
