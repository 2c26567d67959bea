package parlor

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode/udp"
	"github.com/parlor-server/parlor/netcode/udp/wire"
	"github.com/parlor-server/parlor/schema"
)

// newKeyRing reads the keys that connect tokens are sealed with, or makes one
// that this process keeps to itself.
func newKeyRing(file string) (*wire.KeyRing, error) {
	if file == "" {
		var key [32]byte
		rand.Read(key[:])
		return wire.NewKeyRing(key)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("failed to read the keys of connect tokens: %w", err)
	}
	var keys [][32]byte
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := base64.StdEncoding.DecodeString(line)
		if err != nil || len(key) != 32 {
			return nil, fmt.Errorf("line %d of %s is no key of connect tokens: a key is 32 random bytes in base64, as from openssl rand -base64 32", n, file)
		}
		keys = append(keys, [32]byte(key))
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s has no key: put one into each line, 32 random bytes in base64, as from openssl rand -base64 32", file)
	}
	return wire.NewKeyRing(keys...)
}

// ListenUDP takes the UDP address, for games whose TCP side is served by an
// http.Server of their own. Listen does it too.
func (s *Server) ListenUDP() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listenUDP(s.cfg.UDPAddr)
}

// listenUDP needs mu.
func (s *Server) listenUDP(addr string) error {
	if addr == off || s.udp.Load() != nil {
		return nil
	}
	server, err := udp.Listen(udp.Config{
		Addr: addr, Keys: s.keys, Sessions: s.sessions, Addresses: s.cfg.UDPAddresses, Logger: s.cfg.Logger,
	})
	if err != nil {
		return fmt.Errorf("parlor: failed to listen for players over UDP: %w (choose another address with --udp, or --udp off)", err)
	}
	s.udp.Store(server)
	return nil
}

// flushUDP runs after each batch of ticks.
func (s *Server) flushUDP() {
	if u := s.udp.Load(); u != nil {
		u.Flush()
	}
}

// UDPAddr is where clients connect over UDP, such as 127.0.0.1:7777; "" when
// the server does not listen there.
func (s *Server) UDPAddr() string {
	if u := s.udp.Load(); u != nil {
		return u.Addr().String()
	}
	return ""
}

// udpStats are the listener's counters; all 0 while there is none.
func (s *Server) udpStats() *udp.Stats {
	if u := s.udp.Load(); u != nil {
		return u.Stats()
	}
	return new(udp.Stats)
}

// Connect is what a client needs to connect over UDP: a token of which it
// makes one use within 30 seconds, and the token's key. It is a secret between
// the server, or its matchmaking, and that client.
type Connect struct {
	Token      string    `json:"token"`     // base64url without padding
	Key        string    `json:"key"`       // likewise, 32 bytes
	Addresses  []string  `json:"addresses"` // HOST:PORT, to be tried in order
	Expires    time.Time `json:"expires"`   // until when the token is good
	Timeout    int       `json:"timeout"`   // seconds of silence that end the session
	User       string    `json:"user"`
	GuestToken string    `json:"guestToken,omitempty"` // makes a guest the same user again
}

// errNoUDP is for clients, which then connect by WebSocket.
var errNoUDP = schema.Errorf(schema.CodeRefused, "this server does not listen for UDP; connect by WebSocket")

// Connect grants a user a connection over UDP: what POST /v1/connect does, for
// a matchmaker in the same process. ticket, which may be empty, is that of a
// seat in room. The token carries no claims: the rules see User.Claims only if
// the client's Hello brings a signed token of the same user.
func (s *Server) Connect(user auth.User, room, ticket string) (Connect, error) {
	u := s.udp.Load()
	if u == nil {
		return Connect{}, errNoUDP
	}
	grant, err := u.Grant(udp.GrantRequest{User: user, Room: room, Ticket: ticket})
	if err != nil {
		return Connect{}, fmt.Errorf("parlor: failed to grant a connection: %w", err)
	}
	text := base64.RawURLEncoding
	return Connect{
		Token: text.EncodeToString(grant.Token), Key: text.EncodeToString(grant.Key[:]),
		Addresses: grant.Addresses, Expires: grant.Expires.UTC(),
		Timeout: int(grant.Timeout.Seconds()), User: user.ID,
	}, nil
}

// connect answers POST /v1/connect.
func (a api) connect(w http.ResponseWriter, r *http.Request) {
	limitBody(w, r)
	// On a developer's own machine bots come as fast as they like.
	if !a.server.dev && !a.server.connects.take(a.server.remoteAddr(r), time.Now()) {
		w.Header().Set("Retry-After", "1")
		writeError(w, schema.Errorf(schema.CodeRateLimited, "too many connections from your address; wait a second"))
		return
	}
	user, guestToken, err := a.server.auth.Authenticate(r.Context(), bearer(r))
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="parlor"`)
		writeError(w, authError(err))
		return
	}
	c, err := a.server.connectFor(r, user, "", "")
	if errors.Is(err, errNoUDP) {
		writeJSON(w, http.StatusNotFound, problem{Code: "NO_UDP", Message: errNoUDP.Message})
		return
	}
	if err != nil {
		a.server.logFailure(r, err)
		writeError(w, err)
		return
	}
	c.GuestToken = guestToken
	writeJSON(w, http.StatusOK, c)
}

// connectFor is Connect for the client that made a request: unless there are
// fixed ones, the address is the one that the client asked, so that it stays
// behind the relay that it may have come through.
func (s *Server) connectFor(r *http.Request, user auth.User, room, ticket string) (Connect, error) {
	c, err := s.Connect(user, room, ticket)
	if err == nil && len(s.cfg.UDPAddresses) == 0 {
		c.Addresses = []string{s.udpAddressFor(r)}
	}
	return c, err
}

func (s *Server) udpAddressFor(r *http.Request) string {
	port := strconv.Itoa(int(s.udp.Load().Addr().Port()))
	host, asked, err := net.SplitHostPort(r.Host)
	if err != nil {
		return net.JoinHostPort(strings.Trim(r.Host, "[]"), port)
	}
	if s.samePort() {
		port = asked
	}
	return net.JoinHostPort(host, port)
}

// samePort tells that TCP and UDP use the same port, so that whoever reaches
// one under some other number reaches the other under it too.
func (s *Server) samePort() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listeners.players == nil || s.cfg.BehindProxy {
		return false
	}
	tcp, ok := s.listeners.players.Addr().(*net.TCPAddr)
	return ok && tcp.Port == int(s.udp.Load().Addr().Port())
}
