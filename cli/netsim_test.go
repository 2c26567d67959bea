package cli

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/internal/netsim"
)

func TestShares(t *testing.T) {
	for text, want := range map[string]share{"5%": 0.05, "0.05": 0.05, "0": 0, "100%": 1, "1": 1, "2.5 %": 0.025} {
		var got share
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %v, %v; want %v", text, got, err, want)
		}
		var again share
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%v is written %q, which reads as %v", got, got, again)
		}
	}
	for _, text := range []string{"", "5", "-1%", "101%", "NaN", "%", "a few"} {
		if err := new(share).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func TestRates(t *testing.T) {
	for text, want := range map[string]bitRate{
		"1mbit": 1_000_000, "512kbit": 512_000, "9600bit": 9600, "1.5 Mbit": 1_500_000, "1gbit": 1_000_000_000, "unlimited": 0,
	} {
		var got bitRate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: got %d, %v; want %d", text, got, err, want)
		}
		var again bitRate
		if err := again.UnmarshalText([]byte(got.String())); err != nil || again != got {
			t.Errorf("%d is written %q, which reads as %d", got, got, again)
		}
	}
	for _, text := range []string{"", "1", "mbit", "-1mbit", "1bit", "1tbit", "1e9gbit", "NaNbit", "1mb"} {
		if err := new(bitRate).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

// TestNetsimSettings checks that every flag arrives.
func TestNetsimSettings(t *testing.T) {
	p := &program{name: "game", cfg: testConfig()}
	var grammar commands
	parser, err := p.parser(&grammar, func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parser.Parse([]string{
		"netsim", "--listen=a:1", "--to=b:2", "--loss=5%", "--delay=50ms", "--jitter=10ms",
		"--dup=1%", "--reorder=0.02", "--rate=1mbit", "--seed=9",
	}); err != nil {
		t.Fatal(err)
	}
	want := netsim.RelayConfig{Listen: "a:1", To: "b:2", Config: netsim.Config{
		Loss: 0.05, Dup: 0.01, Reorder: 0.02, Delay: 50 * time.Millisecond, Jitter: 10 * time.Millisecond, Rate: 1_000_000, Seed: 9,
	}}
	if got := grammar.Netsim.config(); got != want {
		t.Errorf("the flags give\n%+v, want\n%+v", got, want)
	}
	if got, want := grammar.Netsim.describe(), "50ms ± 10ms each way, 5% lost, 1% doubled, 2% overtaken, 1mbit for each client"; got != want {
		t.Errorf("described as %q, want %q", got, want)
	}
}

// TestNetsimPassesHTTP runs the command, follows its greeting and ends it.
func TestNetsimPassesHTTP(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "asked "+r.Host)
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out, stdout := io.Pipe()
	ended := make(chan int)
	go func() {
		status := Run(ctx, testConfig(), []string{"game", "netsim", "--listen", "127.0.0.1:0", "--to", server.Listener.Addr().String(), "--delay", "1ms"}, stdout, io.Discard)
		stdout.Close()
		ended <- status
	}()
	greeting, page := "", ""
	for lines := bufio.NewScanner(out); lines.Scan(); {
		greeting += lines.Text() + "\n"
		if u := regexp.MustCompile(`http://(\S+)/`).FindStringSubmatch(lines.Text()); u != nil {
			page = u[1]
		}
		if strings.HasPrefix(lines.Text(), "Ctrl-C") {
			break
		}
	}
	for _, text := range []string{"1ms each way", "game bots --room chess --url udp://" + page} {
		if !strings.Contains(greeting, text) {
			t.Errorf("the greeting does not say %q:\n%s", text, greeting)
		}
	}
	response, err := http.Get("http://" + page + "/")
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(response.Body)
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if string(body) != "asked "+page {
		t.Errorf("the server says %q, want that it was asked as %s", body, page)
	}
	cancel()
	if status := <-ended; status != 0 {
		t.Errorf("status %d", status)
	}
}

func TestNetsimSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		args []string
		says string
	}{
		{[]string{"--listen", taken.Addr().String()}, "is taken by another program"},
		{[]string{"--to", "nowhere"}, "missing port"},
		{[]string{"--listen", "127.0.0.1:0", "--delay=-1s"}, "impossible"},
	} {
		status, _, log := run(t, append([]string{"netsim"}, test.args...)...)
		if status != 1 || !strings.Contains(log, test.says) {
			t.Errorf("%v: status %d, stderr %q; want 1 and %q", test.args, status, log, test.says)
		}
	}
}

func TestNetsimStatusLine(t *testing.T) {
	var out bytes.Buffer
	before := netsim.RelayStats{Up: netsim.Counts{Packets: 10, Bytes: 1000}, TCPBytes: 100}
	now := netsim.RelayStats{
		Clients: 2, Connections: 1, TCPBytes: 1600, Refused: 3,
		Up:   netsim.Counts{Packets: 30, Bytes: 3500, Lost: 1, Doubled: 2},
		Down: netsim.Counts{Packets: 40, Bytes: 12_000, Lost: 2, Full: 4, Reordered: 5},
	}
	status(&out, 12*time.Second, before, now)
	want := "  12 s  UDP 2 clients  up 20 packets 2.5 KB  down 40 packets 12.0 KB  3 lost  4 too many for the rate  2 doubled  5 overtaken  TCP 1 connections 1.5 KB  3 refused: too many clients\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}
