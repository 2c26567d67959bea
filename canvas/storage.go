package canvas

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/parlor-server/parlor/canvas/yjs"
	"github.com/parlor-server/parlor/schema"
)

// storage is what the store has of a document: a snapshot, which is one update
// in chunks, and a log of the updates since then, one for each transaction.
// Under metaKey in SpaceMeta lies what counts of it.
type storage struct {
	fresh    bool   // nothing is stored
	chunks   uint32 // of the snapshot
	saved    int    // bytes of the snapshot
	oldest   uint64 // number of the first update in the log, or the one before first
	first    uint64 // number of the first update that is not in the snapshot
	next     uint64 // number of the next update
	logBytes int    // of updates from first on
}

const (
	metaKey     = "document"
	metaVersion = 1

	chunkBytes = 1 << 20   // of a snapshot; the store takes values up to 16 MiB
	logAtMost  = 8 << 20   // bytes of an update in the log; a longer one is kept by a snapshot
	logAtLeast = 64 << 10  // bytes of the log before there is a snapshot
	trimAtOnce = 4 << 10   // old updates that are deleted with a snapshot
	trimEach   = 16        // and with each update after it
	restAbove  = 1 << 10   // bytes of the log that are worth a snapshot when the room closes
	trimAtRest = 256 << 10 // old updates that are deleted then
)

// OpenDocument loads a document: the snapshot and then the log's updates are
// applied to an empty one, in their order. It takes what is stored even if the
// limits of s have become smaller.
func OpenDocument(load Loader, o OpenOptions, s Settings) (*Document, error) {
	random := rand.New(rand.NewPCG(o.Seed, 0))
	client := o.Client
	if client == 0 {
		client = newClient(random)
	}
	for {
		d := &Document{
			room: o.Room, settings: s, log: o.Log, builder: schema.NewBuilder(), client: client,
			doc:   yjs.New(client, yjs.Limits{Bytes: math.MaxInt, Depth: math.MaxInt32, Steps: math.MaxInt / 4}),
			conns: make(map[Conn]*member),
			crowd: crowd{awareness: yjs.NewAwareness(s.Awareness), shownBy: make(map[uint64]*member)},
		}
		if err := d.load(load); err != nil {
			return nil, err
		}
		if _, clock := d.Client(); client == o.Client && clock == o.Clock || clock == 0 && client != o.Client {
			d.doc.SetLimits(s.Limits)
			return d, nil
		}
		client = newClient(random) // that one is in use
	}
}

// newClient draws an ID for a document's own edits, of those that yjs draws.
func newClient(random *rand.Rand) uint64 { return 1 + uint64(random.Uint32N(math.MaxUint32)) }

// load reads what is stored.
func (d *Document) load(load Loader) error {
	if err := d.loadMeta(load); err != nil || d.fresh {
		return err
	}
	if err := d.loadSnapshot(load); err != nil {
		return err
	}
	return load.Each(SpaceLog, func(key, update []byte, _ uint64) error {
		if len(key) != 8 {
			return d.damaged("a key of %d bytes in the log", len(key))
		}
		n := binary.BigEndian.Uint64(key)
		switch {
		case n < d.first: // the snapshot has it
			d.oldest = min(d.oldest, n)
			return nil
		case n != d.next:
			return d.damaged("update %d of the log is missing", d.next)
		}
		if _, err := d.doc.Apply(update); err != nil {
			return d.damaged("update %d of the log: %v", n, err)
		}
		d.next++
		d.logBytes += len(update)
		return nil
	})
}

func (d *Document) loadMeta(load Loader) error {
	d.fresh = true
	err := load.Each(SpaceMeta, func(key, value []byte, _ uint64) error {
		if string(key) != metaKey {
			return nil
		}
		d.fresh = false
		if len(value) == 0 || value[0] != metaVersion {
			return schema.Errorf(schema.CodeMigrationFailed, "the document %s was written by a newer version of the server", d.room)
		}
		var fields [3]uint64
		rest := value[1:]
		for i := range fields {
			var n int
			if fields[i], n = binary.Uvarint(rest); n <= 0 {
				return d.damaged("what is written about it ends early")
			}
			rest = rest[n:]
		}
		d.chunks, d.saved, d.first = uint32(fields[0]), int(fields[1]), fields[2]
		return nil
	})
	d.oldest, d.next = d.first, d.first
	return err
}

func (d *Document) loadSnapshot(load Loader) error {
	if d.chunks == 0 {
		return nil
	}
	state, count := make([]byte, 0, min(d.saved, math.MaxInt32)), uint32(0)
	err := load.Each(SpaceSnapshot, func(key, value []byte, _ uint64) error {
		if len(key) != 4 || binary.BigEndian.Uint32(key) != count {
			return d.damaged("chunk %d of the snapshot is missing", count)
		}
		count++
		state = append(state, value...)
		return nil
	})
	if err != nil {
		return err
	}
	if count != d.chunks || len(state) != d.saved {
		return d.damaged("the snapshot has %d bytes in %d chunks, not %d in %d", len(state), count, d.saved, d.chunks)
	}
	if _, err := d.doc.Apply(state); err != nil {
		return d.damaged("the snapshot: %v", err)
	}
	return nil
}

// ErrDamaged is wrapped when what is stored is no document.
var ErrDamaged = errors.New("the stored document is damaged: restore it from a backup")

func (d *Document) damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrDamaged, d.room, fmt.Sprintf(format, args...))
}

// append logs a transaction's own diff.
func (d *Document) append(diff []byte, out *Outbox) {
	if len(diff) > logAtMost {
		d.save(out)
		d.trim(trimAtOnce, out)
		return
	}
	if d.fresh {
		d.fresh = false
		d.putMeta(out)
	}
	out.Put(SpaceLog, logKey(d.next), diff)
	d.next++
	d.logBytes += len(diff)
	d.trim(trimEach, out)
}

// grown makes a snapshot when the log has passed twice the last one.
func (d *Document) grown(out *Outbox) {
	if d.logBytes > max(2*d.saved, logAtLeast) {
		d.save(out)
		d.trim(trimAtOnce, out)
	}
}

// tidy makes what is stored quick to load.
func (d *Document) tidy(out *Outbox) {
	if d.logBytes > max(d.saved/4, restAbove) {
		d.save(out)
	}
	d.trim(trimAtRest, out)
}

// save makes a snapshot.
func (d *Document) save(out *Outbox) {
	state := d.doc.EncodeState(nil)
	before := d.chunks
	d.chunks, d.saved = 0, len(state)
	for chunk := range slices.Chunk(state, chunkBytes) {
		out.Put(SpaceSnapshot, chunkKey(d.chunks), chunk)
		d.chunks++
	}
	for n := d.chunks; n < before; n++ {
		out.Delete(SpaceSnapshot, chunkKey(n))
	}
	d.first, d.logBytes, d.fresh = d.next, 0, false
	d.putMeta(out)
}

// trim deletes some updates that are in the snapshot.
func (d *Document) trim(most uint64, out *Outbox) {
	for end := min(d.first, d.oldest+most); d.oldest < end; d.oldest++ {
		out.Delete(SpaceLog, logKey(d.oldest))
	}
}

func (d *Document) putMeta(out *Outbox) {
	b := []byte{metaVersion}
	for _, v := range [...]uint64{uint64(d.chunks), uint64(d.saved), d.first} {
		b = binary.AppendUvarint(b, v)
	}
	out.Put(SpaceMeta, metaKey, b)
}

func logKey(n uint64) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], n)
	return string(b[:])
}

func chunkKey(n uint32) string {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	return string(b[:])
}

// Replace puts another document in the place of this one: what is stored becomes
// its snapshot. client is the new document's for its own edits, and its limits
// are those of the room. Connections that hold the old one must be ended by the
// caller, and clients that come back must be told to forget theirs, for they
// would merge it: only for rooms that stock clients cannot reach.
func (d *Document) Replace(client uint64, doc *yjs.Doc, out *Outbox) {
	d.doc, d.client, d.answer = doc, client, answer{}
	d.save(out)
	d.trim(trimAtRest, out)
}
