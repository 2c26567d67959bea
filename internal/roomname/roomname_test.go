package roomname

import (
	"strings"
	"testing"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		room, kind, name string
		ok               bool
	}{
		{"notes/a", "notes", "a", true},
		{"notes/A-z_0.9~@|:+=,", "notes", "A-z_0.9~@|:+=,", true},
		{"notes/" + strings.Repeat("x", Max), "notes", strings.Repeat("x", Max), true},
		{"notes/" + strings.Repeat("x", Max+1), "", "", false},
		{"notes", "", "", false},
		{"notes/", "", "", false},
		{"notes/a/b", "", "", false},
		{"notes/a b", "", "", false},
		{"notes/ä", "", "", false},
		{"", "", "", false},
	} {
		kind, name, ok := Split(test.room)
		if kind != test.kind || name != test.name || ok != test.ok {
			t.Errorf("Split(%q) = %q, %q, %t", test.room, kind, name, ok)
		}
	}
}
