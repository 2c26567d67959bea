package netcode

import (
	"context"
	"errors"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// Warm reads of the session's memory what Receive is going to need, and returns
// something of it. A transport with a batch of messages calls it for all their
// sessions first. Only the transport's reader calls it.
func (s *Session) Warm() (touched uint32) {
	touched = s.closing.Load() + uint32(s.limits.last) + uint32(s.short[0])
	if l := s.recent; l != nil {
		touched += l.applied.Load() + uint32(l.lossy.used)
	}
	return touched
}

// Receive handles one inbound message, which it does not keep. Only the
// transport's reader calls it. An error says that the session is closed, by
// this message or before.
func (s *Session) Receive(msg []byte) error {
	if s.closing.Load() != 0 {
		return errClosed
	}
	now, stats := s.server.now(), &s.server.stats
	if s.heard.Load() != int64(now) {
		s.heard.Store(int64(now))
	}
	stats.MessagesIn.Add(1)
	stats.BytesIn.Add(uint64(len(msg)))
	h, body, err := schema.ParseHeader(msg)
	if v := s.limits.take(now, len(msg), ofRecords(h.Kind), &s.server.rates); v != pass {
		return s.limited(v, h, body)
	}
	if err == nil {
		err = schema.Verify(h.Kind, body)
	}
	if err != nil {
		return s.malformed(err.Error())
	}
	if ofRecords(h.Kind) && s.oversized(h, body) {
		return nil
	}
	if !s.welcomed.Load() {
		if h.Kind != schema.KindHello {
			return s.malformed("the first message must be Hello, not " + h.Kind.String())
		}
		return s.hello(body)
	}
	return s.dispatch(h, body)
}

func (s *Session) dispatch(h schema.Header, body []byte) error {
	switch h.Kind {
	case schema.KindCommand:
		s.command(h, body)
	case schema.KindCommands:
		return s.repeatedCommands(h, body)
	case schema.KindEvent:
		s.event(h, body)
	case schema.KindPong:
		s.pong(body)
	case schema.KindPing:
		s.answerPing(body)
	case schema.KindJoin:
		s.join(body)
	case schema.KindLeave:
		if l := s.member(h, 0); l != nil {
			l.seat.Leave()
		}
	case schema.KindMutate:
		s.mutate(h, body)
	case schema.KindSubscribe:
		s.subscribe(h, body)
	case schema.KindUnsubscribe:
		s.unsubscribe(h, body)
	case schema.KindShow, schema.KindCast, schema.KindLook, schema.KindGroup, schema.KindDrag, schema.KindSync:
		s.shared(h, body)
	case schema.KindOpen:
		s.open(body)
	case schema.KindAuth:
		s.reauthenticate(body)
	case schema.KindClose:
		s.Close(0, "")
		return errClosed
	default:
		return s.malformed(h.Kind.String() + " is not a client's message here")
	}
	return nil
}

func (s *Session) malformed(reason string) error {
	s.Close(schema.CodeBadMessage, reason)
	return errClosed
}

func (s *Session) limited(v verdict, h schema.Header, body []byte) error {
	s.server.stats.RateLimited.Add(1)
	switch {
	case v == flood:
		s.Close(schema.CodeRateLimited, flooded)
		return errClosed
	case h.Kind == schema.KindMutate && s.welcomed.Load():
		s.lateMutation(h, body) // the client waits for an answer to each
	case h.Kind == schema.KindSync:
		s.lateSync(h)
	case ofPeople(h.Kind) && s.welcomed.Load():
		s.lateShared(h, body)
	case v == report:
		s.refuse(0, 0, schema.Errorf(schema.CodeRateLimited, "messages beyond the rate limit are ignored"))
	}
	return nil
}

func (s *Session) hello(body []byte) error {
	m := fb.GetRootAsHello(body, 0)
	if v := m.Protocol(); v != schema.Version {
		s.Close(schema.CodeBadProtocol, "this server speaks another version of the protocol")
		return errClosed
	}
	user, guestToken, err := s.identify(string(m.Token()))
	if err != nil {
		s.Close(err.Code, err.Message)
		return errClosed
	}
	s.become(user)
	s.server.cfg.Logger.Debug("session welcomed", "session", s.id, "user", user.ID,
		"client", string(m.Client()), "remote", s.RemoteAddr())
	b := s.server.builder()
	defer s.server.builders.Put(b)
	s.send(schema.KindWelcome, 0, b.Welcome(schema.WelcomeInfo{
		Session:      s.id,
		User:         user.ID,
		GuestToken:   guestToken,
		ServerTime:   uint64(time.Now().UnixMicro()),
		PingInterval: uint32(s.server.cfg.PingInterval.Milliseconds()),
		Server:       s.server.cfg.Version,
		Development:  s.server.cfg.Development,
	}))
	s.welcomed.Store(true)
	return nil
}

// identify is authenticate, but for clients whose connect token has said
// already who they are. Such a client's token is of the same user.
func (s *Session) identify(token string) (auth.User, string, *schema.Error) {
	known := s.User()
	if known.ID == "" {
		return s.authenticate(token)
	}
	if token == "" {
		return known, "", nil
	}
	user, guestToken, err := s.authenticate(token)
	if err == nil && user.ID != known.ID {
		err = schema.Errorf(schema.CodeForbidden, "the token is not of the user that the connection was granted to")
	}
	return user, guestToken, err
}

// authenticate may wait on the network, as long as a Hello may take.
func (s *Session) authenticate(token string) (auth.User, string, *schema.Error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.server.cfg.HelloTimeout)
	defer cancel()
	user, guestToken, err := s.server.cfg.Auth.Authenticate(ctx, token)
	if err == nil {
		return user, guestToken, nil
	}
	s.server.cfg.Logger.Debug("token refused", "session", s.id, "error", err)
	var coded *schema.Error
	switch {
	case errors.As(err, &coded):
		return auth.User{}, "", coded
	case errors.Is(err, auth.ErrExpired):
		return auth.User{}, "", schema.Errorf(schema.CodeTokenExpired, "the token has expired")
	}
	return auth.User{}, "", schema.Errorf(schema.CodeUnauthenticated, "the token is not accepted here")
}

// reauthenticate replaces the token of a live session. A bad one is refused
// and the session goes on until the old one expires.
func (s *Session) reauthenticate(body []byte) {
	user, _, err := s.authenticate(string(fb.GetRootAsAuth(body, 0).Token()))
	if err == nil && user.ID != s.User().ID {
		err = schema.Errorf(schema.CodeForbidden, "the token is another user's")
	}
	if err != nil {
		s.refuse(0, 0, err)
		return
	}
	s.become(user)
	for _, l := range s.table() {
		if l.open != nil {
			l.open.Renew(user)
		}
	}
}

func (s *Session) become(user auth.User) {
	expires := int64(0)
	if !user.Expires.IsZero() {
		expires = user.Expires.UnixNano()
	}
	s.user.Store(&user)
	s.expires.Store(expires)
}

// member returns the link that a message names and takes the message's
// acknowledgement; without such a link it answers and returns nil.
func (s *Session) member(h schema.Header, request uint32) *Link {
	l := s.named(h.Handle)
	if l == nil {
		s.refuse(h.Handle, request, schema.Errorf(schema.CodeNotInRoom, "this session has no room with handle %d", h.Handle))
		return nil
	}
	l.acknowledge(h.Ack)
	return l
}

func (s *Session) command(h schema.Header, body []byte) {
	l := s.member(h, 0)
	if l == nil {
		return
	}
	m := fb.GetRootAsCommand(body, 0)
	if seen := m.Seen(); seen != 0 {
		l.seat.Saw(m.Tick(), seen)
	}
	if err := l.seat.Command(m.Tick(), m.Input(), m.PayloadBytes()); err != nil {
		s.refuse(h.Handle, 0, err)
	}
}

func (s *Session) event(h schema.Header, body []byte) {
	m := fb.GetRootAsEvent(body, 0)
	l := s.member(h, m.Seq())
	if l == nil {
		return
	}
	if err := l.seat.Event(m.Seq(), m.Input(), m.PayloadBytes()); err != nil {
		s.refuse(h.Handle, m.Seq(), err)
	}
}
