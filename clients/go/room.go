package client

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// Room is this client's place in a room, and its copy of the room's state. It
// outlives lost connections. The package comment says what may be called where.
type Room struct {
	c     *Client
	join  schema.JoinInfo // what the first join asked for
	setup func(*Room)     // run once, at the first Joined

	member   atomic.Pointer[membership] // replaced at every Joined; nil before the first
	mirror   atomic.Pointer[state.Mirror]
	handle   atomic.Uint32 // 0: not joined at the moment
	applied  atomic.Uint32 // the last tick that is known completely; 0: none, a keyframe is needed
	standing atomic.Uint64 // applied << 16 | the base ticks that the mirror holds, as in Commands
	ack      atomic.Uint32 // the highest named tick among the commands that the room has consumed
	broken   atomic.Int64  // since when deltas are refused, nanoseconds since Client.start; 0: they are not
	leaving  atomic.Bool
	eventSeq atomic.Uint32 // the last event's seq in this membership

	clock    *Clock
	inputs   inputs
	commands commandLog
	backlog  backlog       // the client's goroutine's
	first    chan struct{} // closed at the first frame
	gone     chan struct{} // closed when the membership is over for good

	// state is held while the mirror changes and while callbacks run.
	state sync.Mutex
	parts partCount // guarded by state

	drawers     callbacks[drawer]
	onFrame     callbacks[frameObserver] // tables, predictors, interpolators, in the order of their making
	onEvent     callbacks[eventObserver]
	onMessage   callbacks[func(Message)]
	onDesync    callbacks[func(Desync)]
	onError     callbacks[func(*schema.Error)]
	onReconnect callbacks[func(sameSeat bool)]
	onLeft      callbacks[func(*schema.Error)]

	endMu sync.Mutex    // guards ended
	ended *schema.Error // why the membership is over
}

// membership is what a Joined says. It never changes.
type membership struct {
	id, kind, token string
	player          state.ID
	rate            tick.Rate
	grace           time.Duration
	hash            uint64
	schema          *schema.Schema
}

// Message is a room message. Data is JSON, valid during the callback.
type Message struct {
	Tick uint32
	Name string
	Data []byte
}

func newRoom(c *Client, o JoinOptions, info schema.JoinInfo) *Room {
	return &Room{
		c: c, join: info, setup: o.Setup, clock: newClock(),
		first: make(chan struct{}), gone: make(chan struct{}),
	}
}

// ID is the room's ID, for Client.JoinByID of other clients.
func (r *Room) ID() string { return r.member.Load().id }

// Kind is the name under which the game was defined.
func (r *Room) Kind() string { return r.member.Load().kind }

// Player is this player's ID: the key of its row in tables that have one row
// for each player. It changes when a lost seat could not be kept.
func (r *Room) Player() state.ID { return r.member.Load().player }

// Rate is the room's tick rate.
func (r *Room) Rate() tick.Rate { return r.member.Load().rate }

// Grace is how long the seat is kept after the connection is lost.
func (r *Room) Grace() time.Duration { return r.member.Load().grace }

// Schema describes the room's tables, events and inputs. It is shared: do not
// change it.
func (r *Room) Schema() *schema.Schema { return r.member.Load().schema }

// Tick is the last tick of which all is known; 0 while a keyframe is missing.
func (r *Room) Tick() tick.Tick { return tick.Tick(r.applied.Load()) }

// Ack is the highest tick named by a command that the room has consumed.
func (r *Room) Ack() tick.Tick { return tick.Tick(r.ack.Load()) }

// Clock estimates the server's tick.
func (r *Room) Clock() *Clock { return r.clock }

// Client is the client that the room belongs to.
func (r *Room) Client() *Client { return r.c }

// Connected reports whether the player is in the room at the moment.
func (r *Room) Connected() bool { return r.handle.Load() != 0 }

// View runs f while the state stands still, so that f may read tables from any
// goroutine. Inside a callback that is so already, and View would wait for
// itself.
func (r *Room) View(f func()) {
	r.state.Lock()
	defer r.state.Unlock()
	f()
}

// Mirror is the untyped copy of the room's state, for tools that work with any
// schema. It is read like tables are, and replaced when the schema changes.
func (r *Room) Mirror() *state.Mirror { return r.mirror.Load() }

// Gone is closed when the membership is over for good; Err then says why.
func (r *Room) Gone() <-chan struct{} { return r.gone }

// Err says why the membership is over; nil while it is not.
func (r *Room) Err() error {
	r.endMu.Lock()
	defer r.endMu.Unlock()
	if r.ended == nil {
		return nil // not a nil *schema.Error in an error
	}
	return r.ended
}

// Leave gives the seat up and waits until the server has said so.
func (r *Room) Leave(ctx context.Context) error {
	r.leaving.Store(true)
	if handle := r.handle.Load(); handle != 0 {
		if err := r.c.send.leave(uint16(handle), r.applied.Load()); err != nil {
			r.c.log.Info("leaving while disconnected", "error", err) // the seat's grace runs out instead
		}
	}
	select {
	case <-r.gone:
		return nil
	case <-r.c.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("leave: %w", ctx.Err())
	}
}

// OnFrame registers f, called after each frame and its table callbacks. What
// it returns, like that of the other registrations, takes f back: it is not
// called again, except for a call that has begun on the client's goroutine.
func (r *Room) OnFrame(f func(Frame)) (cancel func()) { return r.onFrame.add(frameFunc(f)) }

// OnMessage registers f, called for each room message.
func (r *Room) OnMessage(f func(Message)) (cancel func()) { return r.onMessage.add(f) }

// OnDesync registers f, called when the public hash of a frame is not the
// mirror's. By then a keyframe has been asked for.
func (r *Room) OnDesync(f func(Desync)) (cancel func()) { return r.onDesync.add(f) }

// OnError registers f, called when the server refuses an input: Request is the
// number that SendEvent returned, 0 for commands.
func (r *Room) OnError(f func(*schema.Error)) (cancel func()) { return r.onError.add(f) }

// OnReconnect registers f, called when a lost connection is back; sameSeat is
// false when the seat was gone and a new one was taken, perhaps in another room.
func (r *Room) OnReconnect(f func(sameSeat bool)) (cancel func()) { return r.onReconnect.add(f) }

// OnLeft registers f, called once when the membership is over for good.
func (r *Room) OnLeft(f func(*schema.Error)) (cancel func()) { return r.onLeft.add(f) }

// ready reports whether the first frame has been applied.
func (r *Room) ready() bool {
	select {
	case <-r.first:
		return true
	default:
		return false
	}
}

// enter begins a membership: the first, or the next after a reconnection.
func (r *Room) enter(m *membership, at tick.Tick, rtt time.Duration, sameSeat bool, now time.Time) {
	r.state.Lock()
	defer r.state.Unlock()
	again := r.member.Load() != nil
	old := r.member.Swap(m)
	if old == nil || old.hash != m.hash {
		r.mirror.Store(state.NewMirror(*m.schema))
		r.inputs.forget()
	}
	r.applied.Store(0)
	r.standing.Store(0)
	r.parts = partCount{}
	r.commands.forget()
	r.backlog.forget()
	r.eventSeq.Store(0)
	if !sameSeat {
		r.ack.Store(0)
	}
	r.broken.Store(0)
	r.clock.reset(m.rate, at, rtt, now)
	if !again {
		if r.setup != nil {
			r.setup(r)
		}
		return
	}
	for f := range r.onReconnect.all() {
		f(sameSeat)
	}
}

// end closes the room for good. Only the client's goroutine calls it.
func (r *Room) end(why *schema.Error) {
	r.endMu.Lock()
	over := r.ended != nil
	if !over {
		r.ended = why
	}
	r.endMu.Unlock()
	if over {
		return
	}
	r.handle.Store(0)
	close(r.gone)
	r.state.Lock()
	defer r.state.Unlock()
	for f := range r.onLeft.all() {
		f(why)
	}
}
