package board

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/schema"
)

// Version is a named state of a board's history.
type Version struct {
	Name   string `json:"name"`
	Time   int64  `json:"time"` // ms since 1970
	By     string `json:"by"`
	Shapes int    `json:"shapes"`
}

// version is a saved one: what Export wrote, compressed.
type version struct {
	Version
	data []byte
}

// maxVersions bounds the bytes of all versions together: beyond it something
// goes, as it does beyond Limits.Versions.
const maxVersions = 16 << 20

// Versions are the saved ones, the oldest first.
func (b *Board) Versions() []Version {
	list := make([]Version, len(b.versions))
	for i, v := range b.versions {
		list[i] = v.Version
	}
	return list
}

// Save keeps the board as it is under a name; what by, the user's ID, had saved
// under that name goes. If there are too many, the oldest of that user's goes.
// What others have saved stays: the error says what to do.
func (b *Board) Save(now time.Time, out *canvas.Outbox, by, name string) (Version, error) {
	if name == "" || len(name) > 128 || !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return Version{}, &invalid{"name", fmt.Errorf("a version's name has 1 to 128 bytes, no control characters")}
	}
	v := &version{Version: Version{Name: name, Time: now.UnixMilli(), By: by, Shapes: len(b.shapes)}}
	var packed bytes.Buffer
	w, _ := flate.NewWriter(&packed, flate.BestSpeed) // the level is a valid one
	if err := b.Export(w); err != nil {
		return Version{}, err
	}
	if err := w.Close(); err != nil {
		return Version{}, err
	}
	if v.data = packed.Bytes(); len(v.data) > maxVersions/2 {
		return Version{}, schema.Errorf(schema.CodeRoomTooLarge, "the board is too large for a version")
	}
	value, err := v.append(nil)
	if err != nil {
		return Version{}, err
	}
	displaced, err := b.displaced(v)
	if err != nil {
		return Version{}, err
	}
	for _, name := range displaced {
		b.dropVersion(b.versionAt(name), out)
	}
	b.versions = append(b.versions, v)
	out.Put(canvas.SpaceVersions, name, value)
	return v.Version, nil
}

// displaced are the versions that go when v is saved: the one of its name and,
// while there are too many, the oldest of its user's.
func (b *Board) displaced(v *version) (names []string, err error) {
	count, size := len(b.versions)+1, len(v.data)
	for _, old := range b.versions {
		size += len(old.data)
	}
	drop := func(old *version) {
		names, count, size = append(names, old.Name), count-1, size-len(old.data)
	}
	if i := b.versionAt(v.Name); i >= 0 {
		if b.versions[i].By != v.By {
			return nil, &invalid{"name", fmt.Errorf("somebody else has saved a version of that name; choose another, or let an owner forget it")}
		}
		drop(b.versions[i])
	}
	for _, old := range b.versions {
		if count <= b.def.Limits.Versions && size <= maxVersions {
			return names, nil
		}
		if old.By == v.By && old.Name != v.Name {
			drop(old)
		}
	}
	if count > b.def.Limits.Versions || size > maxVersions {
		return nil, schema.Errorf(schema.CodeRoomTooLarge, "the board keeps no more versions; let an owner forget one")
	}
	return names, nil
}

// RemoveVersion deletes a version.
func (b *Board) RemoveVersion(now time.Time, out *canvas.Outbox, name string) error {
	i := b.versionAt(name)
	if i < 0 {
		return noSuchVersion(name)
	}
	b.dropVersion(i, out)
	return nil
}

func (b *Board) dropVersion(i int, out *canvas.Outbox) {
	out.Delete(canvas.SpaceVersions, b.versions[i].Name)
	b.versions = slices.Delete(b.versions, i, i+1)
}

func (b *Board) versionAt(name string) int {
	return slices.IndexFunc(b.versions, func(v *version) bool { return v.Name == name })
}

func noSuchVersion(name string) error {
	return schema.Errorf(schema.CodeNoSuchVersion, "the board keeps no version %q", name)
}

// ExportVersion writes a saved version, as Export does. The error is a
// *schema.Error with CodeNoSuchVersion if there is none.
func (b *Board) ExportVersion(name string, w io.Writer) error {
	i := b.versionAt(name)
	if i < 0 {
		return noSuchVersion(name)
	}
	_, err := io.Copy(w, flate.NewReader(bytes.NewReader(b.versions[i].data)))
	return err
}

// Restore brings a saved version back, as an edit of a user with the rights of
// an owner.
func (b *Board) Restore(now time.Time, out *canvas.Outbox, by, name string) error {
	return b.restore(b.begin(now, 0, by, canvas.Owner), name, out)
}

func (b *Board) restore(e *edit, name string, out *canvas.Outbox) error {
	var text bytes.Buffer
	if err := b.ExportVersion(name, &text); err != nil {
		return err
	}
	p, err := b.readPaper(text.Bytes())
	if err != nil {
		return err
	}
	e.keep = true
	if err := e.become(p); err != nil {
		e.rollback()
		return err
	}
	return e.commit(b.transact(e.now, out), out)
}

// append encodes the version for the store.
func (v *version) append(b []byte) ([]byte, error) {
	head, err := json.Marshal(v.Version)
	if err != nil {
		return nil, err
	}
	b = binary.AppendUvarint(append(b, 1), uint64(len(head)))
	return append(append(b, head...), v.data...), nil
}

// loadVersions reads the saved ones.
func (b *Board) loadVersions(load canvas.Loader) error {
	err := load.Each(canvas.SpaceVersions, func(_, value []byte, _ uint64) error {
		c := cut{b: value}
		if c.byte() != 1 {
			return errStored
		}
		v := &version{}
		if json.Unmarshal([]byte(c.text()), &v.Version) != nil || c.err != nil {
			return errStored
		}
		v.data = slices.Clone(c.b)
		b.versions = append(b.versions, v)
		return nil
	})
	slices.SortStableFunc(b.versions, func(a, b *version) int { return int(min(1, max(-1, a.Time-b.Time))) })
	return err
}
