package auth

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// at makes the clock stand still.
func at(t *RoomTokens, now time.Time) *RoomTokens {
	t.now = func() time.Time { return now }
	return t
}

func TestRoomToken(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	users := map[string]User{
		"a user":  {ID: "user-7", Name: "Ada", Claims: map[string]any{"sub": "user-7", "groups": []any{"staff"}, "level": 3.0}, Expires: now.Add(time.Hour)},
		"a guest": {ID: "guest-01k0", Guest: true},
	}
	for name, user := range users {
		t.Run(name, func(t *testing.T) {
			tokens := at(NewRoomTokens(), now)
			token, expires, err := tokens.Issue(user, "notes/x", 10*time.Minute)
			if err != nil || !expires.Equal(now.Add(10*time.Minute)) {
				t.Fatalf("issued until %v: %v", expires, err)
			}
			got, err := tokens.Verify(token, "notes/x")
			if err != nil || !reflect.DeepEqual(got, user) {
				t.Errorf("verified as %+v, %v; want %+v", got, err, user)
			}
			for _, secret := range []string{"notes", "Ada", user.ID} {
				if strings.Contains(token, secret) {
					t.Errorf("token %q shows %q", token, secret)
				}
			}
		})
	}
}

func TestRoomTokenRefused(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	tokens := at(NewRoomTokens(), now)
	user := User{ID: "user-7", Expires: now.Add(5 * time.Minute)}
	token, expires, err := tokens.Issue(user, "notes/x", 10*time.Minute)
	if err != nil || !expires.Equal(user.Expires) {
		t.Fatalf("the token outlives its user's: %v, %v", expires, err)
	}
	foreign, _, err := NewRoomTokens().Issue(user, "notes/x", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	_, guest := NewGuests().Issue()
	flipped := []byte(token)
	flipped[len(flipped)/2] ^= 1
	cases := map[string]struct {
		token, room string
		now         time.Time
		err         error
	}{
		"good":             {token, "notes/x", now, nil},
		"almost expired":   {token, "notes/x", expires.Add(-time.Second), nil},
		"expired":          {token, "notes/x", expires, ErrExpired},
		"another room":     {token, "notes/y", now, ErrOtherRoom},
		"another server's": {foreign, "notes/x", now, ErrInvalid},
		"changed":          {string(flipped), "notes/x", now, ErrInvalid},
		"cut":              {token[:len(token)-3], "notes/x", now, ErrInvalid},
		"longer":           {token + "A", "notes/x", now, ErrInvalid},
		"none":             {"", "notes/x", now, ErrInvalid},
		"a guest's":        {guest, "notes/x", now, ErrInvalid},
		"prefix only":      {roomTokenPrefix, "notes/x", now, ErrInvalid},
		"huge":             {roomTokenPrefix + strings.Repeat("A", maxTokenLength), "notes/x", now, ErrInvalid},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			got, err := at(tokens, c.now).Verify(c.token, c.room)
			if !errors.Is(err, c.err) || c.err == nil && got.ID != user.ID {
				t.Errorf("%+v, %v; want %v", got, err, c.err)
			}
			if !errors.Is(c.err, ErrOtherRoom) && errors.Is(err, ErrOtherRoom) {
				t.Errorf("%v says more than it should", err)
			}
			if err != nil && c.token != "" && strings.Contains(err.Error(), c.token) {
				t.Errorf("the error shows the token: %v", err)
			}
		})
	}
}

func TestRoomTokenOfTooManyClaims(t *testing.T) {
	user := User{ID: "user-7", Claims: map[string]any{"x": strings.Repeat("x", maxTokenLength)}}
	if _, _, err := NewRoomTokens().Issue(user, "notes/x", time.Hour); err == nil {
		t.Error("no error")
	}
}

func TestRoomTokensOfServersWithOneKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rooms.key")
	first, err := OpenRoomTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	second, err := OpenRoomTokens(path)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := first.Issue(User{ID: "user-7"}, "notes/x", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if user, err := second.Verify(token, "notes/x"); err != nil || user.ID != "user-7" {
		t.Errorf("%+v, %v", user, err)
	}
}

// Nobody who lacks the key makes a token, whatever bytes it has.
func FuzzRoomToken(f *testing.F) {
	tokens := at(NewRoomTokens(), time.Unix(1_800_000_000, 0))
	token, _, err := tokens.Issue(User{ID: "user-7"}, "notes/x", time.Hour)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(roomTokenPrefix)
	f.Add(token[:40])
	f.Add(token + "A")
	f.Fuzz(func(t *testing.T, text string) {
		if user, err := tokens.Verify(text, "notes/x"); text != token && !errors.Is(err, ErrInvalid) {
			t.Fatalf("%q is accepted for %+v: %v", text, user, err)
		}
	})
}
