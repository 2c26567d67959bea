package cli

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/persistence/records"
)

type note struct {
	ID   string `parlor:"key"`
	Text string
	Due  *int
}

type notes struct {
	Notes records.Collection[string, note]
}

type write struct{ ID, Text string }

func notesKind() records.Kind {
	return records.Define("notes", records.Room[notes]{
		Version: 1,
		Mutations: []records.Mutation[notes]{records.Call(func(w *notes, ctx *records.Ctx, a write) error {
			_, err := w.Notes.Insert(note{ID: a.ID, Text: a.Text})
			ctx.Result(len(a.Text))
			return err
		})},
	})
}

// serveNotes runs a server until the test ends, or stop is called.
func serveNotes(t *testing.T, data string) (s *parlor.Server, stop func()) {
	t.Helper()
	s, err := parlor.New(parlor.Config{
		Records: []records.Kind{notesKind()}, Addr: "127.0.0.1:0", AdminAddr: "127.0.0.1:0", Data: data,
		Record: "off", Logger: slog.New(slog.DiscardHandler), DrainTimeout: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return s, stop
}

// good runs a command that must succeed, and returns what it printed.
func good(t *testing.T, args ...string) string {
	t.Helper()
	status, out, log := run(t, args...)
	if status != 0 {
		t.Fatalf("%v: status %d, %s", args, status, log)
	}
	return out
}

// TestRecordCommands goes through all commands of record rooms, on a running
// server and on its folder afterwards.
func TestRecordCommands(t *testing.T) {
	data := t.TempDir()
	server, stop := serveNotes(t, data)
	url := "--url=" + server.AdminURL()
	if out := good(t, "call", "notes/main", "write", `{"ID":"a","Text":"milk, \"fresh\""}`, url); out != "13\n" {
		t.Errorf("call printed %q", out)
	}
	good(t, "call", "notes/main", "write", `{"ID":"b","Text":"bread"}`, url)
	if out := good(t, "query", "notes/main", "Notes", "--order-by=ID:desc", "--limit=1", url); !strings.Contains(out, `"ID":"b"`) || strings.Count(out, "\n") != 1 {
		t.Errorf("query printed %q", out)
	}
	watchNotes(t, server)
	online, offline := filepath.Join(t.TempDir(), "online"), filepath.Join(t.TempDir(), "offline")
	good(t, "backup", online, "--online", url)
	for args, says := range map[string]string{
		"check --data " + data:                              "a server is running",
		"dump --room notes/main --data " + data:             "--online",
		"backup " + online + " --online " + url:             "exists",
		"query notes/main Nothing " + url:                   "NO_SUCH_COLLECTION",
		"query notes Notes " + url:                          "KIND/NAME",
		"call notes/main write {} --url http://127.0.0.1:1": `start one with "game serve"`,
		"call notes/main write {x " + url:                   "single quotes",
		"dump --room x/y --data " + t.TempDir():             "no records",
	} {
		status, _, log := run(t, strings.Fields(args)...)
		if status != 1 || !strings.Contains(log, says) {
			t.Errorf("%s: status %d, stderr %q, want 1 and %q", args, status, log, says)
		}
	}
	stop()

	good(t, "backup", offline, "--data="+data)
	for _, file := range []string{online, offline} {
		dir := t.TempDir()
		good(t, "restore", file, "--data="+dir)
		if out := good(t, "check", "--data="+dir); !strings.HasPrefix(out, "1 rooms, ") {
			t.Errorf("check printed %q", out)
		}
		if status, _, log := run(t, "restore", file, "--data="+dir); status != 1 || !strings.Contains(log, "move that folder away") {
			t.Errorf("a second restore: status %d, %s", status, log)
		}
		if out := good(t, "dump", "--room=notes/main", "--data="+dir); out != "Notes\n" {
			t.Errorf("the collections are %q", out)
		}
		out := good(t, "dump", "--room=notes/main", "--collection=Notes", "--format=csv", "--data="+dir)
		lines := strings.Split(out, "\n")
		if len(lines) != 5 || !strings.HasSuffix(lines[0], "ID,Text,Due") || !strings.HasSuffix(lines[1], `a,"milk, ""fresh""",`) {
			t.Errorf("the CSV is\n%s", out)
		}
		out = good(t, "dump", "--room=notes/main", "--collection=Notes", "--data="+dir)
		if strings.Count(out, "\n") != 3 || !strings.Contains(out, `"Text":"bread"`) {
			t.Errorf("the JSON is\n%s", out)
		}
	}
}

// watchNotes watches until a third note has come.
func watchNotes(t *testing.T, server *parlor.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	out := &until{text: `"ID":"c"`, seen: cancel}
	ended := make(chan int, 1)
	var log bytes.Buffer
	go func() {
		ended <- Run(ctx, testConfig(), []string{"game", "watch", "notes/main", "Notes", "--url=" + strings.Replace(server.URL(), "http", "ws", 1)}, out, &log)
	}()
	good(t, "call", "notes/main", "write", `{"ID":"c","Text":"eggs"}`, "--url="+server.AdminURL())
	if status := <-ended; status != 0 || !strings.Contains(out.String(), `{"op":"enter","record":{`) || !strings.Contains(out.String(), `"ID":"c"`) {
		t.Errorf("watch: status %d, %q, %s", status, out, log.String())
	}
}

// until calls seen when a text was written.
type until struct {
	mu   sync.Mutex // guards buf
	buf  bytes.Buffer
	text string
	seen func()
}

func (u *until) Write(b []byte) (int, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	defer func() {
		if strings.Contains(u.buf.String(), u.text) {
			u.seen()
		}
	}()
	return u.buf.Write(b)
}

func (u *until) String() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.buf.String()
}

// TestCheckReportsDamage changes bytes in the middle of the B+tree's file.
func TestCheckReportsDamage(t *testing.T) {
	data := t.TempDir()
	server, stop := serveNotes(t, data)
	for i := range 50 {
		good(t, "call", "notes/main", "write", fmt.Sprintf(`{"ID":"n%d","Text":"%s"}`, i, strings.Repeat("x", 500)), "--url="+server.AdminURL())
	}
	stop()
	files, err := filepath.Glob(filepath.Join(data, parlor.RecordsFolder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	damaged := false
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // a folder
		}
		if at := bytes.Index(text, bytes.Repeat([]byte("x"), 500)); at > 0 {
			for i := range text[at : at+8] {
				text[at+i] ^= 0xff
			}
			damaged = true
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if !damaged {
		t.Fatal("the records are in no file of the folder: nothing could be damaged")
	}
	status, out, log := run(t, "check", "--data="+data)
	if status != 1 || !strings.Contains(out, "notes/main") || !strings.Contains(log, "backup") {
		t.Errorf("check: status %d, %q, %q", status, out, log)
	}
}
