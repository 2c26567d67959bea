package journal

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
)

// recover makes the journal that was read ready for the next append: the torn
// end is cut off, what is left is durable, and after damage a new segment
// begins.
func (j *Journal) recover(r *reader) error {
	for _, at := range r.unmade {
		if err := j.remove(at); err != nil {
			return err
		}
	}
	if j.id == 0 {
		j.id = max(1, rand.Uint64())
	}
	j.seed = seedOf(j.id)
	if len(j.segments) == 0 {
		if len(r.report.Damage) > 0 {
			return j.create(flagReviewed)
		}
		return j.create(0)
	}
	if err := j.resume(r); err != nil {
		return fmt.Errorf("segment %s: %w", segmentName(j.start), err)
	}
	hurt := false
	for _, d := range r.report.Damage {
		hurt = hurt || d.Needed && d.To > r.reviewed
	}
	switch {
	case hurt:
	case r.ends, j.end != j.start+Position(j.allocated):
	default:
		return nil
	}
	// Marks of the new segment speak of nothing that was lost in the old one.
	if err := j.file.Close(); err != nil {
		return err
	}
	if hurt {
		return j.create(flagReviewed)
	}
	return j.create(0)
}

// resume makes what the last segment holds durable. A sync that has failed
// before a restart leaves pages that can be read and count as clean although
// the disk does not have them: what no later append proves to be durable is
// written again.
func (j *Journal) resume(r *reader) (err error) {
	j.start = j.segments[len(j.segments)-1]
	j.file, err = j.o.FS.OpenFile(filepath.Join(j.dir, segmentName(j.start)), openFlags, 0)
	if err != nil {
		return err
	}
	w, err := newWindow(j.file)
	if err != nil {
		return err
	}
	j.fault(faultRecover)
	size := min(w.size, int64(j.end-j.start))
	if err := j.file.Truncate(size); err != nil {
		return fmt.Errorf("failed to cut off an interrupted append: %w", err)
	}
	w.size, j.allocated = size, size
	j.fault(faultRepeat)
	if r.doubtful > 0 {
		if err := repeat(w, int64(r.doubtful-j.start), size); err != nil {
			return err
		}
	}
	if err := repeat(w, 0, headerSize); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return fmt.Errorf("failed to sync: %w", err)
	}
	j.fault(faultRepeated)
	j.synced = j.end
	j.sinceMark = int64(j.end - max(r.marked, j.start+headerSize))
	return nil
}

// repeat writes what is there already.
func repeat(w *window, from, to int64) error {
	b, err := w.at(from, to-from)
	if err != nil {
		return err
	}
	if _, err := w.file.WriteAt(b, from); err != nil {
		return fmt.Errorf("failed to write the last append again: %w", err)
	}
	return nil
}
