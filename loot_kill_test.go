package parlor_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/clients/go"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

// The game of this file finds an item in every tick and puts it, and the purse
// that counts the items, into one record room. It is killed at any moment: item
// and gold are there both or neither, each item once, and none is missing that
// a player was told of.

type lootItem struct {
	ID uint32 `parlor:"key"`
}

type lootPurse struct {
	ID   string `parlor:"key"`
	Gold uint32
}

type lootVault struct {
	Items records.Collection[uint32, lootItem]
	Purse records.Collection[string, lootPurse]
}

type lootKept struct{ Item uint32 }

type lootWorld struct {
	Found state.Value[uint32]
	Items state.Records[lootItem]
	Purse state.Records[lootPurse]
	Kept  state.Event[lootKept]
}

type lootLoaded struct{ Items, Distinct, Gold uint32 }

const lootRoom = "vault/main"

func lootGame() rooms.Game[lootWorld, lootLoaded] {
	return rooms.Game[lootWorld, lootLoaded]{
		Hz: 120,
		Load: func(ctx context.Context, r rooms.JoinRequest) (l lootLoaded, err error) {
			items, err := rooms.ReadRecords[lootItem](ctx, r, lootRoom, "Items", nil)
			if err != nil {
				return l, err
			}
			for _, item := range items {
				l.Items++
				if item.ID == l.Items { // in the order of their keys, from 1
					l.Distinct++
				}
			}
			purses, err := rooms.ReadRecords[lootPurse](ctx, r, lootRoom, "Purse", nil)
			for _, p := range purses {
				l.Gold += p.Gold
			}
			fmt.Println("loaded", l.Items, l.Distinct, l.Gold)
			return l, err
		},
		Join: func(w *lootWorld, _ *rooms.Ctx, _ *rooms.Player, l lootLoaded) { w.Found.Set(l.Items) },
		Tick: func(w *lootWorld, ctx *rooms.Ctx) {
			if ctx.PlayerCount() == 0 {
				return
			}
			n := w.Found.Get() + 1
			w.Found.Set(n)
			w.Items.Create(lootRoom, lootItem{n})
			w.Purse.Put(lootRoom, lootPurse{"gold", n}).Then(w.Kept.Notice(0, lootKept{n}))
		},
	}
}

// lootChild is the variable that makes this test program a server; its value
// is the data folder.
const lootChild = "PARLOR_TEST_LOOT"

// TestServeLoot is no test: it is the server that TestLootSurvivesKills kills.
func TestServeLoot(t *testing.T) {
	dir := os.Getenv(lootChild)
	if dir == "" {
		t.Skip("it is another test's server")
	}
	s, err := parlor.New(parlor.Config{
		Rooms:   []rooms.Kind{rooms.Define("loot", lootGame())},
		Records: []records.Kind{records.Define("vault", records.Room[lootVault]{})},
		Data:    dir, Record: "off", UDPAddr: "off", AdminAddr: "off", Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = http.Serve(l, s.Handler()) }()
	c, err := client.Dial(t.Context(), "ws://"+l.Addr().String(), client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.JoinOrCreate(t.Context(), "loot", client.JoinOptions{Setup: func(r *client.Room) {
		if _, err := client.OnEvent(r, "Kept", func(k lootKept) { fmt.Println("kept", k.Item) }); err != nil {
			t.Error(err)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, os.Stdin) // until it is killed, or its parent ends
	os.Exit(0)
}

func TestLootSurvivesKills(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 4
	}
	dir := t.TempDir()
	told := uint32(0) // the last item that a player was told of
	for round := range rounds {
		loaded, last := playLoot(t, dir, 20+rand.IntN(60))
		if loaded.Distinct != loaded.Items || loaded.Gold != loaded.Items {
			t.Fatalf("round %d: %d items, %d of them in sequence, and %d gold", round, loaded.Items, loaded.Distinct, loaded.Gold)
		}
		if loaded.Items < told {
			t.Fatalf("round %d: a player was told of item %d, there are %d", round, told, loaded.Items)
		}
		if last <= told {
			t.Fatalf("round %d: nothing was found beyond %d", round, told)
		}
		told = last
	}
	t.Logf("%d items over %d kills", told, rounds)
}

// playLoot runs the server until it has said so much, and kills it. It returns
// what the game loaded, and the last item that it said was kept.
func playLoot(t *testing.T, dir string, lines int) (loaded lootLoaded, last uint32) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServeLoot$", "-test.v")
	cmd.Env = append(os.Environ(), lootChild+"="+dir)
	stdin, err := cmd.StdinPipe() // held open: its end would end the server
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = stdin.Close() }()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	guard := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer guard.Stop()
	said := bufio.NewScanner(out)
	for said.Scan() {
		var item uint32
		if _, err := fmt.Sscanf(said.Text(), "loaded %d %d %d", &loaded.Items, &loaded.Distinct, &loaded.Gold); err == nil {
			continue
		}
		if _, err := fmt.Sscanf(said.Text(), "kept %d", &item); err != nil {
			continue
		}
		if last = item; lines == 0 {
			_ = cmd.Process.Kill()
		}
		lines--
	}
	_ = cmd.Wait()
	if last == 0 {
		t.Fatalf("the server found nothing:\n%s", stderr.String())
	}
	return loaded, last
}
