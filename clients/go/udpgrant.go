package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/parlor-server/parlor/schema"
)

// ConnectGrant is the leave to connect once over UDP, within seconds: what
// POST /v1/connect answers, and POST /v1/match under "udp". It can be decoded
// from that JSON.
type ConnectGrant struct {
	Token     []byte   // sealed by the server, and of no meaning to others
	Key       [32]byte // that belongs to it; it must stay secret
	Addresses []string // of the server, host:port; the first one is used
}

// UnmarshalJSON reads the server's answer.
func (g *ConnectGrant) UnmarshalJSON(data []byte) error {
	var answer struct {
		Token, Key string
		Addresses  []string
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return err
	}
	token, err := base64.RawURLEncoding.DecodeString(answer.Token)
	if err != nil {
		return fmt.Errorf("decode the connect token: %w", err)
	}
	key, err := base64.RawURLEncoding.DecodeString(answer.Key)
	if err != nil || len(key) != len(g.Key) {
		return fmt.Errorf("decode the connect token's key: %d bytes, %w", len(key), err)
	}
	g.Token, g.Key, g.Addresses = token, [32]byte(key), answer.Addresses
	return nil
}

// errUDPOff says that the server has no UDP.
var errUDPOff = errors.New("the server does not offer UDP")

const (
	connectTimeout = 5 * time.Second
	connectDial    = 2 * time.Second // of it, for the TCP connection
	maxAnswer      = 64 << 10
)

// connectAnswer is the server's, with what it says beside the grant.
type connectAnswer struct {
	ConnectGrant
	guestToken string
}

// askGrant asks the server at a udp:// or udps:// URL for leave to connect.
// token is a signed or a guest token, or empty.
func askGrant(ctx context.Context, u *url.URL, token string) (connectAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	scheme := "http"
	if u.Scheme == "udps" {
		scheme = "https"
	}
	at := url.URL{Scheme: scheme, Host: u.Host, Path: "/v1/connect"}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, at.String(), nil)
	if err != nil {
		return connectAnswer{}, fmt.Errorf("ask %s: %w", &at, err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	dialer := net.Dialer{Timeout: connectDial}
	once := http.Client{Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, DisableKeepAlives: true,
	}}
	res, err := once.Do(req)
	if err != nil {
		return connectAnswer{}, fmt.Errorf("ask for a connect token: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return connectAnswer{}, fmt.Errorf("ask %s: %w", &at, err)
	}
	return readAnswer(res.StatusCode, body)
}

// readAnswer reads what /v1/connect has answered.
func readAnswer(status int, body []byte) (answer connectAnswer, err error) {
	switch {
	case status == http.StatusNotFound, status == http.StatusConflict, status == http.StatusMethodNotAllowed:
		return answer, errUDPOff
	case status != http.StatusOK:
		return answer, refusal(status, body)
	}
	if err := json.Unmarshal(body, &answer.ConnectGrant); err != nil {
		return answer, fmt.Errorf("read the connect token: %w", err)
	}
	var beside struct{ GuestToken string }
	if err := json.Unmarshal(body, &beside); err != nil {
		return answer, fmt.Errorf("read the guest token: %w", err)
	}
	answer.guestToken = beside.GuestToken
	return answer, nil
}

// refusal is the error in an HTTP answer: a *schema.Error where it has a code.
func refusal(status int, body []byte) error {
	var problem struct{ Code, Message string }
	if json.Unmarshal(body, &problem) == nil {
		for code := schema.Code(1); code <= schema.CodeLeft; code++ {
			if code.String() == problem.Code {
				return &schema.Error{Code: code, Message: problem.Message}
			}
		}
	}
	return fmt.Errorf("the server refuses a connect token with status %d", status)
}

// serverAddress resolves the address of a grant. One that names no host, or
// all of them, is at the host of the URL.
func serverAddress(ctx context.Context, u *url.URL, grant ConnectGrant) (netip.AddrPort, error) {
	if len(grant.Addresses) == 0 {
		return netip.AddrPort{}, errors.New("the connect token names no address")
	}
	host, port, err := net.SplitHostPort(grant.Addresses[0])
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("the connect token's address %q: %w", grant.Addresses[0], err)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = u.Hostname()
	}
	number, err := net.DefaultResolver.LookupPort(ctx, "udp", port)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("the connect token's address %q: %w", grant.Addresses[0], err)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("resolve the connect token's address: %w", err)
		}
		ip = found[0]
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}
