package arena

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
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

// recorded is a room's recording that every build must replay.
const recorded = "testdata/portable"

// TestPortableRecording replays a recording that another build made. It is run
// with GOAMD64=v1, v3 and as WebAssembly (./test.sh portable). Whoever changes
// the rules on purpose makes a new one: go test ./demos/arena -update
func TestPortableRecording(t *testing.T) {
	if *update {
		recordArena(t)
	}
	kinds := []rooms.Kind{rooms.Define("arena", Game())}
	ticks, err := rooms.Verify(kinds, recorded, record.ReadOptions{})
	if err != nil {
		t.Fatalf("%v\n(if the rules were changed on purpose: go test ./demos/arena -update)", err)
	}
	if ticks < int(hz)*40 {
		t.Errorf("the recording has %d ticks", ticks)
	}
	covers(t, kinds)
}

// covers checks that the recording has something of everything.
func covers(t *testing.T, kinds []rooms.Kind) {
	t.Helper()
	ops := make(map[rooms.OpKind]int)
	reader, err := record.Open(recorded, record.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	segments := 0
	for {
		segment, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		segments++
		for entry := range segment.Entries() {
			if entry.Kind == record.EntryInput {
				ops[rooms.OpKind(entry.Input.Kind)]++
			}
		}
	}
	for kind, least := range map[rooms.OpKind]int{
		rooms.OpCreate: 1, rooms.OpJoin: 4, rooms.OpLost: 2, rooms.OpRejoin: 1, rooms.OpLeave: 2,
		rooms.OpCommand: 1000, rooms.OpNeutral: 10, rooms.OpEvent: 1, rooms.OpDispose: 1, rooms.OpLag: 100,
	} {
		if ops[kind] < least {
			t.Errorf("the recording has %d ops of kind %v, want %d", ops[kind], kind, least)
		}
	}
	if segments < 2 {
		t.Errorf("the recording has %d segments", segments)
	}
	replay, err := rooms.OpenReplay(kinds, recorded, record.ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer replay.Close()
	kills, drones := 0, 0
	for {
		if _, err := replay.Step(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		w := replay.Room().World().(*World)
		dead := 0
		for _, p := range w.Players.All() {
			dead += int(p.Deaths)
		}
		kills, drones = max(kills, dead), max(drones, w.Drones.Len())
	}
	if kills < 3 || drones < 3 {
		t.Errorf("the recording has %d deaths and %d drones", kills, drones)
	}
}

// recordArena plays for 50 s in virtual time and keeps the recording.
func recordArena(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		recorder, err := record.New(dir, record.Options{})
		if err != nil {
			t.Fatal(err)
		}
		scheduler := tick.NewScheduler(tick.SchedulerConfig{Loops: 1})
		registry, err := rooms.NewRegistry(rooms.Config{
			Kinds: []rooms.Kind{rooms.Define("arena", Game())}, Scheduler: scheduler, Recorder: recorder,
		})
		if err != nil {
			t.Fatal(err)
		}
		playScript(t, registry)
		if err := registry.Close(t.Context()); err != nil {
			t.Error(err)
		}
		scheduler.Close()
		if err := recorder.Close(); err != nil {
			t.Error(err)
		}
	})
	files, err := filepath.Glob(filepath.Join(dir, "arena", "*", "*.rec"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing was recorded: %v", err)
	}
	if err := os.RemoveAll(recorded); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(recorded, 0o750); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err == nil {
			err = os.WriteFile(filepath.Join(recorded, filepath.Base(file)), data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// playScript lets players come, fight, fall silent, lose their connection,
// come back and go.
func playScript(t *testing.T, registry *rooms.Registry) {
	ann, bob, cid, dan := &hand{t: t}, &hand{t: t}, &hand{t: t}, &hand{t: t}
	script := map[time.Duration]func(){
		0:                func() { ann.join(registry, "ann", rooms.JoinRequest{Kind: "arena"}) },
		3 * time.Second:  func() { bob.join(registry, "bob", rooms.JoinRequest{Kind: "arena"}) },
		8 * time.Second:  func() { cid.join(registry, "cid", rooms.JoinRequest{Kind: "arena"}) },
		10 * time.Second: func() { bob.say(2) },
		12 * time.Second: func() { bob.lose() },
		15 * time.Second: func() { bob.join(registry, "bob", bob.seat) },
		20 * time.Second: func() { cid.leave() },
		21 * time.Second: func() { dan.join(registry, "  d\u00e4n\n\u202e ", rooms.JoinRequest{Kind: "arena"}) },
		24 * time.Second: func() { bob.lose() }, // and does not come back
		28 * time.Second: func() { ann.silent = true },
		31 * time.Second: func() { ann.silent = false },
	}
	ticker := time.NewTicker(hz.Period())
	defer ticker.Stop()
	started := time.Now()
	random := tick.NewRand(1)
	for at := time.Duration(0); at < 50*time.Second; at = time.Since(started) {
		for when, act := range script {
			if at >= when {
				delete(script, when)
				act()
				break // the next one in the next tick: the order of a map is none
			}
		}
		<-ticker.C
		synctest.Wait()
		for _, h := range []*hand{ann, bob, cid, dan} {
			h.play(&random)
		}
	}
}

// hand is a scripted player and its rooms.Conn.
type hand struct {
	plainConn
	t      *testing.T
	conn   *rooms.Seat
	silent bool // sends no commands
	goal   spot
	strafe float32
	until  uint32 // tick

	mu      sync.Mutex // guards what follows: the room's loop writes it
	seat    rooms.JoinRequest
	player  state.ID
	mirror  *state.Mirror
	players *state.View[Player]
	applied uint32
}

func (h *hand) join(registry *rooms.Registry, user string, req rooms.JoinRequest) {
	var err error
	req.User = auth.User{ID: user, Guest: true}
	if req.RawOptions, err = json.Marshal(Profile{Name: user}); err != nil {
		h.t.Fatal(err)
	}
	if h.conn, err = registry.Reserve(context.Background(), req); err != nil {
		h.t.Fatal(err)
	}
	if err := h.conn.Enter(h); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hand) lose()  { h.conn.Lost(); h.gone() }
func (h *hand) leave() { h.conn.Leave(); h.gone() }

func (h *hand) gone() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conn, h.applied = nil, 0
}

func (h *hand) say(line uint8) {
	if err := h.conn.Event(1, 1, encode(h.t, Say{Line: line})); err != nil {
		h.t.Error(err)
	}
}

// play gives the command for a tick: towards a goal, shooting at what it sees.
func (h *hand) play(r *tick.Rand) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.conn == nil || h.applied == 0 || h.silent {
		return
	}
	me, ok := h.players.Get(h.player)
	if !ok {
		return
	}
	if h.applied >= h.until {
		h.goal, h.strafe = roamSpots[r.IntN(len(roamSpots))], r.Range(-1, 1)
		h.until = h.applied + uint32(hz)
	}
	dx, dy := h.goal.x-me.X, h.goal.y-me.Y
	m := Move{Aim: tick.Atan2(dy, dx)}
	near := float32(droneSight)
	for id, p := range h.players.All() {
		d := distance(me.X, me.Y, p.X, p.Y)
		if id == h.player || p.HP == 0 || p.Safe || d > near || !sees(me.X, me.Y, p.X, p.Y, 0) {
			continue
		}
		near = d
		m.Aim, m.Fire = tick.Atan2(p.Y-me.Y, p.X-me.X), true
		dx, dy = -h.strafe*(p.Y-me.Y), h.strafe*(p.X-me.X)
	}
	if length := distance(0, 0, dx, dy); length > 0.5 {
		m.X, m.Y = int8(dx/length*fullStick), int8(dy/length*fullStick)
	}
	h.conn.Saw(h.applied+2, h.applied<<8-uint32(r.IntN(5*256))) // it draws up to 5 ticks late
	if err := h.conn.Command(h.applied+2, 0, encode(h.t, m)); err != nil {
		h.t.Error(err)
	}
}

func encode[M any](t *testing.T, m M) []byte {
	t.Helper()
	r, err := state.RecordOf[M]()
	if err != nil {
		t.Fatal(err)
	}
	return r.Append(nil, &m)
}

// Frame implements rooms.Conn.
func (h *hand) Frame(head schema.Header, body []byte) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	m := fb.GetRootAsState(body, 0)
	if err := h.mirror.ApplyFrame(m.PayloadBytes(), head.Flags&schema.FlagKeyframe != 0); err != nil {
		h.t.Error(err)
	}
	h.applied = m.Tick()
	return true
}

// Message implements rooms.Conn.
func (h *hand) Message(head schema.Header, body []byte) {
	if head.Kind != schema.KindJoined {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := fb.GetRootAsJoined(body, 0)
	h.seat = rooms.JoinRequest{Mode: rooms.JoinReturn, Room: string(m.Room()), Token: string(m.Token())}
	h.player = state.ID(m.Player())
	described, err := schema.ReadSchema(m.Schema(nil))
	if err != nil {
		h.t.Error(err)
	}
	h.mirror = state.NewMirror(described)
	if h.players, err = state.ViewOf[Player](h.mirror, "Players"); err != nil {
		h.t.Error(err)
	}
}

// Applied implements rooms.Conn.
func (h *hand) Applied() uint32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.applied
}

// RTT implements rooms.Conn.
func (h *hand) RTT() time.Duration { return 80 * time.Millisecond }

// Close implements rooms.Conn.
func (h *hand) Close(code schema.Code, text string) { h.t.Errorf("closed with %v: %s", code, text) }
