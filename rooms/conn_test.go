package rooms_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// client is a Conn that decodes all it gets, as a client would.
type client struct {
	t *testing.T

	mu       sync.Mutex
	blocked  bool // frames are refused
	deaf     bool // frames are taken, never applied
	silent   bool // what is applied is not told; said is
	said     uint32
	forgot   bool // it lost its state and waits for a keyframe
	mirror   *state.Mirror
	applied  uint32
	ack      uint32
	joined   rooms.JoinRequest // Room, Token
	joins    int
	player   state.ID
	back     bool
	frames   int
	keys     int
	ages     []uint32
	events   int
	owner    int
	messages []string
	errs     []schema.Code
	errText  string // of the last one
	left     schema.Code
	closed   schema.Code
	done     bool
}

func (c *client) Frame(head schema.Header, body []byte) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expectJoined(head)
	if c.blocked {
		return false
	}
	if err := schema.Verify(head.Kind, body); err != nil {
		c.t.Error(err)
	}
	m := fb.GetRootAsState(body, 0)
	key := head.Flags&schema.FlagKeyframe != 0
	if key != (m.Age() == 0) {
		c.t.Errorf("keyframe flag %t with age %d", key, m.Age())
	}
	if base := m.Tick() - m.Age(); !key && base != c.applied && !c.deaf && !c.forgot {
		c.t.Errorf("frame %d is based on %d, the client holds %d", m.Tick(), base, c.applied)
	}
	c.frames++
	c.ages = append(c.ages, m.Age())
	if key {
		c.keys++
	}
	c.ack = head.Ack
	if c.deaf || c.forgot && !key {
		return true
	}
	c.forgot = false
	if err := c.mirror.ApplyFrame(m.PayloadBytes(), key); err != nil {
		c.t.Error(err)
	}
	if want, ok := c.mirror.LastFrameHash(); ok && want != c.mirror.Hash() {
		c.t.Errorf("desync at tick %d: %v, want %v", m.Tick(), c.mirror.Hash(), want)
	}
	c.applied = m.Tick()
	return true
}

func (c *client) Message(head schema.Header, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expectJoined(head)
	if err := schema.Verify(head.Kind, body); err != nil {
		c.t.Error(err)
	}
	switch head.Kind {
	case schema.KindJoined:
		m := fb.GetRootAsJoined(body, 0)
		c.joined = rooms.JoinRequest{Mode: rooms.JoinReturn, Room: string(m.Room()), Token: string(m.Token())}
		c.player, c.back = state.ID(m.Player()), m.Reconnected()
		c.joins++
		if s := m.Schema(nil); s != nil {
			described, err := schema.ReadSchema(s)
			if err != nil {
				c.t.Error(err)
			}
			c.mirror = state.NewMirror(described)
		}
	case schema.KindOwner:
		c.owner++
		if err := c.mirror.ApplyOwner(fb.GetRootAsOwner(body, 0).PayloadBytes()); err != nil {
			c.t.Error(err)
		}
	case schema.KindEvents:
		c.events++
	case schema.KindMessage:
		c.messages = append(c.messages, string(fb.GetRootAsMessage(body, 0).Name()))
	case schema.KindError:
		m := fb.GetRootAsError(body, 0)
		c.errs, c.errText = append(c.errs, schema.Code(m.Code())), string(m.Message())
	case schema.KindLeft:
		c.left = schema.Code(fb.GetRootAsLeft(body, 0).Code())
	}
}

// expectJoined checks that Joined comes first, once, and nothing after the end.
func (c *client) expectJoined(head schema.Header) {
	if c.done {
		c.t.Errorf("%v after the end", head.Kind)
	}
	if head.Kind == schema.KindJoined && c.joins != 0 {
		c.t.Error("Joined came twice")
	}
	if c.joins == 0 && head.Kind != schema.KindJoined && head.Kind != schema.KindError {
		c.t.Errorf("%v came before Joined", head.Kind)
	}
}

func (c *client) Datagram(schema.Header, []byte) bool { return false }
func (c *client) DatagramSize() int                   { return 0 }
func (c *client) Base() uint32                        { return 0 }
func (c *client) RTT() time.Duration                  { return 0 }
func (c *client) Flush()                              {}
func (c *client) Applied() uint32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.forgot:
		return 0
	case c.silent:
		return c.said
	}
	return c.applied
}
func (c *client) Done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done {
		c.t.Error("Done twice")
	}
	c.done = true
}
func (c *client) Close(code schema.Code, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = code
}

// set changes a client between two ticks.
func (c *client) set(change func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change()
}

// house is a registry with a scheduler in virtual time.
type house struct {
	t        *testing.T
	registry *rooms.Registry
	recorder *record.Recorder
	kinds    []rooms.Kind
}

// inHouse runs test with a registry of the tests' games and more kinds, in
// virtual time.
func inHouse(t *testing.T, dir string, test func(h *house), more ...rooms.Kind) {
	inHouseWith(t, dir, nil, test, more...)
}

// inHouseWith is inHouse with record rooms.
func inHouseWith(t *testing.T, dir string, records rooms.RecordRooms, test func(h *house), more ...rooms.Kind) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, kinds: append(more, rooms.Define("walk", testGame()), rooms.Define("crowd", crowdGame()))}
		if dir != "" {
			var err error
			if h.recorder, err = record.New(dir, record.Options{}); err != nil {
				t.Fatal(err)
			}
		}
		scheduler := tick.NewScheduler(tick.SchedulerConfig{Loops: 2})
		var err error
		h.registry, err = rooms.NewRegistry(rooms.Config{
			Kinds: h.kinds, Scheduler: scheduler, Recorder: h.recorder, Records: records, Logger: slog.New(slog.DiscardHandler),
			MayOpen: func(remote string) bool { return remote != "greedy" },
		})
		if err != nil {
			t.Fatal(err)
		}
		test(h)
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := h.registry.Close(ctx); err != nil {
			t.Error(err)
		}
		scheduler.Close()
		if err := h.recorder.Close(); err != nil {
			t.Error(err)
		}
	})
}

// clockWorld is of games that are about when a room lives.
type clockWorld struct {
	Alarms state.Timers[uint8]
}

func crowdGame() rooms.Game[world, profile] {
	g := testGame()
	g.MaxPlayers = 64
	return g
}

// join brings a user in and waits for the room's answer.
func (h *house) join(user string, req rooms.JoinRequest) (*client, *rooms.Seat) {
	h.t.Helper()
	c := &client{t: h.t}
	req.User = auth.User{ID: user, Name: user}
	seat, err := h.registry.Reserve(context.Background(), req)
	if err != nil {
		h.t.Fatalf("failed to reserve for %s: %v", user, err)
	}
	if err := seat.Enter(c); err != nil {
		h.t.Fatal(err)
	}
	h.pass(200 * time.Millisecond)
	return c, seat
}

// refused expects Reserve to fail with a code.
func (h *house) refused(user string, req rooms.JoinRequest, want schema.Code) {
	h.t.Helper()
	req.User = auth.User{ID: user}
	_, err := h.registry.Reserve(context.Background(), req)
	var e *schema.Error
	if !errors.As(err, &e) || e.Code != want {
		h.t.Errorf("%s joining gave %v, want %v", user, err, want)
	}
}

// within is a context of a minute of virtual time.
func (h *house) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	h.t.Cleanup(cancel)
	return ctx
}

// pass lets virtual time go by and everything settle.
func (h *house) pass(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
	synctest.Wait()
}

func payload[M any](t *testing.T, m M) []byte {
	t.Helper()
	record, err := state.RecordOf[M]()
	if err != nil {
		t.Fatal(err)
	}
	return record.Append(nil, &m)
}

func send[M any](h *house, s *rooms.Seat, input uint8, m M) {
	h.t.Helper()
	if err := s.Event(1, input, payload(h.t, m)); err != nil {
		h.t.Error(err)
	}
	h.pass(100 * time.Millisecond)
}
