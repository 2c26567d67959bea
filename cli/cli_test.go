package cli

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor"
	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
	"github.com/parlor-server/parlor/state"
)

func testConfig() parlor.Config {
	type world struct{ Rounds state.Value[uint32] }
	return parlor.Config{Rooms: []rooms.Kind{
		rooms.Define("chess", rooms.Game[world, struct{}]{MaxPlayers: 2}),
		rooms.Define("go", rooms.Game[world, struct{}]{MaxPlayers: 2}),
	}}
}

// run runs a command of the program "game".
func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, log bytes.Buffer
	status = Run(t.Context(), testConfig(), append([]string{"/opt/games/game"}, args...), &out, &log)
	return status, out.String(), log.String()
}

// TestHelp compares help texts with testdata/*.txt. To accept changes, run
// go test ./cli -run TestHelp -update, and look at the diff.
func TestHelp(t *testing.T) {
	t.Setenv("COLUMNS", "100")
	for name, args := range map[string][]string{
		"help": nil, "serve": {"serve", "--help"}, "bots": {"bots", "--help"}, "netsim": {"netsim", "--help"},
		"replay": {"replay", "--help"}, "verify": {"replay", "verify", "--help"},
		"show": {"replay", "show", "--help"}, "bisect": {"replay", "bisect", "--help"},
		"call": {"call", "--help"}, "query": {"query", "--help"}, "watch": {"watch", "--help"}, "backup": {"backup", "--help"},
		"restore": {"restore", "--help"}, "check": {"check", "--help"}, "dump": {"dump", "--help"}, "gen": {"gen", "ts", "--help"},
		"export": {"export", "--help"}, "import": {"import", "--help"}, "versions": {"versions", "--help"},
	} {
		t.Run(name, func(t *testing.T) {
			status, got, log := run(t, args...)
			if status != 0 || log != "" {
				t.Errorf("status %d, stderr %q", status, log)
			}
			golden(t, name+".txt", got)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\n(go test ./cli -update accepts it)", got, want)
	}
}

func TestMain(m *testing.M) {
	flag.Bool("update", false, "write the golden files anew")
	os.Exit(m.Run())
}

func TestMistakesSayWhatToType(t *testing.T) {
	for _, test := range []struct {
		args []string
		says []string
	}{
		{[]string{"sevre"}, []string{"sevre", `did you mean "serve"`, `game --help`}},
		{[]string{"serve", "--adr", ":1"}, []string{"--adr", "--addr", `game serve --help`}},
		{[]string{"serve", "--log-format", "xml"}, []string{"xml", "json"}},
		{[]string{"serve", "--log-level", "loud"}, []string{"loud"}},
		{[]string{"serve", "--record-limit", "much"}, []string{"much", "512MB"}},
		{[]string{"replay", "verify"}, []string{"<file>"}},
		{[]string{"replay", "bisect", "one"}, []string{"<b>"}},
		{[]string{"netsim", "--loss", "5"}, []string{`"5"`, "5%"}},
		{[]string{"netsim", "--rate", "fast"}, []string{"fast", "1mbit"}},
	} {
		status, _, log := run(t, test.args...)
		if status != 2 {
			t.Errorf("%v: status %d, want 2", test.args, status)
		}
		for _, text := range test.says {
			if !strings.Contains(log, text) {
				t.Errorf("%v: stderr does not say %q: %s", test.args, text, log)
			}
		}
	}
}

func TestFailures(t *testing.T) {
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"serve", "--addr", ":7777"}, "--auth-keys"},
		{[]string{"replay", "verify", "no-such-file"}, "no-such-file"},
		{[]string{"replay", "verify", t.TempDir()}, "no recordings"},
		{[]string{"replay", "show", "no-such-file"}, "no-such-file"},
		{[]string{"bots", "--url", "ws://127.0.0.1:1"}, "no server listens at ws://127.0.0.1:1: start one with \"game serve\""},
		{[]string{"serve", "--record", "some"}, "game: Record is"},
	} {
		status, _, log := run(t, test.args...)
		if status != 1 || !strings.Contains("\n"+log, "\ngame: ") || !strings.Contains(log, test.says) {
			t.Errorf("%v: status %d, stderr %q; want 1 and %q", test.args, status, log, test.says)
		}
	}
}

func TestVersion(t *testing.T) {
	for _, arg := range []string{"version", "--version"} {
		status, out, _ := run(t, arg)
		if status != 0 || !regexp.MustCompile(`^game on Parlor \S+, go1\.\S+ \w+/\w+\n$`).MatchString(out) {
			t.Errorf("%s: status %d, %q", arg, status, out)
		}
	}
}

func TestHelpAsACommand(t *testing.T) {
	_, want, _ := run(t, "replay", "show", "--help")
	if status, got, _ := run(t, "help", "replay", "show"); status != 0 || got != want {
		t.Errorf("status %d, %q, want %q", status, got, want)
	}
}

// TestServeSettings checks that every setting arrives: by default, from the
// Config, from the environment and from flags.
func TestServeSettings(t *testing.T) {
	var serve serveCommand
	parse(t, testConfig(), &serve)
	got := serve.config(testConfig())
	got.Rooms = nil
	want := parlor.Config{
		Addr: "127.0.0.1:7777", AdminAddr: "127.0.0.1:7778", Data: "data", Record: "all",
		RecordLimit: 1 << 30, RecordKeep: 7 * 24 * time.Hour, RecordHistory: 48 * time.Hour, MutationRate: 1000, YjsMessage: 8 << 20,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("by default\n%+v, want\n%+v", got, want)
	}

	full := parlor.Config{
		Addr: ":1", TLSCert: "c", TLSKey: "k", BehindProxy: true, Origins: []string{"a", "b"},
		Auth:      auth.Config{Keys: "f", JWKSURL: "https://j", Issuer: "i", Audience: "u", RoomKey: "r", AllowGuests: true, Leeway: time.Second},
		AdminAddr: "off", AdminToken: "t", Data: "d", Record: "faulted", RecordLimit: 3 << 20, RecordKeep: time.Hour,
		RecordHistory: 2 * time.Hour, MutationRate: 5, YjsMessage: 1 << 20, DrainTimeout: time.Minute, Loops: 3,
	}
	serve = serveCommand{}
	parse(t, full, &serve)
	if got := serve.config(full); !reflect.DeepEqual(got, full) {
		t.Errorf("the Config becomes\n%+v, want\n%+v", got, full)
	}

	flags := []string{
		"--addr=:1", "--tls-cert=c", "--tls-key=k", "--behind-proxy", "--origin=a", "--origin=b", "--auth-keys=f", "--auth-jwks=https://j",
		"--auth-issuer=i", "--auth-audience=u", "--guests", "--admin=off", "--admin-token=t", "--data=d", "--record=faulted",
		"--record-limit=3MB", "--record-keep=1h", "--history=2h", "--mutation-rate=5", "--room-key=r", "--yjs-message=1MB", "--drain-timeout=1m", "--loops=3", "--log-format=json", "--log-level=debug",
	}
	start := parlor.Config{Auth: auth.Config{Leeway: time.Second}}
	serve = serveCommand{}
	parse(t, start, &serve, flags...)
	if got := serve.config(start); !reflect.DeepEqual(got, full) {
		t.Errorf("the flags give\n%+v, want\n%+v", got, full)
	}
	if serve.LogFormat != "json" || serve.LogLevel != slog.LevelDebug {
		t.Errorf("the log is %s from %s", serve.LogFormat, serve.LogLevel)
	}

	for _, f := range flags {
		name, value, ok := strings.Cut(strings.TrimPrefix(f, "--"), "=")
		if !ok {
			value = "true"
		}
		if name == "origin" {
			value = "a,b"
		}
		t.Setenv("PARLOR_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")), value)
	}
	serve = serveCommand{}
	parse(t, start, &serve)
	if got := serve.config(start); !reflect.DeepEqual(got, full) {
		t.Errorf("the environment gives\n%+v, want\n%+v", got, full)
	}
	serve = serveCommand{}
	parse(t, start, &serve, "--addr=:2")
	if serve.Addr != ":2" {
		t.Errorf("with a flag and the environment --addr is %s", serve.Addr)
	}
	serve = serveCommand{}
	parse(t, start, &serve, "--drain-timeout=0")
	if got := serve.config(start).DrainTimeout; got >= 0 {
		t.Errorf("no time to drain is %v, want less than 0: 0 is the default", got)
	}
}

// parse parses serve's flags.
func parse(t *testing.T, cfg parlor.Config, serve *serveCommand, flags ...string) {
	t.Helper()
	p := &program{ctx: context.Background(), name: "game", cfg: cfg}
	var grammar commands
	parser, err := p.parser(&grammar, func(int) { t.Fatal("parsing ended the program") })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse(append([]string{"serve"}, flags...)); err != nil {
		t.Fatal(err)
	}
	*serve = grammar.Serve
}

func TestSize(t *testing.T) {
	for text, want := range map[string]size{
		"1": 1, "1b": 1, "512MB": 512 << 20, "1gb": 1 << 30, "1.5KB": 1536, "2 TB": 2 << 40, "unlimited": -1,
	} {
		got, err := parseSize(text)
		if err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
		if again, err := parseSize(got.String()); err != nil || again != got {
			t.Errorf("%q reads as %d, which is written %q", text, got, got)
		}
	}
	for _, text := range []string{"", "0", "-1", "MB", "1PB", "NaN", "Inf", "1e30", "1 2MB"} {
		if got, err := parseSize(text); err == nil {
			t.Errorf("%q: got %d, want an error", text, got)
		}
	}
}
