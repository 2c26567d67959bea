package wire

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/blake2s"
)

// CookieSize is the length of a cookie, which only its server can read.
const CookieSize = 24

// CookiePeriod is how long one secret makes cookies. They are good for one
// period at least and two at most.
const CookiePeriod = 10 * time.Second

const secretSize = 16 // bytes

// Cookies makes and checks the proof that a client receives what is sent to
// its address. The server remembers nothing for it: a cookie is the number of
// a secret and a keyed hash of address, nonce and token. The key is a prefix of
// what is hashed, which BLAKE2 is safe for. Any goroutine may use it.
type Cookies struct {
	secrets  atomic.Pointer[cookieSecrets]
	rotating sync.Mutex // held while secrets are replaced
}

// cookieSecrets never change once they are published.
type cookieSecrets struct {
	number            uint64 // of current; previous has one less
	since             time.Time
	current, previous [secretSize]byte
}

// NewCookies makes cookies with fresh secrets.
func NewCookies() *Cookies {
	c := &Cookies{}
	c.secrets.Store(&cookieSecrets{})
	return c
}

// Make returns the cookie for a client's address, nonce and token, which has
// passed CheckToken.
func (c *Cookies) Make(addr netip.AddrPort, nonce [32]byte, token []byte, now time.Time) [CookieSize]byte {
	s := c.at(now)
	return makeCookie(s.number, &s.current, addr, &nonce, token)
}

// Check returns ErrCookie unless the cookie was made for the same address,
// nonce and token by the present secret or the one before.
func (c *Cookies) Check(cookie [CookieSize]byte, addr netip.AddrPort, nonce [32]byte, token []byte, now time.Time) error {
	s := c.at(now)
	secret := &s.current
	switch binary.LittleEndian.Uint64(cookie[:]) {
	case s.number:
	case s.number - 1:
		secret = &s.previous
	default:
		return ErrCookie
	}
	want := makeCookie(binary.LittleEndian.Uint64(cookie[:]), secret, addr, &nonce, token)
	if subtle.ConstantTimeCompare(cookie[:], want[:]) != 1 {
		return ErrCookie
	}
	return nil
}

// makeCookie hashes one block, which is all that a flood of requests should
// cost: of the token its tag, by which all of it is known; of the nonce what the
// Challenge repeats.
func makeCookie(number uint64, secret *[secretSize]byte, addr netip.AddrPort, nonce *[32]byte, token []byte) (cookie [CookieSize]byte) {
	var in [secretSize + 16 + 2 + EchoSize + TagSize]byte
	ip := addr.Addr().As16()
	n := copy(in[:], secret[:])
	n += copy(in[n:], ip[:])
	binary.LittleEndian.PutUint16(in[n:], addr.Port())
	n += 2
	n += copy(in[n:], nonce[:EchoSize])
	copy(in[n:], token[max(0, len(token)-TagSize):])
	sum := blake2s.Sum256(in[:])
	binary.LittleEndian.PutUint64(cookie[:], number)
	copy(cookie[8:], sum[:])
	return cookie
}

// at returns the secrets, replaced if their time is over.
func (c *Cookies) at(now time.Time) *cookieSecrets {
	s := c.secrets.Load()
	if s.fresh(now) {
		return s
	}
	c.rotating.Lock()
	defer c.rotating.Unlock()
	if s = c.secrets.Load(); s.fresh(now) {
		return s
	}
	next := &cookieSecrets{number: s.number + 1, since: now, previous: s.current}
	if s.since.IsZero() || now.Sub(s.since) >= 2*CookiePeriod { // the one before is too old as well
		_, _ = rand.Read(next.previous[:])
	}
	_, _ = rand.Read(next.current[:])
	c.secrets.Store(next)
	return next
}

func (s *cookieSecrets) fresh(now time.Time) bool {
	return !s.since.IsZero() && now.Sub(s.since) < CookiePeriod
}
