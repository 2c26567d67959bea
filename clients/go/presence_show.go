package client

import (
	"time"

	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/presence/wire"
	"github.com/parlor-server/parlor/schema"
)

// retryShow is the pause before all is shown again to a room that had no time.
const retryShow = 500 * time.Millisecond

// show is what a connection shows of itself: newest wins, at the room's rate.
// The seat's mu guards it.
type show[T any] struct {
	mine    T
	raw     value.Row // what ShowRow was given, and counts instead of mine; nil: mine does
	group   string    // who sees it
	regroup bool      // group is not what the server knows
	dirty   bool      // mine may differ from sent
	full    bool      // the server has not got what was sent: all that was ever shown is due
	ever    [value.MaxFields + 1]bool
	sent    value.Row // what the server was told; nil: nothing
	first   bool      // nothing has been sent in this stay
	empty   value.Row // the state of one who shows nothing

	shown time.Time // when the last Show went
	said  time.Time // when the last message of any kind went
	not   time.Time // no Show before
	every time.Duration
	beat  time.Duration // 0: no heartbeat
	timer *time.Timer   // for what is due later; nil: none
}

// Show replaces what this connection shows. Only fields that have changed are
// sent, at the room's rate: the newest state wins. The error is about a field
// that cannot be sent, or the room's end.
func (p *Presence[T]) Show(state T) error {
	return p.Update(func(mine *T) { *mine = state })
}

// Update changes what this connection shows; see Show. change must not call the
// room.
func (p *Presence[T]) Update(change func(mine *T)) error {
	p.mu.Lock()
	if p.ended != nil {
		defer p.mu.Unlock()
		return p.ended
	}
	next := p.show.mine
	change(&next)
	if _, err := p.codec.Encode(&next, value.Meta{}); err != nil {
		p.mu.Unlock()
		return err
	}
	p.show.mine, p.show.raw, p.show.dirty = next, nil, true
	p.mu.Unlock()
	p.push()
	return nil
}

// Shown is what this connection wants to show. What the server made of it, Me
// tells.
func (p *Presence[T]) Shown() T {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.show.mine
}

// ShowTo says who sees this connection from now on: a group that it is in;
// empty: everyone.
func (p *Presence[T]) ShowTo(group string) {
	p.mu.Lock()
	if p.show.group != group {
		p.show.group, p.show.regroup = group, true
	}
	p.mu.Unlock()
	p.push()
}

// begin is for a room that knows nothing of this connection.
func (s *show[T]) begin(d *wire.Descriptor, hz int) {
	s.empty = d.State.New(nil)
	s.sent, s.first, s.dirty, s.full, s.regroup = nil, true, true, true, s.group != ""
	s.shown, s.said, s.not = time.Time{}, time.Now(), time.Time{}
	s.every = time.Second / time.Duration(max(hz, 1))
	s.beat = time.Duration(d.Timeout) * time.Millisecond / 3
}

// met says whether the room shows this connection on its own: if it does not,
// whoever shows nothing but zeros has to say so.
func (s *show[T]) met(shown bool) {
	if s.first && !shown {
		for i := range s.ever {
			s.ever[i] = true
		}
		s.dirty, s.full = true, true
	}
}

// again shows everything again, but not before.
func (s *show[T]) again(before time.Time) {
	s.not, s.dirty, s.full = before, true, true
}

// take is the Show that is due, if there is one.
func (s *show[T]) take(codec *value.Codec[T], now time.Time) (m message, ok bool) {
	if due := s.next(); due.IsZero() || now.Before(due) {
		if s.beat == 0 || now.Sub(s.said) < s.beat || s.empty == nil {
			return message{}, false
		}
		return showMessage(nil, ""), true
	}
	patch, err := s.patch(codec)
	s.dirty, s.full, s.regroup = false, false, false // the group goes with the next patch at the latest
	if err != nil || patch.Len() == 0 {
		return message{}, false
	}
	s.shown, s.first = now, false
	return showMessage(patch, s.group), true
}

func showMessage(patch value.Patch, group string) message {
	return message{schema.KindShow, func(b *schema.Builder) []byte { return b.Show(patch, group) }}
}

// next is when a Show is due; zero: there is none.
func (s *show[T]) next() time.Time {
	if s.empty == nil || !s.dirty && !s.regroup {
		return time.Time{}
	}
	due := s.shown.Add(s.every)
	if due.Before(s.not) {
		due = s.not
	}
	return due
}

// patch is what the server has to be told, and notes it as sent.
func (s *show[T]) patch(codec *value.Codec[T]) (value.Patch, error) {
	c := codec.Collection()
	base := s.sent
	if base == nil {
		base = s.empty
	}
	changed, err := s.from(codec, base)
	if err != nil {
		return nil, err
	}
	for field := range c.Changes(changed) {
		s.ever[field] = true
	}
	if s.full || s.regroup {
		all, err := s.from(codec, nil)
		if err != nil {
			return nil, err
		}
		changed = c.Without(all, func(field int) bool { return !s.ever[field] })
	}
	s.sent = c.ApplyPatch(base, changed)
	return changed, nil
}

// from is what differs from base of what is to be shown; with a nil base all of
// it.
func (s *show[T]) from(codec *value.Codec[T], base value.Row) (value.Patch, error) {
	switch {
	case s.raw == nil:
		return codec.Patch(base, &s.mine)
	case base == nil:
		return codec.Collection().PatchOf(s.raw, 0), nil
	}
	return codec.Collection().Diff(base, s.raw), nil
}

// wake sees to it that the seat pushes when something is due next.
func (s *show[T]) wake(now time.Time, at *seat) {
	due := s.next()
	if due.IsZero() {
		if s.beat == 0 || s.empty == nil {
			return
		}
		due = s.said.Add(s.beat)
	}
	if s.timer == nil {
		s.timer = time.AfterFunc(due.Sub(now), at.push)
		return
	}
	s.timer.Reset(due.Sub(now))
}

// stop ends a stay.
func (s *show[T]) stop() {
	s.empty = nil
	if s.timer != nil {
		s.timer.Stop()
	}
}
