package host

import (
	"github.com/parlor-server/parlor/internal/roomname"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// kindOf finds the kind of a room by its name, "kind/name".
func (h *Host) kindOf(room string) (records.Kind, error) {
	kind, _, ok := roomname.Split(room)
	if !ok {
		return records.Kind{}, schema.Errorf(schema.CodeNoSuchRoom, "%q names no record room: %s", room, roomname.Rule)
	}
	k, ok := h.kinds[kind]
	if !ok {
		return records.Kind{}, schema.Errorf(schema.CodeNoSuchKind, "this server has no record rooms of the kind %q", kind)
	}
	return k, nil
}
