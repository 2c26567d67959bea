package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/parlor-server/parlor/internal/disk"
	"github.com/parlor-server/parlor/persistence/journal"
)

// CheckReport is what Check has found.
type CheckReport struct {
	Rooms   int
	Records int // in the B+tree, tombstones left out
	Changes int // in the change log of the B+tree
	Entries int // of the journal that no checkpoint has

	// Damage has a sentence for each finding, with room, space and key where
	// there are such. It is empty if all is well, and goes on no longer than
	// the first maxDamage.
	Damage []string
	More   int // findings beyond those
}

const maxDamage = 1000

// Check reads all of a data folder that no process has open: checksums, the
// journal's chains, the pages of the B+tree, the change log against the data,
// and the high-water marks. It changes nothing. The error is about reading,
// damage is in the report. fs is that of Options.
func Check(dir string, fs disk.FS) (CheckReport, error) {
	if fs == nil {
		fs = disk.OS()
	}
	if _, err := os.Stat(dir); err != nil {
		return CheckReport{}, fmt.Errorf("failed to check the data folder: %w", err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return CheckReport{}, err
	}
	defer lock.Close()
	if err := checkFormat(dir, false); err != nil {
		return CheckReport{}, err
	}
	c := check{rooms: make(map[string]*checkedRoom)}
	err = c.tree(filepath.Join(dir, treeName), func(from journal.Position) error {
		return c.journal(filepath.Join(dir, journalName), fs, from)
	})
	return c.report, err
}

// check is one that is under way.
type check struct {
	report CheckReport
	rooms  map[string]*checkedRoom
}

// checkedRoom is what the checks of one room need to know.
type checkedRoom struct {
	name  string
	state roomState
	last  uint64                // the high-water mark, with the journal
	redo  map[spaceKey]struct{} // keys that the journal will write again
	redos bool                  // the journal drops the room: what the tree has does not count
}

func (c *check) damage(format string, args ...any) {
	if len(c.report.Damage) == maxDamage {
		c.report.More++
		return
	}
	c.report.Damage = append(c.report.Damage, fmt.Sprintf(format, args...))
}

// tree checks the B+tree file; readJournal comes between the rooms' states and
// their records.
func (c *check) tree(path string, readJournal func(journal.Position) error) error {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return readJournal(0) // the folder was made and never used
	}
	db, err := openTree(path, true)
	if errors.Is(err, errTree) {
		c.damage("%v", err)
		return nil
	}
	if err != nil {
		return err
	}
	defer db.Close()
	tx, err := db.Begin(false)
	if err != nil {
		return fmt.Errorf("failed to read %s: %w", path, err)
	}
	defer tx.Rollback()
	var from journal.Position
	err = guard(nil, func() error {
		from = position(tx)
		return c.states(tx)
	})
	if err != nil {
		c.damage("%v", err)
		return nil
	}
	if err := readJournal(from); err != nil {
		return err
	}
	for _, r := range c.rooms {
		if err := guard(nil, func() error { return c.room(tx, r) }); err != nil {
			c.damage("room %s: %v", r.name, err)
		}
	}
	slices.Sort(c.report.Damage)
	if len(c.report.Damage) > 0 {
		return nil // the tree's own check trusts pages enough to fault on bad ones
	}
	for err := range tx.Check() {
		c.damage("the B+tree file: %v", err)
	}
	return nil
}

func (c *check) states(tx *bbolt.Tx) error {
	rooms := tx.Bucket(roomsBucket())
	if rooms == nil {
		return nil // made, and never written
	}
	if why := tx.Bucket(storeBucket()).Get(unaccountedKey()); len(why) > 0 {
		c.damage("rooms that nothing is known of are refused: %s", why)
	}
	return rooms.ForEachBucket(func(name []byte) error {
		r := &checkedRoom{name: string(name), redo: make(map[spaceKey]struct{})}
		state, err := decodeState(rooms.Bucket(name).Get(stateKey()))
		switch {
		case err != nil:
			c.damage("room %s: %v", name, err)
			return nil
		case state.reason != "":
			c.damage("room %s is in quarantine: %s", name, state.reason)
		}
		if state.exists {
			c.report.Rooms++
		}
		r.state, r.last = state, state.seq
		c.rooms[r.name] = r
		return nil
	})
}

// journal checks the journal and learns what it has beyond the checkpoint.
func (c *check) journal(dir string, fs disk.FS, from journal.Position) error {
	report, err := journal.Read(dir, fs, from, func(_ journal.Position, e journal.Entry) error {
		c.entry(e)
		return nil
	})
	if err != nil {
		return fmt.Errorf("failed to check the journal: %w", err)
	}
	for _, d := range report.Damage {
		c.damage("journal %s", d)
	}
	for name, why := range report.Broken {
		c.damage("room %s: %s", name, why)
	}
	if report.Unaccounted != "" {
		c.damage("journal: %s", report.Unaccounted)
	}
	return nil
}

func (c *check) entry(e journal.Entry) {
	kind, epoch, data, err := readEntryHeader(e.Data)
	if err != nil {
		c.damage("room %s, transactions %d to %d in the journal: %v", e.Room, e.First, e.Last, err)
		return
	}
	r := c.rooms[e.Room]
	if r == nil {
		r = &checkedRoom{name: e.Room, redo: make(map[spaceKey]struct{})}
		c.rooms[e.Room] = r
		c.report.Rooms++
	}
	if e.Last <= r.last {
		return
	}
	c.report.Entries++
	if kind == entryDrop {
		r.state, r.last, r.redos = roomState{epoch: epoch, seq: e.Last}, e.Last, true
		clear(r.redo)
		return
	}
	if e.First != r.last+1 {
		c.damage("room %s: transactions %d to %d are missing in the journal", e.Room, r.last+1, e.First-1)
	}
	if r.state.exists && epoch != r.state.epoch {
		c.damage("room %s: transaction %d in the journal is of another epoch", e.Room, e.First)
	}
	r.last = e.Last
	err = readOps(data, e.First, e.Last, func(o foundOp) {
		r.redo[spaceKey{o.space, string(data[o.keyAt : o.keyAt+o.keyLen])}] = struct{}{}
	})
	if err != nil {
		c.damage("room %s, transactions %d to %d in the journal: %v", e.Room, e.First, e.Last, err)
	}
}

// room checks what the B+tree has of one room.
func (c *check) room(tx *bbolt.Tx, r *checkedRoom) error {
	b := roomBucket(tx, r.name)
	if b == nil || r.redos {
		return nil
	}
	err := b.ForEachBucket(func(name []byte) error {
		if space, ok := spaceOf(name); ok {
			return guard(nil, func() error { return c.space(r, b, space) })
		}
		return nil
	})
	return errors.Join(err, guard(nil, func() error { return c.log(r, b) }))
}

// space checks the records of a space, and that the change log has those that
// it must.
func (c *check) space(r *checkedRoom, room *bbolt.Bucket, space Space) error {
	sums := sumsOf(r.name, space)
	log := room.Bucket(logBucket())
	var before []byte
	return room.Bucket(spaceBucket(space)).ForEach(func(key, stored []byte) error {
		if before != nil && string(before) >= string(key) {
			c.damage("room %s, space %d, key %q: it is out of order", r.name, space, key)
		}
		before = key
		_, seq, removed, ok := sums.open(key, stored)
		switch {
		case !ok:
			c.damage("room %s, space %d, key %q: the record's checksum is wrong", r.name, space, key)
			return nil
		case seq > r.last:
			c.damage("room %s, space %d, key %q: it is of transaction %d, but the room ends with %d", r.name, space, key, seq, r.last)
		case removed && space < FirstLogged:
			c.damage("room %s, space %d, key %q: a tombstone, where none is kept", r.name, space, key)
		}
		if !removed {
			c.report.Records++
		}
		if _, redo := r.redo[spaceKey{space, string(key)}]; redo || space < FirstLogged || seq < r.state.floor {
			return nil
		}
		if log == nil || log.Get(appendLogKey(nil, seq, space, string(key))) == nil {
			c.damage("room %s, space %d, key %q: transaction %d is missing in the change log", r.name, space, key, seq)
		}
		return nil
	})
}

// log checks that each entry of the change log is about the record as it is.
func (c *check) log(r *checkedRoom, room *bbolt.Bucket) error {
	log := room.Bucket(logBucket())
	if log == nil {
		return nil
	}
	return log.ForEach(func(k, v []byte) error {
		c.report.Changes++
		seq, space, key, removed, ok := readLog(k, v)
		if !ok {
			c.damage("room %s: the checksum of the change log's entry %q is wrong", r.name, k)
			return nil
		}
		if seq > r.last {
			c.damage("room %s, space %d, key %q: the change log has transaction %d, but the room ends with %d", r.name, space, key, seq, r.last)
		}
		if _, redo := r.redo[spaceKey{space, string(key)}]; redo || seq < r.state.floor {
			return nil
		}
		var stored []byte
		if b := room.Bucket(spaceBucket(space)); b != nil {
			stored = b.Get(key)
		}
		_, at, tombstone, intact := sumsOf(r.name, space).open(key, stored)
		if stored == nil || intact && (at != seq || tombstone != removed) {
			c.damage("room %s, space %d, key %q: the change log has transaction %d, the record does not", r.name, space, key, seq)
		}
		return nil
	})
}
