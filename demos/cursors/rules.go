// Package cursors is a page on which everyone sees everyone's pointer: where it
// is, whose it is, and what they call out. This file is all of its rules; the
// page is in web.
//
// Nothing is kept. Two tabs are two cursors of one user.
package cursors

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/parlor-server/parlor/demos/people"
	"github.com/parlor-server/parlor/presence"
)

const (
	maxSaying   = 80 // characters
	maxCircle   = 40 // bytes of a circle's word
	emotesASec  = 4  // of one connection, for as long as one likes; twice that at once
	ripplesASec = 6
)

// Cursor is what one connection shows of itself.
type Cursor struct {
	Name  string
	Color string // #rrggbb
	// X and Y are from 0 to 1, across and down the page, however large it is.
	X, Y float32
	// Away says that the pointer has left the page.
	Away bool
	// Saying is written beside the cursor for as long as one says it.
	Saying string
}

// Messages that are no state: who is not there when they arrive never sees them.
type (
	// Emote flies up from a place.
	Emote struct {
		Kind string // one of Emotes
		X, Y float32
	}
	// Ripple shows a place: "look here".
	Ripple struct{ X, Y float32 }
)

// Emotes are the kinds of emote.
func Emotes() []string { return []string{"heart", "star", "laugh", "spark", "yes", "what"} }

// Room is the definition of the rooms.
func Room() presence.Room[Cursor] {
	return presence.Room[Cursor]{
		Hz: 30,
		// Join shows newcomers at once: their pointer comes when they move it.
		Join: func(u presence.User, c *Cursor) error {
			*c = Cursor{Name: people.Name(u, ""), Color: "#5ce1c6", X: 0.5, Y: 0.5, Away: true}
			return nil
		},
		Check: check,
		// Group lets friends be among themselves: who names the same word sees
		// the cursors that are shown to its circle, and nobody else does.
		Group: func(_ presence.User, word string) error {
			if strings.TrimSpace(word) != word || len(word) < 3 || len(word) > maxCircle {
				return fmt.Errorf("a circle's word has 3 to %d letters, without spaces around", maxCircle)
			}
			return nil
		},
		Casts: []presence.Cast[Cursor]{
			presence.OnCast(emotesASec, checkEmote),
			presence.OnCast(ripplesASec, func(_ presence.User, _ *Cursor, r *Ripple) error { return onPage(r.X, r.Y) }),
		},
	}
}

// check sees all that is shown before others do.
func check(u presence.User, _, now *Cursor) error {
	now.Name = people.Name(u, now.Name)
	if utf8.RuneCountInString(now.Saying) > maxSaying {
		return fmt.Errorf("a saying has at most %d characters", maxSaying)
	}
	return errors.Join(people.Color(now.Color), onPage(now.X, now.Y))
}

func checkEmote(_ presence.User, _ *Cursor, e *Emote) error {
	if !slices.Contains(Emotes(), e.Kind) {
		return fmt.Errorf("an emote is one of %s", strings.Join(Emotes(), ", "))
	}
	return onPage(e.X, e.Y)
}

func onPage(x, y float32) error {
	if inside := func(v float32) bool { return v >= 0 && v <= 1 && !math.IsNaN(float64(v)) }; !inside(x) || !inside(y) {
		return errors.New("places on the page are from 0 to 1")
	}
	return nil
}
