package notes

import (
	"context"
	"testing"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/canvas"
)

func TestTheRoomCanRun(t *testing.T) {
	if err := canvas.Define("notes", Room()).Err(); err != nil {
		t.Fatal(err)
	}
}

func TestRole(t *testing.T) {
	for name, c := range map[string]struct {
		user auth.User
		want canvas.Role // empty: kept out
	}{
		"a guest":  {auth.User{ID: "guest-1", Guest: true}, canvas.Writer},
		"a user":   {auth.User{ID: "u", Claims: map[string]any{"sub": "u"}}, canvas.Writer},
		"a reader": {auth.User{ID: "u", Claims: map[string]any{"notes": "reader"}}, canvas.Reader},
		"nobody":   {auth.User{ID: "u", Claims: map[string]any{"notes": "none"}}, ""},
	} {
		got, err := Room().Role(context.Background(), "notes/today", c.user)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}
