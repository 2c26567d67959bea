package auth

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	fetchTimeout  = 4 * time.Second  // below what a handshake may take
	fetchInterval = 10 * time.Second // between two attempts, whatever tokens ask for
)

// remoteKeys are the keys that an identity provider publishes. All methods are safe for
// concurrent use. It has no goroutine: whoever needs keys that are missing or old fetches them, and
// others that miss them wait for that one fetch.
type remoteKeys struct {
	url     string
	refresh time.Duration
	client  *http.Client
	logger  *slog.Logger
	now     func() time.Time

	mu        sync.Mutex
	keys      keySet        // guarded by mu; of the last fetch that succeeded
	fetched   time.Time     // guarded by mu; when that was
	attempted time.Time     // guarded by mu; when the last fetch began
	fetching  chan struct{} // guarded by mu; closed when the fetch under way ends; nil without one
}

func newRemoteKeys(config Config) (*remoteKeys, error) {
	parsed, err := url.Parse(config.JWKSURL)
	if err != nil {
		return nil, fmt.Errorf("failed to parse JWKS URL: %w", err)
	}
	if err := checkJWKSURL(parsed); err != nil {
		return nil, err
	}
	return &remoteKeys{
		url:     config.JWKSURL,
		refresh: config.Refresh,
		logger:  config.Logger,
		now:     time.Now,
		client: &http.Client{
			Timeout: fetchTimeout,
			// No connection outlives its fetch: the next is minutes away.
			Transport: &http.Transport{
				Proxy:                  http.ProxyFromEnvironment,
				DisableKeepAlives:      true,
				ForceAttemptHTTP2:      true,
				MaxResponseHeaderBytes: 64 << 10,
			},
			CheckRedirect: func(req *http.Request, via []*http.Request) error {
				if len(via) > 3 {
					return errors.New("too many redirects")
				}
				return checkJWKSURL(req.URL)
			},
		},
	}, nil
}

// checkJWKSURL refuses a URL whose answer someone on the way could replace.
func checkJWKSURL(u *url.URL) error {
	host := u.Hostname()
	ip := net.ParseIP(host)
	local := host == "localhost" || ip != nil && ip.IsLoopback()
	if host == "" || u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return fmt.Errorf("JWKS URL %q must begin with https:// (or http:// on this machine)", u.Redacted())
	}
	return nil
}

// matching returns the keys that may have signed a token with this algorithm and kid. It may fetch, or wait
// for a fetch until ctx ends.
func (r *remoteKeys) matching(ctx context.Context, alg, kid string) []jwt.VerificationKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := r.keys.matching(alg, kid)
	now := r.now()
	switch {
	case len(found) > 0 && now.Sub(r.fetched) < r.refresh:
		return found
	case r.fetching != nil && len(found) > 0:
		return found // old keys serve while another fetches
	case r.fetching != nil:
		fetching := r.fetching
		r.mu.Unlock()
		select {
		case <-fetching:
		case <-ctx.Done():
		}
		r.mu.Lock()
	case r.attempted.IsZero() || now.Sub(r.attempted) >= fetchInterval:
		r.attempted = now
		r.update()
	}
	return r.keys.matching(alg, kid)
}

// update replaces the keys, or keeps them if that fails. It is called with mu held and lets go of it meanwhile.
// The caller's context does not end the fetch: others wait for it, and it has its own time limit.
func (r *remoteKeys) update() {
	done := make(chan struct{})
	r.fetching = done
	r.mu.Unlock()
	keys, err := r.fetch()
	r.mu.Lock()
	r.fetching = nil
	close(done)
	if err != nil {
		r.logger.Error("failed to fetch JWKS, old keys stay", slog.String("url", r.url), slog.Int("keys", len(r.keys)), slog.Any("error", err))
		return
	}
	r.keys, r.fetched = keys, r.now()
}

func (r *remoteKeys) fetch() (keySet, error) {
	answer, err := r.client.Get(r.url)
	if err != nil {
		return nil, err // names method and URL itself
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the server answered %s", answer.Status)
	}
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxKeyBytes+1))
	if err != nil {
		return nil, fmt.Errorf("failed to read the answer: %w", err)
	}
	if len(data) > maxKeyBytes {
		return nil, fmt.Errorf("the answer is larger than %d bytes", maxKeyBytes)
	}
	return parseJWKS(data, secretsRefused)
}
