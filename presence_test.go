package parlor

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	client "github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

type pointer struct {
	Name string
	X, Y float32
}

// TestPresenceOverHTTP asks who is online without joining. Rooms whose kind has
// a See hook that refuses are not to be seen; operators see all.
func TestPresenceOverHTTP(t *testing.T) {
	s, _, _ := runServer(t, func(cfg *Config) {
		cfg.Presence = []presence.Kind{
			presence.Define("cursors", presence.Room[pointer]{}),
			presence.Define("staff", presence.Room[pointer]{See: func(presence.User, string) error { return errors.New("for the staff") }}),
		}
	})
	c := dial(t, s)
	for _, room := range []string{"cursors/lobby", "staff/office"} {
		if _, err := client.OpenPresence(patience(t), c, room, pointer{Name: "Ann"}); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(base, path string) (status int, answer string) {
		status, answer, _ = call(t, "GET", base+path, "")
		return status, answer
	}
	player, operator := s.URL(), s.AdminURL()
	waitFor(t, func() bool {
		_, answer := ask(player, "v1/presence/cursors/lobby")
		return strings.Contains(answer, `"Name":"Ann"`)
	})
	for _, test := range []struct {
		base, path, has, lacks string
		status                 int
	}{
		{player, "v1/presence", `{"room":"cursors/lobby","members":1,"users":1}`, "staff", http.StatusOK},
		{operator, "v1/presence", `{"room":"staff/office","members":1,"users":1}`, "Ann", http.StatusOK},
		{player, "v1/presence?kind=cursors", "cursors/lobby", "staff", http.StatusOK},
		{player, "v1/presence?kind=none", "NO_SUCH_KIND", "", http.StatusNotFound},
		{player, "v1/presence/cursors%2Flobby", `"user":"` + c.User(), "", http.StatusOK},
		{player, "v1/presence/cursors/empty", `"members":0`, "Ann", http.StatusOK},
		{player, "v1/presence/staff/office", schema.CodeRefused.String(), "Ann", http.StatusForbidden},
		{operator, "v1/presence/staff/office", "Ann", "", http.StatusOK},
		{player, "v1/users/" + c.User() + "/presence", "cursors/lobby", "staff", http.StatusOK},
		{operator, "v1/users/" + c.User() + "/presence", "staff/office", "", http.StatusOK},
		{player, "v1/users/nobody/presence", `"places":[]`, "lobby", http.StatusOK},
	} {
		status, answer := ask(test.base, test.path)
		if status != test.status || !strings.Contains(answer, test.has) || test.lacks != "" && strings.Contains(answer, test.lacks) {
			t.Errorf("%s: %d %s", test.path, status, answer)
		}
	}
}
