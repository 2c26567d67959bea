package host

import (
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

// Cast sends a cast in the server's name to everyone in a room, or to a group
// or a member of it; see presence.Machine.Cast. It leaves with the room's next
// step: a cast given by a pointer must not change any more. A room that nobody
// is in is no error.
func (h *Host) Cast(room, group string, to uint32, cast any) error {
	kind, err := h.kindOf(room)
	if err != nil {
		return err
	}
	if err := kind.CheckCast(cast); err != nil {
		return err
	}
	if r := h.find(room); r != nil {
		r.push(item{kind: itemCall, call: func(now time.Time, gone bool) {
			if !gone {
				r.report("a cast of the server was refused", r.machine.Cast(now, group, to, cast))
			}
		}})
	}
	return nil
}

// Edit changes what a member shows, with the server's rights. It returns before
// that is done: edit runs in the room, and must not wait. What is wrong with
// its result is logged.
func Edit[T any](h *Host, room string, member uint32, edit func(state *T) error) error {
	if _, err := h.kindOf(room); err != nil {
		return err
	}
	r := h.find(room)
	if r == nil || !r.push(item{kind: itemCall, call: func(now time.Time, gone bool) {
		if s := r.byMember[member]; s != nil && !gone {
			r.report("an edit of the server was refused", presence.Edit(r.machine, now, s.conn, edit))
		}
	}}) {
		return schema.Errorf(schema.CodeNoSuchRoom, "nobody is in %s", room)
	}
	return nil
}

func (r *room) report(what string, err error) {
	if err != nil {
		r.host.cfg.Logger.Warn(what, "room", r.name, "error", err)
	}
}
