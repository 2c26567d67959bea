package netcode

import "time"

// rates are the limits of every session.
type rates struct {
	messages, bytes          int64 // a second
	messageBurst, bytesBurst int64
	records, recordBurst     int64 // messages of record rooms, which messages does not count
}

const (
	// floodSeconds is how many seconds' worth of ignored messages end a session.
	floodSeconds = 10
	// milli is one token: buckets count in thousandths, so that a refill after
	// a few milliseconds is exact.
	milli = 1000
)

// verdict is what becomes of an inbound message.
type verdict uint8

const (
	pass   verdict = iota
	drop           // ignore it
	report         // ignore it and tell the client; at most once a second
	flood          // close the session
)

// limiter holds the token buckets of one session, for messages, messages to
// record rooms, and bytes of both. Its
// session's reader goroutine owns it. It works on the server's coarse clock,
// so that a message costs a few subtractions. What was ignored is forgotten at
// the rate of the limit itself: a client at twice the limit is never closed,
// one at eleven times the limit is within about a second.
type limiter struct {
	last                          time.Duration // when the buckets were filled
	reported                      time.Duration // when the client was told
	told                          bool          // it was told at all
	messages, bytes, records      int64         // left, in thousandths
	ignoredMessages, ignoredBytes int64         // in thousandths
	ignoredRecords                int64         // in thousandths
}

func newLimiter(now time.Duration, r *rates) limiter {
	return limiter{last: now, messages: r.messageBurst * milli, bytes: r.bytesBurst * milli, records: r.recordBurst * milli}
}

// take accounts for a message of size bytes; records tells that it is for a
// record room.
func (l *limiter) take(now time.Duration, size int, records bool, r *rates) verdict {
	if now != l.last {
		l.refill(now, r)
	}
	left, ignored := &l.messages, &l.ignoredMessages
	if records {
		left, ignored = &l.records, &l.ignoredRecords
	}
	if *left >= milli && l.bytes > 0 {
		*left -= milli
		l.bytes -= int64(size) * milli // may go below zero: the next ones pay
		return pass
	}
	*ignored += milli
	l.ignoredBytes += int64(size) * milli
	switch {
	case l.ignoredMessages > floodSeconds*r.messages*milli || l.ignoredRecords > floodSeconds*r.records*milli || l.ignoredBytes > floodSeconds*r.bytes*milli:
		return flood
	case !l.told || now-l.reported >= time.Second:
		l.reported, l.told = now, true
		return report
	}
	return drop
}

func (l *limiter) refill(now time.Duration, r *rates) {
	passed := min(now-l.last, time.Minute).Milliseconds()
	l.last = now
	l.messages = min(l.messages+r.messages*passed, r.messageBurst*milli)
	l.bytes = min(l.bytes+r.bytes*passed, r.bytesBurst*milli)
	l.records = min(l.records+r.records*passed, r.recordBurst*milli)
	l.ignoredRecords = max(l.ignoredRecords-r.records*passed, 0)
	l.ignoredMessages = max(l.ignoredMessages-r.messages*passed, 0)
	l.ignoredBytes = max(l.ignoredBytes-r.bytes*passed, 0)
}
