package parlor

import (
	"io/fs"
	"log/slog"
	"runtime"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/canvas"
	"github.com/parlor-server/parlor/persistence/records"
	"github.com/parlor-server/parlor/presence"
	"github.com/parlor-server/parlor/rooms"
)

// Config is what a Server is made of. Only one kind of room is necessary; every other zero value stands for the default named beside it.
type Config struct {
	// Rooms are the games to serve, each from rooms.Define.
	Rooms []rooms.Kind
	// Records are the kinds of record rooms to serve, each from records.Define.
	// What they hold is kept under Data, which then no other process may use.
	Records []records.Kind
	// Presence are the kinds of presence rooms to serve, each from
	// presence.Define. They are kept in memory only.
	Presence []presence.Kind
	// Canvas are the kinds of Yjs rooms and boards to serve, from canvas.Define
	// and board.Define. What they hold is kept under Data, too.
	Canvas []canvas.Kind

	// Addr is where players connect: 127.0.0.1:7777. Run listens there.
	Addr string
	// TLSCert and TLSKey are PEM files; with both, Addr speaks TLS. They are
	// read again when they change, so a renewed certificate needs no restart.
	TLSCert, TLSKey string
	// BehindProxy says that a proxy in front speaks TLS, and that its
	// X-Forwarded-For and X-Forwarded-Proto headers are to be believed.
	BehindProxy bool
	// Origins are patterns of web origins, beside the server's own, whose
	// pages may connect: "play.example.com", "*.example.com", "https://*".
	Origins []string

	// UDPAddr is where players connect over UDP, or "off". Default: Addr's host
	// and port. Packets are encrypted whether or not there is TLS.
	UDPAddr string
	// UDPAddresses are the addresses (HOST:PORT) by which clients reach UDPAddr
	// from outside. Default: the host that a client asked over HTTP. Servers
	// that share UDPKeys refuse tokens that do not name one of their own.
	UDPAddresses []string
	// UDPKeys is a file with the keys that connect tokens are sealed with, so
	// that matchmaking elsewhere can make them: 32 random bytes in base64 a
	// line, the first for new tokens, all for those that arrive. Default: a key
	// that only this process knows.
	UDPKeys string

	// Auth says how players prove who they are. Without a key in it the server
	// is in development mode, see the package comment.
	Auth auth.Config

	// AdminAddr is where operators connect: 127.0.0.1:7778, or "off". Run
	// listens there.
	AdminAddr string
	// AdminToken is the bearer token that AdminHandler asks for. Only in
	// development mode may it be empty.
	AdminToken string

	// Data is the folder for all that the server keeps: "data". It is created.
	Data string
	// Record chooses the rooms whose games are recorded under Data: "all",
	// "faulted", "sample=N%" or "off". Default: "all".
	Record string
	// RecordLimit is the size of all recordings together, in bytes; the oldest
	// go first. Default 1 GiB; negative: no limit.
	RecordLimit int64
	// RecordKeep is how long a recording stays: 7 days; negative: for ever.
	RecordKeep time.Duration

	// RecordHistory is how far the record rooms' change log reaches back. A
	// client that was away for longer gets all its records anew. 48 hours;
	// negative: for ever.
	RecordHistory time.Duration
	// MutationRate is how many mutations a second one client may send to record
	// rooms: 1,000; twice as many at once. Beyond that they are refused.
	MutationRate int
	// YjsMessage is the longest message of a stock Yjs client, in bytes: 8 MiB. A
	// client that was offline sends all that it wrote in one.
	YjsMessage int

	// DrainTimeout is how long running rooms may play on once Run's context has
	// ended: 30 s; in development mode 1 s. Negative: not at all.
	DrainTimeout time.Duration
	// Loops is how many goroutines run the rooms' ticks: one per core.
	Loops int
	// Logger gets what the server has to say. Default: slog.Default(). See NewLogger.
	Logger *slog.Logger
	// Web are pages to serve at /, such as an embed.FS. Without an index.html
	// in it, / lists the games.
	Web fs.FS
}

// Defaults of Config.
const (
	DefaultAddr          = "127.0.0.1:7777"
	DefaultAdminAddr     = "127.0.0.1:7778"
	DefaultData          = "data"
	DefaultRecord        = "all"
	DefaultRecordLimit   = 1 << 30
	DefaultRecordKeep    = 7 * 24 * time.Hour
	DefaultRecordHistory = 48 * time.Hour
	DefaultMutationRate  = 1000
	DefaultYjsMessage    = 8 << 20
	DefaultDrainTimeout  = 30 * time.Second

	developmentDrainTimeout = time.Second
)

// off turns the admin listener, UDP or recording off.
const off = "off"

// Development tells whether a Server with this Config is in development mode.
func (c Config) Development() bool { return !c.Auth.HasKey() }

func (c Config) withDefaults() Config {
	drain := DefaultDrainTimeout
	if c.Development() {
		c.Auth.AllowGuests = true
		drain = developmentDrainTimeout
	}
	c.Addr = or(c.Addr, DefaultAddr)
	c.UDPAddr = or(c.UDPAddr, c.Addr)
	c.AdminAddr = or(c.AdminAddr, DefaultAdminAddr)
	c.Data = or(c.Data, DefaultData)
	c.Record = or(c.Record, DefaultRecord)
	c.RecordLimit = max(or(c.RecordLimit, DefaultRecordLimit), 0)
	c.RecordKeep = max(or(c.RecordKeep, DefaultRecordKeep), 0)
	c.RecordHistory = or(c.RecordHistory, DefaultRecordHistory)
	c.MutationRate = or(c.MutationRate, DefaultMutationRate)
	c.YjsMessage = or(c.YjsMessage, DefaultYjsMessage)
	c.DrainTimeout = max(or(c.DrainTimeout, drain), 0)
	c.Loops = or(c.Loops, runtime.GOMAXPROCS(0))
	c.Logger = or(c.Logger, slog.Default())
	if c.Auth.Logger == nil {
		c.Auth.Logger = c.Logger
	}
	return c
}

// or returns v, or the other value if v is zero.
func or[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
