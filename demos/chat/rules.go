// Package chat is a room to talk in. This file is all of its rules; the page is
// in web.
//
// It is two rooms on one connection. What is said stays: it is in a record
// room, chat/NAME. Who is here and who is typing does not: that is in a presence
// room, chatters/NAME.
package chat

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/parlor-server/parlor/demos/people"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/presence"
)

const (
	maxText  = 2_000  // characters of a message
	maxID    = 64     // bytes
	maxKept  = 20_000 // messages of a room; the oldest go
	hushesIn = 15 * time.Second
)

// Message is one thing that was said. Everybody reads all of them.
type Message struct {
	ID     string    `parlor:"key"`   // the author's page makes it, so that a message that is sent twice is there once
	At     time.Time `parlor:"index"` // when the server took it: all pages have the same order
	Author string    `parlor:"user"`
	Name   string    // of the author, and
	Color  string    // the author's colour, as of then
	Text   string
	Edited bool
}

// Talk is all that the record room remembers.
type Talk struct {
	Messages records.Collection[string, Message]
}

// What clients ask for.
type (
	// Say adds a message.
	Say struct{ ID, Text, Name, Color string }
	// Edit changes what a message of one's own says.
	Edit struct{ ID, Text string }
	// Unsay takes a message of one's own away.
	Unsay struct{ ID string }
)

// Room is the definition of what stays.
func Room() records.Room[Talk] {
	return records.Room[Talk]{
		Version: 1,
		Mutations: []records.Mutation[Talk]{
			records.Call((*Talk).say),
			records.Call((*Talk).edit).Authorize(func(t *Talk, ctx *records.Ctx, e Edit) error { return t.own(ctx, e.ID) }),
			records.Call((*Talk).unsay).Authorize(func(t *Talk, ctx *records.Ctx, u Unsay) error { return t.own(ctx, u.ID) }),
		},
	}
}

func (t *Talk) say(ctx *records.Ctx, s Say) error {
	if s.ID == "" || len(s.ID) > maxID {
		return records.Invalid("ID", "an ID has 1 to %d bytes", maxID)
	}
	if err := checkText(s.Text); err != nil {
		return err
	}
	if err := people.Color(s.Color); err != nil {
		return records.Invalid("Color", "%v", err)
	}
	_, err := t.Messages.Insert(Message{ID: s.ID, At: ctx.Time(), Name: people.Name(ctx.User(), s.Name), Color: s.Color, Text: s.Text})
	for t.Messages.Len() > maxKept {
		for oldest := range t.Messages.Where(query.All().By("At").Take(1)) {
			t.Messages.Delete(oldest)
		}
	}
	return err
}

func (t *Talk) edit(_ *records.Ctx, e Edit) error {
	if !t.Messages.Has(e.ID) {
		return records.Invalid("ID", "the message is gone")
	}
	if err := checkText(e.Text); err != nil {
		return err
	}
	return t.Messages.Update(e.ID, func(m *Message) { m.Text, m.Edited = e.Text, true })
}

// unsay succeeds if the message is gone already: that is what was asked for.
func (t *Talk) unsay(_ *records.Ctx, u Unsay) error {
	t.Messages.Delete(u.ID)
	return nil
}

// own refuses to change what others have said.
func (t *Talk) own(ctx *records.Ctx, id string) error {
	if m, ok := t.Messages.Get(id); ok && m.Author != ctx.User().ID {
		return errors.New("only its author changes a message")
	}
	return nil
}

func checkText(text string) error {
	if n := utf8.RuneCountInString(text); n == 0 || n > maxText {
		return records.Invalid("Text", "a message has 1 to %d characters", maxText)
	}
	return nil
}

// Chatter is what one connection shows of somebody who is here.
type Chatter struct {
	Name   string
	Color  string // #rrggbb
	Typing bool
}

// Chatters is the definition of what does not stay.
func Chatters() presence.Room[Chatter] {
	return presence.Room[Chatter]{
		Hz:      10,       // nobody reads who is typing faster than that
		Timeout: hushesIn, // a page that is asleep is not here
		Join: func(u presence.User, c *Chatter) error {
			*c = Chatter{Name: people.Name(u, ""), Color: "#5ce1c6"}
			return nil
		},
		Check: func(u presence.User, _, now *Chatter) error {
			now.Name = people.Name(u, now.Name)
			return people.Color(now.Color)
		},
	}
}
