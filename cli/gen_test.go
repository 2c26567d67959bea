package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

type genTask struct {
	ID    string `parlor:"key"`
	List  string `parlor:"index,required"`
	Title string `parlor:"default=New task"`
	Votes int
	Level uint8
	Owner string  `parlor:"user"`
	Score float64 `parlor:"server"`
	Due   *time.Time
	Made  time.Time
	Photo []byte
	Tags  []string
	Extra *json.RawMessage
}

type genNote struct {
	ID   uint64 `parlor:"key,auto"`
	Text string
}

type genPing struct{ Text string }

type genBoard struct {
	Tasks records.Collection[string, genTask]
	Notes records.Collection[uint64, genNote]
	Pings records.Events[genPing]
}

type Vote struct {
	Task string
	By   int64
	At   *time.Time
}

type Tasks struct{ Done bool } // named as the collection is

func genVote(*genBoard, *records.Ctx, Vote) error   { return nil }
func genTasks(*genBoard, *records.Ctx, Tasks) error { return nil }

type genPoint struct{ X, Y float32 }

type genPlayer struct {
	Pos   genPoint
	Items [2]genItem
	Name  string
	Gold  int64 `parlor:"owner"`
}

type genItem struct{ Count uint16 }

type genWorld struct {
	Players state.Table[genPlayer]
	Round   state.Value[uint32]
}

func genConfig() parlor.Config {
	return parlor.Config{
		Rooms: []rooms.Kind{rooms.Define("space-race", rooms.Game[genWorld, struct{}]{MaxPlayers: 2})},
		Records: []records.Kind{
			records.Define("tasks", records.Room[genBoard]{
				Version: 3, Mutations: []records.Mutation[genBoard]{records.Call(genVote), records.Call(genTasks)},
			}),
		},
	}
}

// TestGenTS compares with testdata/gen.ts, which tsc checks together with a
// page that uses it (clients/ts/test/types.test.ts).
func TestGenTS(t *testing.T) {
	var out, log bytes.Buffer
	if status := Run(t.Context(), genConfig(), []string{"game", "gen", "ts"}, &out, &log); status != 0 {
		t.Fatalf("status %d: %s", status, &log)
	}
	golden(t, "gen.ts", out.String())

	file := filepath.Join(t.TempDir(), "web", "rooms.ts")
	for range 2 {
		if status := Run(t.Context(), genConfig(), []string{"game", "gen", "ts", "-o", file}, &log, &log); status != 0 {
			t.Fatalf("status %d: %s", status, &log)
		}
	}
	if written, err := os.ReadFile(file); err != nil || string(written) != out.String() {
		t.Errorf("the file has %q (%v)", written, err)
	}
}

func TestIdentifier(t *testing.T) {
	for name, want := range map[string]string{"tasks": "tasks", "my-tasks_2": "myTasks2", "2d": "_2d", "new": "_new", "-": "_"} {
		if got := identifier(name); got != want {
			t.Errorf("%q is %q, not %q", name, got, want)
		}
	}
}
