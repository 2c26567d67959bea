package udp

import (
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// GrantRequest says who may connect, and to which seat. The caller has
// authenticated the user.
type GrantRequest struct {
	User      auth.User // its ID is required; its claims do not travel in the token
	Room      string    // where the seat is, for the server's logs; may be empty
	Ticket    string    // of a reserved seat, for a Join that names none; may be empty
	Addresses []string  // where the client is to connect, as it sees them: Config.Addresses
}

// Grant is what a client needs to connect once. Token may pass through anyone;
// Key is for this client alone.
type Grant struct {
	Token     []byte
	Key       [32]byte
	Addresses []string
	Expires   time.Time
	Timeout   time.Duration
}

// Grant makes a connect token, which is good for 30 s.
func (s *Server) Grant(req GrantRequest) (Grant, error) {
	if req.User.ID == "" {
		return Grant{}, errors.New("failed to grant a connection: name the user")
	}
	now := time.Now()
	t := wire.Token{
		User: req.User.ID, Name: req.User.Name, Guest: req.User.Guest, UserExpires: req.User.Expires,
		Room: req.Room, Ticket: req.Ticket,
		Addresses: s.addresses,
		Issued:    now, Expires: now.Add(wire.MaxTokenLife).Truncate(time.Millisecond), Timeout: s.cfg.Timeout,
	}
	_, _ = rand.Read(t.ID[:]) // never fails
	_, _ = rand.Read(t.Key[:])
	sealed, err := s.cfg.Keys.Seal(t)
	if err != nil {
		return Grant{}, err
	}
	g := Grant{Token: sealed, Key: t.Key, Addresses: s.addresses, Expires: t.Expires, Timeout: t.Timeout}
	if len(req.Addresses) > 0 {
		g.Addresses = req.Addresses
	}
	g.Addresses = slices.Clone(g.Addresses)
	return g, nil
}
