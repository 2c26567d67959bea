package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestGameInAModuleOfItsOwn builds a game that is none of ours, as a user
// would, serves it, lets bots play, and replays what was recorded.
func TestGameInAModuleOfItsOwn(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	game := buildGame(t)
	data := t.TempDir()
	server := startServer(t, game, "serve", "--addr", "127.0.0.1:0", "--admin", "off", "--data", data, "--drain-timeout", "0")

	var out, progress bytes.Buffer
	cmd := exec.CommandContext(t.Context(), game, "bots", "--url", strings.Replace(server.url, "http", "ws", 1),
		"--rooms", "2", "--players", "3", "--duration", "1s", "--json")
	cmd.Stdout, cmd.Stderr = &out, &progress
	if err := cmd.Run(); err != nil {
		t.Fatalf("bots failed: %v\n%s%s", err, out.String(), progress.String())
	}
	checkSummary(t, out.String())
	server.stop(t)

	recordings, err := filepath.Glob(filepath.Join(data, "recordings", "counter", "*"))
	if err != nil || len(recordings) != 2 {
		t.Fatalf("recordings are %v (%v), want one for each of 2 rooms", recordings, err)
	}
	verified := runGame(t, 0, game, "replay", "verify", filepath.Join(data, "recordings"))
	if n := len(regexp.MustCompile(`(?m)^ok .*: [1-9]\d* ticks$`).FindAllString(verified, -1)); n != 2 {
		t.Errorf("verify says %q, want two recordings with ticks", verified)
	}
	if shown := runGame(t, 0, game, "replay", "show", recordings[0], "--tick", "20"); !strings.Contains(shown, "Scores") || !strings.Contains(shown, "Presses") {
		t.Errorf("show says %q, want the table Scores", shown)
	}
	if same := runGame(t, 0, game, "replay", "bisect", recordings[0], recordings[0]); !strings.Contains(same, "agree") {
		t.Errorf("bisect of a recording with itself says %q", same)
	}
	// Two rooms have other random numbers, so they part when somebody presses.
	if other := runGame(t, 3, game, "replay", "bisect", recordings[0], recordings[1]); !strings.Contains(other, "differ first at tick") {
		t.Errorf("bisect of two rooms says %q", other)
	}
	truncate(t, recordings[1])
	if cut := runGame(t, 1, game, "replay", "verify", recordings[1]); !strings.Contains(cut, "--truncated") {
		t.Errorf("verify of a recording without its end says %q", cut)
	}
	if cut := runGame(t, 0, game, "replay", "verify", "--truncated", recordings[1]); !strings.Contains(cut, "ok "+recordings[1]) {
		t.Errorf("verify --truncated says %q", cut)
	}
	damage(t, recordings[0])
	if damaged := runGame(t, 1, game, "replay", "verify", recordings[0]); !strings.Contains(damaged, "FAILED "+recordings[0]) {
		t.Errorf("verify of a damaged recording says %q", damaged)
	}
}

// checkSummary checks the JSON that bots prints on its last line.
func checkSummary(t *testing.T, out string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var summary map[string]any
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &summary); err != nil {
		t.Fatalf("the last line is no JSON object: %v in %q", err, out)
	}
	for _, key := range []string{"rooms", "players", "seconds", "tick_hz_min", "ack_ms_p50", "ack_ms_p99",
		"down_bytes_per_player_s", "desyncs", "errors", "disconnects"} {
		if _, ok := summary[key]; !ok {
			t.Errorf("the summary has no %s", key)
		}
	}
	for key, want := range map[string]any{"rooms": 2.0, "players": 6.0, "desyncs": 0.0, "errors": 0.0, "disconnects": 0.0, "transport": "websocket"} {
		if summary[key] != want {
			t.Errorf("%s is %v, want %v", key, summary[key], want)
		}
	}
}

// buildGame builds the game of testdata in a module that uses this one.
func buildGame(t *testing.T) (program string) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(here))
	dir := t.TempDir()
	source, err := os.ReadFile(filepath.Join("testdata", "game", "main.go.txt"))
	if err != nil {
		t.Fatal(err)
	}
	gomod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	gosum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	// Our own requirements, so that nothing has to be downloaded.
	module := strings.Replace(string(gomod), "module github.com/parlor-server/parlor", "module example.com/counter", 1) +
		"\nrequire github.com/parlor-server/parlor v0.0.0\nreplace github.com/parlor-server/parlor => " + root + "\n"
	for name, content := range map[string][]byte{"main.go": source, "go.mod": []byte(module), "go.sum": gosum} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program = filepath.Join(dir, "counter")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-mod=mod", "-o", program, ".")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("the game does not build: %v\n%s", err, out)
	}
	return program
}

// server is a game's process that serves.
type server struct {
	cmd    *exec.Cmd
	url    string
	stderr *bytes.Buffer
	rest   chan struct{} // closed when its output has ended
}

func startServer(t *testing.T, program string, args ...string) *server {
	t.Helper()
	s := &server{cmd: exec.Command(program, args...), stderr: new(bytes.Buffer), rest: make(chan struct{})}
	s.cmd.Stderr = s.stderr
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill() }) // an error says that it has ended
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if _, scanErr := fmt.Sscanf(line, "Parlor is running: %s", &s.url); scanErr != nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
		t.Fatalf("serve began with %q (%v), want the URL; its log:\n%s", line, err, s.stderr.String())
	}
	go func() {
		defer close(s.rest)
		_, _ = io.Copy(io.Discard, lines)
	}()
	return s
}

// stop asks the server to end, and wants it to do so in order.
func (s *server) stop(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	defer context.AfterFunc(ctx, func() { _ = s.cmd.Process.Kill() })()
	<-s.rest
	if err := s.cmd.Wait(); err != nil {
		t.Errorf("serve ended with %v; its log:\n%s", err, s.stderr.String())
	}
}

// runGame runs a command and wants an exit status.
func runGame(t *testing.T, status int, program string, args ...string) (stdout string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var out, log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &log
	_ = cmd.Run() // the exit status says more
	if got := cmd.ProcessState.ExitCode(); got != status {
		t.Errorf("%v ended with status %d, want %d:\n%s%s", args, got, status, out.String(), log.String())
	}
	return out.String()
}

// damage changes one byte in the middle of a recording's first segment.
func damage(t *testing.T, recording string) {
	t.Helper()
	change(t, recording, func(content []byte) []byte {
		content[len(content)/2] ^= 1
		return content
	})
}

// truncate takes a little off the end of a recording's only segment, as a crash would.
func truncate(t *testing.T, recording string) {
	t.Helper()
	change(t, recording, func(content []byte) []byte { return content[:len(content)-10] })
}

func change(t *testing.T, recording string, f func([]byte) []byte) {
	t.Helper()
	files, err := os.ReadDir(recording)
	if err != nil || len(files) == 0 {
		t.Fatalf("%s has no segment: %v", recording, err)
	}
	name := filepath.Join(recording, files[0].Name())
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, f(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
