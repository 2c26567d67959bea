//go:build linux

package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parlor-server/parlor/internal/bits"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// drawnBehind is how far behind the tick that it names a client draws, in
// 1/256 ticks: it plays 2 ticks back, as an interpolator does.
const drawnBehind = 5 << 7

// udpWalker is a walker over UDP. Its commands repeat what the server has not
// acknowledged, and say which states it holds. Frames come each by itself: it
// needs the newest only.
type udpWalker struct {
	walker
	holds   holds
	unacked []schema.TickCommand // the newest first
	writer  bits.Writer
	payload []byte
}

func newUDPWalker(l *load, room *meeting, creates, sampled bool) *udpWalker {
	return &udpWalker{walker: *newWalker(l, room, creates, sampled)}
}

func (w *udpWalker) beat(c *client) {
	if !w.step(c) {
		return
	}
	w.sent.push(w.named, c.load.at())
	w.unacked = remember(w.unacked, schema.TickCommand{Tick: w.named, Payload: w.walk})
	w.sendCommands(c)
}

// remember puts a command in front of those that are not acknowledged, of
// which the oldest are forgotten. Where frames are late it may be for the same
// tick as the last one: then it replaces that, since one tick uses one.
func remember(unacked []schema.TickCommand, c schema.TickCommand) []schema.TickCommand {
	if len(unacked) > 0 && unacked[0].Tick == c.Tick {
		unacked[0] = c
		return unacked
	}
	return slices.Insert(unacked[:min(len(unacked), schema.MaxCommands-1)], 0, c)
}

// sendCommands also acknowledges what has come; without commands only that.
func (w *udpWalker) sendCommands(c *client) {
	w.payload = w.payload[:0]
	if len(w.unacked) > 0 {
		w.payload = schema.AppendCommands(w.payload, &w.writer, w.unacked)
	}
	var seen uint32
	if at := w.named << 8; at > drawnBehind {
		seen = at - drawnBehind
	}
	c.hint(schema.Header{Kind: schema.KindCommands, Handle: w.handle, Ack: w.holds.applied},
		c.load.build.Commands(w.holds.bits, seen, w.payload))
}

func (w *udpWalker) message(c *client, m []byte) {
	head, body, err := schema.ParseHeader(m)
	switch {
	case err != nil:
		c.die(err.Error())
	case head.Kind == schema.KindState:
		w.frame(c, head, body)
	default:
		w.other(c, head, body)
	}
}

// frame takes a part of a frame, or a keyframe.
func (w *udpWalker) frame(c *client, head schema.Header, body []byte) {
	m := fb.GetRootAsState(body, 0)
	l := c.load
	switch {
	case head.Flags&schema.FlagReliable != 0: // walkers has no such tables
		l.fail("a frame of reliable tables, of which this game has none")
		return
	case head.Flags&schema.FlagKeyframe != 0:
		w.holds.keep(m.Tick())
		w.decodeKeyframe(c, m, body)
	default:
		base := m.Tick() - m.Age()
		complete, ok := w.holds.part(m.Tick(), base, int(m.Part()), int(m.Parts()))
		if !ok && w.holds.applied == 0 {
			return // a frame has overtaken its keyframe
		}
		if !ok {
			l.fail(fmt.Sprintf("a frame from tick %d, which the client does not hold", base))
			return
		}
		w.decodePart(c, m, base, body)
		if !complete {
			return
		}
	}
	w.tick = w.holds.applied
	c.seen.frame(w.tick, l.now)
	w.sent.landed(head.Ack, l.now, &l.delays)
	for n := len(w.unacked); n > 0 && w.unacked[n-1].Tick <= head.Ack; n-- {
		w.unacked = w.unacked[:n-1]
	}
	if !l.beating {
		w.sendCommands(c)
	}
}

func (w *udpWalker) decodeKeyframe(c *client, m *fb.State, body []byte) {
	if w.mirror == nil {
		return
	}
	err := schema.Verify(schema.KindState, body)
	if err == nil {
		err = w.mirror.ApplyFrame(m.PayloadBytes(), true)
	}
	if err == nil {
		w.mirror.Keep(tick.Tick(m.Tick()))
		w.lost = false
		err = w.compare(c, true)
	}
	w.broken(c, err)
}

// decodePart does what every client of a player does. Parts of old frames are
// ignored.
func (w *udpWalker) decodePart(c *client, m *fb.State, base uint32, body []byte) {
	if w.mirror == nil {
		return
	}
	err := schema.Verify(schema.KindState, body)
	if err == nil {
		var complete bool
		complete, err = w.mirror.ApplyPart(state.Part{
			Tick: tick.Tick(m.Tick()), Base: tick.Tick(base), Part: int(m.Part()), Parts: int(m.Parts()), Payload: m.PayloadBytes(),
		})
		if errors.Is(err, state.ErrOld) {
			return
		}
		if err == nil && complete {
			err = w.compare(c, false)
		}
	}
	w.broken(c, err)
}

// compare checks the mirror against the frame's hash and against holds.
func (w *udpWalker) compare(c *client, keyframe bool) error {
	if hash, ok := w.mirror.LastFrameHash(); ok {
		c.load.checked++
		got := w.mirror.Hash()
		if !keyframe {
			got = w.mirror.HashOf(state.LossyTables)
		}
		if got != hash {
			return fmt.Errorf("tick %d: the hash is %v, the server says %v", w.holds.applied, got, hash)
		}
	}
	if applied, bits := w.mirror.Held(); uint32(applied) != w.holds.applied || bits != w.holds.bits {
		return fmt.Errorf("the client applied tick %d and holds %b, the load says %d and %b", applied, bits, w.holds.applied, w.holds.bits)
	}
	return nil
}
