package cursors

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/presence"
)

// page is a room with a guest in it, by connection 1.
func page(t *testing.T) (m *presence.Machine, now time.Time) {
	t.Helper()
	kind := presence.Define("cursors", Room())
	if err := kind.Err(); err != nil {
		t.Fatal(err)
	}
	m, now = presence.NewMachine(kind), time.Unix(1_000, 0)
	if _, err := m.Join(now, 1, auth.User{ID: "guest-1", Guest: true}); err != nil {
		t.Fatal(err)
	}
	return m, now
}

func TestNewcomersAreHereBeforeTheyPoint(t *testing.T) {
	m, now := page(t)
	m.Join(now, 2, auth.User{ID: "u2", Name: "Ann"})
	guest, ok := presence.StateOf[Cursor](m, 1)
	if !ok || len(strings.Fields(guest.Name)) != 2 || !guest.Away {
		t.Errorf("a guest is shown as %+v, %v", guest, ok)
	}
	if ann, _ := presence.StateOf[Cursor](m, 2); ann.Name != "Ann" {
		t.Errorf("Ann is shown as %+v", ann)
	}
}

func TestWhatIsShownIsChecked(t *testing.T) {
	for name, c := range map[string]struct {
		show func(c *Cursor)
		want string // in the error; empty: it is shown
	}{
		"a corner":             {func(c *Cursor) { c.X, c.Y = 0, 1 }, ""},
		"a saying":             {func(c *Cursor) { c.Saying = strings.Repeat("é", maxSaying) }, ""},
		"left of the page":     {func(c *Cursor) { c.X = -0.01 }, "from 0 to 1"},
		"below the page":       {func(c *Cursor) { c.Y = 1.01 }, "from 0 to 1"},
		"nowhere":              {func(c *Cursor) { c.X = float32(math.NaN()) }, "from 0 to 1"},
		"a long saying":        {func(c *Cursor) { c.Saying = strings.Repeat("x", maxSaying+1) }, "at most 80 characters"},
		"a colour that is CSS": {func(c *Cursor) { c.Color = "red" }, "a colour is written as #5ce1c6"},
	} {
		now := Cursor{Color: "#5ce1c6"}
		c.show(&now)
		err := Room().Check(auth.User{}, &Cursor{}, &now)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestNamesOfTokensStay(t *testing.T) {
	for _, c := range []struct {
		user auth.User
		want string
	}{{auth.User{ID: "guest-1", Guest: true}, "Queen"}, {auth.User{ID: "u", Name: "Ann"}, "Ann"}} {
		now := Cursor{Name: " Queen ", Color: "#5ce1c6"}
		if err := Room().Check(c.user, &Cursor{}, &now); err != nil || now.Name != c.want {
			t.Errorf("%s is called %q, %v; want %q", c.user.ID, now.Name, err, c.want)
		}
	}
}

func TestCastsAndCirclesAreChecked(t *testing.T) {
	room := Room()
	for word, ok := range map[string]bool{"owl": true, "two words": true, "ab": false, " owl": false, strings.Repeat("x", 41): false} {
		if err := room.Group(auth.User{}, word); (err == nil) != ok {
			t.Errorf("the circle %q: %v", word, err)
		}
	}
	for emote, ok := range map[Emote]bool{
		{Kind: "heart", X: 0.5, Y: 1}: true,
		{Kind: "skull", X: 0.5, Y: 1}: false,
		{Kind: "heart", X: 2, Y: 1}:   false,
	} {
		if err := checkEmote(auth.User{}, &Cursor{}, &emote); (err == nil) != ok {
			t.Errorf("%+v: %v", emote, err)
		}
	}
}
