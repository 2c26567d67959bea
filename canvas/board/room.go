package board

import (
	"context"
	"fmt"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/presence"
)

// Room is the definition of a kind of boards. Zero values are the defaults.
type Room struct {
	Kinds []Kind // of shapes, besides groups
	Style Style  // of all shapes; any flat object

	// Role says what a user may do on a board ("board/main"), or refuses the
	// user with an error, which the client reads. It may wait for I/O until ctx
	// ends. Nil: everyone is a Writer. A Reader sees, and is seen; an Owner may
	// also change locked shapes and delete versions.
	Role func(ctx context.Context, room string, u canvas.User) (canvas.Role, error)

	// Owned: a shape is changed only by who added it, and by owners.
	Owned bool

	// Private: stock Yjs clients are kept out. Only then a board can be
	// compacted: when nobody has been on it for a while, the traces of what was
	// deleted go, and Parlor's own clients load it anew.
	Private bool

	// Durable: others see an edit when it is on disk. Else they see it at once.
	Durable bool

	MaxBytes   int // of the document in memory: default 64 MiB
	MaxMembers int // connections with a cursor: default 1,000
	Hz         int // how often cursors and drags are sent: default 30
	Limits     Limits
}

// Person is what a connection shows of itself to the others on a board.
type Person struct {
	Name      string   `json:"name"` // the user's, if it has one
	Color     string   `json:"color"`
	X         float32  `json:"x"` // the cursor, on the page
	Y         float32  `json:"y"`
	Selection []string `json:"selection"` // ids; the whole state has at most 1 KiB
	Tool      string   `json:"tool"`
	Editing   string   `json:"editing"` // the id of the shape whose text is being typed
	Laser     bool     `json:"laser"`
	ViewX     float32  `json:"view_x"` // the part of the page that is on the screen
	ViewY     float32  `json:"view_y"`
	ViewW     float32  `json:"view_w"`
	ViewH     float32  `json:"view_h"`
}

// definition is a Room that was checked. It never changes.
type definition struct {
	Room
	kinds    map[string]*Kind
	presence presence.Kind
	schema   []byte // Opened.schema
	hash     uint64
}

// Define makes a kind of boards, which clients enter as "name/board". What is
// wrong with it is in the Kind's Err, and makes the server refuse to start.
func Define(name string, r Room) canvas.Kind {
	d, err := newDefinition(name, r)
	return canvas.NewKind(name, canvas.Definition{
		Role: r.Role, Stock: !r.Private, Err: err,
		Open: func(load canvas.Loader, o canvas.OpenOptions, out *canvas.Outbox) (canvas.Machine, error) {
			return open(d, load, o, out)
		},
	})
}

func newDefinition(name string, r Room) (*definition, error) {
	r.Limits = r.Limits.orDefaults()
	if r.Style.check == nil {
		r.Style.check = flat
	}
	d := &definition{Room: r, kinds: map[string]*Kind{groupKind: {name: groupKind, frame: true, check: empty}}}
	for i := range r.Kinds {
		k := r.Kinds[i]
		if err := k.valid(); err != nil {
			return d, fmt.Errorf("board %q: %w", name, err)
		}
		if d.kinds[k.name] != nil {
			return d, fmt.Errorf("board %q: two kinds of shapes are called %q", name, k.name)
		}
		d.kinds[k.name] = &k
	}
	d.presence = presence.Define(name, presence.Room[Person]{
		Hz: r.Hz, MaxMembers: r.MaxMembers, StateBytes: 1 << 10,
		Position: func(p *Person) (x, y float32) { return p.X, p.Y },
		Join:     func(u presence.User, p *Person) error { p.Name = u.Name; return nil },
		Check:    checkPerson,
	})
	if err := d.presence.Err(); err != nil {
		return d, fmt.Errorf("board %q: %w", name, err)
	}
	return d, d.describe()
}

// checkPerson keeps a signed name as it is: others trust it.
func checkPerson(u presence.User, old, now *Person) error {
	if u.Name != "" && !u.Guest {
		now.Name = u.Name
	}
	return nil
}
