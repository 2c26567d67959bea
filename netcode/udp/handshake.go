package udp

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"

	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// request answers a first packet with a cookie and remembers nothing of it.
// Looking at the packet comes before any cryptography, and beyond the budget
// it is all that is done.
func (sh *shard) request(p []byte, from netip.AddrPort) {
	stats := &sh.server.stats
	r, err := wire.ParseRequest(p)
	if err == nil {
		err = wire.CheckToken(r.Token, sh.wall)
	}
	switch {
	case err != nil:
		sh.refuse(p, from, refusalOf(err))
	case sh.server.leaving.Load():
		sh.refuse(p, from, RefusedGoingAway)
	case !sh.answers.take(sh.now, sh.server.answers):
		stats.refuse(RefusedFlood)
	default:
		stats.Challenges.Add(1)
		sh.answer(wire.AppendChallenge(sh.out.reserve(), wire.Challenge{
			Echo:   [wire.EchoSize]byte(r.Nonce[:]),
			Cookie: sh.server.cookies.Make(from, r.Nonce, r.Token, sh.wall),
		}), from)
	}
}

// response begins a session for a client that has sent its cookie and a good
// token. What is checked goes from cheap to dear.
func (sh *shard) response(p []byte, from netip.AddrPort) {
	s := sh.server
	r, err := wire.ParseResponse(p)
	if err == nil {
		err = wire.CheckToken(r.Token, sh.wall)
	}
	if err == nil {
		err = s.cookies.Check(r.Cookie, from, r.Nonce, r.Token, sh.wall)
	}
	if err != nil {
		s.stats.refuse(refusalOf(err))
		return
	}
	if s.leaving.Load() {
		sh.refuse(p, from, RefusedGoingAway)
		return
	}
	if u := s.used.find(tagOf(r.Token)); u != nil {
		sh.repeated(u, p, r.Nonce, from)
		return
	}
	token, err := s.cfg.Keys.Open(r.Token, sh.wall)
	if err == nil {
		err = r.CheckProof(token.Key)
	}
	switch {
	case err != nil:
		sh.refuse(p, from, refusalOf(err))
	case token.User == "":
		sh.refuse(p, from, RefusedForged)
	case !slices.ContainsFunc(token.Addresses, s.own):
		sh.refuse(p, from, RefusedForeign)
	case token.Issued.Before(s.issued):
		sh.refuse(p, from, RefusedStale)
	default:
		sh.accept(&token, r, p, from)
	}
}

// own reports whether a token's address is one of this server's.
func (s *Server) own(address string) bool { return slices.Contains(s.addresses, address) }

// repeated handles a token that has made a session: the client that did so
// gets the same answer, which may have been lost, any other one none.
func (sh *shard) repeated(u *use, p []byte, nonce [32]byte, from netip.AddrPort) {
	if !u.by(from, nonce) {
		sh.refuse(p, from, RefusedUsed)
		return
	}
	if sh.answers.take(sh.now, sh.server.answers) {
		sh.server.stats.Repeated.Add(1)
		sh.answer(append(sh.out.reserve(), u.accept...), from)
	}
}

// accept makes the session, if there is room for it and nobody was faster.
func (sh *shard) accept(token *wire.Token, r wire.Response, p []byte, from netip.AddrPort) {
	s := sh.server
	if s.stats.Sessions.Add(1) > int64(s.cfg.MaxSessions) {
		s.stats.Sessions.Add(-1)
		sh.refuse(p, from, RefusedFull)
		return
	}
	a := wire.Accept{Session: sh.newID(), Echo: [wire.EchoSize]byte(r.Nonce[:]), Timeout: token.Timeout}
	_, _ = rand.Read(a.Random[:]) // never fails
	keys := wire.DeriveKeys(token.Key, r.Nonce, a.Random)
	u := &use{addr: from, nonce: r.Nonce, accept: wire.AppendAccept(nil, a, keys)}
	if earlier, ok := s.used.claim(tagOf(r.Token), u, sh.now); !ok {
		s.stats.Sessions.Add(-1)
		if earlier != nil {
			sh.repeated(earlier, p, r.Nonce, from)
		} else {
			sh.refuse(p, from, RefusedFull)
		}
		return
	}
	s.live.Add(1)
	s.stats.Embryonic.Add(1)
	s.stats.Accepted.Add(1)
	sh.enroll(newConn(sh, a.Session, keys, token, from))
	sh.answer(append(sh.out.reserve(), u.accept...), from)
}

// newID returns the ID of a new session: random, so that a packet of a client
// from before a restart is not taken for another one's, with the shard below.
func (sh *shard) newID() uint32 {
	var b [4]byte
	for {
		_, _ = rand.Read(b[:]) // never fails
		b[0] = sh.index
		if id := binary.LittleEndian.Uint32(b[:]); sh.conns[id] == nil {
			return id
		}
	}
}

// refuse counts a refused packet and tells its sender, where that helps an
// honest one and tells nobody anything about a secret.
func (sh *shard) refuse(p []byte, from netip.AddrPort, why Refusal) {
	sh.server.stats.refuse(why)
	var code wire.RejectCode
	switch why {
	case RefusedExpired, RefusedStale:
		code = wire.RejectExpired
	case RefusedVersion:
		code = wire.RejectVersion
	case RefusedUsed:
		code = wire.RejectUsed
	case RefusedFull:
		code = wire.RejectFull
	case RefusedGoingAway:
		code = wire.RejectGoingAway
	default:
		return
	}
	if sh.rejects.take(sh.now, sh.server.rejects) {
		sh.reject(p, from, code)
	}
}

// refusalOf is why an error of package wire refuses a packet of the handshake.
func refusalOf(err error) Refusal {
	switch {
	case errors.Is(err, wire.ErrTruncated), errors.Is(err, wire.ErrKind):
		return RefusedMalformed
	case errors.Is(err, wire.ErrCookie):
		return RefusedCookie
	case errors.Is(err, wire.ErrExpired):
		return RefusedExpired
	case errors.Is(err, wire.ErrVersion):
		return RefusedVersion
	case errors.Is(err, wire.ErrTooLong):
		return RefusedTooLong
	case errors.Is(err, wire.ErrUnknownKey):
		return RefusedKey
	}
	return RefusedForged
}
