package bots

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/persistence/value"
	"github.com/parlor-server/parlor/schema"
)

// settleRefusal is how long a refusal may take.
const settleRefusal = 300 * time.Millisecond

// shower is a guest of a presence room: all numbers with a fraction that it
// shows wander about, other fields change now and then, and it casts.
type shower struct {
	hall *hall
	room *client.Presence[nothing]
	rand *rand.Rand

	mu     sync.Mutex // guards what follows: callbacks use it, too
	row    value.Row  // what it shows
	sent   time.Time  // when it changed; zero: it is shown already
	last   int        // the field that changed lately beside those that wander; −1: none
	lastAt time.Time  // when it did
	cast   string     // the last cast
	scale  float64    // how far numbers wander
	until  time.Time  // after a refusal it shows nothing until then: more of what was on the way may be refused
}

// nothing is what a guest knows of the state before the room describes it.
type nothing struct{}

func (h *hall) newShower(ctx context.Context, c *client.Client, r *rand.Rand) (guest, error) {
	room, err := client.OpenPresence(ctx, c, h.name, nothing{})
	if err != nil {
		return nil, err
	}
	s := &shower{hall: h, room: room, rand: r, last: -1}
	room.OnRefused(s.refused)
	room.OnChange(s.changed)
	return s, nil
}

// act implements guest.
func (s *shower) act() {
	if err := s.show(); err != nil && !errors.Is(err, client.ErrDisconnected) {
		s.hall.meeting.failures.add(err)
	}
	if s.rand.IntN(60) == 0 {
		s.castAny()
	}
}

// show changes what the guest shows.
func (s *shower) show() error {
	state := &s.room.Descriptor().State
	s.mu.Lock()
	now := time.Now()
	if now.Before(s.until) {
		s.mu.Unlock()
		return nil
	}
	s.scale = 1000
	if !s.hall.meeting.learned.worth("far") {
		s.scale = 1
	}
	if s.row == nil {
		s.row = state.New(nil)
		if mine, ok := s.room.Rows()[s.room.Number()]; ok {
			s.row = mine // what the room gave it
		}
	}
	row := s.row
	for i := range state.Fields {
		if f := &state.Fields[i]; f.Kind.Float() && s.may(f) {
			row = state.With(row, i, value.OfFloat(s.wander(state.Get(row, i).Float())))
		}
	}
	if now.Sub(s.lastAt) > settleRefusal {
		s.last = -1
	}
	if s.last < 0 && s.rand.IntN(30) == 0 {
		if i := s.rand.IntN(len(state.Fields) + 1); i < len(state.Fields) && !state.Fields[i].Kind.Float() && s.may(&state.Fields[i]) {
			row = state.With(row, i, randomCell(s.rand, &state.Fields[i], s.scale))
			s.last, s.lastAt = i, now
		}
	}
	if string(row) != string(s.row) && s.sent.IsZero() {
		s.sent = now
	}
	s.row = row
	s.mu.Unlock()
	return s.room.ShowRow(row)
}

// may reports whether a field is the client's and worth changing.
func (s *shower) may(f *value.Field) bool {
	return !f.Retired && !f.Server && !f.User && s.hall.meeting.learned.worth("field "+f.Name)
}

// wander is a number a little way off, within the scale.
func (s *shower) wander(at float64) float64 {
	at += (s.rand.Float64() - 0.5) * s.scale / 20
	if at < 0 || at > s.scale {
		at = s.rand.Float64() * s.scale
	}
	return float64(float32(at)) // which fields of either width hold
}

// refused learns from a refusal: the field that changed last is to blame, or the
// numbers that wandered too far, or the last cast.
func (s *shower) refused(e *schema.Error) {
	s.hall.meeting.refused.Add(1)
	if e.Code == schema.CodeRateLimited {
		return
	}
	l := &s.hall.meeting.learned
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case e.Request != 0:
		l.refuse("cast " + s.cast)
		return
	case time.Now().Before(s.until):
		return
	case s.last >= 0:
		l.refuse("field " + s.room.Descriptor().State.Fields[s.last].Name)
	case s.scale > 1:
		l.refuse("far")
	default:
		for _, f := range s.room.Descriptor().State.Fields {
			if f.Kind.Float() {
				l.refuse("field " + f.Name)
			}
		}
	}
	s.row, s.sent, s.last, s.until = nil, time.Time{}, -1, time.Now().Add(settleRefusal) // begin again with what the room takes
}

// changed measures how long it took until the guest is shown itself as it shows
// itself.
func (s *shower) changed(members []uint32) {
	me := s.room.Number()
	if !slices.Contains(members, me) {
		return
	}
	mine := s.room.Rows()[me]
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.sent.IsZero() && string(mine) == string(s.row) {
		s.hall.meeting.ack.add(time.Since(s.sent))
		s.sent = time.Time{}
	}
}

// castAny casts one of the room's casts, with random data.
func (s *shower) castAny() {
	d := s.room.Descriptor()
	if len(d.Casts) == 0 {
		return
	}
	cast := &d.Casts[s.rand.IntN(len(d.Casts))]
	if !s.hall.meeting.learned.worth("cast " + cast.Name) {
		return
	}
	cells := make([]value.Value, len(cast.Fields))
	for i := range cells {
		cells[i] = randomCell(s.rand, &cast.Fields[i], 1)
	}
	row, err := cast.Make(cells)
	if err != nil {
		s.hall.meeting.failures.add(err)
		return
	}
	s.mu.Lock()
	s.cast = cast.Name
	s.mu.Unlock()
	if err := s.room.CastRow(cast.Name, row); err != nil && !errors.Is(err, client.ErrDisconnected) && !errors.Is(err, client.ErrTooMuch) {
		s.hall.meeting.failures.add(err)
	}
}

// rest implements guest: what is shown stays.
func (s *shower) rest() {}

// holds implements guest.
func (s *shower) holds() (parts map[string]string, settled bool) {
	parts = make(map[string]string)
	return parts, shownIn(s.room, parts)
}

// limit implements guest.
func (s *shower) limit() int { return int(s.room.Descriptor().Sample) }

// shownIn adds the states that a client is shown to what it holds; ok is false
// while the room is not open.
func shownIn[T any](room *client.Presence[T], parts map[string]string) (ok bool) {
	for number, row := range room.Rows() {
		parts["member "+strconv.FormatUint(uint64(number), 10)] = string(row)
	}
	return room.Status() == client.RoomOpen
}

// randomCell is a value that the field takes.
func randomCell(r *rand.Rand, f *value.Field, scale float64) value.Value {
	switch k := f.Kind; {
	case k == value.Bool:
		return value.OfBool(r.IntN(2) == 0)
	case k.Float():
		return value.OfFloat(float64(float32(r.Float64() * scale)))
	case k.Unsigned():
		return value.OfUint(r.Uint64N(100))
	case k.Integer():
		return value.OfInt(r.Int64N(100))
	case k == value.String:
		return value.OfString("bot " + strconv.Itoa(r.IntN(100)))
	case k == value.Bytes:
		return value.OfBytes([]byte{byte(r.IntN(256))})
	}
	return f.Missing() // times and JSON of some shape
}
