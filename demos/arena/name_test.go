package arena

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanName(t *testing.T) {
	for typed, want := range map[string]string{
		"Ada":                          "Ada",
		"  Ada \t\n Lovelace ":         "Ada Lovelace",
		"":                             noName,
		" \u200b\u202e\x00 ":           noName,
		"Zoë 🚀":                        "Zoë 🚀",
		"\u202eevil":                   "evil",
		"<b>bold</b>":                  "<b>bold</b>",
		"abcdefghijklmno pqrs":         "abcdefghijklmno",
		"\xff\xfeAda":                  "Ada",
		strings.Repeat("ü", 500):       strings.Repeat("ü", maxName),
		strings.Repeat(" ", 300) + "x": noName,
	} {
		if got := cleanName(typed); got != want {
			t.Errorf("cleanName(%q) = %q, want %q", typed, got, want)
		}
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("Ada\xf0")
	f.Fuzz(func(t *testing.T, typed string) {
		name := cleanName(typed)
		if name == "" || !utf8.ValidString(name) || utf8.RuneCountInString(name) > maxName {
			t.Errorf("cleanName(%q) = %q", typed, name)
		}
		if again := cleanName(name); again != name {
			t.Errorf("cleanName(%q) = %q, and that of it %q", typed, name, again)
		}
	})
}
