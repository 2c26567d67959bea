package record

import (
	"cmp"
	"container/list"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// shelf knows every ended segment below the recorder's folder, the oldest first,
// and deletes what exceeds the limits. It belongs to the Recorder's goroutine.
type shelf struct {
	maxBytes int64
	maxAge   time.Duration
	bytes    int64 // of all segments, the open ones included
	deleted  uint64
	segments list.List // of *kept
	fail     func(what string, err error)
}

// scan takes in what earlier runs left, and removes segments that they did not
// get to name.
func (s *shelf) scan(root string) {
	var found []*kept
	folders := map[string]*folder{}
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			s.fail("read a folder of recordings", err)
			return nil
		}
		if e.IsDir() {
			return nil
		}
		if strings.HasSuffix(path, segmentSuffix+partSuffix) {
			os.Remove(path)
			return nil
		}
		number, ok := parseSegmentName(e.Name())
		info, err := e.Info()
		if !ok || err != nil {
			return nil
		}
		dir := filepath.Dir(path)
		if folders[dir] == nil {
			folders[dir] = &folder{path: dir}
		}
		folders[dir].segments++
		found = append(found, &kept{folder: folders[dir], number: number, size: info.Size(), ended: info.ModTime()})
		return nil
	})
	if err != nil {
		s.fail("read the recordings", err)
	}
	slices.SortFunc(found, func(a, b *kept) int {
		return cmp.Or(a.ended.Compare(b.ended), strings.Compare(a.folder.path, b.folder.path), cmp.Compare(a.number, b.number))
	})
	for _, k := range found {
		s.bytes += k.size
		s.add(k)
	}
}

// add takes in a segment that has just ended; its bytes are counted already.
func (s *shelf) add(k *kept) { k.place = s.segments.PushBack(k) }

// enforce deletes the oldest segments until both limits hold. Open segments are
// not on the shelf and stay.
func (s *shelf) enforce(now time.Time) {
	for e := s.segments.Front(); e != nil; e = s.segments.Front() {
		k := e.Value.(*kept)
		tooMuch := s.maxBytes > 0 && s.bytes > s.maxBytes
		tooOld := s.maxAge > 0 && now.Sub(k.ended) > s.maxAge
		if !tooMuch && !tooOld {
			return
		}
		s.delete(k)
	}
}

// delete removes a segment's file, and its folder when it was the last one. A
// file that cannot be deleted is reported and no longer counted. A segment that
// is deleted already stays so.
func (s *shelf) delete(k *kept) {
	if k.place == nil {
		return
	}
	s.segments.Remove(k.place)
	k.place = nil
	s.bytes -= k.size
	s.deleted++
	if err := os.Remove(k.path()); err != nil && !os.IsNotExist(err) {
		s.fail("delete a recording", err)
	}
	k.folder.segments--
	s.tidy(k.folder)
}

// tidy removes an empty folder that nobody writes into.
func (s *shelf) tidy(f *folder) {
	if f.segments == 0 && !f.live {
		os.Remove(f.path) // fails if somebody keeps other files there: theirs to keep
	}
}
