package rooms_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/rooms/record"
	"github.com/parlor-server/parlor/schema"
)

func TestAFaultedRoomClosesAndKeepsItsRecording(t *testing.T) {
	dir := t.TempDir()
	inHouse(t, dir, func(h *house) {
		a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
		other, _ := h.join("bob", rooms.JoinRequest{Mode: rooms.JoinCreate, Kind: "walk"})
		send(h, seat, inBomb, bomb{5})
		h.pass(time.Second)
		if a.left != schema.CodeRoomFaulted || other.left != 0 {
			t.Errorf("left: ann %v, bob in another room %v", a.left, other.left)
		}
		if n := h.registry.Stats().Faulted.Load(); n != 1 {
			t.Errorf("%d rooms are counted as faulted", n)
		}
	})
	verifyAll(t, dir, 2)
}

func TestARecordingReplays(t *testing.T) {
	dir := t.TempDir()
	inHouse(t, dir, func(h *house) {
		a, seatA := h.join("ann", rooms.JoinRequest{Kind: "walk", RawOptions: []byte(`{"Name":"Ann"}`)})
		b, seatB := h.join("bob", rooms.JoinRequest{Kind: "walk"})
		for i := range 20 * 70 { // more than two segments
			if err := seatA.Command(a.Applied()+2, inWalk, payload(t, walk{int8(i%3 - 1)})); err != nil {
				t.Fatal(err)
			}
			if i%40 == 0 {
				_ = seatB.Event(uint32(i), inHit, payload(t, hit{a.player}))
				_ = seatA.Event(uint32(i), inCrash, nil)
			}
			if i == 500 {
				seatB.Lost()
			}
			if i == 600 {
				b, seatB = h.join("bob", b.joined)
			}
			h.pass(50 * time.Millisecond)
		}
	})
	verifyAll(t, dir, 1)
}

// recordings are the rooms' folders below dir.
func recordings(t *testing.T, dir string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(dir, "*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// verifyAll replays every room's recording below dir.
func verifyAll(t *testing.T, dir string, want int) {
	t.Helper()
	kinds := []rooms.Kind{rooms.Define("walk", testGame()), rooms.Define("crowd", crowdGame())}
	found := recordings(t, dir)
	if len(found) != want {
		t.Fatalf("%d recordings, want %d: %v", len(found), want, found)
	}
	for _, room := range found {
		ticks, err := rooms.Verify(kinds, room, record.ReadOptions{})
		if err != nil || ticks == 0 {
			t.Errorf("%s: %d ticks, %v", room, ticks, err)
		}
		segments, err := os.ReadDir(room)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d ticks in %d segments replayed", ticks, len(segments))
	}
}

func TestBisectFindsTheFirstDifference(t *testing.T) {
	dirs := []string{t.TempDir(), t.TempDir()}
	for i, dir := range dirs {
		inHouse(t, dir, func(h *house) {
			a, seat := h.join("ann", rooms.JoinRequest{Kind: "walk"})
			h.pass(time.Second)
			if i == 1 {
				send(h, seat, inBomb, bomb{0})
			}
			for range 20 {
				if err := seat.Command(a.Applied()+2, inWalk, payload(t, walk{1})); err != nil {
					t.Fatal(err)
				}
				h.pass(50 * time.Millisecond)
			}
		})
	}
	rooms0, _ := filepath.Glob(filepath.Join(dirs[0], "*", "*"))
	rooms1, _ := filepath.Glob(filepath.Join(dirs[1], "*", "*"))
	kinds := []rooms.Kind{rooms.Define("walk", testGame())}
	d, err := rooms.Bisect(kinds, rooms0[0], rooms1[0], record.ReadOptions{})
	if err != nil || d == nil {
		t.Fatalf("no difference found: %v", err)
	}
	if d.Field == "" {
		t.Errorf("difference without a field: %+v", d)
	}
	same, err := rooms.Bisect(kinds, rooms0[0], rooms0[0], record.ReadOptions{})
	if err != nil || same != nil {
		t.Errorf("a recording differs from itself: %+v, %v", same, err)
	}
}

// The same inputs lead to other states when the rules changed between builds.
func TestBisectOfRulesThatChanged(t *testing.T) {
	dirs := []string{t.TempDir(), t.TempDir()}
	build := 0
	drifting := func() rooms.Kind {
		drift := uint32(build)
		g := testGame()
		g.Tick = func(w *world, ctx *rooms.Ctx) { // a build's own rules
			if ctx.Tick() == 30 {
				*w.Hits.Edit() += drift
			}
		}
		return rooms.Define("drift", g)
	}
	for i, dir := range dirs {
		build = i
		inHouse(t, dir, func(h *house) {
			h.join("ann", rooms.JoinRequest{Kind: "drift"})
			h.pass(3 * time.Second)
		}, drifting())
	}
	rooms0, _ := filepath.Glob(filepath.Join(dirs[0], "*", "*"))
	rooms1, _ := filepath.Glob(filepath.Join(dirs[1], "*", "*"))
	d, err := rooms.Bisect([]rooms.Kind{drifting()}, rooms0[0], rooms1[0], record.ReadOptions{})
	if err != nil || d == nil || d.Tick == 0 {
		t.Errorf("difference %+v, %v", d, err)
	}
}
