package arena

import (
	"strings"
	"unicode"
)

const (
	maxName  = 16 // characters
	noName   = "Rookie"
	nameRead = 256 // bytes of a name that are looked at
)

// cleanName makes a name of what a stranger typed: printable, single spaces,
// at most 16 characters, never empty.
func cleanName(typed string) string {
	typed = strings.ToValidUTF8(typed[:min(len(typed), nameRead)], "")
	kept := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return -1
	}, typed)
	runes := []rune(strings.Join(strings.Fields(kept), " "))
	name := strings.TrimSpace(string(runes[:min(len(runes), maxName)]))
	if name == "" {
		return noName
	}
	return name
}
