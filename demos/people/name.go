// Package people is what the demos in which people see each other share: how
// somebody is called. The pages' part of it, the line to the server and the
// dialog for one's name, is beside it in TypeScript.
package people

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/parlor-server/parlor/auth"
)

const maxName = 40 // characters

// Name is how a user is called who asks for a name: that of the token if there
// is one, or what was asked for, or one that is made up out of the user's ID.
func Name(u auth.User, asked string) string {
	if u.Name != "" {
		return u.Name
	}
	if asked = line(asked, maxName); asked != "" {
		return asked
	}
	h := fnv.New32a()
	h.Write([]byte(u.ID))
	how := [...]string{"Quiet", "Swift", "Bright", "Gentle", "Bold", "Curious", "Merry", "Patient", "Clever", "Sunny"}
	who := [...]string{"Otter", "Heron", "Lynx", "Robin", "Badger", "Fox", "Owl", "Hare", "Finch", "Seal"}
	n := h.Sum32()
	return how[n%10] + " " + who[n/10%10]
}

// Color is a colour as pages write it, "#rrggbb", or an error that says so.
func Color(c string) error {
	if len(c) == 7 && c[0] == '#' && strings.Trim(c[1:], "0123456789abcdefABCDEF") == "" {
		return nil
	}
	return fmt.Errorf("a colour is written as #5ce1c6, not as %.20q", c)
}

// line is text without breaks and without what does not print, cut to its first
// characters.
func line(text string, most int) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) })
	text = strings.Join(words, " ")
	if utf8.RuneCountInString(text) > most {
		text = strings.TrimSpace(string([]rune(text)[:most]))
	}
	return text
}
