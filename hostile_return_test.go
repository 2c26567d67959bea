package parlor_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
)

const secret = "a secret of more than thirty-two bytes"

// keyed makes a server take signed tokens only.
func keyed(t *testing.T) func(*parlor.Config) {
	return func(c *parlor.Config) {
		c.Auth = auth.Config{Keys: filepath.Join(t.TempDir(), "secret")}
		if err := os.WriteFile(c.Auth.Keys, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tokenOf signs a user's token; the header's algorithm is as told.
func tokenOf(t *testing.T, algorithm, key, user string, expires time.Time) string {
	t.Helper()
	claims, err := json.Marshal(map[string]any{"sub": user, "exp": expires.Unix()})
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"`+algorithm+`","typ":"JWT"}`)) + "." + encode(claims)
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return text + "." + encode(mac.Sum(nil))
}

// TestBadTokens says hello with tokens that are none.
func TestBadTokens(t *testing.T) {
	t.Parallel()
	f := build(t, keyed(t))
	later := time.Now().Add(time.Hour)
	good := tokenOf(t, "HS256", secret, "ada", later)
	w := f.witness(client.Options{Token: good})
	head, rest, _ := strings.Cut(good, ".")
	claims, mac, _ := strings.Cut(rest, ".")
	other := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"eve","exp":9999999999}`))
	for what, test := range map[string]struct {
		token string
		code  schema.Code
	}{
		"none":                  {"", schema.CodeUnauthenticated},
		"an expired one":        {tokenOf(t, "HS256", secret, "ada", time.Now().Add(-time.Hour)), schema.CodeTokenExpired},
		"one with a forged key": {tokenOf(t, "HS256", "another secret of more than thirty-two bytes", "ada", later), schema.CodeUnauthenticated},
		"an expired forged one": {tokenOf(t, "HS256", "another secret of more than thirty-two bytes", "ada", time.Now().Add(-time.Hour)), schema.CodeUnauthenticated},
		"other claims":          {head + "." + other + "." + mac, schema.CodeUnauthenticated},
		"no signature":          {head + "." + claims + ".", schema.CodeUnauthenticated},
		"the algorithm none":    {tokenOf(t, "none", secret, "ada", later), schema.CodeUnauthenticated},
		"another algorithm":     {tokenOf(t, "RS256", secret, "ada", later), schema.CodeUnauthenticated},
		"no user":               {tokenOf(t, "HS256", secret, "", later), schema.CodeUnauthenticated},
		"no token at all":       {"ada", schema.CodeUnauthenticated},
		"a very long one":       {strings.Repeat("a.", 30<<10), schema.CodeUnauthenticated},
	} {
		t.Run(what, func(t *testing.T) {
			f.t = t
			r := f.rogue()
			r.hello(test.token)
			r.expectClose(test.code)
		})
	}
	w.unharmed()
}

// TestTokenEnds lets a session's token run out, after another user's token was
// refused.
func TestTokenEnds(t *testing.T) {
	t.Parallel()
	f := build(t, keyed(t))
	later := time.Now().Add(time.Hour)
	w := f.witness(client.Options{Token: tokenOf(t, "HS256", secret, "ada", later)})
	r := f.rogue()
	r.hello(tokenOf(t, "HS256", secret, "eve", time.Now().Add(2*time.Second)))
	r.welcome()
	r.joinYard(w)
	r.send(schema.KindAuth, 0, r.build.Auth(tokenOf(t, "HS256", secret, "ada", later)))
	r.expectError(schema.CodeForbidden, 0)
	r.expectClose(schema.CodeTokenExpired)
	w.unharmed()
}

// TestStolenSeat presents a seat's token as another user, and a token twice.
func TestStolenSeat(t *testing.T) {
	t.Parallel()
	f := build(t, keyed(t))
	later := time.Now().Add(time.Hour)
	w := f.witness(client.Options{Token: tokenOf(t, "HS256", secret, "ada", later)})
	enter := func(user string) *rogue {
		r := f.rogue()
		r.hello(tokenOf(t, "HS256", secret, user, later))
		r.welcome()
		return r
	}
	bob, eve := enter("bob"), enter("eve")
	bob.joinYard(w)
	first := bob.seat()

	eve.send(schema.KindJoin, 0, eve.build.Join(first))
	eve.expectError(schema.CodeBadToken, first.Request)
	bob.alive()

	// Bob's network broke without the server noticing; he comes back.
	again := enter("bob")
	again.join(first)
	if !again.back || again.player != bob.player {
		t.Errorf("came back as player %d, reconnected %t; was %d", again.player, again.back, bob.player)
	}
	bob.expectClose(schema.CodeReplaced)
	w.unharmed()

	// Once the room knows that his new connection has applied a frame, the
	// first token is used up. A frame that follows a later word of his shows it.
	for range 3 {
		again.apply()
	}
	if code := enter("bob").tryJoin(first); code != schema.CodeBadToken {
		t.Errorf("the first token gave %v after the second one arrived", code)
	}
	eve.hangUp()
	w.unharmed()
	w.seen("both players", func(players *client.TableView[inmate]) bool { return players.Len() == 2 })
}

// seat is the join that brings a player back.
func (r *rogue) seat() schema.JoinInfo {
	return schema.JoinInfo{Request: 3, Mode: schema.JoinAgain, Room: r.room, Token: r.token}
}

// apply reads up to the room's next frame and says that it was applied.
func (r *rogue) apply() {
	r.t.Helper()
	for {
		h, body, err := r.read()
		if err != nil {
			r.t.Fatal(err)
		}
		if h.Kind == schema.KindState {
			applied := []schema.Applied{{Handle: h.Handle, Tick: stateTick(body)}}
			r.send(schema.KindPong, 0, r.build.Pong(schema.PongInfo{Applied: applied}))
			r.alive()
			return
		}
	}
}

// network stands between clients and a server and fails on demand.
type network struct {
	listener net.Listener
	over     sync.WaitGroup

	mu    sync.Mutex
	addr  string     // guarded by mu; where the server is
	conns []net.Conn // guarded by mu
}

func newNetwork(t *testing.T, addr string) *network {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &network{listener: l, addr: addr}
	n.over.Go(n.accept)
	t.Cleanup(func() {
		_ = l.Close()
		n.cut()
		n.over.Wait()
	})
	return n
}

func (n *network) accept() {
	for {
		from, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		to, err := net.Dial("tcp", n.addr)
		if err != nil { // the server is down
			n.mu.Unlock()
			_ = from.Close()
			continue
		}
		n.conns = append(n.conns, from, to)
		n.mu.Unlock()
		n.over.Go(func() { carry(from, to) })
		n.over.Go(func() { carry(to, from) })
	}
}

func carry(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_ = from.Close()
	_ = to.Close()
}

// cut breaks all connections.
func (n *network) cut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, c := range n.conns {
		_ = c.Close()
	}
	n.conns = nil
}

// lead makes new connections go to another server.
func (n *network) lead(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addr = addr
}

// returner is a player with the Go client who comes back.
type returner struct {
	room *client.Room
	back chan bool // whether into the same seat
}

func (n *network) returner(t *testing.T) *returner {
	t.Helper()
	c, err := client.Dial(patiently(t), "ws://"+n.listener.Addr().String(), client.Options{
		Reconnect: client.Reconnect{Base: time.Millisecond, Max: 5 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	r := &returner{back: make(chan bool, 16)}
	r.room, err = c.JoinOrCreate(patiently(t), "yard", client.JoinOptions{})
	if err != nil {
		t.Fatal(err)
	}
	r.room.OnReconnect(func(same bool) { r.back <- same })
	return r
}

func (r *returner) returns(t *testing.T) (sameSeat bool) {
	t.Helper()
	select {
	case same := <-r.back:
		return same
	case <-time.After(patience):
		t.Fatal("the client did not come back")
	case <-r.room.Gone():
		t.Fatalf("the client gave up: %v", r.room.Err())
	}
	return false
}

// TestKilledConnection breaks a player's connection, several times: it comes
// back into its seat.
func TestKilledConnection(t *testing.T) {
	t.Parallel()
	f := build(t, nil)
	w := f.witness(client.Options{})
	n := newNetwork(t, f.addr)
	r := n.returner(t)
	player, id := r.room.Player(), r.room.ID()
	if id != w.room.ID() {
		t.Fatal("the two are not in the same room")
	}
	for range 5 {
		n.cut()
		if !r.returns(t) || r.room.Player() != player || r.room.ID() != id {
			t.Fatalf("came back as %d in %s, was %d in %s", r.room.Player(), r.room.ID(), player, id)
		}
		at := r.room.Tick()
		eventually(t, "frames", func() bool { return r.room.Tick() > at })
		w.unharmed()
	}
	s := r.room.Client().Stats()
	if s.Reseats != 5 || s.Rejoins != 0 || s.Desyncs+s.BadFrames+s.Errors != 0 {
		t.Errorf("the client's count: %+v", s)
	}
	w.seen("both players", func(players *client.TableView[inmate]) bool { return players.Len() == 2 })
}

// TestRestart ends a server under its players and starts another: they join
// anew, and meet in one room again.
func TestRestart(t *testing.T) {
	t.Parallel()
	first := build(t, nil)
	n := newNetwork(t, first.addr)
	a, b := n.returner(t), n.returner(t)
	id := a.room.ID()
	if b.room.ID() != id {
		t.Fatal("the two are not in the same room")
	}
	first.stop()
	second := build(t, nil)
	n.lead(second.addr)
	for _, r := range []*returner{a, b} {
		if r.returns(t) {
			t.Error("a new server has kept a seat")
		}
		eventually(t, "frames", func() bool { return r.room.Connected() && r.room.Tick() > 0 })
	}
	if a.room.ID() == id || a.room.ID() != b.room.ID() {
		t.Errorf("the two were in %s, now in %s and %s", id, a.room.ID(), b.room.ID())
	}
	if a.room.Player() == b.room.Player() {
		t.Error("both have the same player")
	}
	for _, r := range []*returner{a, b} {
		if s := r.room.Client().Stats(); s.Rejoins != 1 || s.Reseats != 0 || s.Desyncs+s.BadFrames != 0 {
			t.Errorf("a client's count: %+v", s)
		}
	}
	second.witness(client.Options{}).unharmed()
}
