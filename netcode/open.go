package netcode

import (
	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// openMember is the place of a room that is no game in the table of links: a
// Seat that refuses what only games take.
type openMember struct{ OpenSeat }

// Command refuses.
func (openMember) Command(uint32, uint8, []byte) error { return errNoGame() }

// Saw does nothing.
func (openMember) Saw(uint32, uint32) {}

// Event refuses.
func (openMember) Event(uint32, uint8, []byte) error { return errNoGame() }

func errNoGame() error {
	return schema.Errorf(schema.CodeBadInput, "this room is no game: it takes no commands and events")
}

// open starts a goroutine for an Open, because the room may have to be loaded.
func (s *Session) open(body []byte) {
	m := fb.GetRootAsOpen(body, 0)
	user := s.user.Load()
	req := OpenRequest{
		Request:    m.Request(),
		Room:       string(m.Room()),
		Client:     string(m.Client()),
		Epoch:      m.Epoch(),
		Cursor:     m.Cursor(),
		SchemaHash: m.SchemaHash(),
		Version:    m.Version(),
		User:       *user,
		Remote:     s.RemoteAddr(),
	}
	if s.server.cfg.Open == nil {
		s.refuse(0, req.Request, schema.Errorf(schema.CodeNoSuchKind, "this server has games only"))
		return
	}
	if err := s.admit(s.server.cfg.MaxLinks); err != nil {
		s.refuse(0, req.Request, err)
		return
	}
	s.joins.Go(func() { s.enterOpen(req, user) })
}

// enterOpen opens the room and enters it. User is whom the request names: a
// token that was shown meanwhile went to the rooms in the table only.
func (s *Session) enterOpen(req OpenRequest, user *auth.User) {
	seat, err := s.server.cfg.Open.Open(s.ctx, req)
	if !s.occupy(req.Request, &Link{session: s, seat: openMember{seat}, open: seat}, err) {
		return
	}
	if now := s.user.Load(); now != user {
		seat.Renew(*now)
	}
}

// recordRoom is member for the messages of record rooms.
func (s *Session) recordRoom(h schema.Header) (RecordSeat, error) {
	l := s.named(h.Handle)
	if l == nil {
		return nil, errNotInRoom(h)
	}
	if seat, ok := l.open.(RecordSeat); ok {
		return seat, nil
	}
	return nil, schema.Errorf(schema.CodeBadInput, "the room with handle %d is no record room: it does not take %s", h.Handle, h.Kind)
}

func errNotInRoom(h schema.Header) error {
	return schema.Errorf(schema.CodeNotInRoom, "this session has no room with handle %d", h.Handle)
}

// shared hands on a message to a presence, canvas or Yjs room. HOT
func (s *Session) shared(h schema.Header, body []byte) {
	l := s.named(h.Handle)
	err := errNotInRoom
	if l != nil {
		if seat, ok := l.open.(SharedSeat); ok {
			s.answerShared(h, body, seat.Receive(h, body))
			return
		}
		err = errNotShared
	}
	s.answerShared(h, body, err(h))
}

func errNotShared(h schema.Header) error {
	return schema.Errorf(schema.CodeBadInput, "the room with handle %d does not take %s", h.Handle, h.Kind)
}

// answerShared refuses a message to such a room, if err says so.
func (s *Session) answerShared(h schema.Header, body []byte, err error) {
	if err == nil {
		return
	}
	request := uint32(0)
	switch h.Kind {
	case schema.KindMutate:
		s.refuseMutation(h, fb.GetRootAsMutate(body, 0).Id(), err)
		return
	case schema.KindCast:
		request = fb.GetRootAsCast(body, 0).Request()
	case schema.KindGroup:
		request = fb.GetRootAsGroup(body, 0).Request()
	}
	s.refuse(h.Handle, request, err)
}

func (s *Session) subscribe(h schema.Header, body []byte) {
	m := fb.GetRootAsSubscribe(body, 0)
	seat, err := s.recordRoom(h)
	if err == nil {
		err = seat.Subscribe(Subscription{
			ID: m.Id(), Collection: m.Collection(), Query: m.QueryBytes(), Since: m.Since(), Held: m.HeldBytes(),
		})
	}
	if err != nil {
		s.refuse(h.Handle, m.Id(), err)
	}
}

func (s *Session) unsubscribe(h schema.Header, body []byte) {
	m := fb.GetRootAsUnsubscribe(body, 0)
	seat, err := s.recordRoom(h)
	if err == nil {
		err = seat.Unsubscribe(m.Id())
	}
	if err != nil {
		s.refuse(h.Handle, m.Id(), err)
	}
}

// mutate hands a Mutate on. HOT
func (s *Session) mutate(h schema.Header, body []byte) {
	if l := s.named(h.Handle); l != nil {
		if _, ok := l.open.(SharedSeat); ok {
			s.shared(h, body)
			return
		}
	}
	m := fb.GetRootAsMutate(body, 0)
	seat, err := s.recordRoom(h)
	if err == nil {
		err = seat.Mutate(Mutation{ID: m.Id(), Name: m.Name(), Args: m.ArgsBytes(), Version: m.Version(), Void: m.Void()})
	}
	if err != nil {
		s.refuseMutation(h, m.Id(), err)
	}
}

// refuseMutation answers a Mutate that no room has seen: with a Receipt of no
// sequence, or with an Error if the client asked for no receipt.
func (s *Session) refuseMutation(h schema.Header, id uint64, err error) {
	if id == 0 {
		s.refuse(h.Handle, 0, err)
		return
	}
	coded := s.coded(err)
	b := s.server.builder()
	s.send(schema.KindReceipt, h.Handle, b.Receipt(schema.ReceiptInfo{Mutation: id, Code: coded.Code, Message: coded.Message}))
	s.server.builders.Put(b)
}

// ofRecords tells the kinds of message that have limits of their own.
func ofRecords(kind schema.Kind) bool {
	switch kind {
	case schema.KindMutate, schema.KindSubscribe, schema.KindUnsubscribe, schema.KindSync:
		return true
	}
	return false
}

// oversized refuses a record room's message that is too long, without ending
// the session. It reports whether it was one.
func (s *Session) oversized(h schema.Header, body []byte) bool {
	if len(body) <= s.server.cfg.RecordMessage {
		return false
	}
	err := schema.Errorf(schema.CodeTooLarge, "the message has %d bytes, the room takes %d", len(body), s.server.cfg.RecordMessage)
	switch h.Kind {
	case schema.KindMutate:
		s.refuseMutation(h, fb.GetRootAsMutate(body, 0).Id(), err)
	case schema.KindSubscribe:
		s.refuse(h.Handle, fb.GetRootAsSubscribe(body, 0).Id(), err)
	default:
		s.refuse(h.Handle, 0, err)
	}
	return true
}

// ReadLimit is the longest message that the client may send now, if longer than
// what the transport reads anyway: 0 if it is in games only. Only the
// transport's reader calls it.
func (s *Session) ReadLimit() int {
	for _, l := range s.table() {
		if l.open != nil {
			return s.server.cfg.RecordMessage + recordSlack
		}
	}
	return 0
}

// recordSlack is by how much a message may be too long and still be answered
// with an Error, not with the session's end.
const recordSlack = 64 << 10

// lateMutation refuses a Mutate beyond the rate limit, which has not been
// verified yet.
func (s *Session) lateMutation(h schema.Header, body []byte) {
	if schema.Verify(h.Kind, body) != nil {
		return
	}
	s.refuseMutation(h, fb.GetRootAsMutate(body, 0).Id(), schema.Errorf(schema.CodeRateLimited,
		"more than %d mutations a second; send it again later", s.server.cfg.RecordRate))
}

// lateSync sees to it that a Sync beyond the rate limit is not lost for ever.
func (s *Session) lateSync(h schema.Header) {
	if l := s.named(h.Handle); l != nil {
		if seat, ok := l.open.(Overrunner); ok && seat.Overrun() {
			s.refuse(h.Handle, 0, schema.Errorf(schema.CodeRateLimited, "messages beyond the rate limit are ignored; the room asks for edits among them"))
		}
	}
}

// ofPeople tells the kinds of message by which people see each other.
func ofPeople(kind schema.Kind) bool {
	switch kind {
	case schema.KindShow, schema.KindCast, schema.KindGroup, schema.KindDrag:
		return true
	}
	return false
}

// lateShared refuses such a message beyond the rate limit, which has not been
// verified yet: the newest that somebody shows counts, so that its sender has to
// know that it was not taken, and in which room.
func (s *Session) lateShared(h schema.Header, body []byte) {
	if schema.Verify(h.Kind, body) == nil {
		s.answerShared(h, body, schema.Errorf(schema.CodeRateLimited, "beyond the rate limit; send it again later"))
	}
}
