package parlor

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"path"
	"strings"

	"github.com/parlor-server/parlor/rooms/record"
)

// check reports everything about a Config that cannot work or would be
// careless. Every error says what to do.
func (c Config) check() error {
	return errors.Join(c.checkRooms(), c.checkAddr(), c.checkUDP(), c.checkTLS(), c.checkAdmin(), c.checkRest())
}

func (c Config) checkRooms() error {
	if len(c.Rooms)+len(c.Records)+len(c.Presence)+len(c.Canvas) == 0 {
		return errors.New("there is no room to serve: put the result of rooms.Define into Config.Rooms, of records.Define into Config.Records, " +
			"of presence.Define into Config.Presence, or of canvas.Define or board.Define into Config.Canvas")
	}
	seen := make(map[string]bool)
	var errs []error
	for _, kind := range c.Rooms {
		if err := kind.Err(); err != nil {
			errs = append(errs, err)
			continue
		}
		if seen[kind.Name()] {
			errs = append(errs, fmt.Errorf("two games are named %q: give each its own name in rooms.Define", kind.Name()))
		}
		seen[kind.Name()] = true
	}
	return errors.Join(append(errs, c.checkOpen()...)...)
}

// checkOpen checks the kinds that Open enters, whose names are one space.
func (c Config) checkOpen() (errs []error) {
	seen := make(map[string]bool)
	check := func(name string, err error) {
		switch {
		case err != nil:
			errs = append(errs, err)
		case seen[name]:
			errs = append(errs, fmt.Errorf("two kinds of rooms are named %q: record, presence and canvas rooms share their names, give each its own", name))
		}
		seen[name] = true
	}
	for _, kind := range c.Records {
		check(kind.Name(), kind.Err())
	}
	for _, kind := range c.Presence {
		check(kind.Name(), kind.Err())
	}
	for _, kind := range c.Canvas {
		check(kind.Name(), kind.Err())
	}
	if c.MutationRate < 0 {
		errs = append(errs, fmt.Errorf("MutationRate is %d: it is a number of mutations a second, 0 for %d", c.MutationRate, DefaultMutationRate))
	}
	return errs
}

func (c Config) checkAddr() error {
	loopback, err := isLoopback(c.Addr)
	switch {
	case err != nil:
		return fmt.Errorf("the address %q cannot be used: %w", c.Addr, err)
	case loopback:
		return nil
	case c.Development():
		return fmt.Errorf("without a key to check players' tokens with, anyone could be anyone, so the server only listens on 127.0.0.1, not on %q: "+
			"set a key file or a JWKS URL (Config.Auth; --auth-keys or --auth-jwks), or listen on a loopback address", c.Addr)
	case c.TLSCert == "" && !c.BehindProxy:
		return fmt.Errorf("on %q tokens and games would travel unencrypted: set a certificate and its key (Config.TLSCert and TLSKey; --tls-cert and --tls-key), "+
			"or say that a proxy in front speaks TLS (Config.BehindProxy; --behind-proxy)", c.Addr)
	}
	return nil
}

func (c Config) checkUDP() error {
	for _, addr := range c.UDPAddresses {
		if _, _, err := net.SplitHostPort(addr); err != nil {
			return fmt.Errorf("clients cannot reach UDP at %q: write it as HOST:PORT: %w", addr, err)
		}
	}
	if c.UDPAddr == off {
		return nil
	}
	loopback, err := isLoopback(c.UDPAddr)
	switch {
	case err != nil:
		return fmt.Errorf("the UDP address %q cannot be used: %w, or %s", c.UDPAddr, err, off)
	case c.Development() && !loopback && !c.sameUDP():
		return fmt.Errorf("in development mode UDP stays on 127.0.0.1, not on %q: set a key (Config.Auth; --auth-keys or --auth-jwks), or choose a loopback address", c.UDPAddr)
	}
	return nil
}

// sameUDP tells that UDP has the address of TCP, about which checkAddr has
// said what there is to say.
func (c Config) sameUDP() bool { return c.UDPAddr == c.Addr }

func (c Config) checkTLS() error {
	if (c.TLSCert == "") != (c.TLSKey == "") {
		return errors.New("TLS needs a certificate and its key: set both of them (Config.TLSCert and TLSKey; --tls-cert and --tls-key), or neither")
	}
	if c.TLSCert == "" {
		return nil
	}
	_, err := newCertificate(c.TLSCert, c.TLSKey)
	return err
}

func (c Config) checkAdmin() error {
	if c.AdminAddr == off {
		return nil
	}
	loopback, err := isLoopback(c.AdminAddr)
	switch {
	case err != nil:
		return fmt.Errorf("the admin address %q cannot be used: %w", c.AdminAddr, err)
	case c.Development() && !loopback:
		return fmt.Errorf("in development mode the admin listener stays on 127.0.0.1, not on %q: set a key (Config.Auth; --auth-keys or --auth-jwks) and an admin token (Config.AdminToken; --admin-token)", c.AdminAddr)
	case c.Development():
		return nil
	case c.AdminToken == "":
		return fmt.Errorf("the admin listener on %s can kick players and drain the server: set a token for it (Config.AdminToken; --admin-token or PARLOR_ADMIN_TOKEN), or turn it off (AdminAddr %q; --admin %s)", c.AdminAddr, off, off)
	case !loopback && c.TLSCert == "" && !c.BehindProxy:
		return fmt.Errorf("on the admin address %q its token would travel unencrypted: set a certificate and its key, or --behind-proxy, or use a loopback address", c.AdminAddr)
	}
	return nil
}

func (c Config) checkRest() error {
	var errs []error
	if c.Record != off {
		if _, err := record.ParseMode(c.Record); err != nil {
			errs = append(errs, fmt.Errorf("Record is %q; use all, faulted, sample=N%% or off: %w", c.Record, err))
		}
	}
	for _, pattern := range c.Origins {
		if _, err := path.Match(pattern, "example.com"); err != nil || strings.HasSuffix(pattern, "/") {
			errs = append(errs, fmt.Errorf("the origin %q is no pattern such as play.example.com, *.example.com or https://*.example.com", pattern))
		}
	}
	if c.YjsMessage < 0 {
		errs = append(errs, fmt.Errorf("YjsMessage is %d: it is a number of bytes, 0 for 8 MiB", c.YjsMessage))
	}
	if c.Loops < 0 {
		errs = append(errs, fmt.Errorf("Loops is %d: it is a number of goroutines, 0 for one per core", c.Loops))
	}
	return errors.Join(errs...)
}

// isLoopback tells whether only this machine can reach a listener on addr.
func isLoopback(addr string) (bool, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false, fmt.Errorf("write it as HOST:PORT, such as %s: %w", DefaultAddr, err)
	}
	return isLoopbackHost(host), nil
}

// isLoopbackHost tells whether a host without its port is a loopback address
// or the name localhost.
func isLoopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
