package netcode

import (
	"slices"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// join starts a goroutine for a Join, because finding a room may wait on the
// game's I/O. A session has few of them, and waits for them when it ends.
func (s *Session) join(body []byte) {
	m := fb.GetRootAsJoin(body, 0)
	req := JoinRequest{
		Request:    m.Request(),
		Mode:       uint8(m.Mode()),
		Kind:       string(m.Kind()),
		Room:       string(m.Room()),
		Token:      string(m.Token()),
		Options:    slices.Clone(m.OptionsBytes()),
		Filter:     slices.Clone(m.FilterBytes()),
		SchemaHash: m.SchemaHash(),
		Private:    m.Private(),
		User:       s.User(),
		Remote:     s.RemoteAddr(),
	}
	if schema.JoinMode(req.Mode) == schema.JoinTicket && req.Token == "" {
		req.Token = s.ticket
	}
	if err := s.admit(s.server.cfg.MaxPendingJoins); err != nil {
		s.refuse(0, req.Request, err)
		return
	}
	s.joins.Go(func() { s.enter(req) })
}

// admit counts a join that begins, of which atOnce may be under way.
func (s *Session) admit(atOnce int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	cfg := &s.server.cfg
	if s.pending >= atOnce {
		return schema.Errorf(schema.CodeRateLimited, "no more than %d joins at a time", atOnce)
	}
	if len(s.table())+s.pending >= cfg.MaxLinks {
		return schema.Errorf(schema.CodeTooManyRooms, "no more than %d rooms for one session", cfg.MaxLinks)
	}
	s.pending++
	return nil
}

// Joining reports whether joins are under way, for which Ended waits: as long
// as the game's own code takes.
func (s *Session) Joining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pending > 0
}

// reject counts out a join that came to nothing.
func (s *Session) reject() {
	s.mu.Lock()
	s.pending--
	s.mu.Unlock()
}

// enter reserves a seat and enters it.
func (s *Session) enter(req JoinRequest) {
	seat, err := s.server.cfg.Host.Reserve(s.ctx, req)
	s.occupy(req.Request, &Link{session: s, seat: seat}, err)
}

// occupy makes a pending join a link and enters its seat, unless err says that
// there is none. It reports whether the room was entered.
func (s *Session) occupy(request uint32, l *Link, err error) bool {
	if err != nil {
		s.reject()
		if s.ctx.Err() == nil {
			s.refuse(0, request, err)
		}
		return false
	}
	if s.ctx.Err() != nil {
		s.reject()
		l.seat.Lost()
		return false
	}
	// The room may answer, and the client that, before Enter returns.
	s.add(l)
	if err := l.seat.Enter(l); err != nil {
		l.Done()
		s.refuse(0, request, err)
		return false
	}
	return true
}

// add puts a link into the table, with a handle that has not been used for long.
func (s *Session) add(l *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.lastHandle++; s.lastHandle == 0 || s.link(s.lastHandle) != nil; {
		s.lastHandle++
	}
	l.handle = s.lastHandle
	table := append(slices.Clone(s.table()), l)
	s.links.Store(&table)
	s.pending--
	s.server.stats.Links.Add(1)
}

// drop takes the link out of the table.
func (s *Session) drop(l *Link) {
	s.mu.Lock()
	defer s.mu.Unlock()
	table := slices.DeleteFunc(slices.Clone(s.table()), func(x *Link) bool { return x == l })
	s.links.Store(&table)
	s.server.stats.Links.Add(-1)
}
