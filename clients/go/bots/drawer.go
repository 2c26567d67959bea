package bots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/schema"
)

const (
	boardEdge = 2000 // of the part of the page that bots draw on
	manyShape = 60   // then bots remove rather than add
	editsWait = 16   // then a bot makes no more
)

// drawer is a guest of a board: its cursor wanders; now and then it adds,
// changes, drags, orders, groups and removes shapes, and takes back what it did.
type drawer struct {
	hall  *hall
	board *client.Board
	rand  *rand.Rand
	me    client.Person
	kinds []string // of shapes

	gesture *client.Gesture // a drag that is under way
	place   client.Place    // where it has the shape
	steps   int             // left of it
}

func (h *hall) newDrawer(ctx context.Context, c *client.Client, r *rand.Rand, n int) (guest, error) {
	me := client.Person{Name: fmt.Sprintf("bot %d", n+1), X: r.Float32() * boardEdge, Y: r.Float32() * boardEdge}
	b, err := client.OpenBoard(ctx, c, h.name, client.BoardOptions{First: me})
	if err != nil {
		return nil, err
	}
	b.OnRefused(func(*schema.Error) { h.meeting.refused.Add(1) })
	return &drawer{hall: h, board: b, rand: r, me: me, kinds: slices.Sorted(maps.Keys(b.Kinds()))}, nil
}

// act implements guest.
func (d *drawer) act() {
	d.me.X, d.me.Y = d.wander(d.me.X), d.wander(d.me.Y)
	err := d.board.Presence().Show(d.me)
	switch {
	case d.gesture != nil:
		err = errors.Join(err, d.drag())
	case d.rand.IntN(20) == 0 && d.board.Pending() < editsWait:
		err = errors.Join(err, d.edit())
	}
	if err != nil {
		d.hall.meeting.failures.add(err)
	}
}

func (d *drawer) wander(at float32) float32 {
	return min(max(at+(d.rand.Float32()-0.5)*60, 0), boardEdge)
}

// drag moves the dragged shape on, or ends the drag.
func (d *drawer) drag() error {
	if d.steps--; d.steps > 0 {
		d.place.Geo.X += d.rand.Float64()*20 - 10
		d.place.Geo.Y += d.rand.Float64()*20 - 10
		return d.gesture.Drag(d.place)
	}
	if d.rand.IntN(5) == 0 {
		d.gesture.Cancel()
	} else {
		d.gesture.End()
	}
	d.gesture = nil
	return nil
}

// edit does one thing with the board's shapes.
func (d *drawer) edit() error {
	shapes := d.board.Confirmed()
	if len(shapes) == 0 || len(shapes) < manyShape && d.rand.IntN(3) == 0 {
		return d.add()
	}
	s := shapes[d.rand.IntN(len(shapes))]
	what := d.rand.IntN(10)
	if len(shapes) >= manyShape {
		what = 9
	}
	switch what {
	case 0:
		return d.ask("", d.board.Undo)
	case 1:
		return d.ask("", d.board.Redo)
	case 2:
		return d.do(client.OrderShapes([]client.OrderTo{client.Front, client.Back, client.Forward, client.Backward}[d.rand.IntN(4)], s.ID))
	case 3:
		other := shapes[d.rand.IntN(len(shapes))]
		if other.ID == s.ID || other.Parent != s.Parent {
			return nil
		}
		return d.do(client.GroupShapes(client.NewID(), s.ID, other.ID))
	case 4:
		text := fmt.Sprintf("%s was here", d.me.Name)
		return d.do(client.PatchShape(s.ID, client.ShapePatch{Text: &text}))
	case 5:
		if s.Kind == "group" {
			return d.do(client.UngroupShapes(s.ID))
		}
		geo := d.geo()
		return d.do(client.PatchShape(s.ID, client.ShapePatch{Geo: &geo}))
	case 9:
		return d.do(client.RemoveShapes(s.ID))
	}
	d.gesture, d.place, d.steps = d.board.Gesture(), client.Place{ID: s.ID, Geo: s.Geo}, 5+d.rand.IntN(30)
	return d.drag()
}

func (d *drawer) geo() client.Geo {
	return client.Geo{
		X: float64(d.rand.IntN(boardEdge)), Y: float64(d.rand.IntN(boardEdge)),
		W: float64(20 + d.rand.IntN(200)), H: float64(20 + d.rand.IntN(200)),
	}
}

// add adds a shape of a kind that the board takes, as far as is known: without
// props or, where that was refused, with random ones.
func (d *drawer) add() error {
	if len(d.kinds) == 0 {
		return nil
	}
	kind := d.kinds[d.rand.IntN(len(d.kinds))]
	plain, full := "plain "+kind, "full "+kind
	lesson := plain
	s := client.Shape{ID: client.NewID(), Kind: kind, Geo: d.geo()}
	l := &d.hall.meeting.learned
	switch {
	case l.times(plain) == 0:
	case l.worth(full):
		props, err := d.props(kind)
		if err != nil {
			return err
		}
		s.Props, lesson = props, full
	default:
		return nil
	}
	return d.ask(lesson, func() (*client.Pending, error) { return d.board.Edit(client.AddShape(s)) })
}

// props are random values of the types that the kind's props have.
func (d *drawer) props(kind string) (json.RawMessage, error) {
	props := make(map[string]any)
	for name, of := range d.board.Kinds()[kind].Props {
		switch of {
		case "number":
			props[name] = d.rand.IntN(100)
		case "string":
			props[name] = fmt.Sprintf("https://bots.invalid/%d", d.rand.IntN(100))
		case "boolean":
			props[name] = d.rand.IntN(2) == 0
		case "array":
			props[name] = []int{0, 0, d.rand.IntN(100), d.rand.IntN(100)}
		}
	}
	return json.Marshal(props)
}

func (d *drawer) do(ops ...client.Op) error {
	return d.ask("", func() (*client.Pending, error) { return d.board.Edit(ops...) })
}

// ask makes an edit and waits, aside, for its receipt. A refusal is no failure:
// others edit the same shapes. That of a new shape
// is noted under lesson.
func (d *drawer) ask(lesson string, edit func() (*client.Pending, error)) error {
	begin := time.Now()
	p, err := edit()
	if err != nil {
		return err
	}
	m := d.hall.meeting
	d.hall.waiting.Go(func() {
		<-p.Done()
		err := p.Err()
		var refused *client.RefusedError
		switch {
		case err == nil:
			m.ack.add(time.Since(begin))
			if lesson != "" {
				m.learned.accept(lesson)
			}
		case !errors.As(err, &refused): // the room has ended: its client says why
		case refused.Code != schema.CodeNothingToUndo:
			m.refused.Add(1)
			if lesson != "" {
				m.learned.refuse(lesson)
			}
		}
	})
	return nil
}

// rest implements guest: it lets go of what it drags.
func (d *drawer) rest() {
	if d.gesture != nil {
		d.gesture.End()
		d.gesture = nil
	}
}

// holds implements guest: the shapes by ID, the settings and who is there.
func (d *drawer) holds() (parts map[string]string, settled bool) {
	parts = make(map[string]string)
	settled = shownIn(d.board.Presence(), parts) && d.board.Pending() == 0
	drawn := d.board.Shapes()
	confirmed := d.board.Confirmed()
	settled = settled && len(drawn) == len(confirmed)
	for i, s := range confirmed {
		if settled && drawn[i].Geo != s.Geo {
			settled = false // a drag is under way
		}
		s.Style, s.Props = sameJSON(s.Style), sameJSON(s.Props)
		text, err := json.Marshal(s)
		if err != nil {
			text = []byte(err.Error())
		}
		parts["shape "+s.ID] = string(text)
	}
	for key, setting := range d.board.Settings() {
		parts["setting "+key] = string(sameJSON(setting))
	}
	return parts, settled
}

// limit implements guest: a board shows all shapes, and no more guests than
// Sample come to one board unless there are more players than that.
func (d *drawer) limit() int {
	if sample := int(d.board.Presence().Descriptor().Sample); len(d.hall.guests) > sample {
		return sample
	}
	return 0
}

// sameJSON is JSON in one form: an empty object where there is nothing, keys in
// order.
func sameJSON(text json.RawMessage) json.RawMessage {
	if len(text) == 0 {
		return json.RawMessage("{}")
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		return text
	}
	same, err := json.Marshal(v)
	if err != nil {
		return text
	}
	return same
}
