// Package roomname has the rules for the names of rooms that Open enters.
package roomname

import "strings"

// Max is the longest name of a room within its kind, in bytes.
const Max = 128

// Characters are those that such a name is made of.
const Characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~@|:+=,-"

// Rule says the rules to whoever broke them.
const Rule = "write KIND/NAME, the name of at most 128 characters out of A-Z a-z 0-9 . _ ~ @ | : + = , -"

// Split parts "kind/name"; ok is false if that is no room's name.
func Split(room string) (kind, name string, ok bool) {
	kind, name, ok = strings.Cut(room, "/")
	if !ok || name == "" || len(name) > Max || strings.ContainsFunc(name, notInName) {
		return "", "", false
	}
	return kind, name, true
}

func notInName(r rune) bool { return !strings.ContainsRune(Characters, r) }
