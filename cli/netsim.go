package cli

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parlor-server/parlor/internal/netsim"
)

// netsimCommand puts a bad network between clients and a server.
type netsimCommand struct {
	Listen  string        `group:"line" default:"127.0.0.1:7779" placeholder:"HOST:PORT" help:"Where clients connect, over UDP and TCP."`
	To      string        `group:"line" default:"${addr}" placeholder:"HOST:PORT" help:"The server."`
	Loss    share         `group:"line" placeholder:"SHARE" help:"UDP packets that get lost, as 5% or 0.05."`
	Dup     share         `group:"line" placeholder:"SHARE" help:"UDP packets that come twice."`
	Reorder share         `group:"line" placeholder:"SHARE" help:"UDP packets that the next ones overtake."`
	Delay   time.Duration `group:"line" placeholder:"TIME" help:"How long everything takes, each way."`
	Jitter  time.Duration `group:"line" placeholder:"TIME" help:"By how much the delay differs at most, up and down."`
	Rate    bitRate       `group:"line" placeholder:"RATE" help:"What each client's line carries a second, each way, as 1mbit or 512kbit. Default: anything."`
	Seed    uint64        `group:"line" default:"1" placeholder:"N" help:"Of all that is random: the same seed loses the same packets."`
}

// Help is the long text of netsim --help.
func (netsimCommand) Help() string {
	return `A relay between clients and a running server that loses, delays and doubles
packets, to feel and to test what players on a bad line get. HTTP passes
through it too, so a page opened through the relay stays on it. TCP, and so
WebSocket, is delayed and held to the rate, and loses nothing.

Examples, beside a running "PROGRAM serve":

    PROGRAM netsim --loss 5% --delay 50ms --jitter 10ms --dup 1% --reorder 2% --rate 1mbit
    PROGRAM bots --room KIND --url udp://127.0.0.1:7779`
}

func (c *netsimCommand) config() netsim.RelayConfig {
	return netsim.RelayConfig{Listen: c.Listen, To: c.To, Config: netsim.Config{
		Loss: float64(c.Loss), Dup: float64(c.Dup), Reorder: float64(c.Reorder),
		Delay: c.Delay, Jitter: c.Jitter, Rate: int(c.Rate), Seed: c.Seed,
	}}
}

// Run relays until the program's context ends, with a status line a second on
// stderr while anybody is there.
func (c *netsimCommand) Run(p *program) error {
	relay, err := netsim.NewRelay(c.config())
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: end it, or choose another port with --listen", c.Listen)
	}
	if err != nil {
		return err
	}
	c.greet(p, relay.Addr().String())
	c.watch(p, relay)
	return relay.Close()
}

// greet says what the line does, and how to get onto it.
func (c *netsimCommand) greet(p *program, addr string) {
	fmt.Fprintf(p.stdout, "A bad network on purpose, from %s to %s: %s.\n", addr, c.To, c.describe())
	if conn, err := net.DialTimeout("tcp", c.To, time.Second); err != nil {
		fmt.Fprintf(p.stdout, "No server listens at %s yet: start one with %q, or name another with --to.\n", c.To, p.name+" serve")
	} else {
		conn.Close()
	}
	fmt.Fprintf(p.stdout, "Play through it: http://%s/\n", addr)
	fmt.Fprintln(p.stdout, inExamples("Let bots play through it: PROGRAM bots --room KIND --url udp://"+addr, p.name, firstKind(p.cfg)))
	fmt.Fprintln(p.stdout, "Ctrl-C ends it.")
}

// describe names the line's faults.
func (c *netsimCommand) describe() string {
	var faults []string
	add := func(is bool, format string, args ...any) {
		if is {
			faults = append(faults, fmt.Sprintf(format, args...))
		}
	}
	add(c.Delay > 0 && c.Jitter == 0, "%v each way", c.Delay)
	add(c.Jitter > 0, "%v ± %v each way", c.Delay, c.Jitter)
	add(c.Loss > 0, "%v lost", c.Loss)
	add(c.Dup > 0, "%v doubled", c.Dup)
	add(c.Reorder > 0, "%v overtaken", c.Reorder)
	add(c.Rate > 0, "%v for each client", c.Rate)
	if len(faults) == 0 {
		return "for now a perfect one, see --help"
	}
	return strings.Join(faults, ", ")
}

// watch writes the status lines until the program's context ends.
func (c *netsimCommand) watch(p *program, relay *netsim.Relay) {
	second := time.NewTicker(time.Second)
	defer second.Stop()
	start, before := time.Now(), relay.Stats()
	for {
		select {
		case <-p.ctx.Done():
			return
		case now := <-second.C:
			s := relay.Stats()
			if s != before || s.Clients+s.Connections > 0 {
				status(p.stderr, now.Sub(start), before, s)
			}
			before = s
		}
	}
}

// status writes one line about the second between two readings.
func status(w io.Writer, since time.Duration, before, now netsim.RelayStats) {
	up, down := now.Up.Sub(before.Up), now.Down.Sub(before.Down)
	both := up.Add(down)
	fmt.Fprintf(w, "%4.0f s  UDP %d clients  up %d packets %.1f KB  down %d packets %.1f KB  %d lost  %d too many for the rate  %d doubled  %d overtaken  TCP %d connections %.1f KB",
		since.Seconds(), now.Clients, up.Packets, float64(up.Bytes)/1000, down.Packets, float64(down.Bytes)/1000,
		both.Lost, both.Full, both.Doubled, both.Reordered, now.Connections, float64(now.TCPBytes-before.TCPBytes)/1000)
	if refused := now.Refused - before.Refused; refused > 0 {
		fmt.Fprintf(w, "  %d refused: too many clients", refused)
	}
	fmt.Fprintln(w)
}

// share is a part of the whole, written as 5% or 0.05.
type share float64

// UnmarshalText reads a share.
func (s *share) UnmarshalText(text []byte) error {
	number, percent := strings.CutSuffix(strings.TrimSpace(string(text)), "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		v /= 100
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return fmt.Errorf("%q is no share such as 5%% or 0.05", text)
	}
	*s = share(v)
	return nil
}

// String writes a share as a percentage.
func (s share) String() string { return strconv.FormatFloat(float64(s)*100, 'g', 6, 64) + "%" }

// bitRate is bits a second, written as 1mbit, 512kbit or unlimited; 0 is
// unlimited.
type bitRate int

// rateUnits are powers of 1000, as those who sell lines count; longer names
// before those that they end with.
func rateUnits() []struct {
	name string
	bits float64
} {
	return []struct {
		name string
		bits float64
	}{{"gbit", 1e9}, {"mbit", 1e6}, {"kbit", 1e3}, {"bit", 1}}
}

// UnmarshalText reads a rate.
func (r *bitRate) UnmarshalText(text []byte) error {
	given := strings.ToLower(strings.TrimSpace(string(text)))
	if given == unlimited {
		*r = 0
		return nil
	}
	for _, unit := range rateUnits() {
		number, ok := strings.CutSuffix(given, unit.name)
		if !ok {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if v *= unit.bits; err == nil && v >= 1000 && v <= 1e12 {
			*r = bitRate(v)
			return nil
		}
		break
	}
	return fmt.Errorf("%q is no rate such as 1mbit or 512kbit, from 1kbit up, or %s", text, unlimited)
}

// String writes a rate so that UnmarshalText reads it.
func (r bitRate) String() string {
	if r == 0 {
		return unlimited
	}
	for _, unit := range rateUnits() {
		if v := float64(r) / unit.bits; v >= 1 {
			return strconv.FormatFloat(v, 'f', -1, 64) + unit.name
		}
	}
	return unlimited
}
