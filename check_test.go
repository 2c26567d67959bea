package parlor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parlor-server/parlor/auth"
	"github.com/parlor-server/parlor/rooms"
)

func TestNewRefuses(t *testing.T) {
	key := auth.Config{Keys: "keys.pem"}
	cert, certKey := writeCertificate(t, "127.0.0.1")
	for name, test := range map[string]struct {
		change func(*Config)
		says   []string // all in the error; none: no error
	}{
		"nothing":                     {func(*Config) {}, nil},
		"loopback of IPv6":            {func(c *Config) { c.Addr = "[::1]:0" }, nil},
		"localhost":                   {func(c *Config) { c.Addr = "localhost:0" }, nil},
		"no game":                     {func(c *Config) { c.Rooms = nil }, []string{"rooms.Define"}},
		"a kind that is none":         {func(c *Config) { c.Rooms = []rooms.Kind{{}} }, []string{"Define"}},
		"a game of a wrong world":     {func(c *Config) { c.Rooms = []rooms.Kind{wrongKind()} }, []string{"bad", "Names"}},
		"two games of one name":       {func(c *Config) { c.Rooms = append(c.Rooms, c.Rooms[0]) }, []string{"two games", `"test"`}},
		"all addresses, no key":       {func(c *Config) { c.Addr = ":7777" }, []string{"key", "--auth-keys", "--auth-jwks", "loopback"}},
		"0.0.0.0, no key":             {func(c *Config) { c.Addr = "0.0.0.0:7777" }, []string{"--auth-keys"}},
		"[::], no key":                {func(c *Config) { c.Addr = "[::]:7777" }, []string{"--auth-keys"}},
		"a private address, no key":   {func(c *Config) { c.Addr = "192.168.1.2:7777" }, []string{"--auth-keys"}},
		"a name, no key":              {func(c *Config) { c.Addr = "localhost.example.com:7777" }, []string{"--auth-keys"}},
		"no key, behind a proxy":      {func(c *Config) { c.Addr, c.BehindProxy = ":7777", true }, []string{"--auth-keys"}},
		"no key, guests allowed":      {func(c *Config) { c.Addr, c.Auth.AllowGuests = ":7777", true }, []string{"--auth-keys"}},
		"an address without a port":   {func(c *Config) { c.Addr = "127.0.0.1" }, []string{"HOST:PORT"}},
		"an admin without a port":     {func(c *Config) { c.AdminAddr = "here" }, []string{"HOST:PORT"}},
		"admin for all, no key":       {func(c *Config) { c.AdminAddr = ":7778" }, []string{"--admin-token"}},
		"a key but no TLS":            {func(c *Config) { c.Addr, c.Auth, c.AdminToken = ":7777", key, "x" }, []string{"--tls-cert", "--behind-proxy"}},
		"a key but no admin token":    {func(c *Config) { c.Auth = key }, []string{"--admin-token", "--admin off"}},
		"admin for all without TLS":   {func(c *Config) { c.Auth, c.AdminAddr, c.AdminToken = key, ":7778", "x" }, []string{"admin", "certificate"}},
		"a certificate without a key": {func(c *Config) { c.TLSCert = cert }, []string{"--tls-key"}},
		"a key without a certificate": {func(c *Config) { c.TLSKey = certKey }, []string{"--tls-cert"}},
		"no such certificate":         {func(c *Config) { c.TLSCert, c.TLSKey = "no.pem", "no.key" }, []string{"no.pem", "no.key"}},
		"certificate and key":         {func(c *Config) { c.TLSCert, c.TLSKey = cert, certKey }, nil},
		"an unknown record mode":      {func(c *Config) { c.Record = "some" }, []string{`"some"`, "sample=N%", "off"}},
		"a broken origin":             {func(c *Config) { c.Origins = []string{"[a"} }, []string{`"[a"`, "*.example.com"}},
		"an origin with a path":       {func(c *Config) { c.Origins = []string{"https://example.com/"} }, []string{"pattern"}},
		"two mistakes":                {func(c *Config) { c.Addr, c.Record = ":1", "some" }, []string{"--auth-keys", `"some"`}},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testConfig(t)
			test.change(&cfg)
			s, err := New(cfg)
			if err == nil {
				if err := s.Close(); err != nil {
					t.Errorf("failed to close: %v", err)
				}
				if len(test.says) > 0 {
					t.Fatalf("accepted, want an error that says %q", test.says)
				}
				return
			}
			if len(test.says) == 0 {
				t.Fatalf("refused: %v", err)
			}
			for _, text := range test.says {
				if !strings.Contains(err.Error(), text) {
					t.Errorf("the error does not say %q: %v", text, err)
				}
			}
		})
	}
}

// TestCheckWithKey is about what a real key allows, which New would read.
func TestCheckWithKey(t *testing.T) {
	cert, certKey := writeCertificate(t, "example.com")
	base := Config{Rooms: []rooms.Kind{testKind()}, Auth: auth.Config{JWKSURL: "https://id.example.com"}, AdminToken: "x"}
	for name, change := range map[string]func(*Config){
		"loopback":           func(*Config) {},
		"a proxy in front":   func(c *Config) { c.Addr, c.BehindProxy = ":7777", true },
		"TLS":                func(c *Config) { c.Addr, c.TLSCert, c.TLSKey = ":443", cert, certKey },
		"no admin":           func(c *Config) { c.AdminAddr, c.AdminToken = "off", "" },
		"admin for all, TLS": func(c *Config) { c.AdminAddr, c.TLSCert, c.TLSKey = ":7778", cert, certKey },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := base
			change(&cfg)
			if err := cfg.withDefaults().check(); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

// writeCertificate makes a certificate that signs itself.
func writeCertificate(t *testing.T, host string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePEM(t, certFile, "CERTIFICATE", cert)
	writePEM(t, keyFile, "PRIVATE KEY", der)
	return certFile, keyFile
}

func writePEM(t *testing.T, file, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}
