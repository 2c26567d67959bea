package canvas

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// shows sends what a client shows; an empty state is its removal.
func (r *rig) shows(c Conn, client, clock uint64, state string) {
	var json []byte
	if state != "" {
		json = []byte(state)
	}
	r.sync(c, yjs.AwarenessState, yjs.EncodeAwareness(client, clock, json))
}

// seen applies the awareness messages of a connection to a client's awareness.
func (r *rig) seen(c Conn, a *yjs.Awareness) (messages int) {
	r.t.Helper()
	for _, m := range r.messages(c) {
		if m.Kind == yjs.AwarenessState {
			messages++
			if _, err := a.Apply(m.Payload, r.now); err != nil {
				r.t.Fatal(err)
			}
		}
	}
	return messages
}

func newCrowd(t *testing.T, roles ...Role) (*rig, []*yjs.Awareness) {
	r := newRig(t, Settings{})
	list := []*yjs.Awareness{nil}
	for i, role := range roles {
		r.enter(Conn(i+1), role, true)
		list = append(list, yjs.NewAwareness(yjs.AwarenessLimits{}))
	}
	return r, list
}

func TestAwarenessIsEchoedAndCoalesced(t *testing.T) {
	r, a := newCrowd(t, Writer, Writer)
	r.shows(1, 11, 1, `{"x":0}`)
	if n := r.seen(1, a[1]); n != 2 || string(a[1].State(11)) != `{"x":0}` {
		t.Errorf("the answer to a new client, and the echo: %d messages, %s", n, a[1].State(11))
	}
	r.seen(2, a[2])
	for clock := range uint64(100) { // a second of a mouse at 100 Hz
		r.shows(1, 11, 2+clock, `{"x":1}`)
		r.shows(2, 22, 2+clock, `{"y":1}`)
		r.pass(10 * time.Millisecond)
	}
	r.pass(time.Second / 10)
	if n := r.seen(2, a[2]); n < 20 || n > 31 {
		t.Errorf("%d messages in a second", n)
	}
	if string(a[2].State(11)) != `{"x":1}` || string(a[2].State(22)) != `{"y":1}` {
		t.Errorf("seen %s, %s", a[2].State(11), a[2].State(22))
	}
}

func TestWhoLeavesIsRemoved(t *testing.T) {
	r, a := newCrowd(t, Writer, Writer)
	r.shows(1, 11, 5, `{}`)
	r.shows(2, 22, 5, `{}`)
	r.pass(time.Second)
	r.seen(2, a[2])
	r.apply(&Leave{Conn: 1})
	r.pass(time.Second)
	r.seen(2, a[2])
	if a[2].State(11) != nil || a[2].State(22) == nil {
		t.Error("not the one who left is gone")
	}
	// It returns with the clock that it had: told so, it shows itself anew.
	r.enter(3, Writer, true)
	r.shows(3, 11, 5, `{}`)
	if n := len(r.messages(3)); n != 1 {
		t.Errorf("%d answers to a stale clock", n)
	}
	r.shows(3, 11, 6, `{"again":true}`)
	r.pass(time.Second)
	r.seen(2, a[2])
	if string(a[2].State(11)) != `{"again":true}` {
		t.Errorf("seen %s", a[2].State(11))
	}
}

func TestWhoIsSilentExpires(t *testing.T) {
	r, a := newCrowd(t, Writer, Writer)
	r.shows(1, 11, 1, `{}`)
	r.shows(2, 22, 1, `{}`)
	for clock := range uint64(5) {
		r.pass(10 * time.Second)
		r.shows(2, 22, 2+clock, `{}`)
	}
	r.pass(time.Second)
	r.seen(2, a[2])
	if a[2].State(11) != nil || a[2].State(22) == nil {
		t.Errorf("seen %s, %s", a[2].State(11), a[2].State(22))
	}
	if n := r.doc.Stats().Shown; n != 1 {
		t.Errorf("%d are shown", n)
	}
	r.pass(time.Minute)
	if next := r.doc.Next(); !next.IsZero() {
		t.Errorf("with nobody shown it wants a tick at %v", next)
	}
}

func TestConnectionsSpeakForThemselves(t *testing.T) {
	r, a := newCrowd(t, Writer, Writer, Writer)
	state := func(client uint64) string {
		r.pass(time.Second)
		r.seen(3, a[3])
		return string(a[3].State(client))
	}
	r.shows(1, 11, 1, `"ann"`)
	r.shows(2, 22, 1, `"bob"`)
	r.shows(2, 11, 9, `"not ann"`)
	r.shows(2, 11, 9, "")
	if got := state(11); got != `"ann"` {
		t.Errorf("ann is %s", got)
	}
	r.apply(&Leave{Conn: 2})
	if got := state(11); got != `"ann"` {
		t.Errorf("ann is %s after who spoke for her has left", got)
	}
	// Another user may not take her over with its first word either.
	r.enter(4, Writer, true)
	r.shows(4, 11, 10, `"not ann"`)
	if got := state(11); got != `"ann"` {
		t.Errorf("ann is %s", got)
	}
	// A tab repeats what another tab shows, before that one's own connection.
	r.shows(1, 12, 1, `"tab"`)
	r.enter(5, Writer, true)
	r.shows(5, 12, 2, `"the tab itself"`)
	r.shows(1, 12, 3, `"repeated"`)
	r.apply(&Leave{Conn: 1})
	if got := state(12); got != `"the tab itself"` {
		t.Errorf("the tab is %s", got)
	}
}

// TestReturningUser comes back before its old connection is known to be dead.
func TestReturningUser(t *testing.T) {
	r := newRig(t, Settings{})
	seen := yjs.NewAwareness(yjs.AwarenessLimits{})
	ann := User{ID: "ann"}
	r.apply(&Enter{Conn: 1, Role: Writer, Stock: true, User: ann})
	r.shows(1, 11, 1, `"before"`)
	r.apply(&Enter{Conn: 2, Role: Writer, Stock: true, User: ann})
	r.shows(2, 11, 2, `"after"`)
	r.apply(&Leave{Conn: 1})
	r.pass(time.Second)
	if r.seen(2, seen); string(seen.State(11)) != `"after"` {
		t.Errorf("shown %s", seen.State(11))
	}
	guest := func(c Conn, id, remote string) {
		r.apply(&Enter{Conn: c, Role: Writer, Stock: true, User: User{ID: id, Guest: true}, Remote: remote})
	}
	guest(3, "g1", "10.0.0.1:1")
	r.shows(3, 33, 1, `"guest"`)
	guest(4, "g2", "10.0.0.2:1")
	r.shows(4, 33, 2, `"thief"`)
	guest(5, "g3", "10.0.0.1:2")
	r.shows(5, 33, 3, `"back"`)
	r.apply(&Leave{Conn: 3})
	r.pass(time.Second)
	if r.seen(2, seen); string(seen.State(33)) != `"back"` {
		t.Errorf("shown %s", seen.State(33))
	}
}

func TestReadersShowByChoice(t *testing.T) {
	for _, may := range []bool{true, false} {
		r := newRig(t, Settings{ReadersShow: may})
		seen := yjs.NewAwareness(yjs.AwarenessLimits{})
		r.enter(1, Reader, true)
		r.enter(2, Writer, true)
		r.shows(1, 11, 1, `{}`)
		r.pass(time.Second)
		if r.seen(2, seen); (seen.State(11) != nil) != may {
			t.Errorf("readers show themselves %t: seen %s", may, seen.State(11))
		}
		if got := r.code(1); got != 0 {
			t.Errorf("told %v", got)
		}
	}
}

func TestSlowClientsCatchUp(t *testing.T) {
	r, a := newCrowd(t, Writer, Writer, Writer)
	r.shows(3, 33, 1, `{}`)
	r.pass(time.Second)
	r.seen(2, a[2])
	r.busy[2] = 1 << 20
	for clock := range uint64(50) {
		r.shows(1, 11, 1+clock, `{"x":1}`)
		r.pass(time.Second / 30)
	}
	r.apply(&Leave{Conn: 3})
	r.pass(time.Second)
	if n := r.seen(2, a[2]); n > 0 {
		t.Errorf("%d messages for who does not read", n)
	}
	r.busy[2] = 0
	r.pass(time.Second)
	if n := r.seen(2, a[2]); n != 1 || a[2].State(11) == nil || a[2].State(33) != nil {
		t.Errorf("%d messages, seen %s and %s", n, a[2].State(11), a[2].State(33))
	}
}

func TestQueryAndFirstWord(t *testing.T) {
	r := newRig(t, Settings{})
	a := yjs.NewAwareness(yjs.AwarenessLimits{})
	r.enter(1, Writer, true)
	r.enter(2, Writer, false) // does not listen: it has said nothing of Yjs
	r.shows(1, 11, 1, `{}`)
	r.pass(time.Second)
	if got := r.messages(2); len(got) > 0 {
		t.Errorf("sent %v", got)
	}
	r.sync(2, yjs.AwarenessQuery, nil)
	r.sync(2, yjs.AwarenessQuery, nil)
	r.pass(time.Second)
	if n := r.seen(2, a); n != 1 || a.State(11) == nil {
		t.Errorf("%d messages", n)
	}
	r.enter(3, Writer, false)
	r.sync(3, yjs.SyncStep1, nothing)
	if got := kinds(r.messages(3)); !slices.Contains(got, yjs.AwarenessState) {
		t.Errorf("who joins is told %v", got)
	}
}

func TestCrowdLimits(t *testing.T) {
	r := newRig(t, Settings{Awareness: yjs.AwarenessLimits{StateBytes: 100, Clients: 100}})
	r.enter(1, Writer, false)
	for client := range uint64(200) {
		r.shows(1, client+1, 1, `{}`)
	}
	if n := r.doc.Stats().Shown; n != maxShown {
		t.Errorf("one connection shows %d", n)
	}
	r.take(1)
	r.shows(1, 1, 2, `"`+strings.Repeat("x", 100)+`"`)
	if got := r.code(1); got != schema.CodeTooLarge {
		t.Errorf("a large state: %v", got)
	}
	r.enter(2, Writer, false)
	r.take(2)
	var got schema.Code
	for client := range uint64(60) {
		r.shows(2, client+1000, 1, `{}`)
		got = max(got, r.code(2))
	}
	if got != schema.CodeRoomFull {
		t.Errorf("a crowd: %v", got)
	}
}

// TestCrowdBytes: what all show together must not be more than a client that reads
// at its own pace can be sent, and one connection must not take it all.
func TestCrowdBytes(t *testing.T) {
	r := newRig(t, Settings{})
	const conns = 100
	large := `"` + strings.Repeat("x", 60<<10) + `"`
	client := uint64(0)
	for c := range Conn(conns) {
		r.enter(c+1, Writer, true)
		for range 10 {
			client++
			r.shows(c+1, client, 1, large)
			r.shows(c+1, client, 2, large)
		}
		if n := len(r.doc.conns[c+1].shows); n == 0 && c < 4 || n > 2 {
			t.Errorf("connection %d shows %d", c, n)
		}
	}
	r.pass(time.Second)
	r.enter(conns+1, Writer, true)
	r.sync(conns+1, yjs.SyncStep1, yjs.StateVector{}.Encode())
	bytes := 0
	for _, s := range r.take(conns + 1) {
		bytes += len(s.Body)
	}
	if bytes > 4<<20 {
		t.Errorf("who comes is sent %d bytes", bytes)
	}
	for c := range Conn(conns) {
		r.apply(&Leave{Conn: c + 1})
	}
	r.shows(conns+1, 5000, 1, large)
	r.shows(conns+1, 5000, 2, large)
	if r.doc.awareness.State(5000) == nil {
		t.Error("there is no place although everybody has left")
	}
}
