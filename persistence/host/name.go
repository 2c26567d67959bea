package host

import (
	"strings"

	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/schema"
)

// maxName is the longest name of a room within its kind, in bytes.
const maxName = 128

// kindOf finds the kind of a room by its name, "kind/name".
func (h *Host) kindOf(room string) (records.Kind, error) {
	kind, name, ok := strings.Cut(room, "/")
	if !ok || name == "" || len(name) > maxName || strings.ContainsFunc(name, notInName) {
		return records.Kind{}, schema.Errorf(schema.CodeNoSuchRoom,
			"%q names no record room: write KIND/NAME, the name of at most %d characters out of A-Z a-z 0-9 . _ ~ @ | : + = , -", room, maxName)
	}
	k, ok := h.kinds[kind]
	if !ok {
		return records.Kind{}, schema.Errorf(schema.CodeNoSuchKind, "this server has no record rooms of the kind %q", kind)
	}
	return k, nil
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~@|:+=,-"

func notInName(r rune) bool { return !strings.ContainsRune(nameCharacters, r) }
