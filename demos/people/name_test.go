package people

import (
	"strings"
	"testing"

	"github.com/parlor-server/parlor/auth"
)

func TestName(t *testing.T) {
	guest := auth.User{ID: "guest-01", Guest: true}
	for name, c := range map[string]struct {
		user        auth.User
		asked, want string
	}{
		"a token's name counts":      {auth.User{ID: "u", Name: "Ann"}, "Queen", "Ann"},
		"a guest's wish":             {guest, "Ann", "Ann"},
		"spaces":                     {guest, "  Ann \n  of\tKent ", "Ann of Kent"},
		"what does not print":        {guest, "A\x00nn\u202e", "A nn"},
		"a long one":                 {guest, strings.Repeat("é", 50), strings.Repeat("é", 40)},
		"no wish":                    {guest, "", Name(guest, "")},
		"nothing of it can be seen":  {guest, " \u200b ", Name(guest, "")},
		"a token without a name has": {auth.User{ID: "u"}, "Ann", "Ann"},
	} {
		if got := Name(c.user, c.asked); got != c.want || got == "" {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestGuestsHaveReadableNames(t *testing.T) {
	seen := make(map[string]bool)
	for _, id := range []string{"", "guest-1", "guest-2", "guest-3"} {
		name := Name(auth.User{ID: id, Guest: true}, "")
		if len(strings.Fields(name)) != 2 {
			t.Errorf("the guest %q is called %q", id, name)
		}
		seen[name] = true
	}
	if len(seen) < 2 {
		t.Errorf("all guests are called %v", seen)
	}
}

func TestColor(t *testing.T) {
	for c, ok := range map[string]bool{"#5ce1c6": true, "#ABCDEF": true, "": false, "#fff": false, "red": false, "#5ce1cg": false, "url(x)": false, "#5ce1c6;": false} {
		if err := Color(c); (err == nil) != ok {
			t.Errorf("%q: %v", c, err)
		}
	}
}
