package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/parlor-server/parlor/internal/disk"
)

// fileAt is the segment that has a position, and the offset in it.
func fileAt(t tester, sim *disk.Sim, p Position) (name string, off int64) {
	t.Helper()
	list, err := listSegments(sim, folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range list {
		if at <= p {
			name, off = segmentName(at), int64(p-at)
		}
	}
	return filepath.Join(folder, name), off
}

func flip(t tester, sim *disk.Sim, p Position) {
	t.Helper()
	name, off := fileAt(t, sim, p)
	if err := sim.Flip(name, off, 0x10); err != nil {
		t.Fatal(err)
	}
}

// wantPrefixes checks that of each room its first entries were replayed, all of
// them if the room is said to be whole.
func wantPrefixes(t tester, report *Report, got, want []written) {
	t.Helper()
	of := func(list []written) map[string][]written {
		m := map[string][]written{}
		for _, w := range list {
			m[w.e.Room] = append(m[w.e.Room], w)
		}
		return m
	}
	g, w := of(got), of(want)
	for room, list := range g {
		if len(list) > len(w[room]) {
			t.Fatalf("%s: %d entries were replayed, %d were written", room, len(list), len(w[room]))
		}
		wantEntries(t, list, w[room][:len(list)])
	}
	for room, list := range w {
		if report.Reason(room) == "" && len(g[room]) != len(list) {
			t.Fatalf("%s is said to be whole: %d of %d entries are there; damage %v", room, len(g[room]), len(list), report.Damage)
		}
	}
}

// ruined is a journal with its entries, stopped in some way.
func ruined(t *rapid.T, o Options) *crashModel {
	m := &crashModel{rooms: newRooms(rapid.Uint64().Draw(t, "seed"))}
	for range rapid.IntRange(1, 3).Draw(t, "sessions") {
		j := open(t, o, m.from)
		for range rapid.IntRange(10, 60).Draw(t, "batches") {
			list := j.append(t, m.rooms.batch()...)
			m.want = append(m.want, list...)
		}
		if rapid.Bool().Draw(t, "close") {
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if rapid.Bool().Draw(t, "checkpoint") {
		m.from = m.want[rapid.IntRange(0, len(m.want)-1).Draw(t, "from")].at
	}
	return m
}

func (m *crashModel) needed() (want []written) {
	for _, w := range m.want {
		if w.at > m.from {
			want = append(want, w)
		}
	}
	return want
}

// Whatever rots in a journal before its last append: no entry is served that
// is not the room's next, and no room is called whole that has lost one.
func TestDamageIsNeverServed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sim := disk.NewSim(1)
		o := Options{FS: sim, SegmentBytes: int64(rapid.IntRange(2<<10, 16<<10).Draw(t, "segment"))}
		m := ruined(t, o)
		end := Position(1) // of all but the last append, which may be taken for torn
		for _, w := range m.want {
			if w.at < m.want[len(m.want)-1].at {
				end = w.at
			}
		}
		for range rapid.IntRange(1, 4).Draw(t, "hurts") {
			hurt(t, sim, Position(rapid.Uint64Range(0, uint64(end)-1).Draw(t, "at")), end)
		}
		sim.Kill()
		first := m.reopen(t, o)
		second := m.reopen(t, o)
		for room := range m.rooms.last {
			if first.Reason(room) != "" && second.Reason(room) == "" {
				t.Fatalf("%s was broken (%s) and is whole after another restart", room, first.Reason(room))
			}
		}
	})
}

// hurt flips a bit, clears some bytes or removes a whole segment.
func hurt(t *rapid.T, sim *disk.Sim, p, end Position) {
	name, off := fileAt(t, sim, p)
	f, err := sim.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return // removed before
	}
	list, _ := listSegments(sim, folder)
	defer func() { _, _ = f.Sync(), sim.SyncDir(folder) }()
	switch rapid.IntRange(0, 4).Draw(t, "how") {
	case 0, 1:
		_ = sim.Flip(name, off, 1<<rapid.IntRange(0, 7).Draw(t, "bit"))
	case 2:
		n := min(rapid.IntRange(1, 1000).Draw(t, "bytes"), int(end-p))
		if _, err := f.WriteAt(make([]byte, n), off); err != nil {
			t.Fatal(err)
		}
	case 3:
		if filepath.Base(name) != segmentName(list[len(list)-1]) {
			if err := sim.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	case 4: // a piece of the journal is copied over another one
		b := make([]byte, min(rapid.IntRange(1, 1000).Draw(t, "bytes"), int(end-p)))
		from := rapid.Int64Range(0, max(1, off)).Draw(t, "source")
		n, _ := f.ReadAt(b, from)
		if _, err := f.WriteAt(b[:n], off); err != nil {
			t.Fatal(err)
		}
	}
}

// reopen checks what is served, lets the whole rooms go on, and restarts.
func (m *crashModel) reopen(t *rapid.T, o Options) Report {
	j := open(t, o, m.from)
	wantPrefixes(t, &j.report, j.got, m.needed())
	for i := range 20 {
		room := fmt.Sprintf("kind/%d", i%8)
		if j.report.Reason(room) != "" {
			continue
		}
		m.want = append(m.want, j.append(t, m.rooms.entry(room, 100))...)
	}
	o.FS.(*disk.Sim).Crash()
	return j.report
}

// journalOf is a journal of one segment: 30 batches of the rooms a to e in
// turn, one entry each, with a mark at the end if it was closed.
func journalOf(t *testing.T, sim *disk.Sim, closed bool) []written {
	t.Helper()
	j, r := open(t, Options{FS: sim}, 0), newRooms(1)
	var want []written
	for i := range 30 {
		want = append(want, j.append(t, r.entry(string(rune('a'+i%5)), 50))...)
	}
	if closed {
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	sim.Kill()
	return want
}

func TestOnlyTheRoomThatWasHurtIsBroken(t *testing.T) {
	for i := range 30 {
		sim := disk.NewSim(1)
		want := journalOf(t, sim, true)
		flip(t, sim, want[i].at-30)
		j := open(t, Options{FS: sim}, 0)
		if len(j.report.Damage) != 1 || j.report.Unaccounted != "" || len(j.report.Broken) != 1 || j.report.Reason(want[i].e.Room) == "" {
			t.Fatalf("after entry %d of %s was damaged: %+v", i, want[i].e.Room, j.report)
		}
		wantPrefixes(t, &j.report, j.got, want)
	}
}

func TestAfterAKillLaterEntriesProveRooms(t *testing.T) {
	sim := disk.NewSim(1)
	want := journalOf(t, sim, false)
	flip(t, sim, want[26].at-30) // of b; c, d and e come after it, a and b do not
	j := open(t, Options{FS: sim}, 0)
	for room, whole := range map[string]bool{"a": false, "b": false, "c": true, "d": true, "e": true, "unknown": false} {
		if got := j.report.Reason(room) == ""; got != whole {
			t.Errorf("%s is whole: %v (%s), want %v", room, got, j.report.Reason(room), whole)
		}
	}
	wantPrefixes(t, &j.report, j.got, want)
}

func TestTheLastAppendIsTornTheOneBeforeIsDamaged(t *testing.T) {
	sim := disk.NewSim(1)
	want := journalOf(t, sim, false)
	flip(t, sim, want[29].at-30)
	j := open(t, Options{FS: sim}, 0)
	wantClean(t, j.report)
	wantEntries(t, j.got, want[:29])
	if torn := j.report.Torn; torn.From != want[28].at || torn.To <= torn.From {
		t.Fatalf("torn: %+v, want it from %d", torn, want[28].at)
	}

	sim = disk.NewSim(1)
	want = journalOf(t, sim, false)
	flip(t, sim, want[28].at-30)
	j = open(t, Options{FS: sim}, 0)
	if d := j.report.Damage; len(d) != 1 || d[0].Range != (Range{want[27].at, want[28].at}) || d[0].Offset != int64(want[27].at) {
		t.Fatalf("damage: %v", d)
	}
}

func TestDamageBeforeTheCheckpointBreaksNoRoom(t *testing.T) {
	sim := disk.NewSim(1)
	want := journalOf(t, sim, false)
	flip(t, sim, want[10].at-30)
	j := open(t, Options{FS: sim}, want[12].at)
	if d := j.report.Damage; len(d) != 1 || d[0].Needed {
		t.Fatalf("damage: %v", d)
	}
	wantEntries(t, j.got, want[13:])
	if len(j.report.Broken) > 0 || j.report.Reason("unknown") != "" {
		t.Fatalf("broken: %v", j.report.Broken)
	}
}

func TestAJournalThatEndsBeforeTheCheckpointIsDamaged(t *testing.T) {
	sim := disk.NewSim(1)
	want := journalOf(t, sim, false)
	if err := sim.Remove(filepath.Join(folder, segmentName(0))); err != nil {
		t.Fatal(err)
	}
	j := open(t, Options{FS: sim}, want[20].at)
	if len(j.report.Damage) != 1 || j.report.Reason("a") == "" {
		t.Fatalf("the journal is gone: %+v", j.report)
	}
	if j.End() < want[20].at {
		t.Fatalf("the journal goes on at %d, before the checkpoint", j.End())
	}
	next := j.append(t, newRooms(2).entry("new", 10))
	j = open(t, Options{FS: sim}, want[20].at)
	wantEntries(t, j.got, next)
}

// rewrite replaces the entries of a batch and makes all its sums right.
func rewrite(t *testing.T, sim *disk.Sim, seed uint32, from, to Position, change func(body []byte) []byte) {
	t.Helper()
	name, off := fileAt(t, sim, from)
	f, err := sim.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, to-from)
	if _, err := f.ReadAt(b, off); err != nil {
		t.Fatal(err)
	}
	h, ok := parseHead(b, seed)
	if !ok {
		t.Fatal("no batch there")
	}
	b = append(b[:headSize], change(b[headSize:headSize+h.size])...)
	if b = seal(b, 0, h, seed); len(b) != int(to-from) {
		t.Fatalf("a batch of %d bytes now has %d", to-from, len(b))
	}
	if _, err := f.WriteAt(b, off); err != nil {
		t.Fatal(err)
	}
}

func TestForeignEntriesWithRightSumsAreNoticed(t *testing.T) {
	for name, change := range map[string]func(mine, other []byte) []byte{
		"an entry of another room moved here": func(_, other []byte) []byte { return other },
		"an entry with other data": func(mine, _ []byte) []byte {
			mine[len(mine)-1]++
			return mine
		},
		"an entry with another number": func(mine, _ []byte) []byte {
			mine[2]++
			return mine
		},
		"an entry renamed": func(mine, _ []byte) []byte {
			mine[1] = 'x'
			return mine
		},
	} {
		t.Run(name, func(t *testing.T) {
			sim := disk.NewSim(1)
			j, r := open(t, Options{FS: sim}, 0), newRooms(1)
			var want []written
			for i := range 20 {
				r.last["a"], r.last["b"] = uint64(i), uint64(i)
				want = append(want, j.append(t, Entry{Room: string(rune('a' + i%2)), First: uint64(i + 1), Last: uint64(i + 1), Data: []byte{byte(i)}})...)
			}
			var other []byte
			rewrite(t, sim, j.seed, want[9].at, want[10].at, func(body []byte) []byte { other = append(other, body...); return body })
			rewrite(t, sim, j.seed, want[10].at, want[11].at, func(body []byte) []byte { return change(body, other) })
			sim.Kill()
			got := open(t, Options{FS: sim}, 0)
			if got.report.Reason("b") == "" {
				t.Fatalf("nothing was noticed: %+v", got.report)
			}
			for _, w := range got.got {
				if w.e.Room == "b" && w.at > want[11].at {
					t.Fatalf("%v was served behind the break", w)
				}
			}
		})
	}
}

func TestARemovedEntryIsNoticed(t *testing.T) {
	for name, closed := range map[string]bool{"by the room's next entry": false, "by the mark at the end": true} {
		t.Run(name, func(t *testing.T) {
			sim := disk.NewSim(1)
			j := open(t, Options{FS: sim}, 0)
			first := j.append(t, Entry{Room: "a", First: 1, Last: 1})
			two := j.append(t, Entry{Room: "b", First: 1, Last: 1, Data: make([]byte, 2)}, Entry{Room: "a", First: 2, Last: 2, Data: make([]byte, 2)})
			if closed {
				_ = j.Close()
			} else {
				j.append(t, Entry{Room: "a", First: 3, Last: 3})
			}
			rewrite(t, sim, j.seed, first[0].at, two[0].at, func(body []byte) []byte {
				return append(body[:len(body)/2], body[:len(body)/2]...) // b twice, a not
			})
			sim.Kill()
			got := open(t, Options{FS: sim}, 0)
			if got.report.Reason("a") == "" || got.report.Reason("b") == "" {
				t.Fatalf("nothing was noticed: %+v", got.report)
			}
		})
	}
}

func TestASegmentOfAnotherJournalIsDamage(t *testing.T) {
	one, two := disk.NewSim(1), disk.NewSim(2)
	journalOf(t, one, true)
	want := journalOf(t, two, true)
	o := Options{FS: two, SegmentBytes: 1}
	open(t, o, 0).append(t, newRooms(3).entry("late", 1)) // a second segment
	from, _ := one.OpenFile(filepath.Join(folder, segmentName(0)), os.O_RDONLY, 0)
	to, _ := two.OpenFile(filepath.Join(folder, segmentName(0)), os.O_RDWR, 0)
	b := make([]byte, want[29].at)
	if _, err := from.ReadAt(b, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := to.WriteAt(b, 0); err != nil {
		t.Fatal(err)
	}
	report, err := Check(folder, two)
	if err != nil || len(report.Damage) == 0 {
		t.Fatalf("a foreign segment: %v, %+v", err, report)
	}
	if !strings.Contains(report.Damage[0].String(), "byte") {
		t.Fatalf("damage does not say where: %s", report.Damage[0])
	}
}
