package cli

import (
	"cmp"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/alecthomas/kong"

	"github.com/parlor-server/parlor"
)

// serveCommand has every setting of a parlor.Config as a flag.
type serveCommand struct {
	Addr        string   `group:"connect" default:"${addr}" placeholder:"HOST:PORT" help:"Where players connect. Anything but a loopback address needs a key and TLS."`
	UDP         string   `name:"udp" group:"connect" default:"${udp}" placeholder:"HOST:PORT" help:"Where players connect over UDP, or off. Default: as --addr."`
	UDPAddress  []string `name:"udp-address" group:"connect" placeholder:"HOST:PORT" help:"Where clients reach that from outside. Default: the host they asked over HTTP."`
	UDPKeys     string   `name:"udp-keys" group:"connect" default:"${udp_keys}" placeholder:"FILE" help:"Keys of UDP connect tokens, 32 bytes in base64 a line, if matchmaking elsewhere makes them."`
	TLSCert     string   `name:"tls-cert" group:"connect" default:"${tls_cert}" placeholder:"FILE" help:"Certificate to speak TLS with, PEM. Renewed files are noticed."`
	TLSKey      string   `name:"tls-key" group:"connect" default:"${tls_key}" placeholder:"FILE" help:"Private key of the certificate, PEM."`
	BehindProxy bool     `group:"connect" default:"${behind_proxy}" help:"A proxy in front speaks TLS; believe its X-Forwarded-For and X-Forwarded-Proto."`
	Origin      []string `group:"connect" placeholder:"PATTERN" help:"Web origins beside the server's own whose pages may connect, such as *.example.com."`

	AuthKeys     string `group:"players" default:"${auth_keys}" placeholder:"FILE" help:"Keys that players' tokens (JWT) are checked with: PEM, JWKS or a secret for HS256."`
	AuthJWKS     string `name:"auth-jwks" group:"players" default:"${auth_jwks}" placeholder:"URL" help:"Where an identity provider publishes its keys; fetched again when they rotate."`
	AuthIssuer   string `group:"players" default:"${auth_issuer}" placeholder:"NAME" help:"The issuer that tokens must name."`
	AuthAudience string `group:"players" default:"${auth_audience}" placeholder:"NAME" help:"The audience that tokens must name."`
	RoomKey      string `group:"players" default:"${room_key}" placeholder:"FILE" help:"Key of tokens for Yjs rooms, 32 bytes in base64, that several servers share. Default: one of its own in --data."`
	Guests       bool   `group:"players" default:"${guests}" help:"Also let in players without a token. Without a key everyone is a guest."`

	Data        string        `group:"keep" default:"${data}" placeholder:"DIR" help:"Folder for all that the server keeps."`
	Record      string        `group:"keep" default:"${record}" placeholder:"WHICH" help:"Rooms to record: all, faulted, sample=N% or off."`
	RecordLimit size          `group:"keep" default:"${record_limit}" placeholder:"SIZE" help:"Size of all recordings together; the oldest go first. Or unlimited."`
	RecordKeep  time.Duration `group:"keep" default:"${record_keep}" placeholder:"TIME" help:"How long a recording stays; negative: for ever."`

	History      time.Duration `group:"keep" default:"${history}" placeholder:"TIME" help:"How far record rooms know what changed, for clients that were away; negative: for ever."`
	YjsMessage   size          `group:"keep" default:"${yjs_message}" placeholder:"SIZE" help:"Longest message of a stock Yjs client; one that was offline sends all that it wrote in one."`
	MutationRate int           `group:"keep" default:"${mutation_rate}" placeholder:"N" help:"Mutations a second that one client may send to record rooms."`

	Admin        string         `group:"operate" default:"${admin}" placeholder:"HOST:PORT" help:"Where operators find metrics, profiles and rooms; or off."`
	AdminToken   string         `group:"operate" placeholder:"TOKEN" help:"Bearer token that operators send. Better set by the environment. Needed unless everyone is a guest."`
	DrainTimeout *time.Duration `group:"operate" placeholder:"TIME" help:"How long rooms may play on after SIGTERM. Default ${drain}; 1s when everyone is a guest."`
	Loops        int            `group:"operate" default:"${loops}" placeholder:"N" help:"Goroutines that run the rooms' ticks; 0: one per core."`
	LogFormat    string         `group:"operate" default:"text" enum:"text,json" placeholder:"FORMAT" help:"How log lines look on stderr: text or json."`
	LogLevel     slog.Level     `group:"operate" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
}

// Help is the long text of serve --help.
func (serveCommand) Help() string {
	return `Without a key to check players' tokens with, the server is in development
mode: everyone is a guest, and only this machine can connect.

Examples:

To play on this machine:

    PROGRAM serve

To serve the internet, with TLS of its own:

    PARLOR_ADMIN_TOKEN=... PROGRAM serve --addr :443 --tls-cert cert.pem --tls-key key.pem --auth-keys keys.pem

To serve it behind a proxy that speaks TLS, with an identity provider:

    PARLOR_ADMIN_TOKEN=... PROGRAM serve --addr :7777 --behind-proxy --auth-jwks https://id.example.com/jwks.json`
}

// defaults puts the Config's values, or Parlor's, where the flags name them.
func defaults(cfg parlor.Config) kong.Option {
	limit := size(parlor.DefaultRecordLimit)
	if cfg.RecordLimit != 0 {
		limit = size(cfg.RecordLimit)
	}
	keep := parlor.DefaultRecordKeep
	if cfg.RecordKeep != 0 {
		keep = cfg.RecordKeep
	}
	history := cmp.Or(cfg.RecordHistory, parlor.DefaultRecordHistory)
	yjsMessage := size(cmp.Or(cfg.YjsMessage, parlor.DefaultYjsMessage))
	drain := parlor.DefaultDrainTimeout
	if cfg.DrainTimeout > 0 {
		drain = cfg.DrainTimeout
	}
	return kong.Vars{
		"kind":          firstKind(cfg),
		"bots_url":      "ws://" + parlor.DefaultAddr,
		"admin_url":     "http://" + or(cfg.AdminAddr, parlor.DefaultAdminAddr),
		"addr":          or(cfg.Addr, parlor.DefaultAddr),
		"udp":           cfg.UDPAddr,
		"udp_keys":      cfg.UDPKeys,
		"admin":         or(cfg.AdminAddr, parlor.DefaultAdminAddr),
		"tls_cert":      cfg.TLSCert,
		"tls_key":       cfg.TLSKey,
		"behind_proxy":  fmt.Sprint(cfg.BehindProxy),
		"auth_keys":     cfg.Auth.Keys,
		"auth_jwks":     cfg.Auth.JWKSURL,
		"auth_issuer":   cfg.Auth.Issuer,
		"auth_audience": cfg.Auth.Audience,
		"room_key":      cfg.Auth.RoomKey,
		"guests":        fmt.Sprint(cfg.Auth.AllowGuests),
		"data":          or(cfg.Data, parlor.DefaultData),
		"record":        or(cfg.Record, parlor.DefaultRecord),
		"record_limit":  limit.String(),
		"record_keep":   keep.String(),
		"history":       history.String(),
		"yjs_message":   yjsMessage.String(),
		"mutation_rate": fmt.Sprint(cmp.Or(cfg.MutationRate, parlor.DefaultMutationRate)),
		"drain":         drain.String(),
		"loops":         fmt.Sprint(cfg.Loops),
	}
}

func or(v, otherwise string) string {
	if v == "" {
		return otherwise
	}
	return v
}

// config is the program's Config with the flags' values in it.
func (c *serveCommand) config(cfg parlor.Config) parlor.Config {
	cfg.Addr, cfg.AdminAddr = c.Addr, c.Admin
	cfg.UDPAddr, cfg.UDPKeys = c.UDP, c.UDPKeys
	if len(c.UDPAddress) > 0 {
		cfg.UDPAddresses = c.UDPAddress
	}
	cfg.TLSCert, cfg.TLSKey, cfg.BehindProxy = c.TLSCert, c.TLSKey, c.BehindProxy
	cfg.Auth.Keys, cfg.Auth.JWKSURL = c.AuthKeys, c.AuthJWKS
	cfg.Auth.RoomKey = c.RoomKey
	cfg.Auth.Issuer, cfg.Auth.Audience, cfg.Auth.AllowGuests = c.AuthIssuer, c.AuthAudience, c.Guests
	cfg.Data, cfg.Record = c.Data, c.Record
	cfg.RecordLimit, cfg.RecordKeep = int64(c.RecordLimit), c.RecordKeep
	cfg.RecordHistory, cfg.MutationRate = c.History, c.MutationRate
	cfg.YjsMessage = int(c.YjsMessage)
	cfg.Loops = c.Loops
	if len(c.Origin) > 0 {
		cfg.Origins = c.Origin
	}
	if c.AdminToken != "" {
		cfg.AdminToken = c.AdminToken
	}
	if c.DrainTimeout != nil {
		cfg.DrainTimeout = *c.DrainTimeout
		if cfg.DrainTimeout == 0 {
			cfg.DrainTimeout = -1 // not at all; 0 would be the default
		}
	}
	return cfg
}

// Run serves until the program's context ends.
func (c *serveCommand) Run(p *program) error {
	cfg := c.config(p.cfg)
	if cfg.Logger == nil {
		logger, err := parlor.NewLogger(p.stderr, c.format(p.stderr), c.LogLevel)
		if err != nil {
			return err
		}
		cfg.Logger = logger
	}
	if len(cfg.Records)+len(cfg.Canvas) > 0 {
		leaveRoomForTheDisk()
	}
	server, err := parlor.New(cfg)
	if err != nil {
		return err
	}
	if err := server.Listen(); err != nil {
		_ = server.Close() // the first error says more
		return err
	}
	greet(p, server)
	return server.Run(p.ctx)
}

// leaveRoomForTheDisk lets Go run something while a sync waits, on machines of
// one core too: there a system call would hold the only processor that Go has
// until its monitor notices, which makes durable writes four times slower.
func leaveRoomForTheDisk() {
	if os.Getenv("GOMAXPROCS") == "" && runtime.GOMAXPROCS(0) == 1 {
		runtime.GOMAXPROCS(2)
	}
}

// format adds colours where a human sees them.
func (c *serveCommand) format(w io.Writer) parlor.LogFormat {
	format := parlor.LogFormat(c.LogFormat)
	if format == parlor.LogText && os.Getenv("NO_COLOR") == "" && isTerminal(w) {
		return parlor.LogColored
	}
	return format
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// greet says where to go, and what development mode means.
func greet(p *program, server *parlor.Server) {
	fmt.Fprintf(p.stdout, "Parlor is running: %s\n", server.URL())
	if addr := server.UDPAddr(); addr != "" {
		fmt.Fprintf(p.stdout, "Programs connect over UDP: udp://%s\n", addr)
	}
	if server.Development() {
		fmt.Fprintf(p.stdout, "Development mode: everyone is a guest, and only this machine can connect.\n"+
			"To let others in, set a key to check players' tokens with: see %s serve --help\n", p.name)
	}
	if admin := server.AdminURL(); admin != "" {
		fmt.Fprintf(p.stdout, "Metrics, profiles and rooms for operators: %smetrics\n", admin)
	}
	fmt.Fprintln(p.stdout, "Ctrl-C ends it.")
}
