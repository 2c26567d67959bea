package canvas

import (
	"bytes"
	"errors"
	"time"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

const (
	// answerRate is how many bytes a second a connection is sent in answers to
	// sync step 1. It bounds what somebody costs who asks again and again.
	answerRate = 32 << 20
	// answerBelow is how many bytes may wait for a connection that asks again.
	answerBelow = 1 << 20
	// askAgain is when a connection that did not answer sync step 1 is sent it
	// again, if it has missing dependencies once more.
	askAgain = 5 * time.Second
	// repairEvery is how often a connection is asked whose messages were refused
	// because there were too many: the answer may be one too many, too.
	repairEvery = time.Second
	// answerKept is how long an answer is kept for others who ask the same: all
	// come back at once after a restart.
	answerKept = 2 * time.Second
)

// answer is a sync step 2, as long as the document is what it was.
type answer struct {
	to    []byte // the state vector, encoded
	body  []byte
	until time.Time
}

// sync does one message of the Yjs protocols. HOT
func (d *Document) sync(now time.Time, op *SyncMessage, out *Outbox) {
	m := d.conns[op.Conn]
	if m == nil {
		return
	}
	message, err := yjs.ParseMessage(op.Message)
	if err != nil {
		d.Refuse(m.conn, 0, schema.Errorf(schema.CodeBadMessage, "not a message of the Yjs protocols: %v", err), out)
		return
	}
	switch message.Kind {
	case yjs.SyncUpdate:
		d.update(now, m, message.Payload, out)
	case yjs.SyncStep2:
		m.askedAt = time.Time{}
		d.update(now, m, message.Payload, out)
	case yjs.SyncStep1:
		d.step1(now, m, message.Payload, out)
	case yjs.AwarenessState:
		d.show(now, m, message.Payload, out)
	case yjs.AwarenessQuery:
		m.listens, m.missedAll = true, true
		d.flushSoon(now)
	default:
		d.Refuse(m.conn, 0, schema.Errorf(schema.CodeBadMessage, "a client does not send this message of the Yjs protocols"), out)
	}
}

// vectorBytes is how long a state vector may be beyond what the document's own
// size allows for: that of some thousand clients whose edits are not here yet.
const vectorBytes = 64 << 10

// step1 answers with what the client does not have. With its first one a
// connection becomes part of the broadcast, and is asked for what it has.
func (d *Document) step1(now time.Time, m *member, vector []byte, out *Outbox) {
	if len(vector) > vectorBytes+d.doc.Size() {
		d.Refuse(m.conn, 0, schema.Errorf(schema.CodeTooLarge, "a state vector of %d bytes names more clients than have written here", len(vector)), out)
		return
	}
	if _, err := yjs.ParseStateVector(vector); err != nil {
		d.Refuse(m.conn, 0, schema.Errorf(schema.CodeBadMessage, "sync step 1: %v", err), out)
		return
	}
	if m.synced && (now.Before(m.free) || backlog(out, m) > answerBelow) {
		m.question = bytes.Clone(vector)
		d.questionSoon(later(m.free, now.Add(awarenessEvery)))
		return
	}
	d.step2(now, m, vector, out)
	if m.synced {
		return
	}
	m.synced = true
	if m.Role.CanWrite() {
		d.ask(now, m, d.Later(out))
	}
	d.introduce(m, out)
}

// step2 is the answer. What it holds may not be on disk yet.
func (d *Document) step2(now time.Time, m *member, vector []byte, out *Outbox) {
	if d.answer.body == nil || !bytes.Equal(d.answer.to, vector) {
		since, _ := yjs.ParseStateVector(vector)
		state := d.doc.EncodeState(since)
		d.answer = answer{to: bytes.Clone(vector), body: yjs.Message{Kind: yjs.SyncStep2, Payload: state}.Append(make([]byte, 0, len(state)+12))}
	}
	d.answer.until = now.Add(answerKept)
	list := d.Later(out)
	*list = append(*list, Send{Conn: m.conn, Kind: schema.KindSync, Body: d.answer.body, Whole: true})
	cost := max(len(d.answer.body), d.doc.Size()/4) // an answer without content is work too
	m.question, m.free = nil, now.Add(time.Duration(cost)*time.Second/answerRate)
}

// answerWaiting answers those who asked too soon.
func (d *Document) answerWaiting(now time.Time, out *Outbox) {
	d.questionAt = time.Time{}
	for _, m := range d.order {
		switch {
		case m.question == nil:
		case now.Before(m.free) || backlog(out, m) > answerBelow:
			d.questionSoon(later(m.free, now.Add(awarenessEvery)))
		default:
			d.step2(now, m, m.question, out)
		}
	}
}

func (d *Document) questionSoon(at time.Time) {
	if d.questionAt.IsZero() || at.Before(d.questionAt) {
		d.questionAt = at
	}
}

// repair asks a connection for what was refused, unless it was asked just now:
// then soon.
func (d *Document) repair(now time.Time, m *member, out *Outbox) {
	at := m.repaired.Add(repairEvery)
	if !now.Before(at) {
		m.repaired = now
		d.ask(now, m, &out.Now)
		return
	}
	m.overran = true
	if d.repairAt.IsZero() || at.Before(d.repairAt) {
		d.repairAt = at
	}
}

// repairWaiting asks those who were asked just before.
func (d *Document) repairWaiting(now time.Time, out *Outbox) {
	d.repairAt = time.Time{}
	for _, m := range d.order {
		if m.overran && m.Role.CanWrite() {
			m.overran = false
			d.repair(now, m, out)
		}
	}
}

// ask sends sync step 1.
func (d *Document) ask(now time.Time, m *member, list *[]Send) {
	m.askedAt = now
	*list = append(*list, raw(m.conn, yjs.Message{Kind: yjs.SyncStep1, Payload: d.doc.State().Encode()}))
}

// refuseUpdate says why an update was not applied. One that builds on what is
// not here is repaired: it is part of the sync step 2 that its sender is asked
// for, as is all that it sends until it is asked.
func (d *Document) refuseUpdate(now time.Time, m *member, err error, out *Outbox) {
	coded := schema.Errorf(schema.CodeBadMessage, "%v", err)
	switch {
	case errors.Is(err, yjs.ErrMissing):
		if m.askedAt.IsZero() || now.Sub(m.askedAt) >= askAgain {
			d.ask(now, m, &out.Now)
		}
		return
	case errors.Is(err, yjs.ErrTooLarge):
		coded = schema.Errorf(schema.CodeRoomTooLarge, "the document %s has reached its limit: the edit was not taken; delete something first", d.room)
	case errors.Is(err, yjs.ErrTooDeep), errors.Is(err, yjs.ErrTooCostly):
		coded.Code = schema.CodeValidation
	}
	d.Refuse(m.conn, 0, coded, out)
}

// refusal is what a client hears of an error of a Role hook.
func refusal(err error) *schema.Error {
	var coded *schema.Error
	if errors.As(err, &coded) {
		return coded
	}
	return schema.Errorf(schema.CodeForbidden, "%v", err)
}

func backlog(out *Outbox, m *member) int {
	if out.Backlog == nil {
		return 0
	}
	return out.Backlog(m.conn)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
