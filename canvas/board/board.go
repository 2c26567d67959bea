package board

import (
	"io"
	"time"

	"github.com/parlor-server/parlor/canvas"
)

// Version is a named state of a board's history.
type Version struct {
	Name   string `json:"name"`
	Time   int64  `json:"time"` // ms since 1970
	By     string `json:"by"`
	Shapes int    `json:"shapes"`
}

// Board is the machine of one room. One goroutine owns it.
type Board struct {
	*canvas.Document
}

// Export writes the shapes and settings as JSON: {"shapes": […], "board": {…}},
// each shape after its parent, in the order of drawing.
func (b *Board) Export(w io.Writer) error { panic("not yet") }

// SVG writes the board as a picture.
func (b *Board) SVG(w io.Writer) error { panic("not yet") }

// Import puts what Export wrote in the place of all there is, as an edit of user.
// What is not valid refuses it whole.
func (b *Board) Import(now time.Time, user string, r io.Reader, out *canvas.Outbox) error {
	panic("not yet")
}

// Versions are the saved ones, the oldest first.
func (b *Board) Versions() []Version { panic("not yet") }

// ExportVersion writes a saved version, as Export does. The error is a
// *schema.Error with CodeNoSuchVersion if there is none.
func (b *Board) ExportVersion(name string, w io.Writer) error { panic("not yet") }

// Save keeps the board as it is under a name, or what that name was given to
// before is replaced.
func (b *Board) Save(now time.Time, user, name string, out *canvas.Outbox) error { panic("not yet") }

// Restore brings a saved version back, as an edit of user.
func (b *Board) Restore(now time.Time, user, name string, out *canvas.Outbox) error {
	panic("not yet")
}

func open(d *definition, load canvas.Loader, o canvas.OpenOptions, out *canvas.Outbox) (*Board, error) {
	panic("not yet")
}
