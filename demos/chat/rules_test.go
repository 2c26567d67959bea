package chat

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/persistence/query"
	"github.com/parlor-server/parlor/persistence/recordstest"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/schema"
)

const teal = "#5ce1c6"

// talk is a room with two in it; Ann has said something.
func talk(t *testing.T) (room *recordstest.Room[Talk], ann, bob *recordstest.Client) {
	room = recordstest.New(t, Room())
	ann, bob = room.Join("ann"), room.Join("bob")
	ann.Call(Say{ID: "1", Text: "Hello", Name: "Ann", Color: teal})
	return room, ann, bob
}

func message(t *testing.T, room *recordstest.Room[Talk], id string) (m Message, ok bool) {
	t.Helper()
	room.View(func(w *Talk) { m, ok = w.Messages.Get(id) })
	return m, ok
}

func refused(t *testing.T, err error, code schema.Code, text string) {
	t.Helper()
	var e *schema.Error
	if !errors.As(err, &e) || e.Code != code || e.Message != text {
		t.Errorf("refused with %v, want %v %q", err, code, text)
	}
}

func TestWhatIsSaidIsReadByAllAndStays(t *testing.T) {
	room, ann, bob := talk(t)
	heard := recordstest.Subscribe[Message](bob, "Messages", query.All().By("At", query.Desc).Take(100))
	ann.Call(Say{ID: "2", Text: "Anybody here?", Color: teal})
	if rows := heard.Rows(); len(rows) != 2 || rows[0].ID != "2" || rows[1].Name != "ann" || rows[1].Author != "ann" {
		t.Errorf("Bob reads %+v", rows)
	}
	if m, _ := message(t, room, "2"); m.Name == "" || m.At.IsZero() {
		t.Errorf("a message without a name is kept as %+v", m)
	}
	room.Restart(time.Hour)
	if m, ok := message(t, room, "1"); !ok || m.Text != "Hello" {
		t.Errorf("after a restart it is %+v", m)
	}
}

func TestOnlyAuthorsChangeTheirMessages(t *testing.T) {
	room, ann, bob := talk(t)
	for _, args := range []any{Edit{"1", "Mine"}, Unsay{"1"}} {
		_, err := bob.TryCall(args)
		refused(t, err, schema.CodeForbidden, "only its author changes a message")
	}
	if err := bob.Put("Messages", recordstest.Fields{"ID": "1", "Text": "Mine"}); err == nil {
		t.Error("Bob wrote past the rules")
	}
	ann.Call(Edit{"1", "Good morning"})
	if m, _ := message(t, room, "1"); m.Text != "Good morning" || !m.Edited {
		t.Errorf("Ann's edit left %+v", m)
	}
	ann.Call(Unsay{"1"})
	ann.Call(Unsay{"1"}) // is gone: that is what was asked for
	if _, ok := message(t, room, "1"); ok {
		t.Error("the message is still there")
	}
	_, err := ann.TryCall(Edit{"1", "Back"})
	refused(t, err, schema.CodeValidation, "the message is gone")
}

func TestMessagesAreChecked(t *testing.T) {
	_, ann, _ := talk(t)
	for _, bad := range []any{
		Say{ID: "", Text: "x", Color: teal}, Say{ID: strings.Repeat("i", 65), Text: "x", Color: teal}, Say{ID: "2", Color: teal},
		Say{ID: "2", Text: strings.Repeat("é", maxText+1), Color: teal}, Say{ID: "2", Text: "x", Color: "red"}, Edit{"1", ""},
	} {
		var e *schema.Error
		if _, err := ann.TryCall(bad); !errors.As(err, &e) || e.Code != schema.CodeValidation {
			t.Errorf("%T%.80v: %v", bad, bad, err)
		}
	}
	var e *schema.Error
	if _, err := ann.TryCall(Say{ID: "1", Text: "Twice", Color: teal}); !errors.As(err, &e) || e.Code != schema.CodeDuplicate {
		t.Errorf("the same ID again: %v", err)
	}
}

func TestTheOldestMessagesGo(t *testing.T) {
	if testing.Short() {
		t.Skip("says 20,000 messages")
	}
	room, ann, _ := talk(t)
	for i := range maxKept {
		ann.Call(Say{ID: fmt.Sprintf("m%05d", i), Text: "More", Color: teal})
	}
	room.View(func(w *Talk) {
		if w.Messages.Len() != maxKept || w.Messages.Has("1") || !w.Messages.Has("m00000") {
			t.Errorf("%d messages are kept", w.Messages.Len())
		}
	})
}

func TestChattersAreShownFromTheBeginning(t *testing.T) {
	kind := presence.Define("chatters", Chatters())
	if err := kind.Err(); err != nil {
		t.Fatal(err)
	}
	m, now := presence.NewMachine(kind), time.Unix(1_000, 0)
	m.Join(now, 1, auth.User{ID: "guest-1", Guest: true})
	if c, ok := presence.StateOf[Chatter](m, 1); !ok || len(strings.Fields(c.Name)) != 2 || c.Typing {
		t.Errorf("a guest is shown as %+v, %v", c, ok)
	}
	for shown, ok := range map[Chatter]bool{{Name: "Ann", Color: teal, Typing: true}: true, {Name: "Ann", Color: "red"}: false} {
		if err := Chatters().Check(auth.User{}, &Chatter{}, &shown); (err == nil) != ok {
			t.Errorf("%+v: %v", shown, err)
		}
	}
}
