package board

import (
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
	"github.com/parlor-server/parlor/schema/fb"
)

// perform carries a Mutate out, for the first time. What it refuses is used up
// like what it does.
func (b *Board) perform(now time.Time, p *person, m *fb.Mutate, out *canvas.Outbox) schema.ReceiptInfo {
	var result []byte
	var err error
	switch {
	case m.Void():
		err = schema.Errorf(schema.CodeVoided, "the client had given this up")
	case !p.role.CanWrite() && string(m.Name()) != "versions":
		err = schema.Errorf(schema.CodeForbidden, "a reader of the board %s may not change it", b.room)
	default:
		result, err = b.call(now, p, string(m.Name()), m.ArgsBytes(), out)
	}
	if err == nil {
		return schema.ReceiptInfo{Seq: b.seq, Result: result}
	}
	coded := code(err)
	r := schema.ReceiptInfo{Seq: b.seq, Code: coded.Code, Message: short(coded.Message)}
	var v *invalid
	if errors.As(err, &v) {
		r.Field = short(v.field)
	}
	return r
}

// maxMessage is how many bytes of a message or a field's name a receipt has: they
// quote what the client has sent, and are kept.
const maxMessage = 256

// short cuts a text to maxMessage bytes, between characters.
func short(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	n := maxMessage
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// call does what a name stands for (W8, W9).
func (b *Board) call(now time.Time, p *person, name string, args []byte, out *canvas.Outbox) (result []byte, err error) {
	user := p.user.ID
	switch name {
	case "edit":
		return b.change(now, p, args, out)
	case "undo", "redo":
		if err := b.undoStep(now, p, name == "redo", out); err != nil {
			return nil, err
		}
		h := b.undos[user]
		n := h.done()
		return json.Marshal(map[string]int{"undo": n, "redo": len(h.steps) - n})
	case "clear":
		e := b.begin(now, p.conn, user, p.role)
		e.keep = true
		e.clear("")
		return nil, e.commit(b.transact(now, out), out)
	case "versions":
		return json.Marshal(map[string][]Version{"versions": b.Versions()})
	}
	var title struct{ Name string }
	if name == "save" || name == "restore" || name == "forget" {
		if json.Unmarshal(args, &title) != nil {
			return nil, &invalid{"name", errors.New("a string, please")}
		}
	}
	switch name {
	case "save":
		v, err := b.Save(now, out, user, title.Name)
		if err != nil {
			return nil, err
		}
		return json.Marshal(v)
	case "restore":
		return nil, b.restore(b.begin(now, p.conn, user, p.role), title.Name, out)
	case "forget":
		if p.role != canvas.Owner {
			return nil, schema.Errorf(schema.CodeForbidden, "only owners of the board %s may delete versions", b.room)
		}
		return nil, b.RemoveVersion(now, out, title.Name)
	}
	return nil, schema.Errorf(schema.CodeNoSuchMutation, "a board does not know %q: see docs/canvas.md", name)
}

// change is the mutation "edit".
func (b *Board) change(now time.Time, p *person, args []byte, out *canvas.Outbox) ([]byte, error) {
	e := b.begin(now, p.conn, p.user.ID, p.role)
	e.keep = true
	if err := e.run(args); err != nil {
		e.rollback()
		return nil, err
	}
	if err := e.commit(b.transact(now, out), out); err != nil {
		return nil, err
	}
	if len(e.corrected) == 0 {
		return nil, nil
	}
	return json.Marshal(map[string][]string{"corrected": e.corrected})
}
