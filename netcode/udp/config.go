package udp

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime"
	"time"

	"github.com/parlor-server/parlor/netcode"
	"github.com/parlor-server/parlor/netcode/udp/wire"
)

// Config configures a Server. Addr (or Conn), Keys and Sessions are required;
// zero values of the others stand for the defaults named here.
type Config struct {
	Addr     string          // host:port to listen on; an empty host: all addresses, IPv4 and IPv6
	Keys     *wire.KeyRing   // seal and open connect tokens
	Sessions *netcode.Server // of which clients become sessions

	Shards      int           // sockets: GOMAXPROCS on Linux, elsewhere 1
	MaxSessions int           // 16,384
	Addresses   []string      // the tokens' server addresses, of which they must name one: the listening one
	Timeout     time.Duration // without a packet of the client, in tokens of Grant: 10 s
	ByteRate    int           // bytes a second that one session is sent: 256 KiB
	ByteBurst   int           // bytes that it is sent at once: 64 KiB
	MaxPending  int           // bytes that may wait in the reliable lane of a slow client: 256 KiB
	ReadLimit   int           // longest inbound message in bytes: 64 KiB
	Logger      *slog.Logger  // nil: none

	Portable bool           // the portable path, also where there is a faster one
	Conn     net.PacketConn // instead of Addr: one shard on the portable path
}

func (c Config) withDefaults() (Config, error) {
	switch {
	case c.Keys == nil || c.Sessions == nil:
		return c, errors.New("failed to configure UDP: Keys and Sessions are required")
	case c.Addr == "" && c.Conn == nil:
		return c, errors.New("failed to configure UDP: name the address to listen on in Addr")
	case c.Shards > maxShards:
		return c, fmt.Errorf("failed to configure UDP: %d shards, the limit is %d", c.Shards, maxShards)
	case c.Timeout < 0 || c.Timeout > 0 && c.Timeout < time.Second:
		return c, fmt.Errorf("failed to configure UDP: the time-out %v is shorter than a second", c.Timeout)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.Shards, defaultShards())
	if c.Conn != nil {
		c.Shards = 1
	}
	setDefault(&c.MaxSessions, 16384)
	setDefault(&c.Timeout, 10*time.Second)
	setDefault(&c.ByteRate, 256<<10)
	setDefault(&c.ByteBurst, 64<<10)
	setDefault(&c.MaxPending, 256<<10)
	setDefault(&c.ReadLimit, 64<<10)
	return c, nil
}

// defaultShards is one socket a core where the kernel spreads packets over
// sockets of the same port.
func defaultShards() int {
	if runtime.GOOS != "linux" {
		return 1
	}
	return min(runtime.GOMAXPROCS(0), maxShards)
}

func setDefault[T int | time.Duration](v *T, value T) {
	if *v <= 0 {
		*v = value
	}
}
