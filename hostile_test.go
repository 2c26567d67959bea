package parlor_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// The files hostile_*_test.go attack a whole server over real sockets. In each
// attack the attacker is told what it did by name, and a witness, who plays by
// the rules in the same room, notices nothing.

// patience is how long a test waits for what should take milliseconds.
const patience = 20 * time.Second

// The yard is the game under attack. Something changes in every tick, so that
// every tick has a frame.
type (
	yard struct {
		Players state.Table[inmate]
		Clock   state.Value[clock]
	}
	inmate struct {
		X    int32
		User string
	}
	clock struct{ Ticks uint32 }
)

// The yard's inputs, by their index.
const (
	inStride uint8 = iota
	inShout
	inAim
	inCrash
)

type (
	stride struct {
		X int8 `parlor:"min=-1,max=1"`
	}
	shout struct{ Bytes uint16 } // sends everyone a message of this size
	aim   struct{ Angle float32 }
	crash struct{} // makes the rules panic
)

const yardSeats = 64

func (w *yard) join(_ *rooms.Ctx, p *rooms.Player, _ struct{}) {
	w.Players.Put(p.ID, inmate{User: p.User})
}

func (w *yard) leave(_ *rooms.Ctx, p *rooms.Player, _ rooms.LeaveReason) { w.Players.Delete(p.ID) }
func (w *yard) tick(*rooms.Ctx)                                          { w.Clock.Edit().Ticks++ }
func (*yard) aim(*rooms.Ctx, *rooms.Player, aim) error                   { return nil }
func (*yard) crash(*rooms.Ctx, *rooms.Player, crash) error               { panic("as asked") }

func (*yard) shout(ctx *rooms.Ctx, _ *rooms.Player, m shout) error {
	ctx.Broadcast("shout", strings.Repeat("a", int(m.Bytes)))
	return nil
}

func yardKind() rooms.Kind {
	return rooms.Define("yard", rooms.Game[yard, struct{}]{
		Hz: 100, MaxPlayers: yardSeats, EventsPerSecond: 20,
		Join: (*yard).join, Leave: (*yard).leave, Tick: (*yard).tick,
		Inputs: []rooms.Input[yard]{
			rooms.Command(func(w *yard) *state.Table[inmate] { return &w.Players },
				func(p *inmate, m stride, _ float32) { p.X += int32(m.X) }),
			rooms.Event((*yard).shout),
			rooms.Event((*yard).aim),
			rooms.Event((*yard).crash),
		},
	})
}

// fortress is a server under attack.
type fortress struct {
	t      *testing.T
	server *parlor.Server
	addr   string // HOST:PORT
	log    *errorLog
	stop   func() // ends the server; the test's end does it too
}

// build starts a server. When it ends, it must not have logged an error.
func build(t *testing.T, change func(*parlor.Config)) *fortress {
	t.Helper()
	f := &fortress{t: t, log: &errorLog{}}
	cfg := parlor.Config{
		Rooms: []rooms.Kind{yardKind()}, Addr: "127.0.0.1:0", AdminAddr: "off", Data: t.TempDir(), Record: "off",
		Logger: slog.New(slog.NewTextHandler(f.log, &slog.HandlerOptions{Level: slog.LevelDebug})), Loops: 1, DrainTimeout: -1,
	}
	if change != nil {
		change(&cfg)
	}
	var err error
	if f.server, err = parlor.New(cfg); err != nil {
		t.Fatal(err)
	}
	if err := f.server.Listen(); err != nil {
		t.Fatal(err)
	}
	f.addr = strings.Trim(strings.TrimPrefix(f.server.URL(), "http:"), "/")
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.server.Run(ctx) }()
	f.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the server ended with %v", err)
		}
		if lines := f.log.errors(); lines != "" {
			t.Errorf("the server logged errors of its own:\n%s", lines)
		}
	})
	t.Cleanup(f.stop)
	return f
}

// metric reads one of the server's metrics, labels included; 0 if there is none.
func (f *fortress) metric(name string) string {
	f.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "http://localhost/metrics", nil)
	f.server.AdminHandler().ServeHTTP(w, r)
	for line := range strings.Lines(w.Body.String()) {
		if value, ok := strings.CutPrefix(line, name+" "); ok {
			return strings.TrimSpace(value)
		}
	}
	return "0"
}

// errorLog keeps the lines of a log that tell of a fault in the server.
type errorLog struct {
	mu     sync.Mutex // guards lines
	lines  bytes.Buffer
	expect bool // guarded by mu; faults are asked for
}

// Write implements io.Writer; slog hands in one line at a time.
func (l *errorLog) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("level=ERROR")) || bytes.Contains(line, []byte("panic")) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.expect {
			l.lines.Write(line)
		}
	}
	return len(line), nil
}

func (l *errorLog) expectFaults() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expect = true
}

func (l *errorLog) errors() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lines.String()
}

// witness is a player with the Go client who must not notice the attacks.
type witness struct {
	t      *testing.T
	client *client.Client
	room   *client.Room
	frames chan struct{} // one token when a frame has come
	player state.ID
}

// witness joins a yard, the only one unless it is full.
func (f *fortress) witness(options client.Options) *witness {
	f.t.Helper()
	options.Reconnect.Off = true
	w := &witness{t: f.t, frames: make(chan struct{}, 1)}
	var err error
	if w.client, err = client.Dial(patiently(f.t), "ws://"+f.addr, options); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { _ = w.client.Close() })
	w.room, err = w.client.JoinOrCreate(patiently(f.t), "yard", client.JoinOptions{})
	if err != nil {
		f.t.Fatal(err)
	}
	w.room.OnFrame(func(client.Frame) {
		select {
		case w.frames <- struct{}{}:
		default:
		}
	})
	w.player = w.room.Player()
	return w
}

// unharmed plays on for some ticks and checks that nothing is amiss.
func (w *witness) unharmed() {
	w.t.Helper()
	from, acked := w.room.Tick(), w.room.Ack()
	late := time.After(patience)
	for w.room.Tick() < from+5 || w.room.Ack() == acked {
		if err := client.SendCommand(w.room, w.room.Clock().CommandTick(time.Now()), stride{X: 1}); err != nil {
			w.t.Fatalf("the witness cannot play: %v", err)
		}
		select {
		case <-w.frames:
		case <-w.client.Done():
			w.t.Fatalf("the witness was disconnected: %v", w.client.Err())
		case <-late:
			w.t.Fatalf("the witness stands still at tick %d, acknowledged %d", w.room.Tick(), w.room.Ack())
		}
	}
	if s := w.client.Stats(); s.Desyncs+s.BadFrames+s.Errors+s.Disconnects > 0 || w.room.Player() != w.player {
		w.t.Fatalf("the witness is no longer well: %+v", s)
	}
}

// seen waits until the witness's copy of the room satisfies the condition.
func (w *witness) seen(what string, holds func(*client.TableView[inmate]) bool) {
	w.t.Helper()
	players, err := client.Table[inmate](w.room, "Players")
	if err != nil {
		w.t.Fatal(err)
	}
	late := time.After(patience)
	for {
		ok := false
		w.room.View(func() { ok = holds(players) })
		if ok {
			return
		}
		select {
		case <-w.frames:
		case <-late:
			w.t.Fatalf("the witness did not see %s", what)
		}
	}
}

// tickOf is the tick that a raw client's next command should name.
func (w *witness) tickOf() tick.Tick { return w.room.Tick() + 4 }

func patiently(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls for what other goroutines do.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	late := time.After(patience)
	poll := time.NewTicker(2 * time.Millisecond)
	defer poll.Stop()
	for !ok() {
		select {
		case <-poll.C:
		case <-late:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
