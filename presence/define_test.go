package presence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/presence/wire"
)

// What is wrong with a definition is said in words that name it.
func TestDefineErrors(t *testing.T) {
	wave := presence.OnCast[Cursor, Wave](1)
	for want, kind := range map[string]presence.Kind{
		"slash":              presence.Define("a/b", presence.Room[Cursor]{}),
		"has 1 to":           presence.Define("", presence.Room[Cursor]{}),
		"Hz":                 presence.Define("x", presence.Room[Cursor]{Hz: 500}),
		"must be a struct":   presence.Define("x", presence.Room[int]{}),
		"cannot be stored":   presence.Define("x", presence.Room[struct{ C chan int }]{}),
		"two casts Wave":     presence.Define("x", presence.Room[Cursor]{Casts: []presence.Cast[Cursor]{wave, wave}}),
		"must be positive":   presence.Define("x", presence.Room[Cursor]{Casts: []presence.Cast[Cursor]{presence.OnCast[Cursor, Wave](0)}}),
		"must fit":           presence.Define("x", presence.Room[Cursor]{Sample: 1000}),
		"a second at least":  presence.Define("x", presence.Room[Cursor]{Timeout: time.Millisecond}),
		"Cell":               presence.Define("x", presence.Room[Cursor]{Cell: -1}),
		"StateBytes must be": presence.Define("x", presence.Room[Cursor]{StateBytes: 2}),
	} {
		if err := kind.Err(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one with %q", err, want)
		}
	}
}

// S2.1: the descriptor's JSON, and that it reads as what it was.
func TestDescriptor(t *testing.T) {
	const want = `{"state":[{"name":"Name","kind":"string"},{"name":"X","kind":"float32"},{"name":"Y","kind":"float32"},` +
		`{"name":"Tool","kind":"string","optional":true}],` +
		`"casts":[{"name":"Wave","fields":[{"name":"At","kind":"float32"}]},{"name":"Ping","fields":[]}],` +
		`"timeout":10000,"sample":3,"position":true,"groups":true}`
	kind := presence.Define("cursors", testRoom())
	if got := string(kind.Descriptor()); got != want {
		t.Errorf("descriptor\n%s\nwant\n%s", got, want)
	}
	d, err := wire.Parse(kind.Descriptor())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := d.Encode(); err != nil || string(again) != want {
		t.Errorf("read and written again: %s, %v", again, err)
	}
	if d.Cast("Ping") == nil || d.Cast("Pong") != nil || d.State.Field("Tool") != 3 {
		t.Error("the descriptor reads as something else")
	}
	for _, bad := range []string{"", "[]", `{"state":[{"name":"X","kind":"nothing"}]}`, `{"state":[{"name":"X","kind":"bool"},{"name":"X","kind":"bool"}]}`,
		`{"state":[],"casts":[{"name":"A","fields":[]},{"name":"A","fields":[]}]}`} {
		if _, err := wire.Parse([]byte(bad)); err == nil {
			t.Errorf("Parse(%s) has no error", bad)
		}
	}
}
