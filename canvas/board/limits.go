package board

// Limits bound one board. Zero values are the defaults.
type Limits struct {
	Shapes     int     `json:"shapes"`     // default 20,000
	Props      int     `json:"props"`      // bytes of a shape's props as JSON; default 64 KiB
	Style      int     `json:"style"`      // bytes of a shape's style; default 2 KiB
	Text       int     `json:"text"`       // bytes of a shape's text; default 16 KiB
	Ops        int     `json:"ops"`        // of one edit; default 1,000
	Coordinate float64 `json:"coordinate"` // |x|, |y|; default 10⁷
	Size       float64 `json:"size"`       // w, h; default 10⁶
	Depth      int     `json:"depth"`      // of groups in groups; default 32
	Versions   int     `json:"versions"`   // that are kept by name; default 50
	Undo       int     `json:"undo"`       // steps of each user; default 100
}

func (l Limits) orDefaults() Limits {
	or := func(n *int, value int) {
		if *n <= 0 {
			*n = value
		}
	}
	or(&l.Shapes, 20000)
	or(&l.Props, 64<<10)
	or(&l.Style, 2<<10)
	or(&l.Text, 16<<10)
	or(&l.Ops, 1000)
	or(&l.Depth, 32)
	or(&l.Versions, 50)
	or(&l.Undo, 100)
	if l.Coordinate <= 0 {
		l.Coordinate = 1e7
	}
	if l.Size <= 0 {
		l.Size = 1e6
	}
	return l
}
