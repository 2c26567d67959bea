package board

import (
	"io"
	"time"
)

// Version is a named state of a board's history.
type Version struct {
	Name   string    `json:"name"`
	Time   time.Time `json:"time"`
	By     string    `json:"by"`
	Shapes int       `json:"shapes"`
}

// Board is the machine of one room. One goroutine owns it.
type Board struct{ limits Limits }

// Export writes the shapes and settings as JSON: {"shapes": […], "board": {…}},
// each shape after its parent, in the order of drawing.
func (b *Board) Export(w io.Writer) error { panic("not yet") }

// SVG writes the board as a picture.
func (b *Board) SVG(w io.Writer) error { panic("not yet") }

// Versions are the saved ones, the oldest first.
func (b *Board) Versions() []Version { panic("not yet") }

// ExportVersion writes a saved version, as Export does. The error is a
// *schema.Error with CodeNoSuchVersion if there is none.
func (b *Board) ExportVersion(name string, w io.Writer) error { panic("not yet") }
