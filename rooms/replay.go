package rooms

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/state"
	"github.com/parlor-server/parlor/tick"
)

// recordHeader says what a recording needs to be replayed by.
func recordHeader(def *definition, id string, seed uint64, options []byte, started time.Time) record.Header {
	described, err := json.Marshal(def.schema)
	if err != nil {
		described = nil // a schema is plain data; JSON of it cannot fail
	}
	return record.Header{
		Room: id, Kind: def.name, Rules: def.version, Hz: int(def.hz), Seed: seed, Build: record.BuildInfo(),
		SchemaHash: def.hash, Schema: described, Options: options, Started: started,
	}
}

// Replay runs a recording again, tick by tick, and compares every tick's full
// hash with the recorded one. It is for one goroutine.
type Replay struct {
	kind    Kind
	reader  *record.Reader
	segment *record.Segment
	room    *GameRoom
	next    func() (record.Entry, bool)
	stop    func()
	out     Outbox
	ticks   int
	ended   *record.Close
}

// Mismatch says that a replay came to another state than the room did.
type Mismatch struct {
	File      string
	Tick      tick.Tick
	Want, Got record.Hash
}

// Error names the tick.
func (m *Mismatch) Error() string {
	return fmt.Sprintf("%s: the replay differs at tick %d: the recording has hash %08x%08x, the replay %08x%08x",
		m.File, m.Tick, m.Want.A, m.Want.B, m.Got.A, m.Got.B)
}

// ForeignBuild says that a recording was made by rules with another world than
// this program's.
type ForeignBuild struct {
	Header record.Header
	Why    string
}

// Error says what to check out.
func (f *ForeignBuild) Error() string {
	revision := f.Header.Revision
	if revision == "" {
		revision = "unknown"
	}
	text := fmt.Sprintf("%s; the recording was made by revision %s, rules version %q, %s", f.Why, revision, f.Header.Rules, f.Header.GoVersion)
	if f.Header.Revision != "" {
		text += ": check out that revision to replay it"
	}
	return text
}

// OpenReplay opens a segment file or a room's folder; the kind of room is
// found among kinds.
func OpenReplay(kinds []Kind, path string, opts record.ReadOptions) (*Replay, error) {
	reader, err := record.Open(path, opts)
	if err != nil {
		return nil, err
	}
	r := &Replay{reader: reader}
	if err := r.nextSegment(kinds); err != nil {
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("%s has no recording", path)
		}
		return nil, err
	}
	return r, nil
}

// nextSegment goes on with the next file. The room is loaded from its snapshot
// at the beginning and after a gap; otherwise it goes on as it is, so that the
// hashes also prove that the segments belong together.
func (r *Replay) nextSegment(kinds []Kind) error {
	segment, err := r.reader.Next()
	if err != nil {
		return err
	}
	if r.room == nil {
		if err := r.choose(kinds, segment.Header); err != nil {
			return err
		}
	}
	if r.room == nil || segment.Gap {
		if r.room, err = r.kind.def.open(segment.Header.Seed); err != nil {
			return err
		}
		if err := r.room.loadSnapshot(segment.Snapshot); err != nil {
			return fmt.Errorf("%s: %w", segment.File, err)
		}
	}
	if r.stop != nil {
		r.stop()
	}
	r.segment = segment
	r.next, r.stop = iter.Pull(segment.Entries())
	return nil
}

func (r *Replay) choose(kinds []Kind, h record.Header) error {
	for _, k := range kinds {
		if k.Name() != h.Kind {
			continue
		}
		if err := k.Err(); err != nil {
			return err
		}
		if k.def.hash != h.SchemaHash {
			return &ForeignBuild{h, fmt.Sprintf("the tables of %q are not those of the recording", h.Kind)}
		}
		r.kind = k
		return nil
	}
	return &ForeignBuild{h, fmt.Sprintf("this program has no room kind %q", h.Kind)}
}

// Header is the recording's, of the segment that is being replayed.
func (r *Replay) Header() record.Header { return r.segment.Header }

// Room is the room after the last tick that was replayed.
func (r *Replay) Room() *GameRoom { return r.room }

// Ticks is the number of ticks replayed.
func (r *Replay) Ticks() int { return r.ticks }

// Ended tells how the room ended, once the whole recording is replayed; nil
// when the recording stops before the room did.
func (r *Replay) Ended() *record.Close { return r.ended }

// Close gives up the rest.
func (r *Replay) Close() {
	if r.stop != nil {
		r.stop()
	}
}

// Step replays one tick. After the last it returns io.EOF. A *Mismatch leaves
// the room as the replay has it.
func (r *Replay) Step() (tick.Tick, error) {
	for {
		entry, ok := r.next()
		if !ok {
			if err := r.nextSegment([]Kind{r.kind}); err != nil {
				return 0, err
			}
			continue
		}
		switch entry.Kind {
		case record.EntryInput:
			in := entry.Input
			r.room.Apply(Op{Kind: OpKind(in.Kind), Player: state.ID(in.Player), Index: in.Index, Payload: in.Payload}, &r.out)
		case record.EntryClose:
			ended := entry.Close
			r.ended = &ended
		case record.EntryTickEnd:
			return r.endTick(entry)
		}
	}
}

func (r *Replay) endTick(entry record.Entry) (tick.Tick, error) {
	expected := r.room.now
	if !r.room.open {
		expected++
	}
	if entry.Tick != expected {
		return 0, fmt.Errorf("%s: tick %d follows tick %d", r.segment.File, entry.Tick, expected-1)
	}
	r.room.Tick(entry.Tick, &r.out)
	r.out.reset()
	r.ticks++
	got := r.room.store.FullHash()
	if (record.Hash{A: got.A, B: got.B}) != entry.Hash {
		return entry.Tick, &Mismatch{r.segment.File, entry.Tick, entry.Hash, record.Hash{A: got.A, B: got.B}}
	}
	return entry.Tick, nil
}

// To replays up to and including a tick.
func (r *Replay) To(last tick.Tick) error {
	for r.room.now < last || r.room.open {
		if _, err := r.Step(); err != nil {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("the recording ends at tick %d", r.room.now)
			}
			return err
		}
	}
	if r.room.now > last {
		return fmt.Errorf("the recording begins after tick %d", r.segment.Header.FirstTick-1)
	}
	return nil
}

// Verify replays a whole recording and tells how many ticks agree. The error
// is a *Mismatch, a *ForeignBuild, a *record.Damage or about the file.
func Verify(kinds []Kind, path string, opts record.ReadOptions) (ticks int, err error) {
	r, err := OpenReplay(kinds, path, opts)
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		if _, err := r.Step(); err != nil {
			if errors.Is(err, io.EOF) {
				return r.ticks, nil
			}
			return r.ticks, err
		}
	}
}
