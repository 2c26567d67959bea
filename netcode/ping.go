package netcode

import (
	"time"

	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// smoothing is the weight of a new round trip: one in eight, as in TCP.
const smoothing = 8

// ping queues a Ping; the caller flushes.
func (s *Session) ping() {
	now := time.Now()
	s.mu.Lock()
	s.pingID++
	s.pingAt = now
	id := s.pingID
	s.mu.Unlock()
	b := s.server.builder()
	s.queue(schema.Header{Kind: schema.KindPing}, b.Ping(id, uint64(now.UnixMicro())))
	s.server.builders.Put(b)
}

// answerPing answers the client's Ping, from which it learns the server's time.
func (s *Session) answerPing(body []byte) {
	m := fb.GetRootAsPing(body, 0)
	b := s.server.builder()
	s.send(schema.KindPong, 0, b.Pong(schema.PongInfo{
		ID: m.Id(), Time: m.Time(), ServerTime: uint64(time.Now().UnixMicro()),
	}))
	s.server.builders.Put(b)
}

// pong takes the answer to a Ping: a round trip, if it is the latest one's,
// and acknowledgements of rooms in which the client sends no inputs.
func (s *Session) pong(body []byte) {
	m := fb.GetRootAsPong(body, 0)
	s.mu.Lock()
	sent := s.pingAt
	if m.Id() == s.pingID {
		s.pingAt = time.Time{}
	} else {
		sent = time.Time{}
	}
	s.mu.Unlock()
	if !sent.IsZero() {
		s.roundTrip(max(time.Since(sent), 1))
	}
	var a fb.Applied
	for i := range min(m.AppliedLength(), s.server.cfg.MaxLinks) {
		if m.Applied(&a, i) {
			if l := s.link(a.Handle()); l != nil {
				l.acknowledge(a.Tick())
			}
		}
	}
}

func (s *Session) roundTrip(d time.Duration) {
	old := s.rtt.Load()
	if old == 0 {
		s.rtt.Store(int64(d))
		return
	}
	s.rtt.Store(max(old+(int64(d)-old)/smoothing, 1))
}
